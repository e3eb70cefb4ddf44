/** An association with a meter: performs the steps of a session's operations on a link. */
import type { Apdu } from "../../apdu/model";
import type { ScalerUnit } from "../../cosem";
import type { SecretMessage } from "../account/account-guard";
import { DlmsStateError, DlmsTimeoutError } from "../../errors";
import { maxTransferMs, paceText } from "../../link/pace";
import type { Session } from "../../session/session";
import type { Operation, SessionStep, StepAnswer } from "../../session/steps/operation";
import type { LinkDriver } from "../../driver/link-driver";
import type { AssociationCounter } from "./association-counter";
import { silentAssociation } from "./association-timeout";

export interface RunOptions {
  /** Checked between exchanges: true ends the operation there. */
  readonly cancelled?: () => boolean;
  /** Called before each request, or block of one, is passed to the link. */
  readonly sending?: () => void;
  /** Receives a piece of a long result; the next one is requested when it resolves. */
  readonly onChunk?: (bytes: Uint8Array, blockNumber: number, last: boolean) => Promise<void> | void;
}

/** Thrown by `run` after `cancelled`: no caller waits for the result. The association is in order. */
export class OperationCancelled extends DlmsStateError {
  constructor() {
    super("STATE_CLOSED", "the operation was given up by its caller", { fault: "internal" });
  }
}

export interface AssociationEvents {
  note(text: string): void;
  notification(apdu: Apdu, raw: Uint8Array): void;
  /** The association request, or its second message (the proof of an HLS mechanism), is about to be sent. */
  sending?(message: SecretMessage): void;
}

/** Name and factory of a value that a service keeps for the life of an association. */
export interface Kept<T> {
  make(association: Association): T;
}

/** One association over one channel, with the facts learned in it. Runs the session's operations. */
export class Association {
  readonly session: Session;
  readonly channel: LinkDriver;
  readonly #counters: AssociationCounter | undefined;
  readonly #events: AssociationEvents;
  /** Scaler and unit by `class/logical name/attribute`; null if the meter has none. */
  readonly scalers = new Map<string, ScalerUnit | null>();
  /** Keys of the scaler_units that the meter refused or left empty: its scaler profiles may contain them. */
  readonly refusedScalers = new Set<string>();
  /** The messages sent so far that may carry a secret. */
  #sent: SecretMessage | undefined;
  /** Requests that were answered in this association. */
  answered = 0;
  readonly #kept = new Map<Kept<unknown>, unknown>();
  /** The current answer in blocks: its bytes so far, and the ms that the channel had waited at its start. */
  #transfer: { bytes: number; readonly since: number } | undefined;

  constructor(
    session: Session,
    channel: LinkDriver,
    counters: AssociationCounter | undefined,
    events: AssociationEvents,
  ) {
    this.session = session;
    this.channel = channel;
    this.#counters = counters;
    this.#events = events;
  }

  /** A value that a service keeps for the life of this association; created by the first call. */
  kept<T>(entry: Kept<T>): T {
    const known = this.#kept.get(entry) as T | undefined;
    if (known !== undefined) return known;
    const made = entry.make(this);
    this.#kept.set(entry, made);
    return made;
  }

  /** Adds a note to the trace. */
  note(text: string): void {
    this.#events.note(text);
  }

  /** Runs an operation to its end. Returns its result or throws its error. */
  async run<T>(operation: Operation<T>, options: RunOptions = {}): Promise<T> {
    this.channel.begin();
    this.#transfer = undefined;
    let answered = false;
    try {
      let step = operation.next();
      while (step.done !== true) {
        if (options.cancelled?.() === true && mayStopBefore(step.value)) {
          operation.return(undefined as never);
          throw new OperationCancelled();
        }
        let answer: StepAnswer = undefined;
        try {
          if (step.value.kind === "progress") this.#judgePace(step.value);
          else answer = await this.#perform(step.value, options);
          if (step.value.kind === "exchange" && step.value.phase !== "release") answered = true;
        } catch (error) {
          step = operation.throw(error);
          continue;
        }
        step = operation.next(answer);
      }
      // the session throws for an answer that it cannot verify
      if (answered && this.#counters?.isUnproven === true) await this.#counters.prove();
      return step.value;
    } finally {
      this.channel.end();
    }
  }

  /** Each block may arrive in time while the whole transfer is too slow: only the waits for the meter count. */
  #judgePace({ bytes }: Extract<SessionStep, { kind: "progress" }>): void {
    const { waited, response } = this.channel;
    // also when the same answer is repeated from its beginning
    if (this.#transfer === undefined || bytes < this.#transfer.bytes) this.#transfer = { bytes, since: waited };
    this.#transfer.bytes = bytes;
    const taken = waited - this.#transfer.since;
    if (taken <= maxTransferMs(bytes, response)) return;
    throw new DlmsTimeoutError("TIMEOUT_RESPONSE", paceText(bytes, taken), {
      // a retry would be as slow; during the association, silence decides whether a secret is at risk
      ...(this.session.association === undefined ? {} : { retry: "no" }),
      details: { bytes, ms: Math.round(taken) },
    });
  }

  #perform(step: Exclude<SessionStep, { kind: "progress" }>, options: RunOptions): StepAnswer | Promise<StepAnswer> {
    switch (step.kind) {
      case "exchange":
        if (step.phase === "associate") return this.#associating(step);
        if (this.#sent !== "request") return this.channel.exchange(step.apdu, step, options.sending);
        // only when the line grants its turn: a request that waits for other meters of the line may never be sent
        return this.channel.exchange(step.apdu, step, () => {
          this.#sending("proof");
          options.sending?.();
        });
      case "receive":
        return this.channel.receive(step);
      case "transmit":
        options.sending?.();
        return this.channel.transmit(step.apdu, {}).then(nothing);
      case "reserve-counter":
        return this.#store().reserve(step.count);
      case "raise-counter":
        return this.#store().raiseTo(step.atLeast).then(nothing);
      case "chunk":
        return Promise.resolve(options.onChunk?.(step.bytes, step.blockNumber, step.last)).then(nothing);
      case "note":
        this.#events.note(step.text);
        if (step.notification !== undefined)
          this.#events.notification(step.notification, step.raw ?? new Uint8Array(0));
        return undefined;
    }
  }

  /** The link cannot know that the missing answer belongs to an association request. */
  async #associating(step: Extract<SessionStep, { kind: "exchange" }>): Promise<Uint8Array> {
    const { apdu } = step;
    try {
      return await this.channel.exchange(apdu, step, () => {
        this.#sending("request");
      });
    } catch (error) {
      if (!(error instanceof DlmsTimeoutError) || !error.is("TIMEOUT_RESPONSE")) throw error;
      throw silentAssociation(error, this.channel.linkKind);
    }
  }

  #sending(message: SecretMessage): void {
    this.#sent = message;
    this.#events.sending?.(message);
  }

  #store(): AssociationCounter {
    if (this.#counters !== undefined) return this.#counters;
    throw new DlmsStateError("STATE_BUSY", "an invocation counter is needed, but no store for it was given", {
      fault: "internal",
    });
  }
}

const nothing = (): undefined => undefined;

/** An unsent request can be skipped; an answer that the meter is already sending has to be received. */
function mayStopBefore(step: SessionStep): boolean {
  return step.kind === "exchange" || step.kind === "transmit" || step.kind === "chunk";
}
