/** The node `dlms-monitor`: state, health and frames of a meter as messages. */
import {
  DlmsConfigError,
  isDlmsError,
  type MeterPhase,
  type MeterUser,
  type MeterView,
  systemClock,
  type TraceEvent,
} from "../../src/index";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { type MeterNode, findMeter } from "../meters/meter-node";
import { migrate, migrations } from "../node-red/migrations";
import { type RawSettings, flagOf, isAbsent } from "../node-red/raw-settings";
import { meterStatus } from "../meters/status";

/** `msg.payload` for a change of state. */
function statePayload(meter: MeterNode, view: MeterView, previous: MeterPhase): Record<string, unknown> {
  const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    kind: "state",
    time: iso(systemClock.wallTime()),
    meter: meter.meter.label,
    state: view.phase,
    previous,
    lastExchangeAt: iso(view.lastExchangeAt),
    nextTryAt: iso(view.nextTryAt),
    error: view.error?.toJSON() ?? null,
  };
}

type Bytes = Extract<TraceEvent, { kind: "bytes" }>;

/** `msg.payload` for traffic on the line; hex and text have their secrets masked. */
function framePayload(
  meter: MeterNode,
  { time, direction, layer, link, hex, decoded }: Bytes,
): Record<string, unknown> {
  return { kind: "frame", time, meter: meter.meter.label, direction, layer, link, hex, decoded };
}

export default function (RED: NodeAPI): void {
  function watch(node: Node, meter: MeterNode, frames: boolean): MeterUser {
    const trace = (event: TraceEvent): void => {
      if (event.kind === "bytes") node.send({ topic: meter.meter.label, payload: framePayload(meter, event) });
    };
    let previous: MeterPhase = "idle";
    let first = true;
    return {
      id: node.id,
      ...(frames ? { trace } : {}),
      meterChanged: (view, tick) => {
        node.status(meterStatus("dlms-monitor", view, RED._, systemClock.wallTime()));
        if (tick) return;
        if (!first) node.send({ topic: meter.meter.label, payload: statePayload(meter, view, previous) });
        first = false;
        previous = view.phase;
      },
    };
  }

  function meterOf(current: RawSettings): MeterNode {
    if (isAbsent(current.meter)) throw new DlmsConfigError("CONFIG_MISSING", "meter: choose the meter to watch");
    const meter = findMeter(RED, current.meter, "meter");
    if (meter.meter.session === undefined) throw meter.meter.problem ?? new DlmsConfigError("CONFIG_INVALID", "meter");
    return meter;
  }

  function DlmsMonitor(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    let meter: MeterNode | undefined;
    try {
      const raw = migrate(config as unknown as RawSettings, migrations["dlms-monitor"]);
      const frames = flagOf(raw, "frames", false);
      meter = meterOf(raw);
      meter.users[this.id] = this;
      meter.meter.session?.addUser(watch(this, meter, frames));
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.status({ fill: "red", shape: "ring", text: "dlms-monitor.status.noMeter" });
      this.error(error.message);
    }
    this.on("close", (_removed: boolean, done: () => void) => {
      if (meter !== undefined) delete meter.users[this.id];
      void (meter?.meter.session?.removeUser(this.id) ?? Promise.resolve()).finally(() => {
        this.status({});
        done();
      });
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-monitor", DlmsMonitor);
}
