/** The node `dlms-listen`: sends a message for each push that a source receives. */
import { type DlmsError, isDlmsError, type ListenProblem, type Push } from "../../src/index";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { whenFlowsStarted } from "../node-red/flows-started";
import { migrate, migrations } from "../node-red/migrations";
import { flagOf, type RawSettings } from "../node-red/raw-settings";
import { senderOf } from "../push/problem-limit";
import { messagesOf, type PushShape, pushShapeOf, topicOf } from "../push/push-message";
import type { PushSource } from "../push/push-source";
import { findPushSource, type PushSourceNode } from "../push/push-source-node";
import { problemStatus } from "../push/push-status";
import { listenFilterOf, ListenSieve } from "./listen-filter";
import { ListenStatus } from "./listen-status";

class ListenNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #status: ListenStatus;
  #config: PushSourceNode | undefined;
  #source: PushSource | undefined;
  #shape: PushShape | undefined;
  #sieve: ListenSieve | undefined;
  /** errors from before the flows have started, when Catch nodes receive nothing */
  #early: (() => void)[] | undefined = [];
  readonly #unreport: () => void;
  /** a push was sent, so the status no longer mentions pushes of other meters */
  #hasSent = false;

  constructor(RED: NodeAPI, node: Node, config: NodeDef) {
    this.#RED = RED;
    this.#node = node;
    const { clock } = nodeRuntimeOf(RED);
    this.#status = new ListenStatus(node, RED._, clock);
    this.#unreport = whenFlowsStarted(RED.events, () => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const tell of early) tell();
    });
    try {
      const raw = migrate(config as unknown as RawSettings, migrations["dlms-listen"]);
      this.#shape = pushShapeOf(raw);
      this.#sieve = new ListenSieve(listenFilterOf(raw, flagOf(raw, "onlyChanged", false)), clock);
      this.#use(raw.source);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      node.status(problemStatus("dlms-listen", error, RED._));
      this.#report(error, "");
    }
  }

  close(): void {
    this.#unreport();
    this.#source?.removeUser(this.#node.id);
    if (this.#config !== undefined) delete this.#config.users[this.#node.id];
    this.#status.close();
  }

  #use(id: unknown): void {
    const { node, source } = findPushSource(this.#RED, id);
    this.#config = node;
    this.#source = source;
    node.users[this.#node.id] = this.#node;
    const { from } = source.settings.place;
    this.#status.follow(() => source.view, from === "SERIAL" || from === "TCP_CONNECT");
    source.addUser({
      id: this.#node.id,
      wantsRaw: this.#sieve?.wantsRaw === true,
      push: (push) => {
        this.#push(push, source);
      },
      problem: (problem) => {
        this.#problem(problem, source);
      },
      changed: (view) => {
        this.#status.changed(view);
        const { line, found } = view;
        if (found !== true || line === undefined) return;
        this.#node.log(this.#RED._("dlms-listen.log.found", { line: `${line.baudRate} ${line.mode}` }));
      },
    });
  }

  #push(push: Push, source: PushSource): void {
    const [shape, sieve] = [this.#shape, this.#sieve];
    if (shape === undefined || sieve === undefined) return;
    const origin = { source: source.label, meter: push.meter };
    const isWanted = sieve.acceptsUnknown || source.knows(push.systemTitle ?? "", push.link.peer);
    if (!isWanted || !sieve.isOfMeter(push)) {
      if (!this.#hasSent) this.#status.other(topicOf(push, origin));
      return;
    }
    this.#hasSent = true;
    this.#status.pushed(push, source.view);
    const taken = sieve.take(push, shape.payload === "SINGLE");
    if (taken === undefined) return;
    const id = this.#RED.util.generateId();
    for (const { parts, ...made } of messagesOf(taken, origin, shape)) {
      const msg = {
        _msgid: this.#RED.util.generateId(),
        ...made,
        ...(parts !== undefined && { parts: { id, ...parts } }),
      };
      this.#node.send(msg);
    }
  }

  #problem({ error, count, peer }: ListenProblem, source: PushSource): void {
    const title = senderOf(error);
    const sender = source.meterNamed(title, peer) ?? title;
    if (title !== "" && this.#sieve?.isNamed(title, sender) === false) return;
    const isTitle = typeof error.details.systemTitle === "string";
    if (isTitle && this.#sieve?.acceptsUnknown === false && !source.knows(title, peer)) return;
    this.#status.problem(error, source.view, sender === "" ? undefined : sender);
    this.#report(error, sender, { source: source.label, count, peer });
  }

  #report(error: DlmsError, topic: string, dlms?: object): void {
    const tell = (): void => {
      this.#node.error(error, { topic, dlmsError: error.toJSON(), ...(dlms !== undefined && { dlms }) });
    };
    if (this.#early === undefined) tell();
    else this.#early.push(tell);
  }
}

export default function (RED: NodeAPI): void {
  function DlmsListen(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const listen = new ListenNode(RED, this, config);
    this.on("close", (_removed: boolean, done: () => void) => {
      listen.close();
      done();
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-listen", DlmsListen);
}
