/** Facts about a profile that are read before its rows: columns, scalers, period, order. */
import { classIds, mayPass, notReadable } from "../../apdu";
import { decodePlainBytes, decodeValueBytes } from "../../codec";
import type { DlmsValue } from "../../codec";
import {
  type AttributeRef,
  type CaptureObject,
  columnScaler,
  obisPrinted,
  type ProfileColumn,
  profileColumns,
  readCaptureObjects,
  rowTime,
  type ScalerUnit,
  wellKnownObjects,
} from "../../cosem";
import { describeObis } from "../../names";
import { DlmsDecodeError, isDlmsError } from "../../errors";
import { accessError } from "../association/access-error";
import type { Association, Kept } from "../association/association";
import { referencingOf } from "../services/choose-referencing";
import {
  markedPeriodRef,
  readMarkedPeriod,
  readScalerProfile,
  scalerProfileNote,
  scalerProfileRefs,
  scalerProfilesOf,
  unusableScalerProfile,
} from "./scaler-profiles";
import type { FetchOptions } from "../association/meter-hints";
import { isRefusal } from "../services/lists";
import { parseScaler } from "../services/read";
import { type Fetched, keyOf } from "../services/attribute-request";

/** Facts about a profile that its rows need; stored for the association. */
export interface ProfileInfo {
  readonly columns: readonly ProfileColumn[];
  readonly captureObjects: readonly CaptureObject[];
  /** seconds; 0 = on events, or not known */
  readonly capturePeriod: number;
  /** 1 oldest first, 2 newest first, 3 to 6 by value; undefined if the meter does not report it */
  readonly sortMethod: number | undefined;
  /** missing facts, and their consequences */
  readonly notes: readonly string[];
}

/** Facts about the meter's local time from its clock. */
export interface ClockOffset {
  /** minutes east of UTC */
  readonly offset: number | undefined;
  readonly daylight: boolean | undefined;
  /** ms by which the meter's clock was ahead of ours when it was read; 0 if unknown */
  readonly lead: number;
  /** ms by which the meter's wall clock, as if it were UTC, was ahead of our UTC; undefined if the clock has no time */
  readonly localLead: number | undefined;
}

/** The known profiles of a meter within one association. */
export interface ProfileCache {
  /** by the profile's logical name */
  readonly infos: Map<string, ProfileInfo>;
  /** logical names of profiles whose rows were seen to have no deviation */
  readonly withoutDeviation: Set<string>;
  /** undefined until the meter's clock was read */
  clockOffset: ClockOffset | undefined;
}

export const profileCache: Kept<ProfileCache> = {
  make: () => ({ infos: new Map(), withoutDeviation: new Set(), clockOffset: undefined }),
};

/** Further attributes to read along with a profile's columns, in the same request. */
export interface AlsoWanted {
  /** the offset of the meter's clock */
  readonly clock?: boolean;
  /** entries_in_use */
  readonly entriesInUse?: boolean;
}

export interface ProfileFacts {
  readonly info: ProfileInfo;
  /** undefined where it was not requested, or the meter does not report it */
  readonly entriesInUse: number | undefined;
}

export interface InfoOptions extends FetchOptions {
  readonly reversedDeviation: boolean;
  /** the meter is an SL7000 or ACE6000 (quirk timeMarks) */
  readonly timeMarks?: boolean | undefined;
  /** epoch ms */
  readonly now: () => number;
}

const clockTime: AttributeRef = { classId: classIds.clock, logicalName: wellKnownObjects.clock, attributeId: 2 };

/** Reads the unknown facts: one request for the profile, one for the scalers of its columns. */
export async function profileFacts(
  active: Association,
  profile: AttributeRef,
  also: AlsoWanted,
  options: InfoOptions,
): Promise<ProfileFacts> {
  const at = (attributeId: number): AttributeRef => ({ ...profile, attributeId });
  const cache = active.kept(profileCache);
  const known = cache.infos.get(profile.logicalName);
  const wantsClock = also.clock === true && cache.clockOffset === undefined;
  const refs = [
    ...(known === undefined ? [at(3), at(4), at(5)] : []),
    ...(wantsClock ? [clockTime] : []),
    ...(also.entriesInUse === true ? [at(7)] : []),
  ];
  const failures = new Map<string, Error>();
  const told = refs.length === 0 ? [] : await fetchOptional(active, refs, options, failures);
  const [objects, period, sort] = known === undefined ? told.splice(0, 3) : [];
  if (wantsClock) cache.clockOffset = offsetOf(told.shift(), options);
  const entriesInUse = numberOf(told.shift());
  if (known !== undefined) return { info: known, entriesInUse };
  const captureObjects = readCaptureObjects(required(at(3), objects, failures));
  const notes: string[] = [];
  const scalers = await columnScalers(active, profile.logicalName, captureObjects, notes, options);
  const capturePeriod = await periodOf(active, numberOf(period), options);
  if (capturePeriod === undefined) {
    notes.push("the meter does not report its capture_period: times that it leaves out stay unknown");
  }
  const info: ProfileInfo = {
    captureObjects,
    columns: profileColumns(captureObjects, (object) => scalers.of(object) ?? undefined, describeObis),
    capturePeriod: capturePeriod ?? 0,
    sortMethod: numberOf(sort),
    notes,
  };
  // an attribute with an exception, nonsense or a temporary failure may be readable the next time
  const allTold = [period, sort].every((one) => one !== undefined && (one.ok || !mayPass.has(one.result)));
  if (allTold && scalers.told) cache.infos.set(profile.logicalName, info);
  return { info, entriesInUse };
}

/** SL7000 meters store the capture period in an object of their own. */
async function periodOf(
  active: Association,
  period: number | undefined,
  options: InfoOptions,
): Promise<number | undefined> {
  if (options.timeMarks !== true || (period ?? 0) > 0) return period;
  const [answer] = await fetchOptional(active, [markedPeriodRef], options);
  return readMarkedPeriod(decoded(answer, decodePlainBytes)) ?? period;
}

/** Attributes that the reading does not depend on: an exception or an undecodable value counts as "not reported". */
async function fetchOptional(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
  failures = new Map<string, Error>(),
): Promise<Fetched[]> {
  const untold = (ref: AttributeRef, error: Error): undefined => {
    failures.set(keyOf(ref), error);
    options.note?.(`${obisPrinted(ref.logicalName)}/${ref.attributeId} is taken as not told: ${error.message}`);
    return undefined;
  };
  try {
    const answers = await referencingOf(active).readTogether(active, refs, options);
    return refs.map((ref, i) => {
      const answer = answers[i];
      return answer !== undefined && "error" in answer ? untold(ref, answer.error) : answer;
    });
  } catch (error) {
    if (!isRefusal(error) && !(error instanceof DlmsDecodeError)) throw error;
    const [first] = refs;
    if (first === undefined) return [];
    if (refs.length > 1) {
      const results: Fetched[] = [];
      for (const ref of refs) {
        for (const one of await fetchOptional(active, [ref], options, failures)) results.push(one);
      }
      return results;
    }
    return [untold(first, error)];
  }
}

/**
 * Scalers and units of columns; a final refusal means "none" for the whole association. For those that the meter
 * refuses, leaves empty or gives in an unknown form, the scaler profile is read.
 */
async function columnScalers(
  active: Association,
  profileName: string,
  objects: readonly CaptureObject[],
  notes: string[],
  options: InfoOptions,
): Promise<{ readonly told: boolean; of(object: CaptureObject): ScalerUnit | null | undefined }> {
  const missing = new Map<string, AttributeRef>();
  const refused = new Map<string, AttributeRef>();
  const found = new Map<string, ScalerUnit | null>();
  const absent = new Set<string>();
  for (const object of objects) {
    const ref = columnScaler(object);
    if (ref === undefined) continue;
    if (!active.scalers.has(keyOf(ref))) missing.set(keyOf(ref), ref);
    else if (active.refusedScalers.has(keyOf(ref))) refused.set(keyOf(ref), ref);
  }
  const items = [...missing];
  const refs = items.map(([, ref]) => ref);
  const answers = refs.length === 0 ? [] : await fetchOptional(active, refs, options);
  items.forEach(([key, ref], i) => {
    const answer = answers[i];
    if (answer?.ok === false && mayPass.has(answer.result)) throw accessError("get", ref, answer.result);
    const scaler = answer?.ok === true ? parseScaler(answer.data) : null;
    found.set(key, scaler ?? null);
    const isFinal = answer?.ok === true || (answer?.ok === false && notReadable.has(answer.result));
    if (isFinal && scaler !== undefined) active.scalers.set(key, scaler);
    if (answer?.ok === true && scaler === null) absent.add(key);
    if ((scaler ?? null) === null) refused.set(key, ref);
  });
  const answerOf = new Map(items.map(([key], i) => [key, answers[i]]));
  for (const name of refused.size === 0 ? [] : scalerProfilesOf(profileName, options.timeMarks === true)) {
    const scalers = await scalersOf(active, name, options);
    if (scalers === "unusable") {
      notes.push(unusableScalerProfile(name));
      continue;
    }
    const taken = [...refused].filter(([, ref]) => scalers?.has(ref.logicalName));
    for (const [key, ref] of taken) {
      active.scalers.set(key, scalers?.get(ref.logicalName) ?? null);
      active.refusedScalers.delete(key);
      refused.delete(key);
    }
    if (taken.length === 0) continue;
    notes.push(
      scalerProfileNote(
        name,
        taken.map(([, ref]) => ref),
      ),
    );
    break;
  }
  for (const [key, ref] of refused) {
    if (active.scalers.has(key)) active.refusedScalers.add(key);
    if (answerOf.has(key) && !absent.has(key)) notes.push(unscaled(ref, answerOf.get(key)));
  }
  return {
    told: items.every(([key]) => active.scalers.has(key)),
    of: (object) => {
      const ref = columnScaler(object);
      return ref === undefined ? undefined : (active.scalers.get(keyOf(ref)) ?? found.get(keyOf(ref)));
    },
  };
}

/** The scaler profiles that were read, by their logical names; undefined where the meter has none. */
const knownScalers: Kept<Map<string, ReturnType<typeof readScalerProfile>>> = { make: () => new Map() };

async function scalersOf(
  active: Association,
  name: string,
  options: FetchOptions,
): Promise<ReturnType<typeof readScalerProfile>> {
  const known = active.kept(knownScalers);
  if (known.has(name)) return known.get(name);
  const answers = await fetchOptional(active, scalerProfileRefs(name), options);
  const scalers = readScalerProfile(answers[0], answers[1]);
  if (!answers.some((one) => one?.ok === false && mayPass.has(one.result))) known.set(name, scalers);
  return scalers;
}

function unscaled(ref: AttributeRef, answer: Fetched): string {
  const other =
    answer === undefined ? "the meter does not report it" : "the meter sent something else than scaler and unit";
  const why = answer?.ok === false ? accessError("get", ref, answer.result).message : other;
  return `values of ${obisPrinted(ref.logicalName)} are shown without scaler and unit: ${why}`;
}

function required(ref: AttributeRef, answer: Fetched, failures: ReadonlyMap<string, Error>): DlmsValue {
  if (answer?.ok === true) return decodeValueBytes(answer.data, undefined, "capture_objects");
  const failure = failures.get(keyOf(ref));
  if (failure !== undefined) throw failure;
  throw accessError("get", ref, answer?.result ?? 4);
}

function numberOf(answer: Fetched): number | undefined {
  const value = decoded(answer, decodePlainBytes);
  return typeof value === "number" ? value : undefined;
}

function offsetOf(answer: Fetched, { reversedDeviation, now }: InfoOptions): ClockOffset {
  const value = decoded(answer, decodeValueBytes)?.value;
  const isTime = value instanceof Uint8Array && value.length === 12;
  const time = isTime ? rowTime(value, 0, { reversedDeviation }) : undefined;
  const instant = time?.offset === undefined ? undefined : time.local - time.offset * 60_000;
  return {
    offset: time?.offset,
    daylight: time?.daylight,
    lead: instant === undefined ? 0 : instant - now(),
    localLead: time === undefined ? undefined : time.local - now(),
  };
}

/** An undecodable attribute counts as "not reported". */
function decoded<T>(answer: Fetched, decode: (bytes: Uint8Array) => T): T | undefined {
  if (answer?.ok !== true) return undefined;
  try {
    return decode(answer.data);
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
