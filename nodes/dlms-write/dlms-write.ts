/** The node `dlms-write`: each message writes one attribute, invokes one method, or sets the clock. */
import {
  DlmsConfigError,
  type DlmsError,
  DlmsServiceError,
  DlmsStateError,
  isDlmsError,
  type MeterView,
  settledWithin,
  systemClock,
} from "../../src/index";
import { setMaxListeners } from "node:events";
import type { Node, NodeAPI, NodeDef, NodeMessage, NodeMessageInFlow, NodeStatus } from "node-red";
import { noBoundMs, withDeadline } from "../meters/deadline";
import { meterStatus, phraseOf, valueText } from "../meters/status";
import { type MeterSource, UsedMeters } from "../meters/used-meters";
import { refuseVariable } from "../meters/write-rights";
import { migrate, migrations } from "../node-red/migrations";
import { flagOf, isAbsent, type RawSettings } from "../node-red/raw-settings";
import { refuseDangerous, refuseUnpermitted } from "./permission";
import { MeterWriter, type WriteResult, type WriterOptions } from "./run-write";
import { WriteTurns } from "./turns";
import { giveUpAfterOf, type WriteRequest, writeRequestOf } from "./write-request";

type Send = (msg: NodeMessage) => void;
type Done = (error?: Error) => void;

/** How long a deploy waits for the answer to a request that was sent, and for the errors of closed sessions. */
const maxAnswerMs = 2000;
const maxEndMs = 200;

const status = (fill: NodeStatus["fill"], shape: NodeStatus["shape"], text: string): NodeStatus => ({
  ...(fill === undefined ? {} : { fill }),
  ...(shape === undefined ? {} : { shape }),
  text: `dlms-write.status.${text}`,
});
const red = (text: string): NodeStatus => status("red", "ring", text);

/** The work of a `dlms-write` node, apart from its registration. */
class WriteNode {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  #raw: RawSettings;
  #problem: DlmsError | undefined;
  #allowDangerous = false;
  readonly #meters: UsedMeters;
  readonly #turns = new WriteTurns();
  readonly #ending = new AbortController();
  /** messages whose outcome is still open */
  readonly #open = new Map<OpenRequest, Promise<void>>();
  #writing = 0;

  constructor(RED: NodeAPI, node: Node, config: NodeDef) {
    this.#RED = RED;
    this.#node = node;
    this.#raw = config as unknown as RawSettings;
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
      this.#raw = migrate(this.#raw, migrations["dlms-write"]);
      refuseVariable(RED, config, "allowDangerous", false);
      this.#allowDangerous = flagOf(this.#raw, "allowDangerous", false);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#problem = error;
    }
    this.#begin();
  }

  #begin(): void {
    if (isAbsent(this.#raw.meter)) {
      this.#node.status(status("grey", "ring", "noMeter"));
      return;
    }
    try {
      this.#meters.useOwn(this.#raw.meter);
      if (this.#problem !== undefined) this.#node.status(red(phraseOf(this.#problem)));
    } catch (error) {
      // each message reports the error again, to a Catch node
      this.#node.status(red(error instanceof DlmsConfigError ? "noMeter" : "readFailed"));
    }
  }

  async input(msg: NodeMessageInFlow, send: Send, done: Done): Promise<void> {
    const outcome = new OpenRequest((error) => {
      this.#fail(msg, error, done);
    });
    const work = this.#run(msg, outcome).then(
      (result) => {
        if (!outcome.end()) return;
        this.#succeed(msg, result);
        send(msg);
        done();
      },
      (error: unknown) => {
        outcome.fail(error);
      },
    );
    this.#open.set(outcome, work);
    await work;
    this.#open.delete(outcome);
  }

  /** Requests that were not sent end at once. Those that were sent may end within a bound. */
  async close(): Promise<void> {
    const text = "the write was not sent: a deploy closed the node; send the message again";
    this.#ending.abort(new DlmsStateError("STATE_CLOSED", text, { retry: "same-session" }));
    await settledWithin(systemClock, maxAnswerMs, Promise.all(this.#open.values()));
    // the last user of a session closes it, which ends its requests with what is known about them
    await this.#meters.close();
    await settledWithin(systemClock, maxEndMs, Promise.all(this.#open.values()));
    for (const outcome of this.#open.keys()) outcome.fail(outcome.sent ? unknownOutcome() : this.#ending.signal.reason);
    this.#node.status({});
  }

  async #run(msg: NodeMessageInFlow, outcome: OpenRequest): Promise<WriteResult> {
    if (this.#problem) throw this.#problem;
    this.#ending.signal.throwIfAborted();
    const meter = this.#meters.of(msg, this.#raw.meter);
    const request = await writeRequestOf(this.#RED, this.#node, this.#raw, msg);
    refuseDangerous(request, this.#allowDangerous);
    const after = giveUpAfterOf(this.#raw, msg);
    const start = systemClock.now();
    const left = (): number => (after === 0 ? noBoundMs : Math.max(1, after - (systemClock.now() - start)));
    const limits = { clock: systemClock, after, ending: this.#ending.signal, what: "the write" };
    return withDeadline(limits, async (signal) => {
      const source = await this.#meters.sourceOf(meter, msg, signal);
      try {
        refuseUnpermitted(request, source.writing, source.label);
        return await this.#turns.run(source.session, signal, () =>
          this.#write(source, request, {
            signal,
            left,
            sending: () => {
              outcome.sent = true;
            },
          }),
        );
      } finally {
        source.release();
      }
    });
  }

  async #write({ session, label }: MeterSource, request: WriteRequest, options: WriterOptions): Promise<WriteResult> {
    this.#writing++;
    if (session.view.phase === "connected") this.#node.status(status("blue", "dot", "writing"));
    try {
      return await new MeterWriter(session, label, options).run(request);
    } finally {
      this.#writing--;
    }
  }

  #meterChanged(view: MeterView): void {
    if (this.#ending.signal.aborted) return;
    if (view.phase === "connected" && this.#writing > 0) {
      this.#node.status(status("blue", "dot", "writing"));
      return;
    }
    this.#node.status(meterStatus("dlms-write", view, this.#RED._, systemClock.wallTime()));
  }

  #succeed(msg: NodeMessageInFlow, { payload, dlms }: WriteResult): void {
    if (payload !== undefined) msg.payload = payload;
    msg.dlms = dlms;
    if (isAbsent(msg.topic)) msg.topic = dlms.logicalName;
    delete msg.dlmsError;
    if (dlms.verified === false) this.#node.status(status("yellow", "dot", "differs"));
    else if (dlms.verifyError !== undefined) this.#node.status(status("yellow", "dot", "notReadBack"));
    else if (dlms.way === "none") this.#node.status(status("green", "dot", "clockRight"));
    else if (dlms.after === undefined) this.#node.status(status("green", "dot", "written"));
    else this.#node.status({ fill: "green", shape: "dot", text: valueText(dlms.after, null) });
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
    const ofRequest = error.layer === "config" || error.layer === "state" || error.is("WRITE_OUTCOME_UNKNOWN");
    // without a session, the state of the meter is more specific than the error of the request
    if (ofRequest || phase === "connected" || phase === "idle") this.#node.status(red(this.#phrase(error)));
    done(error);
  }

  #phrase(error: DlmsError): string {
    if (error.details.property === "allowWriting" || error.details.property === "allowDangerous") return "notAllowed";
    return this.#meters.shown?.problem === error ? "invalid" : phraseOf(error);
  }
}

/** A message whose outcome is not reported yet; it is reported once. */
class OpenRequest {
  /** The request went to the client. */
  sent = false;
  #ended = false;
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** False: the outcome was reported before. */
  end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    return true;
  }

  fail(error: unknown): void {
    if (this.end()) this.#report(error);
  }
}

function unknownOutcome(): DlmsServiceError {
  return new DlmsServiceError(
    "WRITE_OUTCOME_UNKNOWN",
    "sent, outcome unknown: a deploy closed the node before the meter answered; read the value to learn it",
    { details: { sent: true } },
  );
}

export default function (RED: NodeAPI): void {
  function DlmsWrite(this: Node, config: NodeDef): void {
    RED.nodes.createNode(this, config);
    const write = new WriteNode(RED, this, config);
    this.on("input", (msg, send, done) => {
      void write.input(msg, send, done);
    });
    this.on("close", (_removed: boolean, done: () => void) => {
      void write.close().finally(done);
    });
  }

  RED.nodes.registerType<Node, NodeDef, object, object>("dlms-write", DlmsWrite);
}
