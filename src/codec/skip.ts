import type { ByteReader } from "../bytes";
import { toHex } from "../bytes";
import { defaultMaxDepth } from "./limits";
import { contentForm, FORM_BITS, FORM_COMPACT, FORM_OCTETS, FORM_SEQUENCE } from "./tags";
import { readTypeDescription } from "./type-description";

/**
 * Move the reader behind one A-XDR value without building it. The contents of a compact-array are taken as a whole.
 * @throws DlmsDecodeError DECODE_TAG, DECODE_TRUNCATED, DECODE_LENGTH, DECODE_LIMIT
 */
export function skipValue(reader: ByteReader, what = "data", maxDepth = defaultMaxDepth): void {
  const left: number[] = [];
  let depth = 0;
  for (;;) {
    const form = contentForm(tagOf(reader, what));
    if (form >= 0) skip(reader, form, what);
    else if (form === FORM_OCTETS) skip(reader, reader.length(what), what);
    else if (form === FORM_BITS) skip(reader, Math.ceil(reader.length(what) / 8), what);
    else if (form === FORM_COMPACT) {
      readTypeDescription(reader, maxDepth - depth, what);
      skip(reader, reader.length(what), what);
    } else if (form === FORM_SEQUENCE) {
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

/** The bytes of one A-XDR value, as a view; the reader moves behind it. */
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
