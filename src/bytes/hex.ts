/** Hex text and Latin-1 text of bytes. */
import { DlmsDecodeError } from "../errors";

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes from which native code is faster than the table, despite the Buffer that it needs. */
const nativeFrom = 24;

/** Lower-case hex without separators. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length >= nativeFrom) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
  let text = "";
  for (const byte of bytes) text += digits[byte] ?? "";
  return text;
}

/**
 * Bytes from hex. Spaces, line ends, `:`, `-`, `,` and `0x` before a byte are skipped, because pasted text often
 * contains them.
 * @throws DlmsDecodeError DECODE_VALUE for anything else, or for an odd number of digits
 */
export function fromHex(text: string): Uint8Array {
  const clean = text.replace(/0x/gi, "").replace(/[\s:,-]+/g, "");
  const bad = /[^0-9a-f]/i.exec(clean);
  if (bad) throw new DlmsDecodeError("DECODE_VALUE", `hex: "${bad[0]}" is not a hex digit`, { fault: "user" });
  if (clean.length % 2 !== 0) {
    throw new DlmsDecodeError("DECODE_VALUE", `hex: an even number of digits is needed, got ${clean.length}`, {
      fault: "user",
    });
  }
  const bytes = new Uint8Array(clean.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** One character for each byte. */
export function latin1(bytes: Iterable<number>): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
