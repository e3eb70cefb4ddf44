/** Check sequences (HCS and FCS) of HDLC frames. */

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x8408 : value >>> 1;
  return value;
});

/**
 * CRC-16/X.25 of `bytes[start..end)`, the HCS and FCS of HDLC (ISO/IEC 13239): initial FFFF, reflected polynomial 8408,
 * complemented at the end. Its low byte is sent first.
 */
export function crc16x25(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffff;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return crc ^ 0xffff;
}

/** Whether the two bytes at `at` are the check sequence of `bytes[start..at)`. */
export function checkSequenceFits(bytes: Uint8Array, start: number, at: number): boolean {
  const crc = crc16x25(bytes, start, at);
  return bytes[at] === (crc & 0xff) && bytes[at + 1] === crc >>> 8;
}
