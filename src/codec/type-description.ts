/** Type description of a compact-array: reading, writing, and the size of the elements that it describes. */
import type { ByteReader, ByteWriter } from "../bytes";
import { toHex } from "../bytes";
import { DlmsConfigError } from "../errors";
import { contentForm } from "./tags";
import { dataTag, dataType } from "./tags";
import type { TypeDescription } from "./value";

/**
 * Read the type description of a compact-array (IEC 62056-6-2, TypeDescription).
 * @throws DlmsDecodeError DECODE_TAG, DECODE_LIMIT, DECODE_TRUNCATED
 */
export function readTypeDescription(reader: ByteReader, maxDepth: number, path = "type description"): TypeDescription {
  if (maxDepth <= 0) reader.fail("DECODE_LIMIT", path, "type descriptions nest too deep");
  const tag = reader.u8(path);
  if (tag === 1) {
    const count = reader.u16(path);
    const element = readTypeDescription(reader, maxDepth - 1, path);
    if (minimumSize(element) === 0) {
      reader.fail("DECODE_VALUE", path, "an array of elements without contents has no end");
    }
    return { type: "array", count, element };
  }
  if (tag === 2) {
    const count = reader.u8(path);
    const fields: TypeDescription[] = [];
    for (let i = 0; i < count; i++) fields.push(readTypeDescription(reader, maxDepth - 1, path));
    return { type: "structure", fields };
  }
  const type = dataType(tag);
  if (type === undefined || type === "array" || type === "structure" || type === "compact-array") {
    const at = reader.offset - 1;
    const bytes = toHex(reader.source.subarray(at, Math.min(at + 8, reader.end)));
    reader.seek(at);
    reader.fail("DECODE_TAG", path, `tag ${tag} is not a data type of a compact-array; bytes ${bytes}`, { tag, bytes });
  }
  return { type };
}

export function writeTypeDescription(writer: ByteWriter, description: TypeDescription, maxDepth: number): void {
  if (maxDepth <= 0) throw new DlmsConfigError("CONFIG_INVALID", "compact-array: type descriptions nest too deep");
  if (description.type === "array") {
    const { count, element } = description;
    if (!Number.isInteger(count) || count < 0 || count > 0xffff) {
      throw new DlmsConfigError("CONFIG_INVALID", `compact-array: array count ${count} is outside 0..65535`);
    }
    if (minimumSize(element) === 0) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        "compact-array: array elements without contents cannot be told apart",
      );
    }
    writer.u8(1).u16(count);
    writeTypeDescription(writer, element, maxDepth - 1);
    return;
  }
  if (description.type === "structure") {
    const { fields } = description;
    if (fields.length > 0xff) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `compact-array: a structure has at most 255 fields, got ${fields.length}`,
      );
    }
    writer.u8(2).u8(fields.length);
    for (const field of fields) writeTypeDescription(writer, field, maxDepth - 1);
    return;
  }
  const tag = dataTag(description.type);
  if (tag === undefined || contentForm(tag) < -3) {
    throw new DlmsConfigError("CONFIG_INVALID", `compact-array: "${description.type}" is not an element type`);
  }
  writer.u8(tag);
}

/** Minimum number of content bytes of a value of this type. */
export function minimumSize(description: TypeDescription): number {
  if (description.type === "array") return description.count * minimumSize(description.element);
  if (description.type === "structure") return description.fields.reduce((sum, field) => sum + minimumSize(field), 0);
  const form = contentForm(dataTag(description.type) ?? 0);
  return form >= 0 ? form : 1;
}

/** Number of values that every compact-array may have, and the number that each byte adds. */
const freeCompactValues = 1024;
export const compactValuesPerByte = 16;

/** Number of values in one element of this type, itself included. */
export function valuesPerElement(description: TypeDescription): number {
  if (description.type === "array") return 1 + description.count * valuesPerElement(description.element);
  if (description.type !== "structure") return 1;
  return description.fields.reduce((sum, field) => sum + valuesPerElement(field), 1);
}

/**
 * Maximum number of elements, of `values` values each, in a compact-array of `bytes` bytes. Columns of null-data take
 * no byte in a row, so a few kB could otherwise declare millions of values.
 */
export function maxCompactElements(values: number, bytes: number): number {
  return Math.floor((freeCompactValues + compactValuesPerByte * bytes) / values);
}
