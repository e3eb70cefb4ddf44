import type { NodeAPI, NodeDef, Node } from "node-red";
import { type DlmsError, DlmsConfigError, createClient, isDlmsError, systemClock } from "../src/index";
import { registerAdmin } from "./shared/admin";
import { registerConnectionTest } from "./shared/connection-test";
import { keepsakesIn } from "./shared/keepsakes";
import { type MeterCredentials, type MeterSettings, parseMeterSettings } from "./shared/meter-config";
import type { MeterNode } from "./shared/meter-node";
import { type MeterPhase, MeterSession, type MeterView } from "./shared/meter-session";
import { migrate, migrations } from "./shared/migrations";
import { meterStatus } from "./shared/status";

type MeterConfigNode = Node<MeterCredentials> & { -readonly [K in "meter" | "users"]: MeterNode[K] };

function settingsOf(
  config: NodeDef,
  credentials: MeterCredentials | undefined,
  userDir: string,
): MeterSettings | DlmsError {
  try {
    const current = migrate(config as unknown as Record<string, unknown>, migrations["dlms-meter"]);
    return parseMeterSettings(current, credentials ?? {}, keepsakesIn(userDir));
  } catch (error) {
    if (isDlmsError(error)) return error;
    throw error;
  }
}

/** One log line per change that a person wants to know of. */
class ChangeLog {
  readonly #node: Node;
  readonly #translate: NodeAPI["_"];
  readonly #place: string;
  #down = false;

  constructor(node: Node, translate: NodeAPI["_"], place: string) {
    this.#node = node;
    this.#translate = translate;
    this.#place = place;
  }

  changed(view: MeterView, offlineAfter: number): void {
    const say = (key: string, values: Record<string, unknown> = {}): string =>
      this.#translate(`dlms-meter.log.${key}`, { place: this.#place, ...values });
    const reason = view.error?.message ?? "";
    const phase: MeterPhase = view.phase;
    if (phase === "connected") {
      this.#down = false;
      this.#node.log(say("connected"));
    } else if (phase === "refused") {
      this.#down = true;
      this.#node.warn(say("refused", { reason }));
    } else if (phase === "offline") {
      this.#node.warn(say("offline", { seconds: Math.round(offlineAfter / 1000) }));
    } else if ((phase === "waiting" || phase === "error") && !this.#down) {
      this.#down = true;
      this.#node.warn(say("lost", { reason }));
    }
  }
}

export default function (RED: NodeAPI): void {
  function makeSession(node: MeterConfigNode, settings: MeterSettings): MeterSession {
    const log = new ChangeLog(node, RED._, settings.place);
    return new MeterSession({
      makeClient: () => createClient(settings.connect),
      clock: systemClock,
      probeInterval: settings.probeInterval,
      offlineAfter: settings.offlineAfter,
      changed: (view) => {
        log.changed(view, settings.offlineAfter);
        node.status(meterStatus("dlms-meter", view, RED._, systemClock.wallTime()));
      },
    });
  }

  function DlmsMeter(this: MeterConfigNode, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    this.users = {};
    const settings = settingsOf(config, this.credentials, RED.settings.userDir ?? ".");
    const label = config.name || config.id;
    if (settings instanceof DlmsConfigError || isDlmsError(settings)) {
      this.meter = { label, place: "", session: undefined, problem: settings };
      this.error(settings.message);
    } else {
      this.meter = { label, place: settings.place, session: makeSession(this, settings), problem: undefined };
    }
    // Both parameters are needed: Node-RED looks at the handler's length to know that it has to wait.
    this.on("close", (_removed: boolean, done: () => void) => {
      void (this.meter.session?.close() ?? Promise.resolve()).finally(done);
    });
  }

  RED.nodes.registerType<MeterConfigNode, NodeDef, object, MeterCredentials>("dlms-meter", DlmsMeter, {
    credentials: {
      password: { type: "password" },
      encryptionKey: { type: "password" },
      authenticationKey: { type: "password" },
      signingKey: { type: "password" },
      agreementKey: { type: "password" },
      meterSigningCertificate: { type: "password" },
      meterAgreementCertificate: { type: "password" },
      tlsCertificate: { type: "password" },
      tlsKey: { type: "password" },
    },
  });
  registerAdmin(RED);
  registerConnectionTest(RED);
}
