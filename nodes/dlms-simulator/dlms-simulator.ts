/** The node `dlms-simulator`: a simulated meter that listens on a TCP port and pushes if so configured. */
import {
  createMeter,
  fromHex,
  householdDefinition,
  isDlmsError,
  type MeterDefinition,
  parseDefinition,
  parseSystemTitle,
  type ReceivedItem,
  secretFingerprint,
  settledWithin,
  systemClock,
} from "../../src/index";
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { migrate, migrations } from "../node-red/migrations";
import { choiceOf, integerOf, isAbsent, neededTextOf, type RawSettings, textOf } from "../node-red/raw-settings";
import { numberedTitle, type PushSettings, pushSettingsOf } from "./push-settings";

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly push: PushSettings | undefined;
  /** the first one listens; all push */
  readonly definitions: readonly MeterDefinition[];
}

/** Something that runs until the node is closed. */
interface Running {
  close(): Promise<void>;
}

const framings = ["WRAPPER", "HDLC", "HDLC_MODE_E"] as const;

/** The same for a node after each start. */
function titleOf(id: string): Uint8Array {
  const own = fromHex(secretFingerprint(Buffer.from("dlms-simulator"), Buffer.from(id)).slice(0, 10));
  return Uint8Array.from([...Buffer.from("SIM"), ...own]);
}

function definitionsOf(
  raw: RawSettings,
  title: Uint8Array,
  push: PushSettings | undefined,
  framing: (typeof framings)[number],
): MeterDefinition[] {
  if (!isAbsent(raw.definition)) {
    // the framing of the definition overrides the setting
    const definition = { framing, ...parseDefinition(raw.definition) };
    return [{ ...definition, systemTitle: definition.systemTitle ?? title }];
  }
  if (push === undefined) return [{ ...householdDefinition({ framing }), systemTitle: title }];
  return Array.from({ length: push.count }, (_, index) => {
    const serialNumber = `SIM${String(index + 1).padStart(8, "0")}`;
    const household = householdDefinition({ framing, serialNumber, seed: index + 1, push: push.setup(index) });
    return { ...household, systemTitle: numberedTitle(title, index) };
  });
}

/** @throws DlmsConfigError */
function settingsOf(config: NodeDef): Settings {
  const raw = migrate(config as unknown as RawSettings, migrations["dlms-simulator"]);
  const push = pushSettingsOf(raw);
  // clients keep a counter for each title and key, so each simulated meter has its own system title
  const title = isAbsent(raw.systemTitle)
    ? titleOf(config.id)
    : parseSystemTitle(textOf(raw, "systemTitle", ""), "systemTitle");
  return {
    host: neededTextOf(raw, "host", "127.0.0.1", "an address to listen on"),
    port: integerOf(raw, "port", { fallback: 4059, min: 0, max: 65535 }),
    push,
    definitions: definitionsOf(raw, title, push, choiceOf(raw, "framing", framings, "WRAPPER")),
  };
}

const ring = (fill: "red" | "yellow", text: string): NodeStatus => ({
  fill,
  shape: "ring",
  text: `dlms-simulator.status.${text}`,
});

/** Time for which the next deploy waits until the port is free. */
const closeMs = 2500;

class SimulatorNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #running: Running[] = [];
  #starting: Promise<void> = Promise.resolve();
  #ended = false;
  #reached: boolean | undefined;

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  start(settings: Settings): void {
    this.#node.status(ring("yellow", "starting"));
    this.#starting = this.#start(settings).catch((error: unknown) => {
      const taken = isDlmsError(error) && error.is("CONN_PORT_BUSY");
      this.#node.status(ring("red", taken ? "portTaken" : "failed"));
      this.#node.error(error instanceof Error ? error.message : String(error));
    });
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#starting;
    await Promise.all(this.#running.map((one) => one.close()));
  }

  async #start({ host, port, push, definitions }: Settings): Promise<void> {
    let bound = port;
    const onEvent = (item: ReceivedItem): void => {
      this.#told(item, bound, push);
    };
    // one meter represents all, because they push to one receiver
    const meters = definitions.map((definition, index) => createMeter(definition, index === 0 ? { onEvent } : {}));
    const [first] = meters;
    if (first === undefined) return;
    const listener = await first.listen({ host, port });
    bound = listener.port;
    this.#running.push(listener);
    if (this.#ended) return;
    this.#listening(bound, push);
    for (const meter of meters) this.#running.push(meter.startPushing());
  }

  #listening(port: number, push: PushSettings | undefined): void {
    const text = push === undefined ? "listening" : push.count === 1 ? "pushing" : "pushingMany";
    const words = { port, place: push?.place ?? "", count: push?.count ?? 0 };
    this.#node.status({ fill: "green", shape: "dot", text: this.#RED._(`dlms-simulator.status.${text}`, words) });
  }

  /** Shows whether pushes reach their receiver, when that changes. */
  #told(item: ReceivedItem, port: number, push: PushSettings | undefined): void {
    if (this.#ended || (item.kind !== "pushed" && item.kind !== "fault")) return;
    const reached = item.kind === "pushed";
    if (reached === this.#reached) return;
    const before = this.#reached;
    this.#reached = reached;
    if (item.kind === "fault") {
      this.#node.status(ring("yellow", "notReached"));
      this.#node.warn(item.problem);
    } else if (before === false) this.#listening(port, push);
  }
}

export default function (RED: NodeAPI): void {
  function DlmsSimulator(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const simulator = new SimulatorNode(RED, this);
    try {
      simulator.start(settingsOf(config));
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.status(ring("red", "invalid"));
      this.error(error.message);
    }
    this.on("close", (_removed: boolean, done: () => void) => {
      void settledWithin(systemClock, closeMs, simulator.close()).then(() => {
        this.status({});
        done();
      });
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-simulator", DlmsSimulator);
}
