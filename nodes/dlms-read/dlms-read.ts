/** The node `dlms-read`: each message starts a read, and so does its own interval. */
import {
  DlmsConfigError,
  type DlmsError,
  DlmsStateError,
  isDlmsError,
  type MeterView,
  systemClock,
} from "../../src/index";
import { setMaxListeners } from "node:events";
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeMessageInFlow, NodeStatus } from "node-red";
import { whenFlowsStarted } from "../node-red/flows-started";
import { withDeadline, noBoundMs } from "../meters/deadline";
import { migrate, migrations } from "../node-red/migrations";
import { type NodeWithNewest, registerNewestRoutes } from "./newest-routes";
import { NewestStore } from "./newest-store";
import { MeterReader, type ReadOutcome, type ReaderOptions } from "./run-request";
import { splitMessages } from "./split-output";
import { ReadSchedule } from "./read-schedule";
import { type ReadRequest, exclusiveOf, giveUpAfterOf, readRequestOf, shapeOf } from "./read-request";
import { type RawSettings, flagOf, integerOf, isAbsent } from "../node-red/raw-settings";
import { meterStatus, phraseOf } from "../meters/status";
import { type MeterSource, UsedMeters } from "../meters/used-meters";

type Send = (msg: NodeMessage | NodeMessage[][]) => void;
type Done = (error?: Error) => void;

/** One week: longer intervals belong in an Inject node, which is visible in the flow. */
const maxIntervalS = 604_800;

/** The status announces the first read if its random delay is longer than this, because an idle node looks broken. */
const announcedMs = 5000;

const red = (text: string): NodeStatus => ({ fill: "red", shape: "ring", text: `dlms-read.status.${text}` });

/** The work of a `dlms-read` node, apart from its registration. */
class ReadNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  #raw: RawSettings;
  #problem: DlmsError | undefined;
  #interval: ReadSchedule | undefined;
  /** messages that are not answered yet; the own interval waits for them */
  readonly #underWay = new Set<object>();
  /** messages that the own interval sent */
  readonly #ownMessages = new Set<string>();
  readonly #ending = new AbortController();
  readonly #meters: UsedMeters;
  #reading = 0;
  #unreport: (() => void) | undefined;
  /** what was sent of each profile, for the range "new" */
  readonly newest: NewestStore;

  constructor(RED: NodeAPI, node: Node, config: NodeDef) {
    this.#RED = RED;
    this.#node = node;
    this.#raw = config as unknown as RawSettings;
    this.newest = new NewestStore(RED.settings.userDir ?? ".", node.id, (error) => {
      node.error(error.message, { dlmsError: error.toJSON() });
    });
    this.#meters = new UsedMeters(RED, node, {
      changed: (view) => {
        this.#meterChanged(view);
      },
      invalid: () => {
        node.status(red("invalid"));
      },
    });
    // every waiting message listens to this signal
    setMaxListeners(0, this.#ending.signal);
    try {
      this.#raw = migrate(this.#raw, migrations["dlms-read"]);
      this.#interval = this.#ownInterval();
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#problem = error;
      this.#reportWhenStarted(error);
    }
    this.#begin();
  }

  /** Reports a wrong interval at the start: without an interval no read begins, so no message could carry the error. */
  #reportWhenStarted(problem: DlmsError): void {
    this.#unreport = whenFlowsStarted(this.#RED.events, () => {
      this.#node.error(problem.message, { dlmsError: problem.toJSON() });
    });
  }

  /** Undefined: a message starts each read. */
  #ownInterval(): ReadSchedule | undefined {
    const interval = integerOf(this.#raw, "interval", { fallback: 0, min: 0, max: maxIntervalS });
    const spread = integerOf(this.#raw, "spread", { fallback: 0, min: 0, max: maxIntervalS });
    if (interval === 0) return undefined;
    return new ReadSchedule({
      clock: systemClock,
      interval: interval * 1000,
      spread: Math.min(spread, interval) * 1000,
      random: Math.random,
      busy: () => this.#underWay.size > 0,
      read: () => {
        const msg = { _msgid: this.#RED.util.generateId(), topic: "" };
        this.#ownMessages.add(msg._msgid);
        this.#node.receive(msg);
      },
    });
  }

  #begin(): void {
    if (isAbsent(this.#raw.meter)) {
      this.#node.status({ fill: "grey", shape: "ring", text: "dlms-read.status.noMeter" });
      return;
    }
    try {
      this.#meters.useOwn(this.#raw.meter);
      if (this.#problem !== undefined) this.#node.status(red(phraseOf(this.#problem)));
      else this.#announce();
    } catch (error) {
      // each message reports the error again, to a Catch node
      this.#node.status(red(error instanceof DlmsConfigError ? "noMeter" : "readFailed"));
    }
  }

  /** One status with a time of day. A countdown would send a status each second to all editors. */
  #announce(): void {
    const wait = this.#interval?.wait ?? 0;
    if (wait < announcedMs) return;
    const time = new Date(systemClock.wallTime() + wait).toLocaleTimeString("en-GB");
    this.#node.status({ fill: "grey", shape: "ring", text: this.#RED._("dlms-read.status.firstRead", { time }) });
  }

  async input(msg: NodeMessageInFlow, send: Send, done: Done): Promise<void> {
    this.#underWay.add(msg);
    let outcome: ReadOutcome | undefined;
    try {
      outcome = await this.#read(msg);
      this.#ending.signal.throwIfAborted();
      this.#succeed(msg, outcome);
      this.#send(msg, outcome, send);
      outcome.sent?.();
      done();
    } catch (error) {
      // a flow may wait for the answer to its message, but not for that of the own interval
      if (this.#ending.signal.aborted && this.#ownMessages.has(msg._msgid)) return;
      this.#fail(msg, error, done);
    } finally {
      outcome?.end?.();
      this.#underWay.delete(msg);
      this.#ownMessages.delete(msg._msgid);
    }
  }

  #send(msg: NodeMessageInFlow, outcome: ReadOutcome, send: Send): void {
    if (!flagOf(this.#raw, "split", false)) {
      send(msg);
      return;
    }
    const messages = splitMessages(msg, outcome);
    if (messages.length > 0) send([messages]);
  }

  async close(): Promise<void> {
    this.#interval?.stop();
    this.#unreport?.();
    const closed = "the node was closed by a deploy before the meter answered; send the message again";
    this.#ending.abort(new DlmsStateError("STATE_CLOSED", closed, { retry: "same-session" }));
    await this.#meters.close();
    await this.newest.close();
    this.#node.status({});
  }

  async #read(msg: NodeMessageInFlow): Promise<ReadOutcome> {
    if (this.#problem) throw this.#problem;
    const meter = this.#meters.of(msg, this.#raw.meter);
    const shape = shapeOf(this.#raw, msg);
    const request = await readRequestOf(this.#RED, this.#node, this.#raw, msg, shape.keys);
    const after = giveUpAfterOf(this.#raw, msg, request.mode);
    const exclusive = exclusiveOf(this.#raw, msg);
    return withDeadline({ clock: systemClock, after, ending: this.#ending.signal }, async (signal) => {
      const source = await this.#meters.sourceOf(meter, msg, signal);
      this.#reading++;
      try {
        const outcome = await this.#readFrom(source, request, { signal, shape, timeoutMs: noBoundMs });
        const { waitedMs = 0 } = source;
        return waitedMs === 0 ? outcome : { ...outcome, dlms: { ...outcome.dlms, waited: waitedMs } };
      } finally {
        this.#reading--;
        if (exclusive) await source.session.disconnect();
        source.release();
      }
    });
  }

  #readFrom(
    { session, label }: MeterSource,
    request: ReadRequest,
    options: Omit<ReaderOptions, "progress" | "newest">,
  ): Promise<ReadOutcome> {
    if (session.view.phase === "connected") {
      this.#node.status({ fill: "blue", shape: "dot", text: "dlms-read.status.reading" });
    }
    return new MeterReader(session, label, {
      ...options,
      newest: this.newest,
      progress: (count) => {
        const text = this.#counted("progress", { count });
        this.#node.status({ fill: "blue", shape: "dot", text });
      },
    }).read(request);
  }

  #meterChanged(view: MeterView): void {
    if (this.#ending.signal.aborted) return;
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
      text: values === undefined ? text : this.#counted(text, values),
    });
  }

  /** The singular has its own key, because the plural forms of Node-RED's translations changed from version 4 to 5. */
  #counted(text: string, values: Record<string, number>): string {
    const single = values.count === 1 && text !== "someFailed";
    return this.#RED._(`dlms-read.status.${text}${single ? "One" : ""}`, values);
  }

  #fail(msg: NodeMessageInFlow, error: unknown, done: Done): void {
    delete msg.dlms;
    if (!isDlmsError(error)) {
      this.#node.status(red("readFailed"));
      done(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    msg.dlmsError = error.toJSON();
    const phase = this.#meters.shown?.session?.view.phase ?? "idle";
    // without a session, the state of the meter is more specific than the error of the request
    if (error.layer === "config" || error.layer === "state" || phase === "connected" || phase === "idle") {
      this.#node.status(red(this.#meters.shown?.problem === error ? "invalid" : phraseOf(error)));
    }
    done(error);
  }
}

export default function (RED: NodeAPI): void {
  function DlmsRead(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const read = new ReadNode(RED, this, config);
    (this as NodeWithNewest).newest = read.newest;
    this.on("input", (msg, send, done) => {
      void read.input(msg, send, done);
    });
    this.on("close", (_removed: boolean, done: () => void) => {
      void read
        .close()
        .catch(() => undefined)
        .finally(done);
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-read", DlmsRead);
  registerNewestRoutes(RED);
}
