// Short phrases for the outcome of pushes; each is a key `<type>.status.<phrase>` of the catalogue.
import { type DlmsError, type ErrorName } from "../../src/index";
import type { NodeStatus } from "node-red";
import { senderOf } from "./problem-limit";

/** The node types that show the outcome of pushes. */
export type PushStatusPrefix = "dlms-listen" | "dlms-decode" | "dlms-push-source";
export type Translate = (key: string, values?: Record<string, string | number>) => string;

export type PushPhrase =
  | "invalid"
  | "noKey"
  | "wrongKey"
  | "oldCounter"
  | "downgrade"
  | "incomplete"
  | "noUnit"
  | "silent"
  | "tooMuch"
  | "portBusy"
  | "portMissing"
  | "portForbidden"
  | "connectionRefused"
  | "hostUnknown"
  | "hostUnreachable"
  | "connectionLost"
  | "tlsFailed"
  | "noise"
  | "badPush";

const phrases: Partial<Record<ErrorName, PushPhrase>> = {
  PUSH_NO_KEY: "noKey",
  SEC_KEY_MISSING: "noKey",
  SEC_TAG: "wrongKey",
  SEC_REPLAY: "oldCounter",
  SEC_POLICY: "downgrade",
  PUSH_INCOMPLETE: "incomplete",
  PUSH_NO_UNIT: "noUnit",
  PUSH_SILENT: "silent",
  PUSH_LIMIT: "tooMuch",
  CONN_PORT_BUSY: "portBusy",
  CONN_PORT_MISSING: "portMissing",
  CONN_PORT_FORBIDDEN: "portForbidden",
  CONN_REFUSED: "connectionRefused",
  CONN_DNS: "hostUnknown",
  CONN_UNREACHABLE: "hostUnreachable",
  TIMEOUT_CONNECT: "hostUnreachable",
  CONN_TLS: "tlsFailed",
};

export function pushPhraseOf(error: DlmsError): PushPhrase {
  const known = phrases[error.codeName];
  if (known !== undefined) return known;
  switch (error.layer) {
    case "config":
      return "invalid";
    case "transport":
      return "connectionLost";
    case "link":
      return "noise";
    default:
      return "badPush";
  }
}

/** Maximum number of characters of a sender in a status. */
const shownSender = 16;

/** The problem, and the meter if the error names one. @param meter its name in the settings */
export function problemStatus(
  prefix: PushStatusPrefix,
  error: DlmsError,
  translate: Translate,
  meter = senderOf(error),
): NodeStatus {
  const phrase = translate(`${prefix}.status.${pushPhraseOf(error)}`);
  const sender = meter.slice(0, shownSender);
  const isHard =
    error.layer === "config" || error.layer === "transport" || error.is("SEC_TAG") || error.is("SEC_POLICY");
  return { fill: isHard ? "red" : "yellow", shape: "ring", text: sender === "" ? phrase : `${phrase}: ${sender}` };
}
