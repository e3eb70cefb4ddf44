/** Push setups of a simulated meter: content, form, time and target of its unsolicited messages. */
import { parseObis } from "../../cosem/obis";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { integer, invalid, knownKeys, milliseconds, missing, object, oneOf } from "../../errors/arguments";
import type { SecuritySuite } from "../../security/model";
import { keyLengths } from "../../security/keys";
import type { Transport } from "../../transport/transport";

/** Where a meter sends its pushes. */
export type PushTarget =
  | { readonly kind: "tcp" | "udp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      /** default 8N1 */
      readonly mode?: "8N1" | "8E1" | "7E1";
    }
  | Transport;

/** An attribute in the object list of a push setup. */
export interface PushedAttribute {
  /** any spelling of an OBIS code */
  readonly logicalName: string;
  /** default: that of the meter's object with this name */
  readonly classId?: number;
  /** default 2 */
  readonly attributeId?: number;
}

/** How a push is framed; "p1" is a text telegram. */
export type SimulatedPushFraming = "wrapper" | "hdlc" | "mbus" | "apdu" | "p1";

/**
 * The form of the values: items {name, value, scaler_unit}; flat pairs (name, value) or triples (name, value,
 * scaler_unit); values only; values after their object list; or an event-notification with the only attribute.
 */
export type SimulatedPushList = "items" | "pairs" | "triples" | "positional" | "objects" | "event";

export interface PushProtection {
  /** default 0 */
  readonly suite?: SecuritySuite;
  /** default "authenticated-encrypted" */
  readonly policy?: "authenticated" | "encrypted" | "authenticated-encrypted";
  /** global unicast key (GUEK); the broadcast key (GBEK) where `broadcast` is set */
  readonly encryptionKey: Uint8Array;
  /** GAK; needed unless the push is encrypted only */
  readonly authenticationKey?: Uint8Array;
  /** sets the key set bit of the security control byte (false) */
  readonly broadcast?: boolean;
  /** security control byte instead of the one of suite and policy: 21 hex with a key of 128 bits, for example */
  readonly securityControl?: number;
  /** "general" (general-glo-ciphering) or "service" (glo-event-notification) */
  readonly ciphering?: "general" | "service";
  /** the title in the message is empty, as some meters send it (false) */
  readonly withoutTitle?: boolean;
}

/**
 * An unsolicited message of a meter. The meter shows it as an object of class 40 (Push setup), whose method 1 sends it.
 */
export interface PushSetup {
  /** default 0.0.25.9.0.255, or the next free one of 0.1.25.9.0.255, ... */
  readonly logicalName?: string;
  /** the object list */
  readonly objects: readonly PushedAttribute[];
  /** default: the open connections to the meter */
  readonly to?: PushTarget;
  /** ms between pushes; default 0: only by method 1 of the push setup */
  readonly every?: number;
  /** ms before the first of these (0): meters that start together need not push together */
  readonly firstAfter?: number;
  /** default: that of the meter */
  readonly framing?: SimulatedPushFraming;
  /** default "objects" */
  readonly list?: SimulatedPushList;
  /** visible-string in front of the values of "pairs" and "positional" */
  readonly listId?: string;
  /** date-time of the APDU: "length" (0C and 12 bytes, default), "tagged" (09 0C and 12 bytes), "none" */
  readonly date?: "length" | "tagged" | "none";
  readonly security?: PushProtection;
  /** bytes in a general block; default: the APDU is sent whole */
  readonly blockSize?: number;
  /** bytes in an HDLC information field (default 2030) or of the APDU in an M-Bus frame (default 245) */
  readonly segmentSize?: number;
  /** receiver: wPort, HDLC client address or DTSAP; default 102, with M-Bus 103 */
  readonly client?: number;
  /** maximum random delay before each push, in seconds (0) */
  readonly randomisation?: number;
  /** further attempts when the receiver cannot be reached (0) */
  readonly retries?: number;
  /** seconds between attempts (10) */
  readonly retryDelay?: number;
  /**
   * Confirmed pushes over wrapper, HDLC or bare APDUs: ms to wait for the data-notification-confirm. An attempt without
   * it has failed. Default 0: unconfirmed.
   */
  readonly confirmWithin?: number;
}

const setupFields = [
  ...[
    "logicalName",
    "objects",
    "to",
    "every",
    "firstAfter",
    "framing",
    "list",
    "listId",
    "date",
    "security",
    "blockSize",
  ],
  ...["segmentSize", "client", "randomisation", "retries", "retryDelay", "confirmWithin"],
];
const protectionFields = [
  ...["suite", "policy", "encryptionKey", "authenticationKey", "broadcast", "securityControl", "ciphering"],
  "withoutTitle",
];
export const maxPushedAttributes = 256;
const maxHdlcInfo = 2030;
/** C, A, CI and the two access points are included in the length byte, which overflows on some meters. */
const maxMbusSegment = 506;

/**
 * Checks a push setup, for callers without types.
 * @throws DlmsConfigError CONFIG_INVALID or CONFIG_MISSING with the path
 */
export function checkPushSetup(path: string, setup: PushSetup): void {
  object(path, setup);
  knownKeys(path, setup, setupFields);
  checkObjects(path, setup.objects);
  if (setup.logicalName !== undefined) checkName(`${path}.logicalName`, setup.logicalName);
  if (setup.to !== undefined) checkPushTarget(`${path}.to`, setup.to);
  if (setup.every !== undefined && setup.every !== 0) milliseconds(`${path}.every`, setup.every, 1);
  if (setup.firstAfter !== undefined) milliseconds(`${path}.firstAfter`, setup.firstAfter, 0);
  if (setup.framing !== undefined) oneOf(`${path}.framing`, setup.framing, ["wrapper", "hdlc", "mbus", "apdu", "p1"]);
  oneOf(`${path}.list`, setup.list ?? "objects", ["items", "pairs", "triples", "positional", "objects", "event"]);
  if (setup.list === "event" && setup.objects.length > 1) {
    const wanted = "one object, because an event-notification has one attribute: write a push setup for each event";
    throw invalid(`${path}.objects`, wanted, setup.objects);
  }
  oneOf(`${path}.date`, setup.date ?? "length", ["length", "tagged", "none"]);
  if (setup.listId !== undefined && typeof setup.listId !== "string") throw invalid(`${path}.listId`, "a text", "");
  if (setup.blockSize !== undefined) integer(`${path}.blockSize`, setup.blockSize, 1, 0xffff);
  if (setup.segmentSize !== undefined) {
    integer(`${path}.segmentSize`, setup.segmentSize, 8, setup.framing === "mbus" ? maxMbusSegment : maxHdlcInfo);
  }
  if (setup.client !== undefined) {
    integer(`${path}.client`, setup.client, 0, { hdlc: 0x7f, mbus: 0xff }[setup.framing as string] ?? 0xffff);
  }
  integer(`${path}.randomisation`, setup.randomisation ?? 0, 0, 0xffff);
  integer(`${path}.retries`, setup.retries ?? 0, 0, 0xff);
  integer(`${path}.retryDelay`, setup.retryDelay ?? 0, 0, 0xffff);
  if (setup.confirmWithin !== undefined && setup.confirmWithin !== 0) checkConfirmed(path, setup);
  if (setup.security !== undefined) checkProtection(`${path}.security`, setup.security, setup.list);
}

function checkConfirmed(path: string, { confirmWithin, framing, list, to }: PushSetup): void {
  milliseconds(`${path}.confirmWithin`, confirmWithin, 1);
  const hasNone = framing === "mbus" || framing === "p1" || list === "event" || to === undefined;
  if (!hasNone) return;
  throw invalid(
    `${path}.confirmWithin`,
    "0: only a data-notification over wrapper, HDLC or bare APDUs to its own target is confirmed",
    confirmWithin,
  );
}

function checkObjects(path: string, objects: readonly PushedAttribute[]): void {
  if (!Array.isArray(objects)) throw invalid(`${path}.objects`, "a list of objects to push", objects);
  integer(`${path}.objects.length`, objects.length, 1, maxPushedAttributes);
  objects.forEach((attribute: PushedAttribute, n: number) => {
    const at = `${path}.objects[${n}]`;
    object(at, attribute);
    knownKeys(at, attribute, ["logicalName", "classId", "attributeId"]);
    checkName(`${at}.logicalName`, attribute.logicalName);
    if (attribute.classId !== undefined) integer(`${at}.classId`, attribute.classId, 1, 0xffff);
    if (attribute.attributeId !== undefined) integer(`${at}.attributeId`, attribute.attributeId, 1, 127);
  });
}

function checkName(path: string, name: string): void {
  try {
    parseObis(name);
  } catch (cause) {
    if (!isDlmsError(cause)) throw cause;
    throw new DlmsConfigError("CONFIG_INVALID", `${path}: ${cause.message}`, { cause, details: { setting: path } });
  }
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkPushTarget(path: string, to: PushTarget): void {
  object(path, to);
  if ("open" in to) return;
  oneOf(`${path}.kind`, to.kind, ["tcp", "udp", "serial"]);
  const text = to.kind === "serial" ? to.path : to.host;
  if (typeof text !== "string" || text === "") {
    throw missing(`${path}.${to.kind === "serial" ? "path" : "host"}`, "where the pushes go");
  }
  if (to.kind === "serial") {
    integer(`${path}.baudRate`, to.baudRate, 50, 4_000_000);
    oneOf(`${path}.mode`, to.mode ?? "8N1", ["8N1", "8E1", "7E1"]);
  } else integer(`${path}.port`, to.port, 1, 0xffff);
}

function checkProtection(path: string, protection: PushProtection, list: SimulatedPushList | undefined): void {
  object(path, protection);
  knownKeys(path, protection, protectionFields);
  const { suite = 0, policy = "authenticated-encrypted" } = protection;
  oneOf(`${path}.suite`, suite, [0, 1, 2]);
  oneOf(`${path}.policy`, policy, ["authenticated", "encrypted", "authenticated-encrypted"]);
  oneOf(`${path}.ciphering`, protection.ciphering ?? "general", ["general", "service"]);
  if (protection.securityControl !== undefined) integer(`${path}.securityControl`, protection.securityControl, 1, 0x7f);
  key(`${path}.encryptionKey`, protection.encryptionKey, suite);
  if (policy !== "encrypted" || protection.authenticationKey !== undefined) {
    key(`${path}.authenticationKey`, protection.authenticationKey, suite);
  }
  if (protection.ciphering === "service" && list !== "event") {
    throw invalid(`${path}.ciphering`, '"general": only an event-notification has its own ciphered form', "service");
  }
}

/** The error shows no part of a key. */
function key(path: string, bytes: unknown, suite: SecuritySuite): void {
  const expected = keyLengths[suite];
  if (bytes instanceof Uint8Array && bytes.length === expected) return;
  const got = bytes instanceof Uint8Array ? `${bytes.length} bytes` : bytes === undefined ? "nothing" : typeof bytes;
  throw new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected} bytes for suite ${suite}, got ${got}`, {
    details: { setting: path },
  });
}
