/** Finds APDUs that have no frame around them. */
import { firstApdu, withoutLlc } from "../../apdu";
import { ByteReader } from "../../bytes";
import { sliceValue } from "../../codec";
import { DlmsPushError, isDlmsError } from "../../errors";
import type { BufferedFraming } from "./buffered-units";
import { FieldApdus } from "./field-apdus";
import { cutError, maxPushBytes } from "./limits";
import { isPlausiblePush } from "./plausible";
import { SeenHeads } from "./seen-heads";
import { StreamBuffer } from "./stream-buffer";
import type { UnitSink } from "./unit";

/** Tags accepted only at the beginning of a stream, or directly after another APDU. */
const plainTags = new Set([0x0f, 0xc2, 0xca, 0xd2, 0x18, 0x38, 0x58, 0xdd, 0xdc, 0xe0]);
/** Tags of APDUs whose end results from their content. */
const parsedTags = new Set([0x0f, 0xc2, 0x18]);
const generalGlo = 0xdb;
const generalDed = 0xdc;
/** Notifications under a service-specific ciphering. */
const cipheredTags = new Set([0xca, 0xd2, 0x38, 0x58]);
const titleBytes = 8;
/** An APDU is measured again after its bytes have grown by this part; up to as many bytes, after each byte. */
const measuredShare = 256;
/** Tag, length of the system title, and the system title. */
const headBytes = 2 + titleBytes;
/** First bytes of a length: the length itself, or 80 and the number of its bytes. */
const isLengthForm = (byte: number): boolean => byte < 0x80 || (byte > 0x80 && byte <= 0x84);
/** structure of two, enum, array; undefined: any byte */
const untypedHead = [2, 2, 0x16, undefined, 1] as const;

/**
 * APDUs without a frame around them (Luxembourg, Steiermark). A general-glo-ciphering is found anywhere by its title,
 * length and security control; others only at the beginning of the stream or after another APDU, because no check
 * sequence protects them.
 */
export class BareUnits implements BufferedFraming {
  readonly framing = "apdu";
  readonly buffer = new StreamBuffer(maxPushBytes);
  readonly fields = new FieldApdus();
  readonly #heads = new SeenHeads(headBytes);
  /** the last skipped bytes, which may contain a header of another layer */
  #before: number[] = [];
  #isAnchored = true;
  readonly #mustBePlausible: boolean;
  /** bytes of the buffer when its APDU was last measured and was not whole */
  #measured = 0;

  /** @param isChosen the user chose this framing; otherwise other bytes must not become a push */
  constructor(isChosen: boolean) {
    this.#mustBePlausible = !isChosen;
  }

  /** What comes after a silence begins with an APDU, as the first bytes of the stream do. */
  afterSilence(): void {
    this.#isAnchored = true;
    this.#before = [];
  }

  measureAgain(): void {
    this.#measured = 0;
  }

  get begun(): boolean {
    return this.buffer.length > 2 || this.fields.unfinished > 0;
  }

  skipByte(): void {
    this.#skip(1);
  }

  end(sink: UnitSink): void {
    if (this.begun) {
      const { length } = this.buffer;
      sink.problems.push(
        new DlmsPushError("PUSH_INCOMPLETE", `incomplete push: the stream ended inside an APDU after ${length} bytes`),
      );
    }
  }

  cut(now: number | undefined, sink: UnitSink): boolean {
    const { view } = this.buffer;
    const tag = view[0];
    if (tag === undefined) return false;
    if (this.#isAnchored && tag === 0xe6) {
      if (view.length < 3) return false;
      if (withoutLlc(view) !== view) {
        this.buffer.skip(3);
        return true;
      }
    }
    const length = this.#lengthAtStart(view, tag);
    if (length === undefined) {
      this.#skip(1);
      return true;
    }
    if ((tag === generalGlo || tag === generalDed) && view[1] === titleBytes && view.length >= headBytes) {
      this.#heads.add(view);
    }
    if (length === "wait" || !parsedTags.has(tag)) {
      const next = this.#heads.find(view, length === "wait" ? view.length : length, this.buffer.position);
      if (next !== undefined) return this.#cut(next, sink);
    }
    if (length === "wait") return false;
    const apdu = view.slice(0, length);
    if (this.#mustBePlausible && !isPlausiblePush(apdu)) {
      this.#skip(1);
      return true;
    }
    this.buffer.skip(length);
    this.#before = [];
    this.#isAnchored = true;
    const link = { framing: "apdu", source: null, destination: null, frames: 1, bytes: length } as const;
    this.fields.add(apdu, () => "the stream", link, now, sink);
    return true;
  }

  /** An APDU that was cut: the next one begins inside it. */
  #cut(next: number, sink: UnitSink): boolean {
    sink.problems.push(cutError("an APDU", next));
    this.buffer.skip(next);
    this.#before = [];
    this.#isAnchored = true;
    return true;
  }

  /** Bytes of the APDU at the start. */
  #lengthAtStart(view: Uint8Array, tag: number): number | "wait" | undefined {
    if (tag === generalGlo) return isFramed(this.#before) ? undefined : this.#titled(view);
    if (!this.#isAnchored || !plainTags.has(tag)) return undefined;
    if (tag === generalDed) return this.#titled(view);
    return cipheredTags.has(tag) ? cipheredLength(view, 1) : this.#plainLength(view);
  }

  /** An APDU without a length must be parsed up to its end; not again for each byte, if a peer sends bytes one by one. */
  #plainLength(view: Uint8Array): number | "wait" | undefined {
    const grown = view.length - this.#measured;
    if (grown >= 0 && grown * measuredShare < view.length) return "wait";
    const length = plainLength(view);
    this.#measured = length === "wait" ? view.length : 0;
    return length;
  }

  /** A ciphered APDU with a system title. */
  #titled(view: Uint8Array): number | "wait" | undefined {
    const title = view[1];
    if (title !== undefined && title !== titleBytes && !(title === 0 && this.#isAnchored)) return undefined;
    if (title === undefined || view.length < title + 8) return "wait";
    return cipheredLength(view, 2 + title);
  }

  #skip(count: number): void {
    for (const byte of this.buffer.view.subarray(0, count)) this.#before.push(byte);
    this.#before = this.#before.slice(-9);
    this.#isAnchored = false;
    this.buffer.skip(count);
  }
}

/** Bytes up to the end of the ciphered content whose length field is at `offset`. */
function cipheredLength(view: Uint8Array, offset: number): number | "wait" | undefined {
  // Most noise ends here: the error that the reader would throw for each of its bytes costs a thousand times as much.
  if (!isLengthForm(view[offset] ?? 0)) return undefined;
  const reader = new ByteReader(view, offset);
  return orWait(() => {
    const length = reader.length("length");
    const control = view[reader.offset];
    if (length < 5 || length > maxPushBytes - 16 || (control !== undefined && !isSecurityControl(control)))
      return undefined;
    return reader.remaining < length ? "wait" : reader.offset + length;
  });
}

const plainLength = (view: Uint8Array): number | "wait" | undefined =>
  orWait(() => untypedLength(view) ?? firstApdu(view).bytes.length);

/** Bytes of a data-notification with EGD's and CEZ's body: {enum, array of {class, name, attribute, value}} without types. */
function untypedLength(view: Uint8Array): number | undefined {
  const body = view[5] === 0 ? 6 : 18;
  const isUntyped = untypedHead.every((byte, i) => byte === undefined || view[body + i] === byte);
  if (view[0] !== 0x0f || !isUntyped) return undefined;
  const reader = new ByteReader(view, body + untypedHead.length);
  for (let left = reader.length("count"); left > 0; left--) {
    if (reader.u16("structure") !== 0x0202) return undefined;
    reader.bytes(9, "attribute-descriptor");
    sliceValue(reader);
  }
  return reader.offset;
}

/** A truncated APDU may continue; any other error means that these bytes are not an APDU. */
function orWait(measure: () => number | "wait" | undefined): number | "wait" | undefined {
  try {
    return measure();
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return error.is("DECODE_TRUNCATED") ? "wait" : undefined;
  }
}

/** Suite 0 to 2, no compression, and at least one protection. */
function isSecurityControl(byte: number): boolean {
  return (byte & 0x8c) === 0 && (byte & 3) < 3 && (byte & 0x30) !== 0;
}

/** Whether these bytes are the end of a header of HDLC, of a general block, of M-Bus or of the wrapper. */
function isFramed(before: readonly number[]): boolean {
  const at = (back: number): number | undefined => before[before.length - back];
  if (at(3) === 0xe6 && (at(2) === 0xe6 || at(2) === 0xe7) && at(1) === 0) return true;
  if (at(9) === 0x68 && at(6) === 0x68 && (at(3) ?? 0xff) <= 0x1f) return true;
  if (at(8) === 0 && at(7) === 1) return true;
  return [7, 8, 9].some((back) => at(back) === 0xe0 && at(back - 2) === 0 && (at(back - 3) ?? 2) < 2);
}
