/** Reads a profile by the first strategy that the meter accepts, and resumes after a break. */
import { blockTransferFailed, notThere } from "../../apdu";
import { obisPrinted, restrictingObject, type Selection, zoneRules } from "../../cosem";
import type { DlmsAccessError, DlmsDecodeError, DlmsServiceError } from "../../errors";
import { accessError } from "../association/access-error";
import { type Association, OperationCancelled } from "../association/association";
import { isRefusal } from "../services/lists";
import { referencingOf } from "../services/choose-referencing";
import type { FetchOptions } from "../association/meter-hints";
import {
  type SelectionStrategy,
  strategiesFor,
  type ReadingProgress,
  type ProfileReading,
  type ProfilePlan,
} from "./strategies";
import { chooseColumns, chooseMarkedColumns } from "./columns";
import { profileCache, profileFacts } from "./profile-info";
import { isAmbiguousLocalTime } from "./meter-time";
import { RowSink, tooFew } from "./row-sink";
import { isDayRange, isTimeRange, timeRangeOf } from "./time-range";

export type { ProfileProgress, SelectionUsed } from "./strategies";

/** Whether the reading can continue after the last delivered row, by its time. */
export function resumesByTime(reading: Pick<ProfileReading, "range" | "progress">): boolean {
  const { range, progress } = reading;
  const byColumn = typeof range === "object" && "column" in range;
  return progress.last !== undefined && progress.ascending && !isAmbiguousLocalTime(progress.last) && !byColumn;
}

/** Whether the reading can continue at all after a break. */
export function canResume(reading: Pick<ProfileReading, "range" | "progress" | "forget">): boolean {
  return reading.progress.rows === 0 || resumesByTime(reading) || reading.forget !== undefined;
}

/** Prepares an interrupted reading to continue or to restart. Returns the decision, in words. */
export function resume(reading: Pick<ProfileReading, "range" | "progress" | "forget" | "timeMarks">): string {
  const { progress, forget } = reading;
  const { last, rows } = progress;
  if (rows === 0) return "read again";
  if (last !== undefined && resumesByTime(reading)) {
    progress.skip = { upTo: last, equal: progress.equal, seen: 0, later: [] };
    progress.resumed = true;
    return reading.timeMarks === true ? "read again up to the last row, for its time marks" : "went on by time";
  }
  startOver(progress, forget);
  return "restarted";
}

function startOver(progress: ReadingProgress, forget: (() => void) | undefined): void {
  forget?.();
  Object.assign(progress, { rows: 0, skip: undefined, last: undefined, ascending: true, resumed: false });
}

/** Reads the rows of a profile by the first method that the meter accepts. */
export async function readProfile(active: Association, reading: ProfileReading, options: FetchOptions): Promise<void> {
  const plan = await planOf(active, reading, options);
  for (const text of plan.info.notes) noteOf(reading, text);
  let most = -1;
  for (;;) {
    const broken = await readOnce(active, reading, plan, options);
    if (broken === undefined) {
      if (!(await isMissingRows(active, reading, options))) return;
      continue;
    }
    // the reading continues as long as it makes progress
    if (reading.progress.rows <= most || !canResume(reading)) throw broken;
    most = reading.progress.rows;
    noteOf(reading, `${broken.message} after ${most} rows; ${resume(reading)}`);
  }
}

async function planOf(active: Association, reading: ProfileReading, options: FetchOptions): Promise<ProfilePlan> {
  const { present, reversedDeviation } = reading;
  const timeZone = present.timeZone ?? "";
  const cache = active.kept(profileCache);
  // an offset that was read before may be of the day before
  if (isDayRange(reading.range)) cache.clockOffset = undefined;
  const also = {
    clock: isTimeRange(reading.range) && timeZone === "",
    entriesInUse: countsEntries(reading, cache.infos.get(reading.ref.logicalName)?.sortMethod),
  };
  const facts = await profileFacts(active, reading.ref, also, {
    ...options,
    reversedDeviation,
    timeMarks: reading.timeMarks,
    now: reading.now,
  });
  const { offset, daylight, lead = 0, localLead } = cache.clockOffset ?? {};
  const meter = { timeZone, offset, daylight, reversedDeviation };
  const now = reading.now();
  const localNow = timeZone === "" ? now + (localLead ?? NaN) : now + zoneRules(timeZone).offsetAt(now) * 60_000;
  const { progress } = reading;
  progress.timed ??= timeRangeOf(reading.range, meter, Number.isNaN(localNow) ? undefined : localNow);
  return {
    ...facts,
    timed: progress.timed,
    choice:
      reading.timeMarks === true
        ? chooseMarkedColumns(facts.info, reading.columns)
        : chooseColumns(facts.info, reading.columns),
    meter,
    now: now + lead,
    withoutDeviation: cache.withoutDeviation.has(reading.ref.logicalName),
  };
}

/**
 * Whether a reading of the whole buffer that resumed by time has fewer rows than the profile: rows are missing that a
 * clock that was set back placed before the break. The reading then restarts, if possible.
 */
async function isMissingRows(active: Association, reading: ProfileReading, options: FetchOptions): Promise<boolean> {
  const { progress, range, ref, forget } = reading;
  if (!progress.resumed || range !== undefined) return false;
  const { reversedDeviation, timeMarks, now } = reading;
  const infoOptions = { ...options, reversedDeviation, timeMarks, now };
  const { entriesInUse = 0 } = await profileFacts(active, ref, { entriesInUse: true }, infoOptions);
  if (progress.rows >= entriesInUse) return false;
  const count = `after the break ${progress.rows} rows were found of ${entriesInUse} in use`;
  noteOf(reading, `${count}; ${forget === undefined ? "some may be missing" : "restarted"}`);
  if (forget === undefined) return false;
  startOver(progress, forget);
  return true;
}

/** Whether the number of entries matters: it does not if range and meter count from the same end. */
function countsEntries({ range, progress }: ProfileReading, sortMethod: number | undefined): boolean {
  if (typeof range !== "object" || progress.skip !== undefined) return false;
  return ("last" in range && sortMethod !== 2) || ("entries" in range && sortMethod !== 1);
}

/** Returns the error that interrupted the answer, if the association is still usable. */
async function readOnce(
  active: Association,
  reading: ProfileReading,
  plan: ProfilePlan,
  options: FetchOptions,
): Promise<DlmsAccessError | undefined> {
  const strategies = strategiesFor(reading, plan);
  if (strategies.length === 0) {
    reading.begun(plan.choice.columns, "entry", plan.info.capturePeriod);
    return undefined;
  }
  for (const [index, strategy] of strategies.entries()) {
    const result = await tryStrategy(active, reading, plan, strategy, options);
    if (result === undefined) return undefined;
    if (result.kind === "broken") return result.error;
    if (result.kind === "withoutDeviation") {
      active.kept(profileCache).withoutDeviation.add(reading.ref.logicalName);
      noteOf(reading, "its rows have no deviation, asking with the deviation unspecified");
      return readOnce(active, reading, { ...plan, withoutDeviation: true }, options);
    }
    const next = strategies[index + 1];
    if (next === undefined) throw refused(reading, plan, result);
    noteOf(reading, `${result.text}, ${next.note ?? "trying another"}`);
  }
  return undefined;
}

function noteOf({ ref, note }: ProfileReading, text: string): void {
  note(`read profile ${obisPrinted(ref.logicalName)}: ${text}`);
}

/** Why an attempt failed. */
type Refusal =
  | { readonly kind: "result"; readonly result: number; readonly text: string }
  | { readonly kind: "error"; readonly error: DlmsServiceError | DlmsDecodeError; readonly text: string };

type Failure =
  Refusal | { readonly kind: "broken"; readonly error: DlmsAccessError } | { readonly kind: "withoutDeviation" };

function refused({ ref, range }: ProfileReading, { info }: ProfilePlan, refusal: Refusal): Error {
  if (refusal.kind === "error") return refusal.error;
  const timeless = isTimeRange(range) && restrictingObject(info.captureObjects) === undefined;
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

/** Returns the meter's refusal before it sent any rows, the error in the received columns, or the interruption. */
async function tryStrategy(
  active: Association,
  reading: ProfileReading,
  plan: ProfilePlan,
  strategy: SelectionStrategy,
  options: FetchOptions,
): Promise<Failure | undefined> {
  let began = false;
  const selections = strategy.pieces ?? [strategy.selection];
  for (const [index, selection] of selections.entries()) {
    const sink = new RowSink(reading, plan, strategy);
    const failure = (await fetchInto(sink, active, reading, selection, options)) ?? unusable(sink, strategy);
    if (failure === undefined) {
      began = true;
      await sink.finish();
      continue;
    }
    if (!began || failure.kind === "broken" || failure.kind === "withoutDeviation") return failure;
    const tail = strategy.lastPieceIsFuture === true && index === selections.length - 1;
    if (!tail && !(failure.kind === "result" && notThere.has(failure.result))) {
      // the received rows can be discarded, and another strategy may get all of them
      if (reading.forget === undefined) throw refused(reading, plan, failure);
      startOver(reading.progress, reading.forget);
      return failure;
    }
    noteOf(reading, `${failure.text} for a piece of the range, as some meters do where they have no rows; left out`);
  }
  return undefined;
}

/** Requests a selection; returns the refusal, or the interruption if the association is still usable. */
async function fetchInto(
  sink: RowSink,
  active: Association,
  reading: ProfileReading,
  selection: Selection | undefined,
  options: FetchOptions,
): Promise<Failure | undefined> {
  const onChunk = (bytes: Uint8Array): Promise<void> => sink.take(bytes);
  const cancelled = (): boolean => sink.isEnough || options.cancelled?.() === true;
  let result: number;
  try {
    const request = `read profile ${obisPrinted(reading.ref.logicalName)}`;
    result = await referencingOf(active).readChunks(active, reading.ref, selection, request, {
      ...options,
      cancelled,
      onChunk,
    });
  } catch (error) {
    if (error instanceof OperationCancelled && sink.isEnough) return undefined;
    const after = sink.afterRows(error);
    if (after !== undefined) {
      // answers may be shifted, or the line is lost: the next request starts with a new association
      if (after.layer !== "service") await active.channel.destroy(after);
      return undefined;
    }
    if (selection === undefined || sink.began || !isRefusal(error)) throw error;
    return ofException(error);
  }
  if (result === 0) return undefined;
  if (!sink.began) return ofResult(result);
  const error = accessError("get", reading.ref, result);
  if (sink.afterRows(error) !== undefined) return undefined;
  if (blockTransferFailed.has(result)) return { kind: "broken", error };
  throw error;
}

/** Received entries that were not requested. */
function unusable(sink: RowSink, { expected = 0 }: SelectionStrategy): Failure | undefined {
  if (sink.withoutDeviation) return { kind: "withoutDeviation" };
  if (sink.misfit !== undefined) {
    return { kind: "error", error: sink.misfit, text: "the meter sent columns that were not requested" };
  }
  const short = sink.short ?? (expected > 0 && sink.entries === 0 ? tooFew(0, expected) : undefined);
  return short === undefined ? undefined : { kind: "error", error: short, text: short.message };
}
