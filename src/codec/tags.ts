/** Tag bytes of the A-XDR data types, and the form of the contents that follow each tag. */
import { type DataType, dataTags } from "./value";

const tags = new Map<string, number>(Object.entries(dataTags).map(([tag, type]) => [type, Number(tag)]));
const types: (DataType | undefined)[] = Array.from({ length: 256 });
for (const [tag, type] of Object.entries(dataTags)) types[Number(tag)] = type;

/** The tag byte of a data type, or undefined for a word that the standard does not know. */
export function dataTag(type: string): number | undefined {
  return tags.get(type);
}

/** Whether a text is the standard's word for a data type. */
export function isDataType(word: string): word is DataType {
  return tags.has(word);
}

/** The standard's word for a tag byte, or undefined for a tag that it does not know. */
export function dataType(tag: number): DataType | undefined {
  return types[tag];
}

/** Form of the contents after the tag. Types of fixed size have their number of bytes instead (0 and up). */
export const formUnknown = -1;
export const formOctets = -2;
export const formBits = -3;
export const formSequence = -4;
export const formCompact = -5;

const forms = new Int8Array(256).fill(formUnknown);
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
for (const tag of [9, 10, 12]) forms[tag] = formOctets;
forms[4] = formBits;
for (const tag of [1, 2]) forms[tag] = formSequence;
forms[19] = formCompact;

/** `contentForm` of every tag byte. */
export const contentForms: Int8Array = forms;

/** Bytes of contents of a fixed-size type (0..12), or a `form...` constant. */
export function contentForm(tag: number): number {
  return forms[tag] ?? formUnknown;
}
