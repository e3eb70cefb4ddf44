import type { Node, NodeAPI, NodeDef, NodeMessageInFlow, NodeStatus } from "node-red";
import { DlmsConfigError, type DlmsError, DlmsStateError, isDlmsError, systemClock } from "../src/index";
import { type MeterNode, findMeter } from "./shared/meter-node";
import type { MeterView } from "./shared/meter-session";
import { migrate, migrations } from "./shared/migrations";
import { MeterReader, type ReadOutcome } from "./shared/meter-reader";
import { readRequestOf } from "./shared/read-request";
import { type RawSettings, choiceOf, isAbsent } from "./shared/settings";
import { meterStatus, phraseOf } from "./shared/status";

type Send = (msg: NodeMessageInFlow) => void;
type Done = (error?: Error) => void;

const red = (text: string): NodeStatus => ({ fill: "red", shape: "ring", text: `dlms-read.status.${text}` });

/** Everything a `dlms-read` node does, apart from being one. */
class ReadNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #raw: RawSettings;
  readonly #problem: DlmsError | undefined;
  readonly #ending = new AbortController();
  /** meters that this node is registered with, by id */
  readonly #meters = new Map<string, MeterNode>();
  #shown: MeterNode | undefined;
  #reading = 0;

  constructor(RED: NodeAPI, node: Node, config: NodeDef) {
    this.#RED = RED;
    this.#node = node;
    let raw = config as unknown as RawSettings;
    let problem: DlmsError | undefined;
    try {
      raw = migrate(raw, migrations["dlms-read"]);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      problem = error;
    }
    this.#raw = raw;
    this.#problem = problem;
    this.#begin();
  }

  #begin(): void {
    if (isAbsent(this.#raw.meter)) {
      this.#node.status({ fill: "grey", shape: "ring", text: "dlms-read.status.noMeter" });
      return;
    }
    try {
      this.#use(findMeter(this.#RED, this.#raw.meter, "meter"));
    } catch (error) {
      // it is said again, to a Catch node, with each message
      this.#node.status(red(error instanceof DlmsConfigError ? "noMeter" : "readFailed"));
    }
  }

  async input(msg: NodeMessageInFlow, send: Send, done: Done): Promise<void> {
    try {
      const outcome = await this.#read(msg);
      if (this.#ending.signal.aborted) return;
      this.#succeed(msg, outcome);
      send(msg);
      done();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#fail(msg, error, done);
    }
  }

  async close(): Promise<void> {
    this.#ending.abort(new DlmsStateError("STATE_CLOSED", "the node was closed by a deploy"));
    const meters = [...this.#meters.values()];
    this.#meters.clear();
    await Promise.all(
      meters.map(async (meter) => {
        delete meter.users[this.#node.id];
        await meter.meter.session?.removeUser(this.#node.id);
      }),
    );
    this.#node.status({});
  }

  async #read(msg: NodeMessageInFlow): Promise<ReadOutcome> {
    if (this.#problem) throw this.#problem;
    const meter = this.#meterFor(msg);
    const request = await readRequestOf(this.#RED, this.#node, this.#raw, msg);
    const dates = choiceOf(this.#raw, "dates", ["iso", "date", "epoch"], "iso");
    const { session, problem, label } = meter.meter;
    if (session === undefined) throw problem ?? new DlmsStateError("STATE_CLOSED", `${label}: the meter is closed`);
    this.#reading++;
    try {
      if (session.view.phase === "connected") {
        this.#node.status({ fill: "blue", shape: "dot", text: "dlms-read.status.reading" });
      }
      return await new MeterReader(session, label, {
        signal: this.#ending.signal,
        dates,
        progress: (count) => {
          const text = this.#RED._("dlms-read.status.progress", { count });
          this.#node.status({ fill: "blue", shape: "dot", text });
        },
      }).read(request);
    } finally {
      this.#reading--;
    }
  }

  #meterFor(msg: NodeMessageInFlow): MeterNode {
    const fromMessage = !isAbsent(msg.meter);
    const wanted = fromMessage ? msg.meter : this.#raw.meter;
    if (isAbsent(wanted)) {
      throw new DlmsConfigError("CONFIG_MISSING", "meter: choose a meter in the node, or name one in msg.meter", {
        details: { property: "meter" },
      });
    }
    const meter = findMeter(this.#RED, wanted, fromMessage ? "msg.meter" : "meter");
    this.#use(meter);
    return meter;
  }

  #use(meter: MeterNode): void {
    this.#shown = meter;
    if (this.#meters.get(meter.id) === meter) return;
    this.#meters.set(meter.id, meter);
    meter.users[this.#node.id] = this.#node;
    if (meter.meter.session === undefined) {
      this.#node.status(red("invalid"));
      return;
    }
    meter.meter.session.addUser({
      id: this.#node.id,
      meterChanged: (view) => {
        this.#meterChanged(meter, view);
      },
    });
  }

  #meterChanged(meter: MeterNode, view: MeterView): void {
    if (meter !== this.#shown || this.#ending.signal.aborted) return;
    if (view.phase === "connected" && this.#reading > 0) {
      this.#node.status({ fill: "blue", shape: "dot", text: "dlms-read.status.reading" });
      return;
    }
    this.#node.status(meterStatus("dlms-read", view, this.#RED._, systemClock.wallTime()));
  }

  #succeed(msg: NodeMessageInFlow, outcome: ReadOutcome): void {
    msg.payload = outcome.payload;
    msg.dlms = outcome.dlms;
    if (isAbsent(msg.topic) && outcome.topic !== undefined) msg.topic = outcome.topic;
    delete msg.dlmsError;
    const { text, values } = outcome.status;
    this.#node.status({
      fill: outcome.complete ? "green" : "yellow",
      shape: "dot",
      text: values === undefined ? text : this.#RED._(`dlms-read.status.${text}`, values),
    });
  }

  #fail(msg: NodeMessageInFlow, error: unknown, done: Done): void {
    delete msg.dlms;
    if (!isDlmsError(error)) {
      this.#node.status(red("readFailed"));
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    msg.dlmsError = error.toJSON();
    const phase = this.#shown?.meter.session?.view.phase;
    // While there is no session, its state says more than the request that failed for it.
    if (error.layer === "config" || error.layer === "state" || phase === "connected" || phase === "idle") {
      this.#node.status(red(this.#shown?.meter.problem === error ? "invalid" : phraseOf(error)));
    }
    done(error);
  }
}

export default function (RED: NodeAPI): void {
  function DlmsRead(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const read = new ReadNode(RED, this, config);
    this.on("input", (msg, send, done) => {
      void read.input(msg, send, done);
    });
    this.on("close", (_removed: boolean, done: () => void) => {
      void read.close().finally(done);
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-read", DlmsRead);
}
