/** Decodes a long array while its pieces arrive, as GET blocks or segments deliver it. */
import { ByteReader } from "../bytes";
import { DlmsDecodeError } from "../errors";
import { type ElementReader, tooManyValues, ValueDecoder } from "./decode";
import { DescriptionScanner } from "./description-scanner";
import { ElementScanner } from "./element-scanner";
import { type DecodeLimits, defaultMaxDepth } from "./limits";
import { scanIncomplete } from "./scan-outcome";
import { minimumSize, maxCompactElements, readTypeDescription, valuesPerElement } from "./type-description";
import type { DlmsValue, TypeDescription } from "./value";

export interface ElementStreamOptions extends DecodeLimits {
  /** also return the bytes of each element, as views (default false) */
  readonly raw?: boolean;
  /** maximum size of one incomplete element in bytes (default 4 MiB) */
  readonly maxElementBytes?: number;
}

/** Elements that became complete with one push. */
export interface ElementBatch<T = DlmsValue> {
  readonly elements: readonly T[];
  /** with the option `raw`: the bytes of each element, at the same index */
  readonly raw: readonly Uint8Array[];
}

/** Kind of a long result. `value`: neither array nor compact-array; it counts as one element. */
export type ElementStreamKind = "array" | "compact-array" | "value";

const defaultMaxElementBytes = 4 * 1024 * 1024;
const minBufferBytes = 8192;

/**
 * Decodes a long array (or compact-array) that arrives in pieces cut anywhere, such as the raw data of GET blocks. It
 * keeps only the incomplete element, so its memory does not grow with the result.
 */
export class ElementStream<T> {
  readonly #reader: ElementReader<T>;
  readonly #options: ElementStreamOptions;
  readonly #maxDepth: number;
  #buffer = new Uint8Array(0);
  #start = 0;
  #stop = 0;
  #consumed = 0;
  #taken = 0;
  #contentsLeft = 0;
  /** bytes of the largest element so far */
  #largest = 0;
  /** the scanner is inside an element */
  #scanning = false;
  #state: "header" | "elements" | "done" = "header";
  #scanner: ElementScanner;
  #kindFound: ElementStreamKind | undefined;
  #countFound: number | undefined;
  #descriptionFound: TypeDescription | undefined;
  readonly #descriptionScanner: DescriptionScanner;
  /** number of values in one element of the description */
  #valuesEach = 1;

  constructor(reader: ElementReader<T>, options: ElementStreamOptions = {}) {
    this.#reader = reader;
    this.#options = options;
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#scanner = new ElementScanner(this.#maxDepth);
    this.#descriptionScanner = new DescriptionScanner(this.#maxDepth);
  }

  /** undefined until the first bytes have arrived */
  get kind(): ElementStreamKind | undefined {
    return this.#kindFound;
  }

  /** How many elements the array declares; undefined before its header, and for a compact-array (its bytes count). */
  get count(): number | undefined {
    return this.#countFound;
  }

  /** The type description of a compact-array, once it has arrived. */
  get description(): TypeDescription | undefined {
    return this.#descriptionFound;
  }

  /** Number of elements returned so far. */
  get received(): number {
    return this.#taken;
  }

  /** All declared elements have arrived. */
  get complete(): boolean {
    return this.#state === "done";
  }

  /** Number of bytes after the last element (0 until that is complete). */
  get trailing(): number {
    return this.#state === "done" ? this.#stop - this.#start : 0;
  }

  /** Number of bytes of the incomplete element. */
  get pending(): number {
    return this.#stop - this.#start;
  }

  /**
   * Append the next piece and return the elements that it completes.
   * @throws DlmsDecodeError with the element's index in its path
   */
  push(bytes: Uint8Array): ElementBatch<T> {
    if (this.#state === "done") {
      // bytes after the last element are only counted
      this.#stop += bytes.length;
      return { elements: [], raw: [] };
    }
    this.#append(bytes);
    if (this.#state === "header") this.#header();
    const batch = { elements: [] as T[], raw: [] as Uint8Array[] };
    if (this.#state === "elements") this.#elements(batch);
    this.#bound();
    return batch;
  }

  /**
   * End the stream: no more pieces follow.
   * @throws DlmsDecodeError DECODE_TRUNCATED if elements are missing
   */
  finish(): void {
    if (this.#state === "done") return;
    const wanted = this.#countFound === undefined ? "" : ` of ${this.#countFound}`;
    const offset = this.#consumed + this.pending;
    throw new DlmsDecodeError(
      "DECODE_TRUNCATED",
      `data[${this.#taken}]: the data end after ${this.#taken}${wanted} elements and ${this.pending} bytes of the next one (at byte ${offset})`,
      { details: { path: `data[${this.#taken}]`, offset, received: this.#taken, have: this.pending } },
    );
  }

  #header(): void {
    const buffer = this.#buffer;
    const start = this.#start;
    const stop = this.#stop;
    if (stop === start) return;
    const tag = buffer[start];
    if (tag === 1) this.#arrayHeader();
    else if (tag === 19) this.#compactHeader();
    else {
      this.#kindFound = "value";
      this.#countFound = 1;
      this.#state = "elements";
    }
  }

  #arrayHeader(): void {
    this.#kindFound = "array";
    const reader = new ByteReader(this.#buffer, this.#start + 1, this.#stop);
    if (!lengthIsThere(reader)) return;
    this.#countFound = reader.length("array count");
    this.#scanner = new ElementScanner(this.#maxDepth - 1);
    this.#advance(reader.offset - this.#start);
    this.#state = this.#countFound === 0 ? "done" : "elements";
  }

  #compactHeader(): void {
    this.#kindFound = "compact-array";
    const reader = new ByteReader(this.#buffer, this.#start + 1, this.#stop);
    if (this.#descriptionScanner.scan(this.#buffer, this.#start + 1, this.#stop) === scanIncomplete) return;
    // a broken description is read too, because the reader reports what is wrong and where
    const description = readTypeDescription(reader, this.#maxDepth);
    if (!lengthIsThere(reader)) return;
    this.#contentsLeft = reader.length("compact-array contents");
    if (this.#contentsLeft > 0 && minimumSize(description) === 0) {
      reader.fail("DECODE_VALUE", "data", "a compact-array of null-data has contents");
    }
    this.#descriptionFound = description;
    this.#valuesEach = valuesPerElement(description);
    this.#scanner = new ElementScanner(this.#maxDepth - 1, description);
    this.#advance(reader.offset - this.#start);
    this.#state = this.#contentsLeft === 0 ? "done" : "elements";
  }

  #elements(batch: { elements: T[]; raw: Uint8Array[] }): void {
    const compact = this.#descriptionFound;
    const limit = compact ? Math.min(this.#stop, this.#start + this.#contentsLeft) : this.#stop;
    const whole = compact !== undefined && limit - this.#start === this.#contentsLeft;
    const reader = new ByteReader(this.#buffer, this.#start, limit);
    const decoder = new ValueDecoder(reader, "data", this.#options);
    const most = compact
      ? maxCompactElements(this.#valuesEach, this.#consumed + limit - this.#start)
      : Number.POSITIVE_INFINITY;
    while (this.#state === "elements") {
      if (this.#taken >= most) this.#tooMany(reader);
      if (!this.#isThere(decoder, limit, whole, batch.elements)) return;
      const size = reader.offset - this.#start;
      if (this.#options.raw) batch.raw.push(this.#buffer.subarray(this.#start, reader.offset));
      this.#largest = Math.max(this.#largest, size);
      this.#advance(size);
      this.#taken++;
      if (compact) this.#contentsLeft -= size;
      if (compact ? this.#contentsLeft === 0 : this.#taken === this.#countFound) this.#state = "done";
    }
  }

  /**
   * Read the next element if it is complete. When many more bytes are left than any element has had so far, it is read
   * at once. Near the end of the bytes, and for every reader with state, the scanner first looks for the end of the
   * element.
   */
  #isThere(decoder: ValueDecoder, limit: number, whole: boolean, into: T[]): boolean {
    const reader = this.#reader;
    const compact = this.#descriptionFound;
    const plenty = !this.#scanning && this.#largest > 0 && limit - this.#start >= 2 * this.#largest;
    if (!whole && plenty && reader.stateless === true) {
      try {
        into.push(decoder.element(this.#taken, this.#start, compact, reader));
        return true;
      } catch (error) {
        if (!isTruncation(error)) throw error;
        // the element is larger than all earlier ones, so the scanner continues from here
      }
    }
    this.#scanning = !whole && this.#scanner.scan(this.#buffer, this.#start, limit) === scanIncomplete;
    // a broken element is decoded too, because the decoder reports what is wrong and where
    if (!this.#scanning) into.push(decoder.element(this.#taken, this.#start, compact, reader));
    return !this.#scanning;
  }

  #tooMany(reader: ByteReader): never {
    reader.seek(this.#start);
    return reader.fail("DECODE_LIMIT", `data[${this.#taken}]`, tooManyValues);
  }

  #advance(count: number): void {
    this.#start += count;
    this.#consumed += count;
  }

  /** Decoded bytes are never overwritten, because the octet-strings of returned values are views of them. */
  #append(bytes: Uint8Array): void {
    const pending = this.#stop - this.#start;
    if (this.#stop + bytes.length > this.#buffer.length) {
      const need = pending + bytes.length;
      const fresh = new Uint8Array(Math.max(2 * need, minBufferBytes));
      fresh.set(this.#buffer.subarray(this.#start, this.#stop));
      this.#buffer = fresh;
      this.#start = 0;
      this.#stop = pending;
    }
    this.#buffer.set(bytes, this.#stop);
    this.#stop += bytes.length;
  }

  #bound(): void {
    const limit = this.#options.maxElementBytes ?? defaultMaxElementBytes;
    if (this.#state === "done" || this.pending <= limit) return;
    const path = `data[${this.#taken}]`;
    throw new DlmsDecodeError("DECODE_LIMIT", `${path}: one element has more than ${limit} bytes`, {
      details: { path, offset: this.#consumed, limit },
    });
  }
}

const tagged: ElementReader<DlmsValue> = {
  fromBytes: (cursor) => cursor.value(),
  fromValue: (value) => value,
  stateless: true,
};

/** A stream of tagged values. */
export class ArrayElementStream extends ElementStream<DlmsValue> {
  constructor(options: ElementStreamOptions = {}) {
    super(tagged, options);
  }
}

function lengthIsThere(reader: ByteReader): boolean {
  const first = reader.peek();
  if (first === undefined) return false;
  // the reader refuses a wrong length form
  return first < 0x80 || first > 0x84 || reader.remaining > (first & 0x7f);
}

function isTruncation(error: unknown): boolean {
  return error instanceof DlmsDecodeError && error.is("DECODE_TRUNCATED");
}
