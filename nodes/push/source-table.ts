// The settings of a `dlms-push-source`, each in one row: the parser, the checks of the editor and docs/settings.md come from
// this table. It imports types alone, because the editor's scripts use it as well.
import type { Range, SettingRow } from "../meters/settings-table";

const port: Range = [1, 65_535];
const day = 86_400;
const week = 604_800;

export const pushSourceSettings = {
  name: { kind: "text", default: "" },
  preset: { kind: "text", default: "" },

  from: {
    ...{ kind: "choice", default: "SERIAL" },
    choices: {
      SERIAL: "serial",
      TCP_LISTEN: "tcp-server",
      TCP_CONNECT: "tcp",
      UDP: "udp-server",
      MESSAGE: undefined,
    },
  },
  serialPort: { kind: "text", default: "/dev/ttyUSB0", appliesTo: "serial" },
  baudRate: { kind: "integer", default: 2400, range: [300, 921_600], unit: "bit/s", appliesTo: "serial" },
  serialMode: {
    ...{ kind: "choice", default: "8N1", appliesTo: "serial" },
    choices: { "8N1": "8N1", "8E1": "8E1", "7E1": "7E1" },
  },
  findLine: { kind: "flag", default: false, appliesTo: "serial" },
  host: { kind: "text", default: "127.0.0.1", appliesTo: "network" },
  port: { kind: "integer", default: 4059, range: port, appliesTo: "network" },
  tls: { kind: "text", default: "", appliesTo: "network" },
  dialIn: { kind: "flag", default: false, appliesTo: "network" },
  heartbeat: { kind: "text", default: "", appliesTo: "network" },
  heartbeatAnswer: { kind: "text", default: "", appliesTo: "network" },
  framing: {
    ...{ kind: "choice", default: "AUTO" },
    choices: { AUTO: "auto", HDLC: "hdlc", WRAPPER: "wrapper", MBUS: "mbus", APDU: "apdu", P1: "p1" },
  },

  keyFile: { kind: "text", default: "" },
  counters: {
    ...{ kind: "choice", default: "STRICT" },
    choices: { STRICT: "strict", WARN: "warn", OFF: "off" },
  },
  withoutAuthenticationKey: {
    ...{ kind: "choice", default: "REFUSE" },
    choices: { REFUSE: "refuse", MARK: "mark" },
  },
  silenceAfter: { kind: "integer", default: 0, range: [0, week] },
  maxConnections: { kind: "integer", default: 1000, range: [1, 100_000], appliesTo: "network" },
  idleTimeout: { kind: "integer", default: 600, range: [1, day], appliesTo: "network" },
  messagesPerSecond: { kind: "integer", default: 20, range: [1, 10_000], appliesTo: "network" },
  confirm: { kind: "flag", default: false, appliesTo: "network" },
  lists: { kind: "text", default: "AUTO" },
  ownLists: { kind: "text", default: "" },
  rememberObjects: { kind: "flag", default: false },
} as const satisfies Readonly<Record<string, SettingRow>>;

/** Maximum number of meters in the table of the dialog; more belong in a key file. */
export const maxTableMeters = 32;

/** The keys of a meter, by their names in a key file. */
export const keyNames = ["encryptionKey", "authenticationKey", "broadcastKey", "dedicatedKey"] as const;
export type KeyName = (typeof keyNames)[number];

/** The credential of a meter's key: named like the key for the first meter, with the meter's number for others. */
export function credentialName(key: KeyName, slot: number): string {
  return slot === 1 ? key : `${key}${slot}`;
}

/** All credentials of a source. */
export const keyCredentials: readonly string[] = Array.from({ length: maxTableMeters }, (_, i) =>
  keyNames.map((key) => credentialName(key, i + 1)),
).flat();
