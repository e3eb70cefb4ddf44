/** Reads attributes with their scalers, and converts the answers into readings. */
import { notReadable, serviceErrorCode } from "../../apdu";
import { classIds } from "../../apdu/class-ids";
import { decodeNumber, decodeValueBytes } from "../../codec";
import {
  type AttributeRef,
  type DateTimeInfo,
  isAbsent,
  presentAttribute,
  type PresentOptions,
  readScalerUnit,
  type ScalerUnit,
  unitSymbol,
} from "../../cosem";
import { DlmsAccessError, DlmsDecodeError, type DlmsError, isDlmsError } from "../../errors";
import { accessError, describeTarget } from "../association/access-error";
import type { Association } from "../association/association";
import { askOneByOne, isRefusal } from "./lists";
import { referencingOf } from "./choose-referencing";
import type { FetchOptions } from "../association/meter-hints";
import type { AttributeRequest, Fetched } from "./attribute-request";

/** A decoded value with its metadata. */
export interface Reading {
  /** scaled where the class has a scaler_unit; otherwise by type, see the value rules */
  readonly value: unknown;
  /** `"Wh"`, null if the value has none */
  readonly unit: string | null;
  readonly unitCode: number | null;
  /** power of ten that was applied; null if the value has none */
  readonly scaler: number | null;
  /** the standard's name of the A-XDR type */
  readonly type: string;
  /** the A-XDR data as the meter sent it */
  readonly raw: Uint8Array;
  /** time of the answer: ISO, UTC */
  readonly readAt: string;
  /** name of an enumeration value, or of an event code if a companion specification is chosen */
  readonly valueName?: string;
  /** names of a bit-string's bits, where the class defines them */
  readonly bits?: Readonly<Record<string, boolean>>;
  readonly dateTime?: DateTimeInfo;
}

export type Outcome =
  { readonly ok: true; readonly value: Reading } | { readonly ok: false; readonly error: DlmsAccessError | DlmsError };

export interface ReadContext extends FetchOptions {
  readonly present: PresentOptions;
  readonly wallTime: () => number;
}

/**
 * Reads attributes, and with them the scalers that are not known yet: in the same request if lists are used, otherwise
 * in one more request for each, the first time only. The returned function converts the bytes into outcomes.
 */
export async function readAttributes(
  active: Association,
  wanted: readonly AttributeRequest[],
  context: ReadContext,
): Promise<() => Outcome[]> {
  const [first] = wanted;
  if (first !== undefined && wanted.length === 1 && isReadAlone(active, first)) {
    return readOne(active, first, context);
  }
  const distinct = new Map<string, AttributeRequest>();
  for (const one of wanted) distinct.set(one.key, one);
  const fetched = new Map<string, Fetched>();
  if (referencingOf(active).readsTogether(active, context)) await fetchTogether(active, distinct, fetched, context);
  else await fetchInTurn(active, distinct, fetched, context);
  learnScalers(active, distinct, fetched, context);
  const readAt = isoTime(context.wallTime());
  // the current scalers of this association, because a later one may differ
  const scalers = active.scalers;
  return () =>
    wanted.map((one) => outcome(one, fetched.get(one.key), () => scalerOf(one, fetched, scalers), readAt, context));
}

/** Whether the attribute alone is enough because it has no scaler, or the scaler is known. */
function isReadAlone(active: Association, { scaler }: AttributeRequest): boolean {
  return scaler === undefined || active.scalers.has(scaler.key);
}

/** Fast path for a single value that is polled. */
async function readOne(active: Association, one: AttributeRequest, context: ReadContext): Promise<() => Outcome[]> {
  const fetched = await referencingOf(active).readOne(active, one, context);
  const readAt = isoTime(context.wallTime());
  const { scaler } = one;
  const known = scaler === undefined ? undefined : (active.scalers.get(scaler.key) ?? undefined);
  return () => [outcome(one, fetched, () => known, readAt, context)];
}

async function fetchTogether(
  active: Association,
  wanted: ReadonlyMap<string, AttributeRequest>,
  fetched: Map<string, Fetched>,
  context: ReadContext,
): Promise<void> {
  const all = new Map(wanted);
  for (const { scaler } of wanted.values()) {
    if (scaler !== undefined && !active.scalers.has(scaler.key)) all.set(scaler.key, scaler);
  }
  const items = [...all.values()];
  const results = await referencingOf(active).readTogether(
    active,
    items.map(({ ref }) => ref),
    context,
  );
  items.forEach(({ key }, i) => fetched.set(key, results[i]));
}

async function fetchInTurn(
  active: Association,
  wanted: ReadonlyMap<string, AttributeRequest>,
  fetched: Map<string, Fetched>,
  context: ReadContext,
): Promise<void> {
  const referencing = referencingOf(active);
  const get = async (one: AttributeRequest): Promise<Fetched> => referencing.readOne(active, one, context);
  const items = [...wanted.values()];
  const values = await askOneByOne(items, get);
  items.forEach(({ key }, i) => fetched.set(key, values[i]));
  const scalers = new Map<string, AttributeRequest>();
  for (const { key, scaler } of items) {
    if (scaler === undefined || active.scalers.has(scaler.key) || fetched.has(scaler.key)) continue;
    if (fetched.get(key)?.ok === true) scalers.set(scaler.key, scaler);
  }
  const missing = [...scalers.values()];
  // their values were answered, so an exception concerns the scaler_unit
  const answers = await askOneByOne(missing, get, missing.length > 0);
  missing.forEach(({ key }, i) => fetched.set(key, answers[i]));
}

function learnScalers(
  active: Association,
  wanted: ReadonlyMap<string, AttributeRequest>,
  fetched: ReadonlyMap<string, Fetched>,
  { note }: FetchOptions,
): void {
  for (const { key: valueKey, ref, scaler } of wanted.values()) {
    if (scaler === undefined) continue;
    const { key } = scaler;
    const answer = fetched.get(key);
    if (answer?.ok === true) {
      const known = parseScaler(answer.data);
      if (known !== undefined) active.scalers.set(key, known);
      if (known === null) active.refusedScalers.add(key);
    } else if (fetched.has(key) && (answer === undefined || notReadable.has(answer.result))) {
      active.scalers.set(key, null);
      active.refusedScalers.add(key);
    } else if (isRefusedAlone(answer, fetched.get(valueKey))) {
      active.scalers.set(key, null);
      active.refusedScalers.add(key);
      note?.(`${describeTarget(ref)} is given without scaler and unit: ${answer.error.message}`);
    }
  }
}

/**
 * Some meters refuse a missing scaler_unit with an exception, but answer for the value in the same list. Other service
 * errors may be temporary: a value without its scaler would then be wrong.
 */
function isRefusedAlone(scaler: Fetched, value: Fetched): scaler is Extract<Fetched, { readonly error: Error }> {
  if (value?.ok !== true || scaler?.ok !== false || !("error" in scaler) || !isRefusal(scaler.error)) return false;
  return scaler.error.details.serviceError === serviceErrorCode["service-not-supported"];
}

/** null-data or an empty string, which some meters send for registers without a unit, means "no unit". */
export function parseScaler(data: Uint8Array): ScalerUnit | null | undefined {
  try {
    const value = decodeValueBytes(data, undefined, "scaler_unit");
    return isAbsent(value) ? null : readScalerUnit(value);
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

function outcome(
  { ref }: AttributeRequest,
  result: Fetched,
  scaler: () => ScalerUnit | undefined,
  readAt: string,
  { present }: ReadContext,
): Outcome {
  if (result === undefined) return { ok: false, error: notInObjectList(ref) };
  if (!result.ok) return { ok: false, error: refusal(ref, result) };
  try {
    return { ok: true, value: reading(ref, result.data, scaler(), readAt, present) };
  } catch (error) {
    if (isDlmsError(error)) return { ok: false, error };
    throw error;
  }
}

/** Why the meter did not give an attribute. */
export function refusal(ref: AttributeRef, answer: Extract<Fetched, { readonly ok: false }>): DlmsError {
  return "error" in answer ? answer.error : accessError("get", ref, answer.result);
}

function scalerOf(
  { scaler }: AttributeRequest,
  fetched: ReadonlyMap<string, Fetched>,
  scalers: ReadonlyMap<string, ScalerUnit | null>,
): ScalerUnit | undefined {
  if (scaler === undefined) return undefined;
  const { ref: source, key } = scaler;
  const known = scalers.get(key);
  if (known !== undefined) return known ?? undefined;
  // a number without its power of ten would be wrong, so the item fails
  const answer = fetched.get(key);
  if (answer?.ok === false) throw refusal(source, answer);
  throw new DlmsDecodeError(
    "DECODE_VALUE",
    `expected a structure of scaler and unit, the meter sent something else: get ${describeTarget(source)}; ` +
      "the value cannot be scaled: read it raw by another class, or report the trace",
    {
      details: { classId: source.classId, logicalName: source.logicalName, attributeId: source.attributeId },
      retry: "no",
    },
  );
}

function reading(
  ref: AttributeRef,
  raw: Uint8Array,
  scaler: ScalerUnit | undefined,
  readAt: string,
  present: PresentOptions,
): Reading {
  const data = decodeNumber(raw) ?? decodeValueBytes(raw, undefined, describeTarget(ref));
  const { value, type, ...more } = presentAttribute(data, ref, scaler, present);
  return {
    value,
    unit: scaler === undefined ? null : unitSymbol(scaler.unitCode),
    unitCode: scaler?.unitCode ?? null,
    scaler: scaler?.scaler ?? null,
    type,
    raw: raw.slice(),
    readAt,
    ...more,
    ...eventWord(ref, value, present),
  };
}

/** The word for the code of the last event: attribute 2 of a Data object, if a companion specification is chosen. */
function eventWord(
  { classId, attributeId, logicalName }: AttributeRef,
  value: unknown,
  { eventName }: PresentOptions,
): { readonly valueName?: string } {
  if (eventName === undefined || classId !== classIds.data || attributeId !== 2) return {};
  const valueName = typeof value === "number" ? eventName(logicalName, value) : undefined;
  return valueName === undefined ? {} : { valueName };
}

let lastTime = { ms: Number.NaN, iso: "" };

/** ISO, UTC. Several answers may arrive within one millisecond. */
function isoTime(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, iso: new Date(ms).toISOString() };
  return lastTime.iso;
}

function notInObjectList(ref: AttributeRef): DlmsAccessError {
  return new DlmsAccessError(
    "ACCESS_OBJECT_UNDEFINED",
    `the meter's object list has no such object for this client: get ${describeTarget(ref)}; check OBIS code, object type and client address`,
    {
      details: {
        classId: ref.classId,
        logicalName: ref.logicalName,
        attributeId: ref.attributeId,
        source: "object-list",
      },
    },
  );
}
