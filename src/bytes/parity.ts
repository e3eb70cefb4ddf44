/** Seven bits with a parity bit, as lines of 7E1 carry them. */

/** A byte whose bit 7 makes the number of ones even. */
export function evenParity(byte: number): number {
  let ones = byte & 0x7f;
  ones ^= ones >> 4;
  ones ^= ones >> 2;
  ones ^= ones >> 1;
  return (byte & 0x7f) | ((ones & 1) << 7);
}

/** The bytes on a 7E1 line, for lines that pass eight bits through. */
export function withEvenParity(bytes: Uint8Array): Uint8Array {
  return bytes.map(evenParity);
}
