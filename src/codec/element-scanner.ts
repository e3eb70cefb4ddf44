/** Finds the end of an A-XDR value in bytes that arrive piece by piece, without decoding it. */
import { DescriptionScanner } from "./description-scanner";
import { scanBroken, scanIncomplete } from "./scan-outcome";
import { contentForm, contentForms, dataTag, formBits, formOctets, formSequence, formUnknown } from "./tags";
import type { TypeDescription } from "./value";

/** A local copy, because every value of every row looks it up. */
const forms = contentForms;
const octetsForm = formOctets;

interface Header {
  /** bytes of tag and length */
  size: number;
  /** the length or count, or -1 if it is not complete, or -2 if its form is wrong */
  value: number;
}

/**
 * Finds the end of one element in bytes that arrive piece by piece. It keeps its position between pieces, so that an
 * element of any size takes time linear in its bytes however they are cut. Offsets count from the element's start.
 */
export class ElementScanner {
  readonly #maxDepth: number;
  /** element type of a compact-array, as the only child of an outer level */
  readonly #root: TypeDescription | undefined;
  readonly #header: Header = { size: 0, value: 0 };
  /** values still to come at each level */
  readonly #left: number[] = [];
  /** with a description: the type of each level */
  readonly #parents: TypeDescription[] = [];
  #at = 0;
  #started = false;
  /** of the compact-array that the scan is in */
  #description: DescriptionScanner | undefined;

  constructor(maxDepth: number, description?: TypeDescription) {
    this.#maxDepth = maxDepth;
    this.#root = description && { type: "array", count: 1, element: description };
  }

  /** Length of the element that starts at `start`, or `scanIncomplete` or `scanBroken`. */
  scan(bytes: Uint8Array, start: number, end: number): number {
    if (this.#root === undefined && this.#at === 0) {
      const flat = flatSequence(bytes, start, end);
      if (flat > 0) return flat;
    }
    const result = this.#root ? this.#scanDescribed(bytes, start, end) : this.#scanTagged(bytes, start, end);
    if (result !== scanIncomplete) this.#reset();
    return result;
  }

  #reset(): void {
    this.#at = 0;
    this.#started = false;
    this.#description = undefined;
    this.#left.length = 0;
    this.#parents.length = 0;
  }

  #scanTagged(bytes: Uint8Array, start: number, end: number): number {
    for (;;) {
      const from = start + this.#at;
      if (from >= end) return scanIncomplete;
      const form = contentForm(bytes[from] ?? 0);
      let size = 1;
      let children = 0;
      if (form >= 0) size += form;
      else if (form === formUnknown) return scanBroken;
      else if (form === formOctets || form === formBits || form === formSequence) {
        const { value, size: header } = this.#length(bytes, from + 1, end);
        if (value < 0) return value;
        size += header;
        if (form === formSequence) children = value;
        else size += form === formBits ? Math.ceil(value / 8) : value;
      } else {
        size = this.#compactArray(bytes, from, end);
        if (size < 0) return size;
      }
      if (from + size > end) return scanIncomplete;
      this.#at += size;
      if (children > 0 && this.#left.push(children) > this.#maxDepth) return scanBroken;
      if (this.#next()) return this.#at;
    }
  }

  /** Whether the element is complete. If not, counts down the next value of the innermost level. */
  #next(): boolean {
    const left = this.#left;
    let top = left.length - 1;
    while (top >= 0 && left[top] === 0) {
      left.pop();
      top--;
    }
    if (top < 0) return true;
    left[top] = (left[top] ?? 1) - 1;
    return false;
  }

  #compactArray(bytes: Uint8Array, from: number, end: number): number {
    this.#description ??= new DescriptionScanner(this.#maxDepth);
    const description = this.#description.scan(bytes, from + 1, end);
    if (description < 0) return description;
    const { value, size } = this.#length(bytes, from + 1 + description, end);
    if (value < 0) return value;
    const whole = 1 + description + size + value;
    if (from + whole <= end) this.#description = undefined;
    return whole;
  }

  #scanDescribed(bytes: Uint8Array, start: number, end: number): number {
    const left = this.#left;
    const parents = this.#parents;
    if (!this.#started && this.#root) {
      this.#started = true;
      left.push(1);
      parents.push(this.#root);
    }
    for (;;) {
      const top = left.length - 1;
      const parent = parents[top];
      if (parent === undefined) return this.#at;
      const remaining = left[top] ?? 0;
      if (remaining === 0) {
        left.pop();
        parents.pop();
        continue;
      }
      const type = child(parent, remaining);
      if (type === undefined) return scanBroken;
      if (type.type === "array" || type.type === "structure") {
        left[top] = remaining - 1;
        left.push(type.type === "array" ? type.count : type.fields.length);
        parents.push(type);
        continue;
      }
      const size = this.#plainSize(type.type, bytes, start + this.#at, end);
      if (size < 0) return size;
      left[top] = remaining - 1;
      this.#at += size;
    }
  }

  /** Bytes of a plain value without its tag, or `scanIncomplete` or `scanBroken`. */
  #plainSize(type: string, bytes: Uint8Array, from: number, end: number): number {
    const form = contentForm(dataTag(type) ?? -1);
    let size = form;
    if (form === formOctets || form === formBits) {
      const { value, size: header } = this.#length(bytes, from, end);
      if (value < 0) return value;
      size = header + (form === formBits ? Math.ceil(value / 8) : value);
    }
    if (size < 0) return scanBroken;
    return from + size > end ? scanIncomplete : size;
  }

  #length(bytes: Uint8Array, at: number, end: number): Header {
    const header = this.#header;
    header.size = 1;
    header.value = scanIncomplete;
    if (at >= end) return header;
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
      header.value = first;
      return header;
    }
    const count = first & 0x7f;
    header.size = 1 + count;
    if (count === 0 || count > 4) header.value = scanBroken;
    else if (at + 1 + count <= end) {
      let value = 0;
      for (let i = 1; i <= count; i++) value = value * 256 + (bytes[at + i] ?? 0);
      header.value = value;
    }
    return header;
  }
}

/**
 * Length of a short sequence of plain values, the form of nearly all profile rows; 0 if the value has another form or
 * is incomplete.
 */
function flatSequence(bytes: Uint8Array, start: number, end: number): number {
  const tag = bytes[start];
  const count = bytes[start + 1] ?? 0x80;
  if ((tag !== 1 && tag !== 2) || count >= 0x80) return 0;
  let at = start + 2;
  for (let i = 0; i < count; i++) {
    if (at >= end) return 0;
    const form = forms[bytes[at] ?? 8] ?? 0;
    if (form >= 0) at += 1 + form;
    else {
      const length = bytes[at + 1] ?? 0x80;
      if (form !== octetsForm || length >= 0x80) return 0;
      at += 2 + length;
    }
  }
  return at <= end ? at - start : 0;
}

/** Type of the next value in a level with `remaining` values still to come. */
function child(parent: TypeDescription, remaining: number): TypeDescription | undefined {
  if (parent.type === "array") return parent.element;
  return parent.type === "structure" ? parent.fields[parent.fields.length - remaining] : undefined;
}
