import { decodeValueBytes } from "../codec";
import {
  type AttributeRef,
  type DateTimeInfo,
  obisDotted,
  presentAttribute,
  type PresentOptions,
  readScalerUnit,
  type ScalerUnit,
  scalerSource,
  unitSymbol,
} from "../cosem";
import { DlmsAccessError, DlmsDecodeError, type DlmsError, isDlmsError } from "../errors";
import { accessError, describeTarget } from "./access-error";
import type { ActiveSession } from "./active-session";
import { type Fetched, fetchAttributes, type FetchOptions, usesLists } from "./fetch";

/** A value as it was read, made readable. */
export interface Reading {
  /** scaled where the class has a scaler_unit; otherwise by type, see the value rules */
  readonly value: unknown;
  /** `"Wh"`, null where there is none */
  readonly unit: string | null;
  readonly unitCode: number | null;
  /** power of ten that was applied; null where there is none */
  readonly scaler: number | null;
  /** the standard's word for the A-XDR type */
  readonly type: string;
  /** the A-XDR data as the meter sent it */
  readonly raw: Uint8Array;
  /** when the answer came: ISO, UTC */
  readonly readAt: string;
  /** name of an enumeration value */
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

/** Results that say that the meter has no scaler here, or keeps it from this client; others may pass. */
export const noScalerResults = new Set([3, 4, 9, 11, 13]);

export const keyOf = (ref: AttributeRef): string =>
  `${ref.classId}/${obisDotted(ref.logicalName)}/${ref.attributeId}/${ref.version ?? ""}`;

/** The attribute that holds the scaler and unit of this one, if it is a scaled one. */
function scalerRef(ref: AttributeRef): AttributeRef | undefined {
  const attributeId = scalerSource(ref.classId, ref.version, ref.attributeId);
  return attributeId === undefined ? undefined : { ...ref, attributeId };
}

/**
 * Reads attributes, and the scalers that are not known yet along with them: in the same request where lists are
 * used, else in one request more for each, the first time only. What is returned makes the outcomes from the bytes.
 */
export async function readAttributes(
  active: ActiveSession,
  refs: readonly AttributeRef[],
  context: ReadContext,
): Promise<() => Outcome[]> {
  const wanted = new Map<string, AttributeRef>();
  for (const ref of refs) wanted.set(keyOf(ref), ref);
  const fetched = new Map<string, Fetched>();
  const together = active.session.association?.referencing === "sn" || usesLists(active, context);
  if (together) await fetchTogether(active, wanted, fetched, context);
  else await fetchInTurn(active, wanted, fetched, context);
  const readAt = new Date(context.wallTime()).toISOString();
  // the scalers of this association, as they are now: a later one may differ
  const scalers = active.scalers;
  return () => refs.map((ref) => outcome(ref, fetched, scalers, readAt, context.present));
}

async function fetchTogether(
  active: ActiveSession,
  wanted: ReadonlyMap<string, AttributeRef>,
  fetched: Map<string, Fetched>,
  context: ReadContext,
): Promise<void> {
  const all = new Map(wanted);
  for (const ref of wanted.values()) {
    const scaler = scalerRef(ref);
    if (scaler !== undefined && !active.scalers.has(keyOf(scaler))) all.set(keyOf(scaler), scaler);
  }
  const items = [...all];
  const results = await fetchAttributes(
    active,
    items.map(([, ref]) => ref),
    context,
  );
  items.forEach(([key], i) => fetched.set(key, results[i]));
  learnScalers(active, wanted, fetched);
}

async function fetchInTurn(
  active: ActiveSession,
  wanted: ReadonlyMap<string, AttributeRef>,
  fetched: Map<string, Fetched>,
  context: ReadContext,
): Promise<void> {
  const get = async (key: string, ref: AttributeRef): Promise<void> => {
    if (!fetched.has(key)) fetched.set(key, (await fetchAttributes(active, [ref], context))[0]);
  };
  for (const [key, ref] of wanted) {
    await get(key, ref);
    const scaler = scalerRef(ref);
    if (scaler === undefined || active.scalers.has(keyOf(scaler)) || fetched.get(key)?.ok !== true) continue;
    await get(keyOf(scaler), scaler);
  }
  learnScalers(active, wanted, fetched);
}

function learnScalers(
  active: ActiveSession,
  wanted: ReadonlyMap<string, AttributeRef>,
  fetched: ReadonlyMap<string, Fetched>,
): void {
  for (const ref of wanted.values()) {
    const scaler = scalerRef(ref);
    if (scaler === undefined) continue;
    const key = keyOf(scaler);
    const answer = fetched.get(key);
    if (answer?.ok === true) {
      const known = parseScaler(answer.data);
      if (known !== undefined) active.scalers.set(key, known);
    } else if (fetched.has(key) && (answer === undefined || noScalerResults.has(answer.result))) {
      active.scalers.set(key, null);
    }
  }
}

/** null-data, as some meters have it for registers without a unit, means that there is none. */
export function parseScaler(data: Uint8Array): ScalerUnit | null | undefined {
  try {
    const value = decodeValueBytes(data, undefined, "scaler_unit");
    return value.type === "null-data" ? null : readScalerUnit(value);
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

function outcome(
  ref: AttributeRef,
  fetched: ReadonlyMap<string, Fetched>,
  scalers: ReadonlyMap<string, ScalerUnit | null>,
  readAt: string,
  present: PresentOptions,
): Outcome {
  const result = fetched.get(keyOf(ref));
  if (result === undefined) return { ok: false, error: notInObjectList(ref) };
  if (!result.ok) return { ok: false, error: accessError("get", ref, result.result) };
  try {
    return { ok: true, value: reading(ref, result.data, scalerOf(ref, fetched, scalers), readAt, present) };
  } catch (error) {
    if (isDlmsError(error)) return { ok: false, error };
    throw error;
  }
}

function scalerOf(
  ref: AttributeRef,
  fetched: ReadonlyMap<string, Fetched>,
  scalers: ReadonlyMap<string, ScalerUnit | null>,
): ScalerUnit | undefined {
  const source = scalerRef(ref);
  if (source === undefined) return undefined;
  const known = scalers.get(keyOf(source));
  if (known !== undefined) return known ?? undefined;
  // a number without its power of ten would be a wrong one: the item fails
  const answer = fetched.get(keyOf(source));
  if (answer?.ok === false) throw accessError("get", source, answer.result);
  throw new DlmsDecodeError(
    "DECODE_VALUE",
    `get ${describeTarget(source)}: expected a structure of scaler and unit, the meter sent something else; ` +
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
  const data = decodeValueBytes(raw, undefined, describeTarget(ref));
  const { value, type, valueName, bits, dateTime } = presentAttribute(data, ref, scaler, present);
  return {
    value,
    unit: scaler === undefined ? null : unitSymbol(scaler.unitCode),
    unitCode: scaler?.unitCode ?? null,
    scaler: scaler?.scaler ?? null,
    type,
    raw: raw.slice(),
    readAt,
    ...(valueName === undefined ? {} : { valueName }),
    ...(bits === undefined ? {} : { bits }),
    ...(dateTime === undefined ? {} : { dateTime }),
  };
}

function notInObjectList(ref: AttributeRef): DlmsAccessError {
  return new DlmsAccessError(
    "ACCESS_OBJECT_UNDEFINED",
    `get ${describeTarget(ref)}: the meter's object list has no such object for this client; check OBIS code, object type and client address`,
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
