/** A meter that dials in: it connects to a listener, introduces itself, and answers requests on that connection. */
import type { Clock, TimerHandle } from "../../clock";
import { bytesEqual } from "../../bytes";
import { DlmsStateError, isDlmsError } from "../../errors";
import { integer, invalid, knownKeys, milliseconds, missing, object } from "../../errors/arguments";
import type { MemoryLine, MemoryPeer } from "../../transport/memory";
import { checkPushTarget, type PushTarget } from "../definition/push-setup";
import { OutgoingLine } from "./outgoing-line";

export interface DialInOptions {
  /** the listener */
  readonly to: PushTarget;
  /** text or bytes that the modem sends after connecting */
  readonly heartbeat?: string | Uint8Array;
  /** ms between further heartbeats (0 = none) */
  readonly heartbeatEvery?: number;
  /** the listener's answer to a heartbeat; the modem does not pass it to the meter */
  readonly heartbeatAnswer?: string | Uint8Array;
  /** ms before the next attempt, after a loss or a failure (5000) */
  readonly reconnectAfter?: number;
}

const fields = ["to", "heartbeat", "heartbeatEvery", "heartbeatAnswer", "reconnectAfter"];
const maxHeartbeat = 1024;

/** @throws DlmsConfigError CONFIG_INVALID or CONFIG_MISSING */
export function checkDialIn(options: DialInOptions): void {
  object("dialIn", options);
  knownKeys("dialIn", options, fields);
  if ((options as Partial<DialInOptions>).to === undefined) throw missing("dialIn.to", "where the meter connects to");
  checkPushTarget("dialIn.to", options.to);
  for (const name of ["heartbeat", "heartbeatAnswer"] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (typeof value !== "string" && !(value instanceof Uint8Array))
      throw invalid(`dialIn.${name}`, "text or bytes", value);
    integer(`dialIn.${name}.length`, value.length, 1, maxHeartbeat);
  }
  if ((options.heartbeatEvery ?? 0) !== 0) milliseconds("dialIn.heartbeatEvery", options.heartbeatEvery, 1);
  if (options.reconnectAfter !== undefined) milliseconds("dialIn.reconnectAfter", options.reconnectAfter, 1);
}

const bytesOf = (value: string | Uint8Array): Uint8Array =>
  typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value);

export class DialledLine {
  readonly #options: DialInOptions;
  readonly #clock: Clock;
  readonly #line: OutgoingLine;
  readonly #connect: (line: MemoryLine) => MemoryPeer;
  readonly #failed: (problem: string) => void;
  #connected: () => void = () => undefined;
  #peer: MemoryPeer | undefined;
  #timer: TimerHandle | undefined;
  #closed = false;
  /** received bytes that begin an answer to the heartbeat */
  #answer: Uint8Array = new Uint8Array(0);
  #awaitsAnswer = false;

  constructor(
    options: DialInOptions,
    clock: Clock,
    connect: (line: MemoryLine) => MemoryPeer,
    failed: (problem: string) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#connect = connect;
    this.#failed = failed;
    this.#line = new OutgoingLine(options.to, clock, {
      data: (bytes) => {
        const rest = this.#withoutAnswer(bytes);
        if (rest.length > 0) this.#peer?.receive(rest);
      },
      lost: () => {
        this.#hangUp();
        this.#again();
      },
    });
  }

  get isConnected(): boolean {
    return this.#line.isOpen;
  }

  /** `connected`: called after each heartbeat that follows a connection */
  start(connected: () => void): void {
    this.#connected = connected;
    void this.#dial();
  }

  /** Sends frames on the open connection. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    if (!this.#line.isOpen) throw new DlmsStateError("STATE_CLOSED", "push: the meter has not reached the listener");
    await this.#line.send(frames);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hangUp();
    await this.#line.release();
  }

  async #dial(): Promise<void> {
    try {
      await this.#line.open();
    } catch (error) {
      if (this.#closed) return;
      this.#failed(`dial-in: ${isDlmsError(error) ? error.message : String(error)}`);
      this.#again();
      return;
    }
    if (this.#closed || !this.#line.isOpen) return;
    this.#peer = this.#connect({
      send: (bytes) => {
        this.#line.write(bytes);
      },
      drop: () => {
        this.#hangUp();
        void this.#line.release().then(() => {
          this.#again();
        });
      },
    });
    this.#beat();
    this.#connected();
  }

  #beat(): void {
    const { heartbeat, heartbeatEvery = 0, heartbeatAnswer } = this.#options;
    if (heartbeat === undefined || !this.#line.isOpen) return;
    this.#awaitsAnswer = heartbeatAnswer !== undefined;
    this.#line.write(bytesOf(heartbeat));
    if (heartbeatEvery === 0) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#beat();
    }, heartbeatEvery);
  }

  /** Removes the answer to a heartbeat, also if it arrives in pieces. */
  #withoutAnswer(bytes: Uint8Array): Uint8Array {
    const { heartbeatAnswer } = this.#options;
    if (!this.#awaitsAnswer || heartbeatAnswer === undefined) return bytes;
    const expected = bytesOf(heartbeatAnswer);
    const got = Uint8Array.from([...this.#answer, ...bytes]);
    const length = Math.min(got.length, expected.length);
    this.#answer = new Uint8Array(0);
    if (!bytesEqual(got.subarray(0, length), expected.subarray(0, length))) {
      this.#awaitsAnswer = false;
      return got;
    }
    if (got.length < expected.length) {
      this.#answer = got;
      return this.#answer.subarray(0, 0);
    }
    this.#awaitsAnswer = false;
    return got.subarray(expected.length);
  }

  #hangUp(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#awaitsAnswer = false;
    this.#answer = new Uint8Array(0);
    const peer = this.#peer;
    this.#peer = undefined;
    peer?.closed();
  }

  #again(): void {
    if (this.#closed) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => {
      void this.#dial();
    }, this.#options.reconnectAfter ?? 5000);
  }
}
