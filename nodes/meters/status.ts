/** The state of a meter as the status of a node. */
import { type DlmsError, DlmsTimeoutError, inKilo, type ErrorName, type MeterView } from "../../src/index";
import type { NodeStatus } from "node-red";

/** Short phrases for errors; each is a key `<type>.status.<phrase>` of the catalogue. */
export type Phrase =
  | "connectionRefused"
  | "hostUnknown"
  | "hostUnreachable"
  | "connectionLost"
  | "portBusy"
  | "portMissing"
  | "portForbidden"
  | "noAnswer"
  | "notDlms"
  | "linkRefused"
  | "tlsFailed"
  | "lineNoise"
  | "linkOutOfStep"
  | "wrongAddress"
  | "frameRejected"
  | "signOnFailed"
  | "rejected"
  | "refused"
  | "denied"
  | "notThere"
  | "wrongClass"
  | "badAnswer"
  | "security"
  | "badInput"
  | "busy"
  | "outcomeUnknown"
  | "readFailed";

const phrases: Partial<Record<ErrorName, Phrase>> = {
  CONN_REFUSED: "connectionRefused",
  CONN_DNS: "hostUnknown",
  CONN_UNREACHABLE: "hostUnreachable",
  CONN_LOST: "connectionLost",
  CONN_PORT_BUSY: "portBusy",
  CONN_PORT_MISSING: "portMissing",
  CONN_PORT_FORBIDDEN: "portForbidden",
  LINK_WRAPPER_HEADER: "notDlms",
  LINK_FRAME_INVALID: "notDlms",
  LINK_REFUSED: "linkRefused",
  CONN_TLS: "tlsFailed",
  LINK_FCS: "lineNoise",
  LINK_SEQUENCE: "linkOutOfStep",
  LINK_ADDRESS: "wrongAddress",
  LINK_FRAME_REJECTED: "frameRejected",
  LINK_MODE_E: "signOnFailed",
  ASSOC_REJECTED: "rejected",
  ASSOC_AUTH_FAILED: "refused",
  ASSOC_SERVER_UNPROVEN: "refused",
  ACCESS_READ_WRITE_DENIED: "denied",
  ACCESS_SCOPE_OF_ACCESS_VIOLATED: "denied",
  ACCESS_OBJECT_UNDEFINED: "notThere",
  ACCESS_OBJECT_UNAVAILABLE: "notThere",
  ACCESS_OBJECT_CLASS_INCONSISTENT: "wrongClass",
  STATE_QUEUE_FULL: "busy",
  WRITE_OUTCOME_UNKNOWN: "outcomeUnknown",
  PUSH_INCOMPLETE: "badAnswer",
  PUSH_NO_UNIT: "notDlms",
  PUSH_SILENT: "noAnswer",
  PUSH_LIMIT: "busy",
};

/** The phrase for an error: chosen by its code where the table has it, else by its layer. */
export function phraseOf(error: DlmsError): Phrase {
  // a serial port is not a host
  if (error.is("TIMEOUT_CONNECT") && error.details.transport !== "serial") return "hostUnreachable";
  const known = phrases[error.codeName];
  if (known !== undefined) return known;
  if (error instanceof DlmsTimeoutError) return "noAnswer";
  switch (error.layer) {
    case "config":
      return "badInput";
    case "codec":
      return "badAnswer";
    case "security":
      return "security";
    case "transport":
    case "link":
      return "connectionLost";
    case "association":
      return "rejected";
    case "state":
    case "access":
    case "service":
      return "readFailed";
  }
}

export type Translate = (key: string, values?: Record<string, string | number>) => string;

/** The node types that show a meter's state; each has the phrases in its own catalogue. */
export type StatusPrefix = "dlms-read" | "dlms-write" | "dlms-monitor" | "dlms-meter";

/** How a node shows its meter. The countdown is translated here, because a key carries no values. */
export function meterStatus(prefix: StatusPrefix, view: MeterView, translate: Translate, now: number): NodeStatus {
  const key = (name: string): string => `${prefix}.status.${name}`;
  switch (view.phase) {
    case "idle":
      return { fill: "grey", shape: "ring", text: key("idle") };
    case "connecting":
      return { fill: "yellow", shape: "ring", text: key("connecting") };
    case "connected":
      return { fill: "green", shape: "dot", text: key("connected") };
    case "offline": {
      const next = nextTry(view, key, translate, now);
      const text = next === undefined ? key("offline") : `${translate(key("offline"))}: ${next}`;
      return { fill: "red", shape: "ring", text };
    }
    case "refused":
      return { fill: "red", shape: "ring", text: key("refused") };
    case "error":
      return { fill: "red", shape: "ring", text: key(view.error ? phraseOf(view.error) : "readFailed") };
    case "waiting":
      return { fill: "red", shape: "ring", text: nextTry(view, key, translate, now) ?? key("connectionLost") };
  }
}

/** The reason and the seconds until the next try. */
function nextTry(
  { nextTryAt, error }: MeterView,
  key: (name: string) => string,
  translate: Translate,
  now: number,
): string | undefined {
  if (nextTryAt === undefined) return undefined;
  const seconds = Math.max(1, Math.round((nextTryAt - now) / 1000));
  const reason = translate(key(error ? phraseOf(error) : "connectionLost"));
  return translate(key("retry"), { reason, seconds });
}

const shown = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 12, useGrouping: false });

/** A time without its offset, because the full time is too long for a status and users know the offset. */
function timeText(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  return match === null ? text : `${match[1] ?? ""} ${match[2] ?? ""}${match[3] === "Z" ? "Z" : ""}`;
}

/** A longer value is cut in a status. */
const maxValueCharacters = 24;

/** A value in a status: short. */
export function valueText(value: unknown, unit: string | null): string {
  let text: string;
  if (value === null) text = "null";
  else if (typeof value === "number") text = shown.format(value);
  else if (value instanceof Date) text = timeText(value.toISOString());
  else if (typeof value === "string") text = value.length > 64 ? value.slice(0, 64) : timeText(value);
  else text = startOfJson(value, maxValueCharacters + 1);
  const whole = unit === null || unit === "" ? text : `${text} ${unit}`;
  return whole.length > maxValueCharacters ? `${whole.slice(0, maxValueCharacters - 1)}…` : whole;
}

/** From this size on a status shows kilo. */
const kiloFrom = 10_000;

/** A quantity in a status: with a prefix and in groups of three digits, `17 347.7 kWh`. */
export function quantityText(value: unknown, unit: string | null): string {
  if (typeof value !== "number") return valueText(value, unit);
  const { value: shown, unit: symbol } = Math.abs(value) >= kiloFrom ? inKilo({ value, unit }) : { value, unit };
  const text = valueText(shown, symbol);
  return symbol === null || symbol === "" ? text : text.replace(/^-?\d{4,}/, grouped);
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, " ");

/** The first characters of a value's JSON, at least `length` of them if it has that many. The rest is not examined. */
function startOfJson(value: unknown, length: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, length));
  if (typeof value !== "object" || value === null || value instanceof Date) return JSON.stringify(value) ?? "";
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  const isArray = Array.isArray(value);
  let text = isArray ? "[" : "{";
  for (const key in value) {
    if (text.length >= length) return text;
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (text.length > 1) text += ",";
    text += `${isArray ? "" : `${JSON.stringify(key.slice(0, length))}:`}${startOfJson(item, length - text.length)}`;
  }
  return text + (isArray ? "]" : "}");
}
