import { blockTransferFailed, notThere } from "../../apdu";
import { obisPrinted, restrictingObject, type Selection } from "../../cosem";
import type { DlmsAccessError, DlmsDecodeError, DlmsServiceError } from "../../errors";
import { accessError } from "../association/access-error";
import type { Association } from "../association/association";
import { referencingOf } from "../services/referencing";
import type { FetchOptions } from "../association/meter-hints";
import { type Attempt, attemptsFor, type Handed, type ProfileReading, timeRange, type Wanted } from "./strategies";
import { chooseColumns } from "./columns";
import { isRefusal, profileCache, profileFacts } from "./profile-info";
import { mayComeTwice } from "./meter-time";
import { RowSink, tooFew } from "./row-sink";

export type { ProfileProgress, ProfileRange, SelectionUsed } from "./strategies";

/** Whether the reading can go on behind the row that was handed on last, by its time. */
export function goesOnByTime({ range, handed }: Pick<ProfileReading, "range" | "handed">): boolean {
  const byColumn = range !== undefined && "column" in range;
  return handed.last !== undefined && handed.ascending && !mayComeTwice(handed.last) && !byColumn;
}

/** Whether it can be gone on with at all after a break. */
export function canGoOn(reading: Pick<ProfileReading, "range" | "handed" | "forget">): boolean {
  return reading.handed.rows === 0 || goesOnByTime(reading) || reading.forget !== undefined;
}

/** Prepares a reading that broke off to go on, or to begin again. Returns what is done, in words. */
export function goOn(reading: Pick<ProfileReading, "range" | "handed" | "forget">): string {
  const { handed, forget } = reading;
  const { last, rows } = handed;
  if (rows === 0) return "read again";
  if (last !== undefined && goesOnByTime(reading)) {
    handed.skip = { upTo: last, equal: handed.equal, seen: 0, later: [] };
    handed.resumed = true;
    return "went on by time";
  }
  startOver(handed, forget);
  return "begun again";
}

function startOver(handed: Handed, forget: (() => void) | undefined): void {
  forget?.();
  Object.assign(handed, { rows: 0, skip: undefined, last: undefined, ascending: true, resumed: false });
}

/** Reads the rows of a profile by the first way that the meter accepts. */
export async function readProfile(active: Association, reading: ProfileReading, options: FetchOptions): Promise<void> {
  const wanted = await whatIsKnown(active, reading, options);
  for (const text of wanted.info.notes) noteOf(reading, text);
  let most = -1;
  for (;;) {
    const broken = await readOnce(active, reading, wanted, options);
    if (broken === undefined) {
      if (!(await misses(active, reading, options))) return;
      continue;
    }
    // it goes on as long as it gets on
    if (reading.handed.rows <= most || !canGoOn(reading)) throw broken;
    most = reading.handed.rows;
    noteOf(reading, `${broken.message} after ${most} rows; ${goOn(reading)}`);
  }
}

async function whatIsKnown(active: Association, reading: ProfileReading, options: FetchOptions): Promise<Wanted> {
  const { present, reversedDeviation } = reading;
  const timeZone = present.timeZone ?? "";
  const also = {
    clock: timeRange(reading.range) !== undefined && timeZone === "",
    entriesInUse: countsEntries(reading, active.kept(profileCache).infos.get(reading.ref.logicalName)?.sortMethod),
  };
  const facts = await profileFacts(active, reading.ref, also, { ...options, reversedDeviation, now: reading.now });
  const { offset, daylight, lead = 0 } = active.kept(profileCache).clockOffset ?? {};
  return {
    ...facts,
    choice: chooseColumns(facts.info, reading.columns),
    meter: { timeZone, offset, daylight, reversedDeviation },
    now: reading.now() + lead,
    bare: active.kept(profileCache).withoutDeviation.has(reading.ref.logicalName),
  };
}

/**
 * Whether a reading of all that went on by time has fewer rows than there are: those that a clock that was set back put
 * before the break. Then it begins again, where that is possible.
 */
async function misses(active: Association, reading: ProfileReading, options: FetchOptions): Promise<boolean> {
  const { handed, range, ref, forget } = reading;
  if (!handed.resumed || range !== undefined) return false;
  const infoOptions = { ...options, reversedDeviation: reading.reversedDeviation, now: reading.now };
  const { entriesInUse = 0 } = await profileFacts(active, ref, { entriesInUse: true }, infoOptions);
  if (handed.rows >= entriesInUse) return false;
  const count = `after the break ${handed.rows} rows were found of ${entriesInUse} in use`;
  noteOf(reading, `${count}; ${forget === undefined ? "some may be missing" : "begun again"}`);
  if (forget === undefined) return false;
  startOver(handed, forget);
  return true;
}

/** Whether it matters how many entries there are: not where both count from the same end. */
function countsEntries({ range, handed }: ProfileReading, sortMethod: number | undefined): boolean {
  if (range === undefined || handed.skip !== undefined) return false;
  return ("last" in range && sortMethod !== 2) || ("entries" in range && sortMethod !== 1);
}

/** Returns what broke the answer off in the middle, where the association is in order. */
async function readOnce(
  active: Association,
  reading: ProfileReading,
  wanted: Wanted,
  options: FetchOptions,
): Promise<DlmsAccessError | undefined> {
  const attempts = attemptsFor(reading, wanted);
  if (attempts.length === 0) {
    reading.begun(wanted.choice.columns, "entry");
    return undefined;
  }
  for (const [index, attempt] of attempts.entries()) {
    const result = await tryAttempt(active, reading, wanted, attempt, options);
    if (result === undefined) return undefined;
    if (result.kind === "broken") return result.error;
    if (result.kind === "bare") {
      active.kept(profileCache).withoutDeviation.add(reading.ref.logicalName);
      noteOf(reading, "its rows have no deviation, asking with the deviation unspecified");
      return readOnce(active, reading, { ...wanted, bare: true }, options);
    }
    const next = attempts[index + 1];
    if (next === undefined) throw refused(reading, wanted, result);
    noteOf(reading, `${result.text}, ${next.note ?? "trying another"}`);
  }
  return undefined;
}

function noteOf({ ref, note }: ProfileReading, text: string): void {
  note(`read profile ${obisPrinted(ref.logicalName)}: ${text}`);
}

/** Why an attempt led to nothing. */
type Refusal =
  | { readonly kind: "result"; readonly result: number; readonly text: string }
  | { readonly kind: "error"; readonly error: DlmsServiceError | DlmsDecodeError; readonly text: string };

type Failure = Refusal | { readonly kind: "broken"; readonly error: DlmsAccessError } | { readonly kind: "bare" };

function refused({ ref, range }: ProfileReading, { info }: Wanted, refusal: Refusal): Error {
  if (refusal.kind === "error") return refusal.error;
  const timeless = timeRange(range) !== undefined && restrictingObject(info.captureObjects) === undefined;
  const hint = "the profile has no column with the time: ask for the last rows, for rows by number, or for all";
  return accessError("get", ref, refusal.result, timeless ? hint : undefined);
}

function ofResult(result: number): Refusal {
  return { kind: "result", result, text: `the meter refused the selection (${result})` };
}

function ofException(error: DlmsServiceError): Refusal {
  const { stateError, serviceError } = error.details;
  const how = typeof stateError === "number" ? `exception ${stateError}, ${String(serviceError)}` : "service error";
  return { kind: "error", error, text: `the meter refused the selection (${how})` };
}

/** Returns what the meter refused before anything came, what is wrong with the columns that came, or what broke off. */
async function tryAttempt(
  active: Association,
  reading: ProfileReading,
  wanted: Wanted,
  attempt: Attempt,
  options: FetchOptions,
): Promise<Failure | undefined> {
  let began = false;
  const selections = attempt.pieces ?? [attempt.selection];
  for (const [index, selection] of selections.entries()) {
    const sink = new RowSink(reading, wanted, attempt);
    const failure = (await fetchInto(sink, active, reading, selection, options)) ?? unusable(sink, attempt);
    if (failure === undefined) {
      began = true;
      await sink.finish();
      continue;
    }
    if (!began || failure.kind === "broken" || failure.kind === "bare") return failure;
    const tail = attempt.openTail === true && index === selections.length - 1;
    if (!tail && !(failure.kind === "result" && notThere.has(failure.result))) {
      // what came can be taken back, and another way may have all
      if (reading.forget === undefined) throw refused(reading, wanted, failure);
      startOver(reading.handed, reading.forget);
      return failure;
    }
    noteOf(reading, `${failure.text} for a piece of the range, as some meters do where they have no rows; left out`);
  }
  return undefined;
}

/** Asks for a selection; what the meter refused, or what broke off, where the association is in order. */
async function fetchInto(
  sink: RowSink,
  active: Association,
  reading: ProfileReading,
  selection: Selection | undefined,
  options: FetchOptions,
): Promise<Failure | undefined> {
  const onChunk = (bytes: Uint8Array): Promise<void> => sink.take(bytes);
  let result: number;
  try {
    const request = `read profile ${obisPrinted(reading.ref.logicalName)}`;
    result = await referencingOf(active).readChunks(active, reading.ref, selection, request, { ...options, onChunk });
  } catch (error) {
    if (selection === undefined || sink.began || !isRefusal(error)) throw error;
    return ofException(error);
  }
  if (result === 0) return undefined;
  if (!sink.began) return ofResult(result);
  const error = accessError("get", reading.ref, result);
  if (blockTransferFailed.has(result)) return { kind: "broken", error };
  throw error;
}

/** What came and is not what was asked for. */
function unusable(sink: RowSink, { expected = 0 }: Attempt): Failure | undefined {
  if (sink.bare) return { kind: "bare" };
  if (sink.misfit !== undefined) {
    return { kind: "error", error: sink.misfit, text: "the meter sent other columns than were asked for" };
  }
  const short = sink.short ?? (expected > 0 && sink.entries === 0 ? tooFew(0, expected) : undefined);
  return short === undefined ? undefined : { kind: "error", error: short, text: short.message };
}
