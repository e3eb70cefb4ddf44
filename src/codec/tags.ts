import { type DataType, dataTags } from "./value";

const tags = new Map<string, number>(Object.entries(dataTags).map(([tag, type]) => [type, Number(tag)]));
const types: (DataType | undefined)[] = Array.from({ length: 256 });
for (const [tag, type] of Object.entries(dataTags)) types[Number(tag)] = type;

/** The tag byte of a data type, or undefined for a word that the standard does not know. */
export function dataTag(type: string): number | undefined {
  return tags.get(type);
}

/** The standard's word for a tag byte, or undefined for a tag that it does not know. */
export function dataType(tag: number): DataType | undefined {
  return types[tag];
}

/** What follows the tag: a fixed number of bytes, or one of the forms below. */
export const FORM_UNKNOWN = -1;
export const FORM_OCTETS = -2;
export const FORM_BITS = -3;
export const FORM_SEQUENCE = -4;
export const FORM_COMPACT = -5;

const forms = new Int8Array(256).fill(FORM_UNKNOWN);
const fixed: readonly (readonly [number, readonly number[]])[] = [
  [0, [0, 255]],
  [1, [3, 13, 15, 17, 22, 28, 31]],
  [2, [16, 18, 29, 32]],
  [4, [5, 6, 7, 23, 27, 30, 33]],
  [5, [26]],
  [8, [20, 21, 24]],
  [12, [25]],
];
for (const [size, list] of fixed) for (const tag of list) forms[tag] = size;
for (const tag of [9, 10, 12]) forms[tag] = FORM_OCTETS;
forms[4] = FORM_BITS;
for (const tag of [1, 2]) forms[tag] = FORM_SEQUENCE;
forms[19] = FORM_COMPACT;

/** `contentForm` of every tag byte. */
export const contentForms: Int8Array = forms;

/** Bytes of contents of a fixed-size type (0..12), or a FORM_ constant. */
export function contentForm(tag: number): number {
  return forms[tag] ?? FORM_UNKNOWN;
}
