/** Describes an APDU as lines of text. */
import {
  type Apdu,
  apduName,
  associationDiagnosticWord,
  associationResultWord,
  actionResult,
  cipheredTag,
  confirmedServiceErrorWords,
  conformanceNames,
  dataAccessResult,
  exceptionServiceErrorWord,
  parseApdu,
  releaseReasonWord,
  stateErrorWord,
} from "../apdu";
import { type DlmsValue, decodeValueBytes } from "../codec";
import { attributeName, classTitle, obisPrinted } from "../cosem";
import { isDlmsError } from "../errors";
import { object } from "../errors/arguments";
import { readSecurityHeader } from "../security";
import { decodeApdu } from "./apdu";
import { dataLines, dateHint, indent } from "./data";
import { decipher, type InspectKeys } from "./decipher";
import { type BytesLike, tagged } from "./input";
import { hlsAnswerParts, secretParts } from "./secrets";
import { TextRoom } from "./text-room";

export interface InspectOptions {
  readonly keys?: InspectKeys;
  /** the APDU answers an HLS pass: its proof is masked too */
  readonly hlsAnswer?: boolean;
}

/** Lines about one APDU; the parts in `masked` are left out. */
interface Context {
  readonly apdu: Apdu;
  readonly masked: ReadonlySet<Uint8Array>;
  readonly keys: InspectKeys | undefined;
  readonly room: TextRoom;
}

/**
 * An APDU as a readable tree, one field a line, secrets masked, in a text of about 8 kB at most. Never throws for
 * unreadable bytes: the text names them.
 * @throws DlmsConfigError CONFIG_INVALID for an input that is neither bytes nor hex nor an APDU
 */
export function describeApdu(input: BytesLike | Apdu, options: InspectOptions = {}): string {
  const isBytes = typeof input === "string" || input instanceof Uint8Array;
  if (!isBytes) tagged("apdu", input, "apdu", "bytes, hex or a decoded APDU");
  object("options", options);
  return attempt(() => apduLines(isBytes ? decodeApdu(input) : input, options)).join("\n");
}

export function apduLines(apdu: Apdu, options: InspectOptions = {}, room = new TextRoom()): string[] {
  const parts = options.hlsAnswer ? [...secretParts(apdu), ...hlsAnswerParts(apdu)] : secretParts(apdu);
  const context: Context = { apdu, masked: new Set(parts), keys: options.keys, room };
  const { apdu: name, ...fields } = apdu;
  const title = apdu.apdu === "service-ciphered" ? (apduName(apdu.tag) ?? name) : name;
  return [title, ...indent([...fieldLines(fields, context), ...plainLines(apdu, options, room)])];
}

/** The content of a ciphered APDU, if the keys open it. */
function plainLines(apdu: Apdu, options: InspectOptions, room: TextRoom): string[] {
  const { keys } = options;
  if (keys === undefined || room.full) return [];
  return attempt(() => {
    const plain = decipher(apdu, keys);
    if (plain === undefined) return [];
    return labelled("plain", apduLines(parseApdu(plain, { allowTrailing: true }), options, room));
  });
}

/** The lines that `run` produces, or those of its error. */
export function attempt(run: () => string[]): string[] {
  try {
    return run();
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return [`cannot be read: ${error.message}`];
  }
}

function fieldLines(fields: object, context: Context): string[] {
  return Object.entries(fields).flatMap(([key, value]) => fieldLine(key, value as unknown, context));
}

function fieldLine(key: string, value: unknown, context: Context): string[] {
  const label = words(key);
  if (value instanceof Uint8Array) return labelled(label, bytesLines(key, value, context));
  if (Array.isArray(value)) return [context.room.line(`${label} (${value.length})`), ...itemLines(key, value, context)];
  if (typeof value === "object" && value !== null) return objectLines(key, label, value, context);
  return [context.room.line(`${label}: ${scalar(key, value, context)}`)];
}

function itemLines(key: string, items: readonly unknown[], context: Context): string[] {
  return context.room.items(items, (item, i) => {
    if (item instanceof Uint8Array) return labelled(String(i), bytesLines(key, item, context));
    if (typeof item === "object" && item !== null) return objectLines(key, String(i), item, context);
    return [context.room.line(`${i}: ${scalar(key === "results" ? "result" : key, item, context)}`)];
  });
}

function objectLines(key: string, label: string, value: object, context: Context): string[] {
  if (key === "parameters" && "type" in value) return labelled(label, dataLines(value as DlmsValue, context.room));
  if ("classId" in value) {
    return [context.room.line(`${label}: ${objectText(value as ObjectReference)}`), ...selection(value, context)];
  }
  return [context.room.line(label), ...indent(fieldLines(value, context))];
}

interface ObjectReference {
  readonly classId: number;
  readonly instanceId: Uint8Array;
  readonly attributeId?: number;
  readonly methodId?: number;
}

function objectText({ classId, instanceId, attributeId, methodId }: ObjectReference): string {
  const object = `${classTitle(classId)} (${classId}) ${obisPrinted(instanceId)}`;
  if (attributeId === undefined) return `${object} method ${methodId}`;
  return `${object}/${attributeId} ${attributeName(classId, attributeId)}`;
}

function selection(value: object, context: Context): string[] {
  return "access" in value ? indent(fieldLine("access", value.access, context)) : [];
}

/** Fields whose bytes are an A-XDR value. */
const dataFields = new Set(["data", "values", "parameters"]);
/** APDUs whose `data` are a piece of a longer APDU. */
const pieces = new Set(["general-block-transfer", "get-response-with-datablock"]);
const apduFields = new Set(["userInformation"]);
const dateFields = new Set(["dateTime", "time"]);
const contentFields = new Set(["content"]);

/** Maximum length of data shown as a tree; of longer data only the first bytes are shown. */
const maxTreeBytes = 0x10000;

function bytesLines(key: string, bytes: Uint8Array, context: Context): string[] {
  const { masked, apdu, room } = context;
  if (masked.has(bytes)) return [room.line(`(${bytes.length} bytes, masked)`)];
  if (apduFields.has(key) || (apdu.apdu === "general-signing" && key === "content")) {
    return attempt(() => apduLines(parseApdu(bytes, { allowTrailing: true }), keyed(context), room));
  }
  if (dataFields.has(key) && !pieces.has(apdu.apdu) && bytes.length <= maxTreeBytes) {
    const lines = attempt(() => dataLines(decodeValueBytes(bytes), room));
    return lines[0]?.startsWith("cannot be read") ? [room.line(`${room.hex(bytes)}, ${lines[0]}`)] : lines;
  }
  if (contentFields.has(key) && cipheredApdu(apdu)) return [room.line(contentText(bytes, room))];
  const date = dateFields.has(key) && bytes.length === 12 ? dateHint(bytes) : "";
  return [room.line(`(${bytes.length} bytes) ${room.hex(bytes)}${date}`)];
}

/** The keys for an APDU inside this one, with the system titles that this APDU carries. */
function keyed({ keys, apdu }: Context): InspectOptions {
  if (keys === undefined) return {};
  const title = apdu.apdu === "aarq" ? apdu.callingApTitle : apdu.apdu === "aare" ? apdu.respondingApTitle : undefined;
  return { keys: title ? { ...keys, systemTitle: title } : keys };
}

function cipheredApdu(apdu: Apdu): boolean {
  return apdu.apdu !== "general-signing";
}

function contentText(content: Uint8Array, room: TextRoom): string {
  if (content.length < 5) return `(${content.length} bytes) ${room.hex(content)}`;
  const { control, invocationCounter } = readSecurityHeader(content);
  const protection = [control.authenticated && "authenticated", control.encrypted && "encrypted"].filter(Boolean);
  const keySet = control.broadcast ? ", broadcast key" : "";
  const text = `suite ${control.suite}, ${protection.join(" and ") || "no protection"}${keySet}, counter ${invocationCounter}`;
  return `(${content.length} bytes) ${text}, ${room.hex(content.subarray(5))}`;
}

function scalar(key: string, value: unknown, { apdu }: Context): string {
  if (typeof value !== "number") return typeof value === "string" ? value : String(value);
  switch (key) {
    case "invokeId":
      return `${value & 0x0f}, ${value & 0x40 ? "confirmed" : "unconfirmed"}, ${value & 0x80 ? "high" : "normal"} priority`;
    case "longInvokeId":
      return `${value & 0xffffff}, ${value & 0x40000000 ? "confirmed" : "unconfirmed"}, ${value >>> 31 ? "high" : "normal"} priority`;
    case "conformance":
      return conformanceNames(value).join(", ") || "none";
    case "vaaName":
    case "name":
    case "tag":
      return value.toString(16).padStart(4, "0");
    case "tagName":
      return cipheredTag(value) ? (apduName(value) ?? String(value)) : String(value);
    default:
      return `${value}${meaning(key, value, apdu)}`;
  }
}

/** The standard's word for a code, in brackets. */
function meaning(key: string, value: number, apdu: Apdu): string {
  const word = wordFor(key, value, apdu);
  return word === undefined ? "" : ` (${word})`;
}

function wordFor(key: string, value: number, apdu: Apdu): string | undefined {
  if (key === "result" && apdu.apdu === "aare") return associationResultWord(value);
  if (key === "result") {
    return apdu.apdu.startsWith("action-") ? actionResult(value).word : dataAccessResult(value).word;
  }
  switch (apdu.apdu) {
    case "aare":
      return key === "diagnostic" ? associationDiagnosticWord(apdu.diagnosticSource, value) : contextWord(key, value);
    case "aarq":
      return contextWord(key, value);
    case "rlrq":
    case "rlre":
      return key === "reason" ? releaseReasonWord(apdu.apdu, value) : undefined;
    case "exception-response":
      if (key === "stateError") return stateErrorWord(value);
      return key === "serviceError" ? exceptionServiceErrorWord(value) : undefined;
    case "confirmed-service-error": {
      const { service, errorType, value: error } = confirmedServiceErrorWords(apdu);
      return key === "service" ? service : key === "errorType" ? errorType : error;
    }
    default:
      return key === "maxPduSize" && value === 0 ? "no limit" : undefined;
  }
}

const contextNames = ["unknown", "LN", "SN", "LN with ciphering", "SN with ciphering"];
const mechanismNames = [
  "none",
  "LLS",
  "HLS, maker's own",
  "HLS MD5",
  "HLS SHA-1",
  "HLS GMAC",
  "HLS SHA-256",
  "HLS ECDSA",
];

function contextWord(key: string, value: number): string | undefined {
  if (key === "applicationContext") return contextNames[value];
  return key === "mechanism" ? mechanismNames[value] : undefined;
}

function labelled(label: string, lines: readonly string[]): string[] {
  const [first = "", ...rest] = lines;
  return [`${label}: ${first}`, ...indent(rest)];
}

/** "blockNumberAck" -> "block number ack" */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
