/** The config node `dlms-meter`: creates the meter from its settings and closes it on a deploy. */
import {
  clientIdentity,
  DlmsConfigError,
  type DlmsError,
  isDlmsError,
  type MeterPhase,
  SharedMeter,
  type MeterSettings,
  type MeterView,
  secretOf,
  systemClock,
  type ExclusiveAccess,
} from "../../src/index";
import type { NodeAPI, NodeDef, Node } from "node-red";
import { registerAddressSearch } from "../admin/address-search-route";
import { registerAdmin } from "../admin/table-routes";
import { registerConnectionTest } from "../admin/connection-test-route";
import { DescribedMeters } from "../meters/described-meters";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { registerMeterAdmin } from "../admin/browse-routes";
import { type MeterCredentials, parseMeterSettings } from "../meters/parse-settings";
import type { MeterNode } from "../meters/meter-node";
import { secretNames } from "../meters/settings-rules";
import { migrate, migrations } from "../node-red/migrations";
import { flagOf, type RawSettings } from "../node-red/raw-settings";
import { meterStatus } from "../meters/status";
import { writeRightOf } from "../meters/write-rights";

type MeterConfigNode = Node<MeterCredentials> & { -readonly [K in "meter" | "users"]: MeterNode[K] };

/** A value, or the error that prevented it. */
function attempt<T>(make: () => T): T | DlmsError {
  try {
    return make();
  } catch (error) {
    if (isDlmsError(error)) return error;
    throw error;
  }
}

/** Writes one log line for each relevant change of state. */
class ChangeLog {
  readonly #node: Node;
  readonly #translate: NodeAPI["_"];
  readonly #endpointLabel: string;
  #down = false;

  constructor(node: Node, translate: NodeAPI["_"], endpointLabel: string) {
    this.#node = node;
    this.#translate = translate;
    this.#endpointLabel = endpointLabel;
  }

  changed(view: MeterView, offlineAfter: number): void {
    const say = (key: string, values: Record<string, unknown> = {}): string =>
      this.#translate(`dlms-meter.log.${key}`, { endpoint: this.#endpointLabel, ...values });
    const reason = this.#reasonOf(view);
    const phase: MeterPhase = view.phase;
    if (phase === "connected") {
      this.#down = false;
      this.#node.log(say("connected"));
    } else if (phase === "refused") {
      this.#down = true;
      this.#node.warn(say("refused", { reason }));
    } else if (phase === "offline") {
      // a probe found it, so there is no message whose error a Catch node would receive
      const text = say("offline", { seconds: Math.round(offlineAfter / 1000) });
      this.#node.error(text, {
        payload: text,
        ...(view.error === undefined ? {} : { dlmsError: view.error.toJSON() }),
      });
    } else if ((phase === "waiting" || phase === "error") && !this.#down) {
      this.#down = true;
      this.#node.warn(say("lost", { reason }));
    }
  }

  /** Removes the endpoint at the start of a message, because the line has it already. */
  #reasonOf({ error }: MeterView): string {
    const message = error?.message ?? "";
    return message.startsWith(`${this.#endpointLabel}: `) ? message.slice(this.#endpointLabel.length + 2) : message;
  }
}

const noOwnMeter = (label: string): DlmsError =>
  new DlmsConfigError(
    "CONFIG_MISSING",
    `meter: ${label} holds credentials only; choose another meter, or describe one with host and port in msg.meter`,
    { details: { property: "meter" } },
  );

/** Creates the meter of a node, or of a message that describes one. */
class MeterFactory {
  readonly #red: NodeAPI;
  readonly #shared: ReturnType<typeof nodeRuntimeOf>;

  constructor(RED: NodeAPI, shared: ReturnType<typeof nodeRuntimeOf>) {
    this.#red = RED;
    this.#shared = shared;
  }

  /** `shown`: the node's own meter, not one that a message describes. */
  #makeSession(node: MeterConfigNode, settings: MeterSettings, access: ExclusiveAccess, shown: boolean): SharedMeter {
    const log = new ChangeLog(node, this.#red._, settings.endpointLabel);
    return new SharedMeter({
      ...this.#shared.runtime.guardedClient(settings, node.id),
      clock: systemClock,
      access,
      probeInterval: settings.probeInterval,
      offlineAfter: settings.offlineAfter,
      changed: (view) => {
        if (shown || view.phase !== "connected") log.changed(view, settings.offlineAfter);
        if (shown) node.status(meterStatus("dlms-meter", view, this.#red._, systemClock.wallTime()));
      },
    });
  }

  /** Warns once if another node has the same meter and client. */
  #announce(node: MeterConfigNode, settings: MeterSettings, label: string): void {
    const name = label === node.id ? label : `${label} (${node.id})`;
    const { twin, remove } = this.#shared.deployedMeters.add(clientIdentity(settings), name);
    node.on("close", remove);
    if (twin === undefined) return;
    node.warn(this.#red._("dlms-meter.log.twin", { name, twin, endpoint: settings.endpointLabel }));
  }

  make(node: MeterConfigNode, config: NodeDef): MeterNode["meter"] {
    const label = config.name || config.id;
    const persistentState = this.#shared.persistentState(this.#red);
    const credentials = (node.credentials as MeterCredentials | undefined) ?? {};
    const raw = attempt(() => migrate(config as unknown as RawSettings, migrations["dlms-meter"]));
    const none = { label, endpointLabel: "", session: undefined, writing: "NO" } as const;
    if (isDlmsError(raw)) return { ...none, problem: raw, described: undefined };
    const given = attempt(() => writeRightOf(this.#red, config));
    const writing = isDlmsError(given) ? "NO" : given;
    const { writeRights } = this.#shared;
    const described = new DescribedMeters({
      label,
      raw,
      credentials,
      persistentState,
      clock: systemClock,
      access: this.#shared.runtime.access,
      writing,
      writingTo: (settings) => writeRights.lowest(settings, writing),
      makeSession: (settings, access, own) => this.#makeSession(node, settings, access, own),
    });
    // a user who changes the node allows one more try for each of its secrets; a full deploy makes unchanged nodes too
    const changed = this.#shared.deployedSecrets.isChanged(node.id, config as unknown as RawSettings, credentials);
    if (changed) this.#shared.runtime.guard.allowOneMoreTryOf(node.id);
    const credentialsOnly = attempt(() => flagOf(raw, "credentialsOnly", false));
    if (isDlmsError(credentialsOnly)) return { ...none, problem: credentialsOnly, described };
    if (credentialsOnly) return { ...none, problem: noOwnMeter(label), described, credentialsOnly };
    const settings = isDlmsError(given) ? given : attempt(() => parseMeterSettings(raw, credentials, persistentState));
    if (isDlmsError(settings)) return { ...none, problem: settings, described };
    if (changed) this.#shared.runtime.guard.allowOneMoreTry(secretOf(settings));
    this.#announce(node, settings, label);
    node.on("close", writeRights.add(settings, writing));
    const { transport } = settings.connect;
    if ("verify" in transport && transport.verify === false) {
      node.warn(this.#red._("dlms-meter.log.unverified", { name: label, endpoint: settings.endpointLabel }));
    }
    return {
      label,
      endpointLabel: settings.endpointLabel,
      session: described.own(settings),
      problem: undefined,
      described,
      writing,
    };
  }
}

export default function (RED: NodeAPI): void {
  const shared = nodeRuntimeOf(RED);
  const meters = new MeterFactory(RED, shared);

  function DlmsMeter(this: MeterConfigNode, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    this.users = {};
    this.meter = meters.make(this, config);
    const { problem, credentialsOnly } = this.meter;
    if (problem !== undefined && credentialsOnly !== true) this.error(problem.message);
    // with two parameters Node-RED waits for `done`: it checks the length of the handler
    this.on("close", (removed: boolean, done: () => void) => {
      if (removed) shared.deployedSecrets.forget(this.id);
      const { session, described } = this.meter;
      void Promise.all([session?.close(), described?.close()]).finally(done);
    });
  }

  RED.nodes.registerType<MeterConfigNode, NodeDef, object, MeterCredentials>("dlms-meter", DlmsMeter, {
    credentials: Object.fromEntries(secretNames.map((name) => [name, { type: "password" }])),
  });
  registerAdmin(RED);
  registerConnectionTest(RED);
  registerAddressSearch(RED);
  registerMeterAdmin(RED);
}
