/** Decodes a stream of pushes: units from bytes, opened, checked against counters, with names and units. */
import { splitApdus } from "../apdu";
import { type DlmsError, DlmsPushError, type ErrorCode, isDlmsError } from "../errors";
import { callSafely, reportUnexpected } from "../errors/boundary";
import { toBytes } from "../inspect";
import type { Interpretation } from "./data-push";
import { interpret, interpretBody } from "./interpret";
import { KnownLayouts } from "./layouts/known-layouts";
import { PushCounters } from "./opening/counters";
import { KeyRing } from "./opening/keys";
import { isCipheredTag, type Opened, openPush, unciphered } from "./opening/open";
import { TitleTexts } from "./opening/title-text";
import { type CheckedOptions, checkPushOptions, type PushDecoderOptions } from "./options";
import type { Push } from "./push";
import { rawPush } from "./raw-push";
import { Senders } from "./senders";
import { readPayload } from "./units/payload";
import { StreamUnits } from "./units/recognition";
import { noNotes, type PushFraming, sinkOf, type Unit, type UnitSink } from "./units/unit";

/** Statistics of a decoder. */
export interface PushFacts {
  readonly bytes: number;
  /** whole APDUs and telegrams, also those that were refused */
  readonly units: number;
  readonly pushes: number;
  /** pushes that were received twice and reported once */
  readonly repeated: number;
  /** refused or dropped items, by error code */
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  /** the framing of the stream; null until it is recognized */
  readonly framing: PushFraming | null;
}

/** Parts that the decoders of several connections share, so that a meter may reconnect. */
export class PushDecoderParts {
  readonly checked: CheckedOptions;
  readonly keys: KeyRing;
  readonly counters: PushCounters;
  readonly senders = new Senders();
  readonly layouts = new KnownLayouts();

  /** @throws DlmsConfigError CONFIG_INVALID */
  constructor(options: PushDecoderOptions) {
    this.checked = checkPushOptions(options);
    this.keys = new KeyRing(options.keys, options.tryKeys);
    this.counters = new PushCounters(options.receivedCounters);
  }
}

/** Ciphered APDUs inside each other. */
const maxLayers = 4;

/**
 * Decodes the pushes of meters: takes the bytes of one connection or line and returns pushes. It uses no socket and no
 * clock: the caller passes times in milliseconds since 1970. Without a time, unfinished messages never expire; all
 * other bounds apply. A push that is incomplete, altered, replayed or not deciphered is never returned; `onProblem`
 * receives the reason.
 */
export class PushDecoder {
  readonly #options: PushDecoderOptions;
  readonly #parts: PushDecoderParts;
  readonly #refused: Partial<Record<ErrorCode, number>> = {};
  readonly #titles = new TitleTexts();
  #stream: StreamUnits;
  #time: { readonly now: number; readonly iso: string } | undefined;
  #bytes = 0;
  #units = 0;
  #pushes = 0;
  #repeated = 0;

  /** @throws DlmsConfigError CONFIG_INVALID */
  constructor(options?: PushDecoderOptions);
  /** @internal */
  constructor(options: PushDecoderOptions | undefined, parts: PushDecoderParts | undefined);
  constructor(options: PushDecoderOptions = {}, parts?: PushDecoderParts) {
    this.#options = options;
    this.#parts = parts ?? new PushDecoderParts(options);
    this.#stream = new StreamUnits(options.framing ?? "auto");
  }

  get facts(): PushFacts {
    return {
      bytes: this.#bytes,
      units: this.#units,
      pushes: this.#pushes,
      repeated: this.#repeated,
      refused: { ...this.#refused },
      framing: this.#stream.framing ?? null,
    };
  }

  /** @internal the part of the facts that a listener follows with every piece */
  get progress(): { readonly units: number; readonly repeated: number; readonly unfinishedBytes: number } {
    return { units: this.#units, repeated: this.#repeated, unfinishedBytes: this.#stream.unfinishedBytes };
  }

  /** Takes bytes of the stream in any pieces; returns the pushes that they complete. */
  add(bytes: Uint8Array, now?: number): Push[] {
    const plain = toBytes(bytes);
    this.#bytes += plain.length;
    return this.#run(now, (sink) => {
      this.#stream.add(plain, now, sink);
    });
  }

  /** Takes one message of a reader (MQTT): bytes, hex, hex of hex, a body alone, or an envelope. Joins pieces. */
  addPayload(payload: Uint8Array | string, now?: number): Push[] {
    const read = readPayload(typeof payload === "string" ? payload : toBytes(payload));
    if (read.kind === "other") return [];
    if (read.kind === "stream") return this.add(read.bytes, now);
    const { length } = read.bytes;
    this.#bytes += length;
    const link = { framing: "apdu", source: null, destination: null, frames: 1, bytes: length } as const;
    this.#units++;
    const unit: Unit = { kind: "apdu", apdu: read.bytes, link, notes: noNotes };
    return this.#guarded(() => [this.#counted(interpretBody(unit, read.bytes, this.#how(null, now)))]);
  }

  /** Reports the current time: drops unfinished messages that have expired. */
  tick(now: number): Push[] {
    return this.#run(now, (sink) => {
      this.#stream.tick(now, sink);
    });
  }

  /** Ends the stream and reports an incomplete push. The next bytes begin a new stream. */
  end(now?: number): Push[] {
    const pushes = this.#run(now, (sink) => {
      this.#stream.end(sink);
    });
    this.#stream = new StreamUnits(this.#options.framing ?? "auto");
    return pushes;
  }

  #run(now: number | undefined, read: (sink: UnitSink) => void): Push[] {
    const sink = sinkOf();
    read(sink);
    this.#units += sink.units.length;
    const pushes: Push[] = [];
    for (const unit of sink.units) for (const push of this.#guarded(() => this.#opened(unit, now))) pushes.push(push);
    for (const problem of sink.problems) this.#problem(problem);
    return pushes;
  }

  /** The pushes in a unit, or the unit itself if its key is not known and the user asked for it. */
  #opened(unit: Unit, now: number | undefined): Push[] {
    try {
      return this.#decode(unit, now);
    } catch (error) {
      if (!isDlmsError(error) || !error.is("PUSH_NO_KEY") || unit.kind === "text" || !this.#wantsRaw()) throw error;
      const push = rawPush(unit, error, (title) => this.#how(title, now));
      if (push === undefined) throw error;
      return [this.#counted(push)];
    }
  }

  #wantsRaw(): boolean {
    const { withoutKey } = this.#options;
    return (typeof withoutKey === "function" ? withoutKey() : withoutKey) === "raw";
  }

  #decode(unit: Unit, now: number | undefined, layers: readonly Opened[] = []): Push[] {
    const { keys, counters, checked } = this.#parts;
    const { peer } = this.#options;
    const [outer] = layers;
    const isInside = outer?.security?.verified === true;
    const context = { keys, counters, meters: checked.meters, titles: this.#titles, peer, now, isInside };
    const own = unit.kind === "text" ? unciphered(unit.text, context) : openPush(unit.apdu, context, unit.parsed);
    const opened = outer === undefined ? own : insideOf(outer, own);
    const how = this.#how(opened.systemTitle, now);
    if (own.security?.repeated === true && how.settings.counters === "strict") {
      this.#repeated++;
      return [];
    }
    const inner = opened.security === null ? undefined : innerApdu(opened.plain);
    if (inner === undefined || unit.kind === "text") return [this.#counted(interpret(unit, opened, how))];
    if (layers.length >= maxLayers)
      throw new DlmsPushError("PUSH_LIMIT", `push: more than ${maxLayers} APDUs inside each other`);
    return this.#decode({ ...unit, apdu: inner, parsed: undefined }, now, [opened, ...layers]);
  }

  #counted(push: Push): Push {
    this.#pushes++;
    return push;
  }

  #how(systemTitle: Uint8Array | null, now: number | undefined): Interpretation {
    const { checked, senders, layouts } = this.#parts;
    const { peer } = this.#options;
    return {
      settings: checked.meters.find(systemTitle, peer),
      tables: checked.tables,
      senders,
      layouts,
      peer: peer ?? null,
      receivedAt: this.#isoTime(now),
    };
  }

  /** All parts of one push get the same time. */
  #isoTime(now: number | undefined): string | null {
    if (now === undefined) return null;
    if (this.#time?.now !== now) this.#time = { now, iso: new Date(now).toISOString() };
    return this.#time.iso;
  }

  #guarded(run: () => Push[]): Push[] {
    try {
      return run();
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#problem(error);
      return [];
    }
  }

  #problem(problem: DlmsError): void {
    this.#refused[problem.code] = (this.#refused[problem.code] ?? 0) + 1;
    callSafely(() => this.#options.onProblem?.(problem), onProblemThrew);
  }
}

const onProblemThrew = (error: unknown): void => {
  reportUnexpected("push decoder: onProblem threw", error);
};

/** What is inside a ciphered APDU is at least as safe as that APDU. */
function insideOf(outer: Opened, own: Opened): Opened {
  const isOuterSafer = own.security === null || (outer.security?.verified === true && !own.security.verified);
  const notes = own.security === null ? outer.notes : outer.notes.concat(own.notes);
  return isOuterSafer ? { ...outer, plain: own.plain, notes } : { ...own, notes };
}

/** Returns the APDU inside a ciphered APDU that is ciphered again or is in a single general block. */
function innerApdu(plain: Uint8Array): Uint8Array | undefined {
  if (isCipheredTag(plain[0])) return plain;
  if (plain[0] !== 0xe0) return undefined;
  const [piece, ...others] = splitApdus(plain).pieces;
  const isWhole = piece?.apdu.apdu === "general-block-transfer" && piece.apdu.last && piece.apdu.blockNumber <= 1;
  return isWhole && others.length === 0 && piece.apdu.apdu === "general-block-transfer" ? piece.apdu.data : undefined;
}

/**
 * Decodes all pushes in one payload (an MQTT message, a file, a datagram) and reports why any were refused. Counters
 * are checked among the pushes of the payload, and against `receivedCounters` if given.
 * @throws DlmsConfigError CONFIG_INVALID
 */
export function decodePush(
  payload: Uint8Array | string,
  options: PushDecoderOptions = {},
): { readonly pushes: readonly Push[]; readonly problems: readonly DlmsError[] } {
  const problems: DlmsError[] = [];
  const onProblem = (problem: DlmsError): void => {
    problems.push(problem);
    return options.onProblem?.(problem);
  };
  const decoder = new PushDecoder({ ...options, onProblem });
  const pushes = [...decoder.addPayload(payload), ...decoder.end()];
  return { pushes, problems };
}
