/** Selective access to a profile: range and entry descriptors. */
import { classIds } from "../apdu/class-ids";
import type { DlmsValue } from "../codec/value";
import { DlmsConfigError } from "../errors";
import { dateTimeToBytes, type EncodeDateTimeOptions } from "./date-time-encode";
import { parseObis } from "./obis";
import { clock } from "./well-known-objects";
import { type CaptureObject, captureObjectValue, clockKind } from "./profile-columns";

/** Selective access of a GET: the selector and its parameters. */
export interface Selection {
  readonly selector: number;
  readonly parameters: DlmsValue;
}

/** sort_method of Profile generic. */
export const sortMethods = {
  1: "fifo",
  2: "lifo",
  3: "largest",
  4: "smallest",
  5: "nearest-to-zero",
  6: "farthest-from-zero",
} as const satisfies Readonly<Record<number, string>>;

/** The clock that restricts a range if the profile does not capture another one. */
export const defaultClock: CaptureObject = {
  classId: classIds.clock,
  logicalName: clock,
  attributeId: 2,
  dataIndex: 0,
};

/** The column by which a profile is read by time: a Clock, else a unix clock, else undefined. */
export function restrictingObject(objects: readonly CaptureObject[]): CaptureObject | undefined {
  return (
    objects.find((object) => clockKind(object) === "date-time") ??
    objects.find((object) => clockKind(object) !== undefined)
  );
}

export interface RangeSelectionOptions extends EncodeDateTimeOptions {
  /** default: `0.0.1.0.0.255` of class Clock */
  readonly restricting?: CaptureObject;
  /** which columns the meter sends; default all */
  readonly columns?: readonly CaptureObject[];
}

/** A moment: Date, epoch in ms, or ISO 8601 (without an offset: meter time). */
export type Moment = Date | number | string;

/**
 * Selector 1: the entries from `from` to `to`, both included.
 * @throws DlmsConfigError CONFIG_INVALID if a bound is not a date
 */
export function rangeSelection(from: Moment, to: Moment, options: RangeSelectionOptions = {}): Selection {
  const restricting = options.restricting ?? defaultClock;
  const bound = (moment: Moment): DlmsValue => timeBound(restricting, moment, options);
  return rangeSelectionOf(restricting, bound(from), bound(to), options.columns);
}

/** A bound of a range by time, in the form of the clock that restricts it. @throws DlmsConfigError CONFIG_INVALID */
export function timeBound(restricting: CaptureObject, moment: Moment, options: EncodeDateTimeOptions = {}): DlmsValue {
  const kind = clockKind(restricting);
  if (kind === "unix") return unixBound(moment, options);
  if (kind === "unix-microseconds") return microsecondBound(moment, options);
  return { type: "octet-string", value: dateTimeToBytes(moment, options) };
}

/** Selector 1 with bounds of any type, for profiles that are restricted by an object other than time. */
export function rangeSelectionOf(
  restricting: CaptureObject,
  from: DlmsValue,
  to: DlmsValue,
  columns: readonly CaptureObject[] = [],
): Selection {
  const value = (object: CaptureObject): DlmsValue => captureObjectValue(object, parseObis(object.logicalName));
  return {
    selector: 1,
    parameters: {
      type: "structure",
      value: [value(restricting), from, to, { type: "array", value: columns.map(value) }],
    },
  };
}

function unixBound(moment: Moment, options: EncodeDateTimeOptions): DlmsValue {
  const seconds = Math.floor(momentToEpoch(moment, options) / 1000);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 0xffffffff) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `range: ${String(moment)} cannot be written as unix time (1970-01-01 to 2106-02-07)`,
    );
  }
  return { type: "double-long-unsigned", value: seconds };
}

function microsecondBound(moment: Moment, options: EncodeDateTimeOptions): DlmsValue {
  const epochMs = Math.floor(momentToEpoch(moment, options));
  if (!Number.isInteger(epochMs) || epochMs < 0) {
    throw new DlmsConfigError("CONFIG_INVALID", `range: ${String(moment)} is no time since 1970-01-01`);
  }
  return { type: "long64-unsigned", value: BigInt(epochMs) * 1000n };
}

/**
 * The instant of a text for this meter: its own offset, else `offset` or `timeZone`, else UTC.
 * @throws DlmsConfigError CONFIG_INVALID if it is not a date
 */
export function momentToEpoch(moment: Moment, options: EncodeDateTimeOptions = {}): number {
  if (moment instanceof Date) return moment.getTime();
  if (typeof moment === "number") return moment;
  const { unspecifiedDeviation: _u, reversedDeviation: _r, ...rest } = options;
  const bytes = dateTimeToBytes(moment, rest);
  const view = new DataView(bytes.buffer);
  const deviation = view.getInt16(9);
  const localMs =
    Date.UTC(view.getUint16(0), (bytes[2] ?? 1) - 1, bytes[3], bytes[5], bytes[6], bytes[7]) + (bytes[8] ?? 0) * 10;
  return localMs + (deviation === -0x8000 ? -(options.offset ?? 0) : deviation) * 60_000;
}

/** Entry numbers as the meter counts them, from 1; `to` 0 = the last. Columns from 1, `toColumn` 0 = the last. */
export interface EntrySelection {
  readonly from: number;
  readonly to: number;
  readonly fromColumn?: number;
  readonly toColumn?: number;
}

/** Selector 2: the entries by number. @throws DlmsConfigError CONFIG_INVALID */
export function entrySelection({ from, to, fromColumn = 1, toColumn = 0 }: EntrySelection): Selection {
  return {
    selector: 2,
    parameters: {
      type: "structure",
      value: [
        { type: "double-long-unsigned", value: checked("from entry", from, 0xffffffff) },
        { type: "double-long-unsigned", value: checked("to entry", to, 0xffffffff) },
        { type: "long-unsigned", value: checked("from column", fromColumn, 0xffff) },
        { type: "long-unsigned", value: checked("to column", toColumn, 0xffff) },
      ],
    },
  };
}

function checked(name: string, value: number, largest: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= largest) return value;
  throw new DlmsConfigError("CONFIG_INVALID", `${name}: 0 to ${largest} is expected, got ${value}`);
}

/** How a profile's entries are numbered: its sort_method and entries_in_use. */
export interface EntryOrder {
  readonly sortMethod: number;
  readonly entriesInUse: number;
}

/**
 * The meter's entry numbers of the newest `count` entries; `"none"` if the buffer is empty, `"unordered"` if it is
 * sorted by value, so that numbers do not express age.
 */
export function lastEntries(count: number, order: EntryOrder): { from: number; to: number } | "none" | "unordered" {
  return entriesByAge(order.entriesInUse - Math.min(count, order.entriesInUse) + 1, order.entriesInUse, order);
}

/** The meter's entry numbers of entries `first` to `last`, counted from the oldest, 1-based, both included. */
export function entriesByAge(
  first: number,
  last: number,
  { sortMethod, entriesInUse }: EntryOrder,
): { from: number; to: number } | "none" | "unordered" {
  if (sortMethod !== 1 && sortMethod !== 2) return "unordered";
  const from = Math.max(1, first);
  const to = Math.min(last, entriesInUse);
  if (from > to) return "none";
  return sortMethod === 2 ? { from: entriesInUse - to + 1, to: entriesInUse - from + 1 } : { from, to };
}
