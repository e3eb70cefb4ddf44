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
export function skipValue(reader: ByteReader, field = "data", maxDepth = defaultMaxDepth): void {
  const left: number[] = [];
  let depth = 0;
  for (;;) {
    const form = contentForm(tagOf(reader, field));
    if (form >= 0) skip(reader, form, field);
    else if (form === formOctets) skip(reader, reader.length(field), field);
    else if (form === formBits) skip(reader, Math.ceil(reader.length(field) / 8), field);
    else if (form === formCompact) {
      readTypeDescription(reader, maxDepth - depth, field);
      skip(reader, reader.length(field), field);
    } else if (form === formSequence) {
      const count = reader.length(field);
      if (count > reader.remaining) {
        reader.fail("DECODE_TRUNCATED", field, `${count} elements are declared, ${reader.remaining} bytes are left`, {
          need: count,
        });
      }
      if (depth >= maxDepth) reader.fail("DECODE_LIMIT", field, `values nest deeper than ${maxDepth}`);
      left[depth++] = count;
    }
    while (depth > 0 && left[depth - 1] === 0) depth--;
    if (depth === 0) return;
    left[depth - 1] = (left[depth - 1] ?? 0) - 1;
  }
}

/** The bytes of one A-XDR value, as a view. The reader moves past it. */
export function sliceValue(reader: ByteReader, field = "data"): Uint8Array {
  const start = reader.offset;
  skipValue(reader, field);
  return reader.source.subarray(start, reader.offset);
}

function skip(reader: ByteReader, count: number, field: string): void {
  const { remaining } = reader;
  if (count > remaining) {
    reader.fail("DECODE_TRUNCATED", field, `needs ${count} bytes, ${remaining} are left`, { need: count });
  }
  reader.seek(reader.offset + count);
}

function tagOf(reader: ByteReader, field: string): number {
  const tag = reader.u8(field);
  if (contentForm(tag) !== -1) return tag;
  const at = reader.offset - 1;
  const bytes = toHex(reader.source.subarray(at, Math.min(at + 8, reader.end)));
  reader.seek(at);
  return reader.fail("DECODE_TAG", field, `tag ${tag} is not a data type; bytes ${bytes}`, { tag, bytes });
}
