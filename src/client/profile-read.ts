import { ElementStream, encodeValueBytes } from "../codec";
import {
  type AttributeRef,
  clockKind,
  createRowReader,
  momentToEpoch,
  obisPrinted,
  type ProfileRow,
  restrictingObject,
  type Selection,
} from "../cosem";
import { DlmsDecodeError, DlmsServiceError } from "../errors";
import { accessError } from "./access-error";
import type { ActiveSession } from "./active-session";
import { type FetchOptions, readVariables, shortNameOf, shortNamesOf } from "./fetch";
import { type Attempt, attemptsFor, boundsOf, type ProfileReading, type Wanted, zoneOf } from "./profile-attempts";
import { chooseColumns, type ColumnChoice } from "./profile-choice";
import { profileInfo, type ProfileInfo } from "./profile-info";
import { descriptorOf } from "./wanted";

export type { ProfileProgress, ProfileRange, SelectionUsed } from "./profile-attempts";

/** Reads the rows of a profile by the first way that the meter accepts. */
export async function readProfile(
  active: ActiveSession,
  reading: ProfileReading,
  options: FetchOptions,
): Promise<void> {
  const reversedDeviation = reading.zone.reversedDeviation === true;
  const info = await profileInfo(active, reading.ref, { ...options, reversedDeviation });
  const wanted: Wanted = { info, choice: chooseColumns(info, reading.columns) };
  const attempts = await attemptsFor(active, reading, wanted, options);
  if (attempts.length === 0) {
    reading.begun(wanted.choice.columns, "entry");
    return;
  }
  for (const [index, attempt] of attempts.entries()) {
    const refusal = await tryAttempt(active, reading, wanted, attempt, options);
    if (refusal === 0) return;
    const next = attempts[index + 1];
    if (next === undefined) throw typeof refusal === "number" ? accessError("get", reading.ref, refusal) : refusal;
    reading.note(
      `read profile ${obisPrinted(reading.ref.logicalName)}: ${refusalText(refusal)}, ${next.note ?? "trying another"}`,
    );
  }
}

/** deciphering-error, invocation-counter-error: of the envelope, not of what is asked for */
const envelopeErrors = new Set<unknown>([5, 6]);

/** Some meters have no result code for a selector that they do not know, but an exception-response. */
function refusesSelection(error: unknown): error is DlmsServiceError {
  return error instanceof DlmsServiceError && !envelopeErrors.has(error.details.serviceError);
}

type Refusal = number | DlmsServiceError | DlmsDecodeError;

function refusalText(refusal: Refusal): string {
  if (refusal instanceof DlmsDecodeError) return "the meter sent other columns than were asked for";
  const how = typeof refusal === "number" ? String(refusal) : exceptionText(refusal);
  return `the meter refused the selection (${how})`;
}

function exceptionText({ details: { stateError, serviceError } }: DlmsServiceError): string {
  if (typeof stateError !== "number") return "service error";
  return `exception ${stateError}, ${String(serviceError)}`;
}

/**
 * Returns 0, or with what the meter refused before anything came: a result, or an exception where it was a selection;
 * or what is wrong with the columns that came.
 */
async function tryAttempt(
  active: ActiveSession,
  reading: ProfileReading,
  wanted: Wanted,
  attempt: Attempt,
  options: FetchOptions,
): Promise<Refusal> {
  let began = false;
  for (const selection of attempt.pieces ?? [attempt.selection]) {
    const sink = new RowSink(reading, wanted, attempt);
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
    if (sink.misfit !== undefined) {
      if (began) throw sink.misfit;
      return sink.misfit;
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

/** Padding and empty blocks behind the last row, which some meters send. */
const maxBlocksBehind = 100;

const clockUnits = { "date-time": undefined, unix: 1000, "unix-microseconds": 0.001 } as const;

/** Turns the pieces of a buffer into rows, oldest first, and hands them on. */
class RowSink {
  readonly #reading: ProfileReading;
  readonly #info: ProfileInfo;
  readonly #choice: ColumnChoice;
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
  /** blocks that came when all rows were there */
  #behind = 0;
  #empty = false;
  #seen = 0;
  #leftOut = 0;
  #misfit: DlmsDecodeError | undefined;

  constructor(reading: ProfileReading, { info, choice }: Wanted, attempt: Attempt) {
    const newestFirst = info.sortMethod === 2;
    this.#reading = reading;
    this.#info = info;
    this.#choice = choice;
    this.#attempt = attempt;
    this.#keep = attempt.keep;
    this.#bounds = boundsOf(reading, info);
    this.#after = reading.handed.lastTime;
    const asked = attempt.columns?.flatMap((index) => info.columns[index] ?? []);
    const reader = createRowReader(asked ?? info.columns, {
      ...reading.present,
      capturePeriod: info.capturePeriod,
      newestFirst,
      ...(asked === undefined ? {} : { allColumns: info.columns }),
    });
    this.#elements = new ElementStream(reader);
    const clock = restrictingObject(info.captureObjects);
    this.#unit = clock === undefined ? undefined : clockUnits[clockKind(clock) ?? "date-time"];
    this.#timeKey = clock === undefined ? undefined : info.columns[info.captureObjects.indexOf(clock)]?.key;
  }

  get began(): boolean {
    return this.#blocks > 0;
  }

  /** The first entry has neither the columns that were asked for nor all of them: what comes is of no use. */
  get misfit(): DlmsDecodeError | undefined {
    return this.#misfit;
  }

  async take(bytes: Uint8Array): Promise<void> {
    if (this.#blocks === 0) this.#reading.begun(this.#choice.columns, this.#attempt.used);
    this.#empty ||= this.#blocks === 0 && bytes.length === 1 && bytes[0] === 0;
    this.#blocks++;
    const { handed } = this.#reading;
    handed.blocks++;
    handed.bytes += bytes.length;
    if (this.#empty || this.#elements.complete) this.#refuseEndless(this.#blocks);
    // some meters have null-data for an empty buffer
    if (!this.#empty && this.#misfit === undefined) {
      const elements = this.#rowsOf(bytes);
      this.#distrust();
      await this.#select(elements);
    }
    this.#reading.progress({ rows: handed.rows, blocks: handed.blocks, bytes: handed.bytes });
  }

  /** A meter that never says that a block is the last one would be asked for ever. */
  #refuseEndless(block: number): void {
    this.#behind++;
    if (this.#behind <= maxBlocksBehind) return;
    const { ref } = this.#reading;
    throw new DlmsDecodeError(
      "DECODE_LIMIT",
      `read profile ${obisPrinted(ref.logicalName)}: all rows have come, and the meter goes on with block ${block}; it never sends a last one`,
      { details: { blocks: block, limit: maxBlocksBehind } },
    );
  }

  #rowsOf(bytes: Uint8Array): readonly ProfileRow[] {
    try {
      return this.#elements.push(bytes).elements;
    } catch (error) {
      const first = this.#attempt.columns !== undefined && this.#elements.received === 0;
      if (!first || !(error instanceof DlmsDecodeError)) throw error;
      // the rest of the answer has to come all the same before something else can be asked
      this.#misfit = error;
      return [];
    }
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
    const { project } = this.#choice;
    await this.#reading.rows(project === undefined ? fresh : fresh.map(project));
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
