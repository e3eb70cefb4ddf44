import { ElementStream, encodeValueBytes } from "../codec";
import {
  type AttributeRef,
  clockKind,
  createRowReader,
  type EncodeDateTimeOptions,
  entriesByAge,
  entrySelection,
  type Moment,
  momentToEpoch,
  obisPrinted,
  type PresentOptions,
  type ProfileRow,
  rangeSelection,
  type RangeSelectionOptions,
  restrictingObject,
  type Selection,
} from "../cosem";
import { DlmsServiceError } from "../errors";
import { accessError } from "./access-error";
import type { ActiveSession } from "./active-session";
import { type FetchOptions, readVariables, shortNameOf, shortNamesOf } from "./fetch";
import { entriesInUse, profileInfo, type ProfileInfo } from "./profile-info";
import { descriptorOf } from "./wanted";

/** Which entries of a profile: the last n, those of a time, those of these numbers (1 = the oldest), or all. */
export type ProfileRange =
  | { readonly last: number }
  | { readonly from: Moment; readonly to?: Moment }
  | { readonly entries: readonly [first: number, last: number] };

/** How the entries were chosen in the end: by the meter by time, by the meter by number, or all were read. */
export type SelectionUsed = "range" | "entry" | "all";

export interface ProfileProgress {
  readonly rows: number;
  readonly blocks: number;
  readonly bytes: number;
}

/** What one profile reading knows of itself; it outlives a break of the connection. */
export interface ProfileReading {
  readonly ref: AttributeRef;
  readonly range: ProfileRange | undefined;
  readonly present: PresentOptions;
  readonly zone: EncodeDateTimeOptions;
  readonly now: () => number;
  readonly begun: (info: ProfileInfo, selection: SelectionUsed) => void;
  /** Takes rows in the order in which they are to be seen; resolves when more are wanted. */
  readonly rows: (rows: readonly ProfileRow[]) => Promise<void>;
  readonly progress: (progress: ProfileProgress) => void;
  readonly note: (text: string) => void;
  /** rows that were handed out before, and the time of the last of them */
  readonly handed: { rows: number; lastTime: number | undefined; blocks: number; bytes: number };
}

/** One way to get the entries: what the meter is asked for, and what is left to do with what comes. */
interface Attempt {
  readonly used: SelectionUsed;
  readonly selection: Selection | undefined;
  /** which rows are wanted of what comes */
  readonly keep: "all" | { readonly last: number } | { readonly slice: readonly [number, number] } | "time";
  readonly note?: string;
  /** the meter's numbers of the entries that are asked for */
  readonly numbers?: { readonly from: number; readonly to: number };
  /** the range in pieces, asked for one after the other, in place of `selection` */
  readonly pieces?: readonly Selection[];
}

/** Reads the rows of a profile by the first way that the meter accepts. */
export async function readProfile(
  active: ActiveSession,
  reading: ProfileReading,
  options: FetchOptions,
): Promise<void> {
  const reversedDeviation = reading.zone.reversedDeviation === true;
  const info = await profileInfo(active, reading.ref, { ...options, reversedDeviation });
  const attempts = await attemptsFor(active, reading, info, options);
  if (attempts.length === 0) {
    reading.begun(info, "entry");
    return;
  }
  for (const [index, attempt] of attempts.entries()) {
    const refusal = await tryAttempt(active, reading, info, attempt, options);
    if (refusal === 0) return;
    const next = attempts[index + 1];
    if (next === undefined)
      throw refusal instanceof DlmsServiceError ? refusal : accessError("get", reading.ref, refusal);
    const how = refusal instanceof DlmsServiceError ? exceptionText(refusal) : String(refusal);
    reading.note(
      `read profile ${obisPrinted(reading.ref.logicalName)}: the meter refused the selection (${how}), ${next.note ?? "trying another"}`,
    );
  }
}

/** deciphering-error, invocation-counter-error: of the envelope, not of what is asked for */
const envelopeErrors = new Set<unknown>([5, 6]);

/** Some meters have no result code for a selector that they do not know, but an exception-response. */
function refusesSelection(error: unknown): error is DlmsServiceError {
  return error instanceof DlmsServiceError && !envelopeErrors.has(error.details.serviceError);
}

function exceptionText({ details: { stateError, serviceError } }: DlmsServiceError): string {
  if (typeof stateError !== "number") return "service error";
  return `exception ${stateError}, ${String(serviceError)}`;
}

/** What stands for "no end" in a range, from now: ten years. */
const openEnd = 10 * 365.25 * 86_400_000;

const whole = { used: "all", selection: undefined, note: "reading the whole buffer" } as const;

async function attemptsFor(
  active: ActiveSession,
  reading: ProfileReading,
  info: ProfileInfo,
  options: FetchOptions,
): Promise<Attempt[]> {
  const { range } = reading;
  const resume = reading.handed.lastTime;
  if (resume !== undefined) return timeAttempts(reading, info, resume, rangeEnd(reading));
  if (range === undefined) return [{ ...whole, keep: "all" }];
  if ("from" in range) return timeAttempts(reading, info, range.from, rangeEnd(reading));
  return numberAttempts(active, reading, info, range, options);
}

function rangeEnd(reading: ProfileReading): Moment {
  const { range } = reading;
  // the meter's clock may be far ahead of ours
  return range !== undefined && "to" in range && range.to !== undefined ? range.to : reading.now() + openEnd;
}

function timeAttempts(reading: ProfileReading, info: ProfileInfo, from: Moment, to: Moment): Attempt[] {
  const restricting = restrictingObject(info.captureObjects);
  const zone = zoneOf(reading, info);
  const withDeviation = { ...zone, ...(restricting === undefined ? {} : { restricting }) };
  const range = (unspecifiedDeviation: boolean): Attempt => ({
    used: "range",
    selection: rangeSelection(from, to, { ...withDeviation, unspecifiedDeviation }),
    keep: "all",
    note: "asking with the deviation unspecified",
  });
  const attempts = [range(false), range(true), ...inPieces(info, from, to, withDeviation)];
  if (restricting === undefined) return attempts;
  const timed = reading.range !== undefined && "from" in reading.range;
  return [...attempts, { ...whole, keep: timed ? "time" : "all" }];
}

/** Entries of a piece: they fit one answer even where the meter cannot send blocks. */
const pieceEntries = 24;
const maxPieces = 2000;

/** The range in pieces, for meters that give a short range but not a long one. */
function inPieces(info: ProfileInfo, from: Moment, to: Moment, options: RangeSelectionOptions): Attempt[] {
  const period = info.capturePeriod * 1000;
  const first = momentToEpoch(from, options);
  const last = momentToEpoch(to, options);
  const step = pieceEntries * period;
  // newest first within each piece would be no order at all
  if (period === 0 || info.sortMethod !== 1 || last - first <= step || last - first > maxPieces * step) return [];
  const pieces: Selection[] = [];
  for (let at = first; at <= last; at += step) {
    // bounds are included, and have hundredths of seconds: the next piece begins a hundredth later
    pieces.push(rangeSelection(at, Math.min(at + step - 10, last), options));
  }
  return [{ used: "range", selection: undefined, pieces, keep: "all", note: "asking for the range in pieces" }];
}

async function numberAttempts(
  active: ActiveSession,
  reading: ProfileReading,
  info: ProfileInfo,
  range: Exclude<ProfileRange, { readonly from: Moment }>,
  options: FetchOptions,
): Promise<Attempt[]> {
  const all: Attempt =
    "last" in range ? { ...whole, keep: { last: range.last } } : { ...whole, keep: { slice: range.entries } };
  const plain = "entries" in range && info.sortMethod === 1;
  const inUse = plain ? Number.MAX_SAFE_INTEGER : await entriesInUse(active, reading.ref, options);
  if (inUse === undefined) return [all];
  const order = { sortMethod: info.sortMethod, entriesInUse: inUse };
  const [first, last] = "last" in range ? [inUse - Math.min(range.last, inUse) + 1, inUse] : range.entries;
  const numbers = entriesByAge(first, last, order);
  if (numbers === "none") return [];
  if (numbers === "unordered") return [all];
  return [{ used: "entry", selection: entrySelection(numbers), numbers, keep: "all" }, all];
}

/** Returns 0, or with what the meter refused before anything came: a result, or an exception where it was a selection. */
async function tryAttempt(
  active: ActiveSession,
  reading: ProfileReading,
  info: ProfileInfo,
  attempt: Attempt,
  options: FetchOptions,
): Promise<number | DlmsServiceError> {
  let began = false;
  for (const selection of attempt.pieces ?? [attempt.selection]) {
    const sink = new RowSink(reading, info, attempt);
    const onChunk = (bytes: Uint8Array): Promise<void> => sink.take(bytes);
    let result: number;
    try {
      result = await fetchChunks(active, reading.ref, selection, { ...options, onChunk });
    } catch (error) {
      if (selection === undefined || began || sink.began || !refusesSelection(error)) throw error;
      return error;
    }
    if (result !== 0) {
      if (began || sink.began) throw accessError("get", reading.ref, result);
      return result;
    }
    began = true;
    await sink.finish();
  }
  return 0;
}

async function fetchChunks(
  active: ActiveSession,
  ref: AttributeRef,
  selection: Selection | undefined,
  options: FetchOptions,
): Promise<number> {
  const what = `read profile ${obisPrinted(ref.logicalName)}`;
  if (active.session.association?.referencing === "sn") return fetchShortName(active, ref, selection, options, what);
  const descriptor = { ...descriptorOf(ref), ...(selection === undefined ? {} : { access: selection }) };
  const outcome = await active.run(active.session.getChunks(descriptor, what), options);
  active.answered++;
  return outcome.ok ? 0 : outcome.result;
}

async function fetchShortName(
  active: ActiveSession,
  ref: AttributeRef,
  selection: Selection | undefined,
  options: FetchOptions,
  what: string,
): Promise<number> {
  const name = shortNameOf(await shortNamesOf(active, options), ref);
  if (name === undefined) return 4;
  const variable =
    selection === undefined
      ? ({ kind: "variable-name", name } as const)
      : ({
          kind: "parameterized-access",
          name,
          selector: selection.selector,
          data: encodeValueBytes(selection.parameters),
        } as const);
  const [answer] = await readVariables(active, [variable], what, options);
  if (answer?.kind !== "data") return answer?.kind === "error" ? answer.result : 250;
  await options.onChunk?.(answer.data, 1, true);
  return 0;
}

const clockUnits = { "date-time": undefined, unix: 1000, "unix-microseconds": 0.001 } as const;

/** Turns the pieces of a buffer into rows, oldest first, and hands them on. */
class RowSink {
  readonly #reading: ProfileReading;
  readonly #info: ProfileInfo;
  readonly #attempt: Attempt;
  #keep: Attempt["keep"];
  /** in epoch ms, where the range is one by time */
  readonly #bounds: { readonly from: number; readonly to: number } | undefined;
  readonly #elements: ElementStream<ProfileRow>;
  readonly #timeKey: string | undefined;
  /** ms in one step of a clock that counts since 1970 */
  readonly #unit: number | undefined;
  /** a broken reading goes on with the rows behind this time */
  readonly #after: number | undefined;
  /** rows that can be handed on only when all have come */
  #held: ProfileRow[] = [];
  #blocks = 0;
  #empty = false;
  #seen = 0;
  #leftOut = 0;

  constructor(reading: ProfileReading, info: ProfileInfo, attempt: Attempt) {
    const newestFirst = info.sortMethod === 2;
    this.#reading = reading;
    this.#info = info;
    this.#attempt = attempt;
    this.#keep = attempt.keep;
    this.#bounds = boundsOf(reading, info);
    this.#after = reading.handed.lastTime;
    const reader = createRowReader(info.columns, {
      ...reading.present,
      capturePeriod: info.capturePeriod,
      newestFirst,
    });
    this.#elements = new ElementStream(reader);
    const clock = restrictingObject(info.captureObjects);
    this.#unit = clock === undefined ? undefined : clockUnits[clockKind(clock) ?? "date-time"];
    this.#timeKey = clock === undefined ? undefined : info.columns[info.captureObjects.indexOf(clock)]?.key;
  }

  get began(): boolean {
    return this.#blocks > 0;
  }

  async take(bytes: Uint8Array): Promise<void> {
    if (this.#blocks === 0) this.#reading.begun(this.#info, this.#attempt.used);
    this.#empty ||= this.#blocks === 0 && bytes.length === 1 && bytes[0] === 0;
    this.#blocks++;
    const { handed } = this.#reading;
    handed.blocks++;
    handed.bytes += bytes.length;
    // some meters have null-data for an empty buffer
    if (!this.#empty) {
      const { elements } = this.#elements.push(bytes);
      this.#distrust();
      await this.#select(elements);
    }
    this.#reading.progress({ rows: handed.rows, blocks: handed.blocks, bytes: handed.bytes });
  }

  async finish(): Promise<void> {
    if (!this.#empty) this.#elements.finish();
    const held = this.#info.sortMethod === 2 ? this.#held.reverse() : this.#held;
    this.#held = [];
    const keep = this.#keep;
    if (typeof keep === "object" && "slice" in keep) await this.#hand(held.slice(keep.slice[0] - 1, keep.slice[1]));
    else await this.#hand(held);
    if (this.#leftOut > 0) this.#noteExcess(`${this.#leftOut} rows of another time`);
  }

  /** Some meters accept a selection of entries and send more: then it is made here. */
  #distrust(): void {
    const { range } = this.#reading;
    const { numbers } = this.#attempt;
    if (numbers === undefined || this.#keep !== "all" || range === undefined || "from" in range) return;
    const wanted = numbers.to - numbers.from + 1;
    const count = this.#elements.count ?? 0;
    if (count <= wanted) return;
    // more than up to the last one: the whole buffer; else it began where it should (Gurux' server takes `to` for a count)
    if ("entries" in range && count > numbers.to) this.#keep = { slice: range.entries };
    else if ("last" in range || this.#info.sortMethod === 2) this.#keep = { last: wanted };
    this.#noteExcess(`${count} entries where ${wanted} were asked for`);
  }

  #noteExcess(what: string): void {
    const { ref, note } = this.#reading;
    note(`read profile ${obisPrinted(ref.logicalName)}: the meter sent ${what}; what was not asked for is left out`);
  }

  async #select(rows: readonly ProfileRow[]): Promise<void> {
    const keep = this.#keep;
    const first = this.#seen;
    this.#seen += rows.length;
    if (this.#info.sortMethod === 2 || (typeof keep === "object" && "last" in keep)) this.#hold(rows, keep);
    else if (typeof keep === "object") {
      const [from, to] = keep.slice;
      await this.#hand(rows.slice(Math.max(0, from - 1 - first), Math.max(0, to - first)));
    } else await this.#hand(this.#ofRange(rows, keep));
  }

  /** By time: of a whole buffer those that are surely of the range, of a selection all but those that surely are not. */
  #ofRange(rows: readonly ProfileRow[], keep: Attempt["keep"]): readonly ProfileRow[] {
    const bounds = this.#bounds;
    if (bounds === undefined) return rows;
    return rows.filter((row) => {
      const time = this.#timeOf(row);
      if (time === undefined) return keep !== "time";
      const wanted = time >= bounds.from && time <= bounds.to;
      if (!wanted && keep !== "time") this.#leftOut++;
      return wanted;
    });
  }

  #hold(rows: readonly ProfileRow[], keep: Attempt["keep"]): void {
    for (const row of this.#ofRange(rows, keep)) this.#held.push(row);
    if (typeof keep !== "object" || !("last" in keep)) return;
    // newest first: the first n that came; oldest first: the last n
    if (this.#info.sortMethod === 2) this.#held.length = Math.min(this.#held.length, keep.last);
    else if (this.#held.length > keep.last) this.#held = this.#held.slice(-keep.last);
  }

  async #hand(rows: readonly ProfileRow[]): Promise<void> {
    const { handed, range } = this.#reading;
    const after = this.#after;
    let fresh = after === undefined ? rows : rows.filter((row) => (this.#timeOf(row) ?? after) > after);
    if (range !== undefined && "entries" in range) {
      fresh = fresh.slice(0, Math.max(0, range.entries[1] - range.entries[0] + 1 - handed.rows));
    }
    if (fresh.length === 0) return;
    handed.rows += fresh.length;
    handed.lastTime = this.#timeOf(fresh.at(-1));
    await this.#reading.rows(fresh);
  }

  #timeOf(row: ProfileRow | undefined): number | undefined {
    const value = this.#timeKey === undefined ? undefined : row?.[this.#timeKey];
    if (typeof value === "number" && this.#unit !== undefined) return value * this.#unit;
    if (typeof value === "number" || typeof value === "string" || value instanceof Date) {
      return momentToEpoch(value, zoneOf(this.#reading, this.#info));
    }
    return undefined;
  }
}

function boundsOf(reading: ProfileReading, info: ProfileInfo): { from: number; to: number } | undefined {
  const { range } = reading;
  if (range === undefined || !("from" in range)) return undefined;
  const zone = zoneOf(reading, info);
  return { from: momentToEpoch(range.from, zone), to: momentToEpoch(rangeEnd(reading), zone) };
}

function zoneOf(reading: ProfileReading, info: ProfileInfo): EncodeDateTimeOptions {
  if (info.offset === undefined || (reading.zone.timeZone ?? "") !== "") return reading.zone;
  return { ...reading.zone, offset: info.offset };
}
