/** Skips A-XDR values, to cut them out of an APDU before they are decoded. */
import type { ByteReader } from "../bytes";
import { toHex } from "../bytes";
import { defaultMaxDepth } from "./limits";
import { contentForm, formBits, formCompact, formOctets, formSequence } from "./tags";
import { readTypeDescription } from "./type-description";

/**
 * Move the reader past one A-XDR value without building it. The contents of a compact-array are skipped as a whole.
 * @throws DlmsDecodeError DECODE_TAG, DECODE_TRUNCATED, DECODE_LENGTH, DECODE_LIMIT
 */
export function skipValue(reader: ByteReader, what = "data", maxDepth = defaultMaxDepth): void {
  const left: number[] = [];
  let depth = 0;
  for (;;) {
    const form = contentForm(tagOf(reader, what));
    if (form >= 0) skip(reader, form, what);
    else if (form === formOctets) skip(reader, reader.length(what), what);
    else if (form === formBits) skip(reader, Math.ceil(reader.length(what) / 8), what);
    else if (form === formCompact) {
      readTypeDescription(reader, maxDepth - depth, what);
      skip(reader, reader.length(what), what);
    } else if (form === formSequence) {
      const count = reader.length(what);
      if (count > reader.remaining) {
        reader.fail("DECODE_TRUNCATED", what, `${count} elements are declared, ${reader.remaining} bytes are left`, {
          need: count,
        });
      }
      if (depth >= maxDepth) reader.fail("DECODE_LIMIT", what, `values nest deeper than ${maxDepth}`);
      left[depth++] = count;
    }
    while (depth > 0 && left[depth - 1] === 0) depth--;
    if (depth === 0) return;
    left[depth - 1] = (left[depth - 1] ?? 0) - 1;
  }
}

/** The bytes of one A-XDR value, as a view. The reader moves past it. */
export function sliceValue(reader: ByteReader, what = "data"): Uint8Array {
  const start = reader.offset;
  skipValue(reader, what);
  return reader.source.subarray(start, reader.offset);
}

function skip(reader: ByteReader, count: number, what: string): void {
  const { remaining } = reader;
  if (count > remaining) {
    reader.fail("DECODE_TRUNCATED", what, `needs ${count} bytes, ${remaining} are left`, { need: count });
  }
  reader.seek(reader.offset + count);
}

function tagOf(reader: ByteReader, what: string): number {
  const tag = reader.u8(what);
  if (contentForm(tag) !== -1) return tag;
  const at = reader.offset - 1;
  const bytes = toHex(reader.source.subarray(at, Math.min(at + 8, reader.end)));
  reader.seek(at);
  return reader.fail("DECODE_TAG", what, `tag ${tag} is not a data type; bytes ${bytes}`, { tag, bytes });
}
