/** Points of a time series database: the array that InfluxDB nodes take, and line protocol. */
import { keyOf } from "../names";
import { namedRows, type ReadValue, type ShownTable } from "./samples";

/** A value in a field: a number is always a float, because a scaled value has decimals only now and then. */
export type FieldValue = number | boolean | string;

/** As the *batch* node of node-red-contrib-influxdb takes it. */
export interface InfluxPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly timestamp: Date;
}

export interface PointOptions {
  /** value of the tag `meter` */
  readonly meter: string;
  /** default "meter" */
  readonly measurement?: string;
  /** more tags */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Points {
  readonly points: readonly InfluxPoint[];
  /** number of rows that have no instant, and give no point: a database would take the time of arrival */
  readonly leftOut: number;
}

interface FieldOf {
  readonly name: string;
  readonly value: unknown;
  readonly unit: string | null;
  /** null where the value has no scaler: a text of digits is then no number */
  readonly scaler: number | null;
  readonly difference?: true | undefined;
}

/**
 * The points of a profile: of each row one for each unit, which is a tag. Differences have the tag `value`
 * "difference", so that they do not replace the register's states.
 */
export function pointsOfProfile(table: ShownTable, logicalName: string, options: PointOptions): Points {
  let leftOut = 0;
  const tags = { ...options.tags, profile: logicalName };
  const points = namedRows(table).flatMap(({ moment, values }) => {
    if (moment === undefined || moment.isLocal) {
      leftOut++;
      return [];
    }
    const fields = values.map(({ column, name, value }) => ({
      ...{ name, value },
      ...{ unit: column.unit, scaler: column.scaler, difference: column.difference },
    }));
    return pointsAt(new Date(moment.ms), fields, { ...options, tags });
  });
  return { points, leftOut };
}

/** The points of values that were read at one time. */
export function pointsOfValues(time: Date, values: readonly ReadValue[], options: PointOptions): InfluxPoint[] {
  const fields = values.map(({ name, logicalName, classId, attributeId, value, unit, scaler }) => ({
    ...{ name: name ?? keyOf(logicalName, classId, attributeId), value, unit, scaler },
  }));
  return pointsAt(time, fields, options);
}

function pointsAt(
  timestamp: Date,
  values: readonly FieldOf[],
  { meter, measurement = "meter", tags = {} }: PointOptions,
): InfluxPoint[] {
  const groups = new Map<string, { tags: Record<string, string>; fields: [name: string, value: FieldValue][] }>();
  for (const { name, value, unit, scaler, difference } of values) {
    const field = fieldValue(value, scaler !== null);
    if (field === undefined) continue;
    const own = { meter, ...tags, ...(unit === null || unit === "" ? {} : { unit }) };
    const id = `${unit ?? ""} ${String(difference)}`;
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = { tags: own, fields: [] }));
    if (difference === true) group.tags.value = "difference";
    group.fields.push([name, field]);
  }
  return [...groups.values()].map((group) => ({
    ...{ measurement, tags: group.tags },
    ...{ fields: Object.fromEntries(group.fields), timestamp },
  }));
}

const decimal = /^-?\d+(?:\.\d+)?$/;

/** Undefined: nothing to store. A scaled number beyond 2^53 is a text in messages, but its field has numbers. */
function fieldValue(value: unknown, isScaled: boolean): FieldValue | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return isScaled && decimal.test(value) ? Number(value) : value;
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" && value !== null ? JSON.stringify(value) : undefined;
}

export type LinePrecision = "ns" | "us" | "ms" | "s";

/** The points as line protocol, one line each; the numbers are floats. Default precision of the time: ms. */
export function lineProtocol(points: readonly InfluxPoint[], precision: LinePrecision = "ms"): string {
  return points.map((point) => lineOf(point, precision)).join("\n");
}

function lineOf({ measurement, tags, fields, timestamp }: InfluxPoint, precision: LinePrecision): string {
  const tagTexts = Object.entries(tags)
    .filter(([, value]) => tagText(value) !== "")
    .map(([key, value]) => `,${tagText(key)}=${tagText(value)}`);
  const fieldTexts = Object.entries(fields).map(([key, value]) => `${tagText(key)}=${fieldText(value)}`);
  return `${measurementText(measurement)}${tagTexts.join("")} ${fieldTexts.join(",")} ${timeText(timestamp, precision)}`;
}

/** A backslash at the end would escape the next separator, and a line break would end the line. */
const plain = (text: string): string => text.replace(/[\r\n\t]+/g, " ").replace(/\\+$/, "");
const measurementText = (text: string): string => plain(text).replace(/[, ]/g, "\\$&");
const tagText = (text: string): string => plain(text).replace(/[,= ]/g, "\\$&");

function fieldText(value: FieldValue): string {
  if (typeof value !== "string") return String(value);
  return `"${value.replace(/[\r\n]+/g, " ").replace(/["\\]/g, "\\$&")}"`;
}

function timeText(time: Date, precision: LinePrecision): string {
  const ms = Math.round(time.getTime());
  if (precision === "s") return String(Math.floor(ms / 1000));
  return `${ms}${precision === "us" ? "000" : precision === "ns" ? "000000" : ""}`;
}
