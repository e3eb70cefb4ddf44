/** The disconnect control of a meter (class 70): its state, what its mode permits, and its two remote methods. */
import { attribute, method, type ObisLike, obisDotted, obisPrinted } from "../../cosem";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { oneOf } from "../../errors/arguments";
import type { OperationOptions } from "../options/options";
import { type ControlledClient, limitsOf } from "./controlled-client";

export type RelayState = "disconnected" | "connected" | "ready-for-reconnection";

/** Who may open and close the relay in a control mode, and the state that remote_reconnect leads to. */
export interface RelayMode {
  readonly remoteDisconnect: boolean;
  /** at the meter, by hand */
  readonly manualDisconnect: boolean;
  /** by a function of the meter, such as a limiter */
  readonly localDisconnect: boolean;
  readonly remoteReconnect: boolean;
  readonly manualReconnect: boolean;
  readonly localReconnect: boolean;
  /** state after remote_reconnect of a disconnected relay; null where the method does nothing */
  readonly afterRemoteReconnect: RelayState | null;
}

const mode = (manualDisconnect: boolean, localReconnect: boolean, direct: boolean): RelayMode => ({
  remoteDisconnect: true,
  manualDisconnect,
  localDisconnect: true,
  remoteReconnect: true,
  manualReconnect: true,
  localReconnect,
  afterRemoteReconnect: direct ? "connected" : "ready-for-reconnection",
});

/** Blue Book, class 70, control_mode. */
const modes: Readonly<Record<number, RelayMode>> = {
  0: {
    remoteDisconnect: false,
    manualDisconnect: false,
    localDisconnect: false,
    remoteReconnect: false,
    manualReconnect: false,
    localReconnect: false,
    afterRemoteReconnect: null,
  },
  1: mode(true, false, false),
  2: mode(true, false, true),
  3: mode(false, false, false),
  4: mode(false, false, true),
  5: mode(true, true, false),
  6: mode(false, true, false),
};

const states: readonly RelayState[] = ["disconnected", "connected", "ready-for-reconnection"];

export interface RelayOptions extends OperationOptions {
  /** default: 0.0.96.3.10.255 */
  readonly logicalName?: ObisLike;
}

export interface Relay {
  /** dotted OBIS code of the disconnect control */
  readonly logicalName: string;
  /** output_state: the load is supplied */
  readonly connected: boolean;
  /** control_state; null for a number that the standard does not list */
  readonly state: RelayState | null;
  readonly controlState: number;
  readonly controlMode: number;
  /** null for a control mode that the standard does not list */
  readonly mode: RelayMode | null;
  /** state and mode in a sentence */
  readonly text: string;
}

/** Reads the state and the control mode of a relay. */
export async function readRelay(client: ControlledClient, options: RelayOptions = {}): Promise<Relay> {
  const logicalName = nameOf(options);
  const read = async (name: string): Promise<unknown> =>
    (await client.read(attribute(70, logicalName, name), limitsOf(options))).value;
  const connected = (await read("output_state")) === true;
  const controlState = Number(await read("control_state"));
  const controlMode = Number(await read("control_mode"));
  const relay = {
    logicalName,
    connected,
    state: states[controlState] ?? null,
    controlState,
    controlMode,
    mode: modes[controlMode] ?? null,
  };
  return { ...relay, text: textOf(relay) };
}

const nameOf = ({ logicalName = "0.0.96.3.10.255" }: RelayOptions): string => obisDotted(logicalName);

function textOf({ state, controlState, controlMode, mode: permitted }: Omit<Relay, "text">): string {
  const is = state ?? `control state ${controlState}`;
  if (permitted === null) return `${is}; control mode ${controlMode} is not in the standard`;
  if (permitted.afterRemoteReconnect === null) return `${is}; control mode 0: always connected, cannot be switched`;
  const by = (...ways: readonly (readonly [boolean, string])[]): string =>
    ways.flatMap(([allowed, word]) => (allowed ? [word] : [])).join(", ");
  const opens = by(
    [permitted.remoteDisconnect, "remotely"],
    [permitted.manualDisconnect, "by hand"],
    [permitted.localDisconnect, "by the meter"],
  );
  const closes = by([permitted.manualReconnect, "by hand"], [permitted.localReconnect, "by the meter"]);
  const remotely =
    permitted.afterRemoteReconnect === "connected"
      ? "remote_reconnect connects at once"
      : `remote_reconnect makes it ready; it is then connected ${closes}`;
  return `${is}; control mode ${controlMode}: can be disconnected ${opens}; ${remotely}`;
}

export interface SwitchRelayResult {
  readonly before: Relay;
  /** absent if the state could not be read after the method */
  readonly after?: Relay;
  /** the relay is in the state that the method leads to in this control mode */
  readonly reached: boolean;
  /** the state that was expected */
  readonly expected: RelayState;
  readonly notes: readonly string[];
}

/**
 * Invokes remote_disconnect or remote_reconnect, and reads the result back. The method is sent in any state, because
 * the standard defines it in each. An answer that is lost ends with WRITE_OUTCOME_UNKNOWN.
 * @throws DlmsConfigError CONFIG_UNSUPPORTED in control mode 0, which permits neither; nothing is sent then
 */
export async function switchRelay(
  client: ControlledClient,
  action: "disconnect" | "reconnect",
  options: RelayOptions = {},
): Promise<SwitchRelayResult> {
  oneOf("action", action, ["disconnect", "reconnect"]);
  const before = await readRelay(client, options);
  if (before.mode?.afterRemoteReconnect === null) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      `relay not switched: ${obisPrinted(before.logicalName)} is in control mode 0, always connected; change control_mode first`,
      { details: { controlMode: before.controlMode } },
    );
  }
  await client.invoke(method(70, before.logicalName, `remote_${action}`), undefined, limitsOf(options));
  const expected = expectedAfter(action, before);
  const notes: string[] = [];
  const after = await readAfter(client, options, notes);
  const reached = after?.state === expected;
  if (after !== undefined && !reached) {
    notes.push(`expected ${expected}, the meter reports ${after.state ?? after.controlState}; it may need some time`);
  }
  if (reached && expected === "ready-for-reconnection")
    notes.push("the relay is still open until it is connected at the meter");
  const result = { before, reached, expected, notes };
  return after === undefined ? result : { ...result, after };
}

/** A connected relay stays connected, and one that is ready stays ready. */
function expectedAfter(action: "disconnect" | "reconnect", before: Relay): RelayState {
  if (action === "disconnect") return "disconnected";
  if (before.state === "connected" || before.state === "ready-for-reconnection") return before.state;
  return before.mode?.afterRemoteReconnect ?? "connected";
}

async function readAfter(client: ControlledClient, options: RelayOptions, notes: string[]): Promise<Relay | undefined> {
  try {
    return await readRelay(client, options);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    notes.push(`the state could not be read after the method: ${error.message}`);
    return undefined;
  }
}
