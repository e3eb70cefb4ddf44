// The push settings of a `dlms-simulator`, and the meters that they define.
import { demoKeys, DlmsConfigError, type HouseholdOptions, type PushTarget } from "../../src/index";
import { choiceOf, integerOf, isAbsent, neededTextOf, type RawSettings } from "../node-red/raw-settings";

type Push = NonNullable<HouseholdOptions["push"]>;

export interface PushSettings {
  /** meters that push; the first one also listens */
  readonly count: number;
  /** for the status: "127.0.0.1:4060", "/dev/ttyUSB0" */
  readonly place: string;
  /** the pushes of meter `index`, from 0 */
  setup(index: number): Push;
}

export const maxPushingMeters = 1000;
const maxEveryS = 86_400;
const framings = { WRAPPER: "wrapper", HDLC: "hdlc", MBUS: "mbus", APDU: "apdu", P1: "p1" } as const;
const lists = {
  ITEMS: "items",
  OBJECTS: "objects",
  PAIRS: "pairs",
  TRIPLES: "triples",
  POSITIONAL: "positional",
} as const;
const policies = { ENCRYPTED: "encrypted", AUTHENTICATED_ENCRYPTED: "authenticated-encrypted" } as const;

const keysOf = <T extends object>(table: T): (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];

function targetOf(raw: RawSettings, kind: "TCP" | "UDP" | "SERIAL"): { target: PushTarget; place: string } {
  if (kind === "SERIAL") {
    const path = neededTextOf(raw, "pushSerialPort", "", "the path of a serial port");
    const baudRate = integerOf(raw, "pushBaudRate", { fallback: 2400, min: 300, max: 4_000_000 });
    const mode = choiceOf(raw, "pushSerialMode", ["8N1", "8E1", "7E1"], "8N1");
    return { target: { kind: "serial", path, baudRate, mode }, place: path };
  }
  const host = neededTextOf(raw, "pushHost", "127.0.0.1", "the address of a listener");
  const port = integerOf(raw, "pushPort", { fallback: 4060, min: 1, max: 65_535 });
  return { target: { kind: kind === "TCP" ? "tcp" : "udp", host, port }, place: `${host}:${port}` };
}

/** The example key with its last two bytes counted up, because each meter of a node has its own key. */
function numbered(key: Uint8Array, index: number): Uint8Array {
  const made = Uint8Array.from(key);
  const view = new DataView(made.buffer);
  view.setUint16(made.length - 2, (view.getUint16(made.length - 2) + index) & 0xffff);
  return made;
}

/** The title of meter `index`: the last two bytes counted up. */
export function numberedTitle(title: Uint8Array, index: number): Uint8Array {
  return numbered(title, index);
}

/**
 * Undefined if the node does not push.
 * @throws DlmsConfigError
 */
export function pushSettingsOf(raw: RawSettings): PushSettings | undefined {
  const kind = choiceOf(raw, "push", ["", "TCP", "UDP", "SERIAL"], "");
  if (kind === "") return undefined;
  if (!isAbsent(raw.definition)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      "push: these settings are for the household meter; a definition has its own pushSetups",
      { details: { property: "push" } },
    );
  }
  const { target, place } = targetOf(raw, kind);
  const seconds = integerOf(raw, "pushEvery", { fallback: 10, min: 1, max: maxEveryS });
  const count = kind === "SERIAL" ? 1 : integerOf(raw, "pushMeters", { fallback: 1, min: 1, max: maxPushingMeters });
  const framing = choiceOf(raw, "pushFraming", ["", ...keysOf(framings)], "");
  const list = lists[choiceOf(raw, "pushList", keysOf(lists), "ITEMS")];
  const security = choiceOf(raw, "pushSecurity", ["NONE", ...keysOf(policies)], "NONE");
  const every = seconds * 1000;
  return {
    count,
    place,
    setup: (index) => ({
      to: target,
      every,
      list,
      firstAfter: Math.floor((every * index) / count),
      ...(framing === "" ? {} : { framing: framings[framing] }),
      ...(security === "NONE" ? {} : { security: protectionOf(policies[security], index) }),
    }),
  };
}

function protectionOf(policy: "encrypted" | "authenticated-encrypted", index: number): NonNullable<Push["security"]> {
  const { authenticationKey } = demoKeys;
  return { policy, encryptionKey: numbered(demoKeys.encryptionKey, index), authenticationKey };
}
