import { decodePlainBytes, decodeValueBytes } from "../codec";
import type { DlmsValue } from "../codec";
import {
  type AttributeRef,
  type CaptureObject,
  columnScaler,
  dateTimeFromBytes,
  profileColumns,
  type ProfileColumn,
  readCaptureObjects,
  type ScalerUnit,
} from "../cosem";
import { accessError } from "./access-error";
import type { ActiveSession } from "./active-session";
import { type Fetched, fetchAttributes, type FetchOptions } from "./fetch";
import { noScalerResults, parseScaler } from "./readings";
import { keyOf } from "./wanted";

/** What has to be known of a profile before its rows can be read; kept for the association. */
export interface ProfileInfo {
  readonly columns: readonly ProfileColumn[];
  readonly captureObjects: readonly CaptureObject[];
  /** seconds; 0 = on events */
  readonly capturePeriod: number;
  /** 1 oldest first, 2 newest first, above: by value */
  readonly sortMethod: number;
  /** minutes east of UTC of the meter's clock when it was read; undefined where the meter does not say */
  readonly offset: number | undefined;
}

const clockTime: AttributeRef = { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2 };

/** Reads what is not known yet: one request for the profile, one for the scalers of its columns. */
export async function profileInfo(
  active: ActiveSession,
  profile: AttributeRef,
  options: FetchOptions & { readonly reversedDeviation: boolean },
): Promise<ProfileInfo> {
  const known = active.profiles.get(profile.logicalName);
  if (known !== undefined) return known;
  const at = (attributeId: number): AttributeRef => ({ ...profile, attributeId });
  const [objects, period, sort, clock] = await fetchAttributes(active, [at(3), at(4), at(5), clockTime], options);
  const captureObjects = readCaptureObjects(required(at(3), objects));
  const scalers = await columnScalers(active, captureObjects, options);
  const info: ProfileInfo = {
    captureObjects,
    columns: profileColumns(captureObjects, (object) => scalers(object) ?? undefined),
    capturePeriod: numberOf(period) ?? 0,
    sortMethod: numberOf(sort) ?? 1,
    offset: offsetOf(clock, options.reversedDeviation),
  };
  active.profiles.set(profile.logicalName, info);
  return info;
}

/** entries_in_use, which moves; undefined where the meter does not tell. */
export async function entriesInUse(
  active: ActiveSession,
  profile: AttributeRef,
  options: FetchOptions,
): Promise<number | undefined> {
  const [answer] = await fetchAttributes(active, [{ ...profile, attributeId: 7 }], options);
  return numberOf(answer);
}

async function columnScalers(
  active: ActiveSession,
  objects: readonly CaptureObject[],
  options: FetchOptions,
): Promise<(object: CaptureObject) => ScalerUnit | null | undefined> {
  const missing = new Map<string, AttributeRef>();
  for (const object of objects) {
    const ref = columnScaler(object);
    if (ref !== undefined && !active.scalers.has(keyOf(ref))) missing.set(keyOf(ref), ref);
  }
  const items = [...missing];
  const refs = items.map(([, ref]) => ref);
  const answers = refs.length === 0 ? [] : await fetchAttributes(active, refs, options);
  items.forEach(([key, ref], i) => {
    const answer = answers[i];
    const scaler = answer?.ok === true ? parseScaler(answer.data) : null;
    if (answer?.ok === false && !noScalerResults.has(answer.result)) throw accessError("get", ref, answer.result);
    active.scalers.set(key, scaler ?? null);
  });
  return (object) => {
    const ref = columnScaler(object);
    return ref === undefined ? undefined : active.scalers.get(keyOf(ref));
  };
}

function required(ref: AttributeRef, answer: Fetched): DlmsValue {
  if (answer?.ok === true) return decodeValueBytes(answer.data, undefined, "capture_objects");
  throw accessError("get", ref, answer?.result ?? 4);
}

function numberOf(answer: Fetched): number | undefined {
  if (answer?.ok !== true) return undefined;
  const value = decodePlainBytes(answer.data);
  return typeof value === "number" ? value : undefined;
}

function offsetOf(answer: Fetched, reversed: boolean): number | undefined {
  if (answer?.ok !== true) return undefined;
  const { value } = decodeValueBytes(answer.data);
  if (!(value instanceof Uint8Array) || value.length !== 12) return undefined;
  const { deviation } = dateTimeFromBytes(value);
  if (deviation === null) return undefined;
  return reversed ? deviation : -deviation;
}
