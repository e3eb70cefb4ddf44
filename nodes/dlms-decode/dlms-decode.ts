/** The node `dlms-decode`: turns payloads that readers forward (MQTT, files, sockets) into messages with values. */
import { type DlmsError, isDlmsError, type Push, PushDecoder, systemClock, type TimerHandle } from "../../src/index";
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeMessageInFlow, NodeStatus } from "node-red";
import { migrate, migrations } from "../node-red/migrations";
import { isAbsent, type RawSettings } from "../node-red/raw-settings";
import { ProblemLimit } from "../push/problem-limit";
import { messagesOf, type PushShape, pushShapeOf } from "../push/push-message";
import type { PushSource } from "../push/push-source";
import { findPushSource, type PushSourceNode } from "../push/push-source-node";
import { problemStatus } from "../push/push-status";
import { type Decoded, TopicDecoders } from "./topic-decoders";

type Send = (msg: NodeMessage) => void;
type Done = (error?: Error) => void;
type Outgoing = NodeMessage & Record<string, unknown>;

/** Interval at which unfinished pieces are checked for their age, in ms. */
const sweepMs = 10_000;

/** Bytes or text of a payload; undefined for everything else. */
function bytesOf(payload: unknown): Uint8Array | string | undefined {
  if (typeof payload === "string" || payload instanceof Uint8Array) return payload;
  const isBytes = Array.isArray(payload) && payload.length > 0 && payload.every((one) => isByte(one));
  return isBytes ? Uint8Array.from(payload as number[]) : undefined;
}

const isByte = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;

class DecodeNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #decoders: TopicDecoders;
  readonly #limit = new ProblemLimit(systemClock);
  #shape: PushShape | undefined;
  #source: PushSource | undefined;
  #config: PushSourceNode | undefined;
  #problem: DlmsError | undefined;
  #timer: TimerHandle | undefined;
  #closed = false;
  #passedOver = 0;

  constructor(RED: NodeAPI, node: Node, config: NodeDef) {
    this.#RED = RED;
    this.#node = node;
    this.#decoders = new TopicDecoders((topic, onProblem) => this.#decoder(topic, onProblem));
    try {
      const raw = migrate(config as unknown as RawSettings, migrations["dlms-decode"]);
      this.#shape = pushShapeOf(raw);
      if (!isAbsent(raw.source)) this.#use(raw.source);
      this.#status("grey", "waiting");
      this.#sweepLater();
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#problem = error;
      node.status(problemStatus("dlms-decode", error, RED._));
    }
  }

  async input(msg: NodeMessageInFlow, send: Send, done: Done): Promise<void> {
    try {
      if (this.#problem !== undefined) throw this.#problem;
      await this.#source?.ready();
      if (this.#closed) return;
      this.#decode(msg, send, done);
    } catch (error) {
      if (!this.#closed) this.#fail(msg, error, done);
    }
  }

  close(): void {
    this.#closed = true;
    systemClock.clearTimeout(this.#timer);
    if (this.#config !== undefined) delete this.#config.users[this.#node.id];
    this.#node.status({});
  }

  #use(id: unknown): void {
    const { node, source } = findPushSource(this.#RED, id);
    this.#config = node;
    this.#source = source;
    node.users[this.#node.id] = this.#node;
  }

  #decoder(topic: string, onProblem: (problem: DlmsError) => void): PushDecoder {
    const peer = topic === "" ? undefined : topic;
    return (
      this.#source?.decoder(peer, onProblem) ?? new PushDecoder({ ...(peer !== undefined && { peer }), onProblem })
    );
  }

  #decode(msg: NodeMessageInFlow, send: Send, done: Done): void {
    const bytes = bytesOf(msg.payload);
    const topic = typeof msg.topic === "string" ? msg.topic : "";
    const decoded: Decoded =
      bytes === undefined || bytes.length === 0
        ? { pushes: [], problems: [], passedOver: true }
        : this.#decoders.add(topic, bytes, systemClock.wallTime());
    if (decoded.passedOver) {
      this.#passedOver++;
      this.#node.status({ fill: "grey", shape: "dot", text: this.#counted("passedOver", this.#passedOver) });
    }
    const original = { ...(msg as Outgoing) };
    const sent = this.#send(msg, decoded.pushes, send);
    const [first, ...others] = this.#told(decoded.problems);
    for (const problem of sent && first !== undefined ? [first, ...others] : others) this.#report(problem, original);
    if (first === undefined || sent) done();
    else this.#fail(msg, first, done);
  }

  /** The first message is the input message. */
  #send(msg: NodeMessageInFlow, pushes: readonly Push[], send: Send): boolean {
    const shape = this.#shape;
    if (shape === undefined) return false;
    const incoming = msg as Outgoing;
    const topic = incoming.topic;
    const outer = { ...incoming };
    let first = true;
    for (const push of pushes) {
      const origin = { source: this.#source?.label ?? null, meter: push.meter };
      const id = this.#RED.util.generateId();
      for (const made of messagesOf(push, origin, shape)) {
        const one: Outgoing = first ? incoming : { ...outer };
        first = false;
        one.payload = made.payload;
        one.dlms = made.dlms;
        if (isAbsent(topic)) one.topic = made.topic;
        if (made.parts !== undefined) one.parts = { id, ...made.parts };
        delete one.dlmsError;
        send(one);
      }
      this.#node.status({ fill: "green", shape: "dot", text: this.#counted("values", push.items.length) });
    }
    return !first;
  }

  /** Shows the problems in the status and returns those that may be reported. */
  #told(problems: readonly DlmsError[]): DlmsError[] {
    for (const problem of problems) this.#node.status(problemStatus("dlms-decode", problem, this.#RED._));
    return problems.filter((problem) => this.#limit.admit(problem).told);
  }

  /** The error carries a copy of the message, because the node sends the message itself with a push. */
  #report(problem: DlmsError, msg: Outgoing): void {
    this.#node.error(problem, { ...msg, dlmsError: problem.toJSON() });
  }

  #fail(msg: NodeMessage, error: unknown, done: Done): void {
    const failed = msg as Outgoing;
    delete failed.dlms;
    if (isDlmsError(error)) {
      failed.dlmsError = error.toJSON();
      this.#node.status(problemStatus("dlms-decode", error, this.#RED._));
    } else this.#status("red", "badPush");
    done(error instanceof Error ? error : new Error(String(error)));
  }

  #sweepLater(): void {
    this.#timer = systemClock.setTimeout(() => {
      for (const [topic, { pushes, problems }] of this.#decoders.tick(systemClock.wallTime())) {
        const msg = { _msgid: this.#RED.util.generateId(), topic };
        this.#send({ ...msg }, pushes, (one) => {
          this.#node.send(one);
        });
        for (const problem of this.#told(problems)) this.#report(problem, msg);
      }
      this.#sweepLater();
    }, sweepMs);
  }

  #status(fill: NodeStatus["fill"], phrase: string): void {
    this.#node.status({ fill, shape: "ring", text: `dlms-decode.status.${phrase}` });
  }

  #counted(text: string, count: number): string {
    return this.#RED._(`dlms-decode.status.${text}${count === 1 ? "One" : ""}`, { count });
  }
}

export default function (RED: NodeAPI): void {
  function DlmsDecode(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const decode = new DecodeNode(RED, this, config);
    this.on("input", (msg, send, done) => {
      void decode.input(msg, send, done);
    });
    this.on("close", (_removed: boolean, done: () => void) => {
      decode.close();
      done();
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-decode", DlmsDecode);
}
