/** Collects a value received in blocks, and detects its end. */
import { defaultMaxDepth } from "../../codec";
import { ElementScanner } from "../../codec/element-scanner";
import { scanIncomplete } from "../../codec/scan-outcome";
import { DlmsDecodeError, DlmsServiceError, DlmsTimeoutError } from "../../errors";
import type { Operation } from "../steps/operation";
import { maxBlocksBehind } from "../steps/options";
import { noteStep } from "../steps/steps";
import { Collector } from "./collector";
import type { ServiceChannel } from "./service-channel";
import { noteTrailing } from "./trailing-bytes";

/**
 * Some meters continue with blocks after the complete value, or refuse the next block: the complete value is the
 * answer, and the excess is noted.
 */
export class ValueCollector {
  readonly #collected: Collector;
  /** start of the value; undefined while unknown */
  readonly #start: (bytes: Uint8Array) => number | undefined;
  readonly #scanner = new ElementScanner(defaultMaxDepth);
  /** length of the complete value; below 0 before, and for bytes that are not a value */
  #length = scanIncomplete;
  #behind = 0;

  constructor(limit: number, start: (bytes: Uint8Array) => number | undefined = fromStart) {
    this.#collected = new Collector(limit);
    this.#start = start;
  }

  /** The received bytes are a whole value, perhaps with further bytes after it. */
  get isWhole(): boolean {
    return this.#length >= 0;
  }

  /** The value is complete, and the maximum number of further blocks was received after it. */
  get isEnough(): boolean {
    return this.#behind > maxBlocksBehind;
  }

  // a generator by its type alone: this sink has nothing to wait for
  // eslint-disable-next-line require-yield
  readonly sink = function* (this: ValueCollector, piece: Uint8Array): Operation<void> {
    if (this.isWhole) this.#behind += 1;
    this.#collected.add(piece);
    if (this.#length !== scanIncomplete) return;
    const { view } = this.#collected;
    const from = this.#start(view);
    if (from !== undefined) this.#length = this.#scanner.scan(view, from, view.length);
  }.bind(this);

  /** All received bytes. */
  bytes(): Uint8Array {
    return this.#collected.bytes();
  }

  /**
   * The value alone. Bytes that are not a complete value are returned unchanged, so that decoding reports the error.
   */
  *value(): Operation<Uint8Array> {
    const bytes = this.#collected.bytes();
    if (!this.isWhole) return bytes;
    yield* noteTrailing(bytes.length - this.#length);
    return bytes.subarray(0, this.#length);
  }
}

const fromStart = (): number => 0;

/**
 * Whether an error after a complete value leaves the value valid. After an undecodable answer it is valid only if
 * answers can be distinguished: otherwise the next answer may be shifted, and the session has to end.
 */
export function concernsOnlyTheRest(channel: ServiceChannel, error: unknown): error is Error {
  if (error instanceof DlmsDecodeError) return channel.tellsAnswersApart;
  return error instanceof DlmsServiceError || error instanceof DlmsTimeoutError;
}

/** The note on excess data after a complete value. */
export function* noteRest(problem: string): Operation<void> {
  yield* noteStep(`the value was whole before the last block: ${problem}`);
}
