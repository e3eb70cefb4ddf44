/** Reads captured bytes from pasted text. */
import { fromHex } from "../bytes";
import { invalid, object } from "../errors/arguments";

/** Bytes, or hex from pasted text. */
export type BytesLike = Uint8Array | string;

export function toBytes(input: BytesLike): Uint8Array {
  if (typeof input === "string") return fromHex(input);
  if (!(input instanceof Uint8Array)) throw invalid("bytes", "bytes or hex", input);
  // views of a Buffer would be Buffers
  return Buffer.isBuffer(input) ? new Uint8Array(input.buffer, input.byteOffset, input.length) : input;
}

/** @throws DlmsConfigError CONFIG_INVALID unless the value is an object with its kind in `tag` */
export function tagged(path: string, value: unknown, tag: string, expected: string): void {
  object(path, value, expected);
  if (typeof (value as Readonly<Record<string, unknown>>)[tag] !== "string") throw invalid(path, expected, value);
}

/** Where `part`, a view, lies inside `whole`; undefined if it is not a view of the same bytes. */
export function offsetOf(part: Uint8Array, whole: Uint8Array): number | undefined {
  const at = part.byteOffset - whole.byteOffset;
  return part.buffer === whole.buffer && at >= 0 && at + part.length <= whole.length ? at : undefined;
}
