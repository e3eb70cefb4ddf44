/** The node `dlms-simulator`: a simulated meter that listens on a TCP port. */
import {
  createMeter,
  fromHex,
  householdDefinition,
  isDlmsError,
  type MeterDefinition,
  parseDefinition,
  secretFingerprint,
  settledWithin,
  type SimulatedMeter,
  systemClock,
} from "../../src/index";
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { migrate, migrations } from "../node-red/migrations";
import { choiceOf, integerOf, isAbsent, neededTextOf } from "../node-red/raw-settings";

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly definition: MeterDefinition;
}

type Listener = Awaited<ReturnType<SimulatedMeter["listen"]>>;

/** The same for a node after each start. */
function titleOf(id: string): Uint8Array {
  const own = fromHex(secretFingerprint(Buffer.from("dlms-simulator"), Buffer.from(id)).slice(0, 10));
  return Uint8Array.from([...Buffer.from("SIM"), ...own]);
}

function definitionOf(text: unknown, framing: "WRAPPER" | "HDLC" | "HDLC_MODE_E"): MeterDefinition {
  // the framing of the definition overrides the setting
  return isAbsent(text) ? householdDefinition({ framing }) : { framing, ...parseDefinition(text) };
}

/** @throws DlmsConfigError */
function settingsOf(config: NodeDef): Settings {
  const raw = migrate(config as unknown as Record<string, unknown>, migrations["dlms-simulator"]);
  const framing = choiceOf(raw, "framing", ["WRAPPER", "HDLC", "HDLC_MODE_E"], "WRAPPER");
  const definition = definitionOf(raw.definition, framing);
  return {
    host: neededTextOf(raw, "host", "127.0.0.1", "an address to listen on"),
    port: integerOf(raw, "port", { fallback: 4059, min: 0, max: 65535 }),
    // clients keep a counter for each title and key, so each simulated meter has a system title of its own
    definition: { ...definition, systemTitle: definition.systemTitle ?? titleOf(config.id) },
  };
}

const ring = (fill: "red" | "yellow", text: string): NodeStatus => ({
  fill,
  shape: "ring",
  text: `dlms-simulator.status.${text}`,
});

/** Time for which the next deploy waits until the port is free. */
const maxCloseMs = 2500;

export default function (RED: NodeAPI): void {
  async function listen(node: Node, settings: Settings, ended: () => boolean): Promise<Listener | undefined> {
    node.status(ring("yellow", "starting"));
    try {
      const listener = await createMeter(settings.definition).listen({ host: settings.host, port: settings.port });
      if (!ended()) {
        node.status({
          fill: "green",
          shape: "dot",
          text: RED._("dlms-simulator.status.listening", { port: listener.port }),
        });
      }
      return listener;
    } catch (error) {
      const taken = isDlmsError(error) && error.is("CONN_PORT_BUSY");
      node.status(ring("red", taken ? "portTaken" : "failed"));
      node.error(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  function DlmsSimulator(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    let ended = false;
    let listening: Promise<Listener | undefined> = Promise.resolve(undefined);
    try {
      listening = listen(this, settingsOf(config), () => ended);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.status(ring("red", "invalid"));
      this.error(error.message);
    }
    this.on("close", (_removed: boolean, done: () => void) => {
      ended = true;
      const close = listening.then((listener) => listener?.close());
      void settledWithin(systemClock, maxCloseMs, close).then(() => {
        this.status({});
        done();
      });
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-simulator", DlmsSimulator);
}
