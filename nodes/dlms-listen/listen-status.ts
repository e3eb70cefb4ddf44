// The status of a `dlms-listen`: the last received data, or the reason why none arrive.
import { type Clock, type DlmsError, type Push, type TimerHandle } from "../../src/index";
import type { Node, NodeStatus } from "node-red";
import type { PushView } from "../push/push-source";
import { problemStatus, pushPhraseOf, type Translate } from "../push/push-status";

/** ms between two statuses: Node-RED sends each to all open editors. */
const statusEveryMs = 1000;
/** ms after which a line without a byte is called silent. */
export const noByteMs = 30_000;

const key = (phrase: string): string => `dlms-listen.status.${phrase}`;

export class ListenStatus {
  readonly #node: Node;
  readonly #translate: Translate;
  readonly #clock: Clock;
  #next: NodeStatus | undefined;
  #timer: TimerHandle | undefined;
  #silence: TimerHandle | undefined;
  #shownAt = -Infinity;
  #shown = "";
  #isLine = false;
  #isOpen = false;
  #view: (() => PushView) | undefined;
  #closed = false;

  constructor(node: Node, translate: Translate, clock: Clock) {
    this.#node = node;
    this.#translate = translate;
    this.#clock = clock;
  }

  /** @param isLine a serial line or a gateway, which should deliver bytes at once */
  follow(view: () => PushView, isLine: boolean): void {
    this.#view = view;
    this.#isLine = isLine;
  }

  /** Further connections to an open port keep the status, which shows the last push or its error. */
  changed({ state, error, nextTryInMs, line, found }: PushView): void {
    const isOpen = state === "listening";
    if (state === "failed" || state === "waiting") {
      this.show({ fill: "red", shape: "ring", text: this.#failure(error, nextTryInMs) }, true);
    } else if (!isOpen) this.#ring("yellow", "opening");
    else if (!this.#isOpen || (line !== undefined && found !== true)) this.#waiting(line);
    this.#isOpen = isOpen;
  }

  pushed(push: Push, view: PushView): void {
    const time = new Date(this.#clock.wallTime()).toLocaleTimeString("en-GB");
    const meters = view.facts?.meters ?? 1;
    const count = meters > 1 ? meters : push.items.length;
    const phrase = meters > 1 ? "meters" : count === 1 ? "receivedOne" : "received";
    this.show({ fill: "green", shape: "dot", text: this.#translate(key(phrase), { count, time }) });
  }

  /** A push from a meter that the node does not accept. */
  other(name: string): void {
    this.show({ fill: "grey", shape: "dot", text: this.#translate(key("otherMeter"), { meter: name }) });
  }

  /** @param meter name of the meter that the error concerns */
  problem(error: DlmsError, { state, facts }: PushView, meter?: string): void {
    // the change of state has shown the error of the port, and when it is opened again
    if (state === "failed" || state === "waiting") return;
    const hint = facts?.hint;
    if (error.is("PUSH_NO_UNIT") && hint !== null && hint !== undefined) {
      const text = this.#translate(key(`hint.${hint.kind}`));
      this.show({ fill: "yellow", shape: "ring", text });
    } else if (error.is("PUSH_SILENT") && facts?.pushes === 0) this.#ring("yellow", "noPush");
    else this.show(problemStatus("dlms-listen", error, this.#translate, meter));
  }

  /** Shows a change of state at once; of several pushes within a second, only the last. */
  show(status: NodeStatus, atOnce = false): void {
    if (this.#closed) return;
    this.#next = status;
    if (atOnce) {
      this.#flush();
      return;
    }
    if (this.#timer !== undefined) return;
    const wait = this.#shownAt + statusEveryMs - this.#clock.now();
    if (wait <= 0) this.#flush();
    else {
      this.#timer = this.#clock.setTimeout(() => {
        this.#flush();
      }, wait);
    }
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#silence);
    this.#node.status({});
  }

  #flush(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const status = this.#next;
    if (status === undefined || this.#closed) return;
    const text = `${status.fill ?? ""} ${status.text ?? ""}`;
    if (text === this.#shown) return;
    this.#shown = text;
    this.#shownAt = this.#clock.now();
    this.#node.status(status);
  }

  #waiting(line: PushView["line"]): void {
    if (line === undefined) this.#ring("grey", "waiting");
    else {
      const text = this.#translate(key("waitingAt"), { line: `${line.baudRate} ${line.mode}` });
      this.show({ fill: "grey", shape: "ring", text }, true);
    }
    this.#watch();
  }

  /** Reports after a while that no bytes have been received. */
  #watch(): void {
    this.#clock.clearTimeout(this.#silence);
    this.#silence = this.#clock.setTimeout(() => {
      const { state, facts } = this.#view?.() ?? {};
      if (state !== "listening" || facts === undefined || facts.bytes > 0) return;
      this.#ring("yellow", this.#isLine ? "noByte" : facts.connections > 0 ? "connected" : "noSender");
    }, noByteMs);
  }

  #failure(error: DlmsError | undefined, nextTryInMs: number | undefined): string {
    const reason = this.#translate(key(error === undefined ? "connectionLost" : pushPhraseOf(error)));
    if (nextTryInMs === undefined) return reason;
    return this.#translate(key("retry"), { reason, seconds: Math.max(1, Math.round(nextTryInMs / 1000)) });
  }

  #ring(fill: NodeStatus["fill"], phrase: string): void {
    this.show({ fill, shape: "ring", text: key(phrase) }, true);
  }
}
