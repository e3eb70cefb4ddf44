/** Runs one link protocol, a pure state machine, over a shared line: bytes, timers, turns and results. */
import { type DlmsConnectionError, type DlmsError, DlmsStateError, DlmsTimeoutError } from "../errors";
import { contained } from "../errors/boundary";
import { defaultTimeouts } from "../link/timeouts";
import type { LinkOutput, LinkProtocol, LinkSendOptions, PushMatch } from "../link/link";
import type { TransportLineSettings } from "../transport";
import type { LinkAddress } from "./address-reservations";
import type { LinkDriverEvents, LinkDriverParts, Traffic } from "./driver-parts";
import { FirstBytes } from "./first-bytes";
import { LinkTimer } from "./link-timer";
import { OwnTurn } from "./own-turn";
import type { LineUser, Push, SharedLine } from "./shared-line";
import { UnsolicitedApdus } from "./unsolicited";
import { type Waiter, WaiterSlot } from "./waiter";

const nothing = new Uint8Array(0);
/** Bytes that the link processes at once, because all outputs for them are in memory together. */
const maxBytesAtOnce = 64 * 1024;

/**
 * Drives one link over one line: carries its outputs out, wakes it at its deadlines, and turns "send, then an apdu or
 * a failed" into promises. One exchange at a time.
 */
export class LinkDriver implements LineUser {
  readonly #line: SharedLine;
  readonly #link: LinkProtocol;
  readonly #clock: LinkDriverParts["clock"];
  readonly #events: LinkDriverEvents;
  readonly #traffic: Traffic;
  readonly address?: LinkAddress;
  readonly #probe: boolean;
  readonly #response: number;
  #settings: TransportLineSettings | undefined;
  readonly #waits = new WaiterSlot();
  readonly #timer: LinkTimer;
  /** outputs that wait until the line is switched */
  #held: LinkOutput[] | undefined;
  #ended: Error | undefined;
  readonly #firstBytes = new FirstBytes();
  #attached = false;
  readonly #unsolicited: UnsolicitedApdus;
  readonly #ownTurn: OwnTurn;

  constructor(parts: LinkDriverParts) {
    this.#line = parts.line;
    this.#link = parts.link;
    this.#clock = parts.clock;
    this.#events = parts.events;
    this.#traffic = parts.traffic;
    this.#timer = new LinkTimer(parts.clock, parts.link, this.#due);
    this.#unsolicited = new UnsolicitedApdus(this, parts, (error) => {
      this.#failed(error);
    });
    this.#ownTurn = new OwnTurn(parts.line, this, () => {
      this.#contained(() => {
        this.#runOwnTurn();
      });
    });
    this.#settings = parts.settings;
    this.#probe = parts.probe === true;
    this.#response = parts.response ?? defaultTimeouts.response;
    if (parts.address !== undefined) this.address = parts.address;
  }

  get settings(): TransportLineSettings | undefined {
    return this.#settings;
  }

  get linkKind(): LinkProtocol["kind"] {
    return this.#link.kind;
  }

  /** ms that answers were awaited so far; waits for other users of the line do not count. */
  get waited(): number {
    return this.#waits.waitedMs;
  }

  /** The response time-out of the link, in ms. */
  get response(): number {
    return this.#response;
  }

  /** Bytes of an APDU that the link sends in one turn; Infinity where any number goes out at once. */
  get bytesPerTurn(): number {
    return this.#link.bytesPerTurn ?? Number.POSITIVE_INFINITY;
  }

  /** Whether exchanges are possible. */
  get usable(): boolean {
    return this.#ended === undefined && this.#attached;
  }

  /** Connect the line and set the link up. */
  async open(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void> {
    await this.#line.attach(this, { ...options, clock: this.#clock });
    this.#attached = true;
    if (this.#ended !== undefined) {
      await this.#leave();
      throw this.#ended;
    }
    await this.#inTurn("opened", () => this.#link.open(this.#timer.now));
  }

  /** Send an APDU and wait for its answer. `sending` is called when this driver has the turn. */
  exchange(apdu: Uint8Array, options: LinkSendOptions, sending?: () => void): Promise<Uint8Array> {
    this.#traffic.roundTrips++;
    this.#unsolicited.beginRequest(apdu);
    this.#events.apdu("out", apdu);
    return this.#inTurn("apdu", () => {
      sending?.();
      return this.#link.send(apdu, this.#timer.now, options);
    });
  }

  /** Wait for one more APDU; `early`: whether an APDU that arrived before this call is accepted, or only a block. */
  receive(options: LinkSendOptions & { readonly early?: "any" | "block" }): Promise<Uint8Array> {
    const early =
      options.early === undefined || this.#ended !== undefined ? undefined : this.#unsolicited.take(options.early);
    if (early !== undefined) return Promise.resolve(early);
    return this.#inTurn("apdu", () => this.#link.await(this.#timer.now, options));
  }

  /** An operation begins: APDUs that arrive within it before it awaits them are kept. */
  begin(): void {
    this.#unsolicited.beginOperation();
  }

  /** The operation is over: APDUs that it has not taken are unsolicited. */
  end(): void {
    this.#unsolicited.endOperation();
  }

  /** Send an APDU without an answer; if the link expects an acknowledgement, the turn is kept until it arrives. */
  async transmit(apdu: Uint8Array, options: LinkSendOptions): Promise<void> {
    this.#events.apdu("out", apdu);
    await this.#inTurn("rest", () => this.#link.send(apdu, this.#timer.now, { ...options, expectAnswer: false }));
  }

  /**
   * Orderly disconnect, then leave the line; an exchange in progress ends with an error. Never rejects; takes at most
   * the release time-out of the link.
   */
  async close(): Promise<void> {
    if (this.usable && this.#link.state !== "closed") {
      this.#takeWaiter()?.reject(
        new DlmsStateError("STATE_CLOSED", "the connection was closed before the answer arrived"),
      );
      this.#ownTurn.end();
      try {
        await this.#inTurn("closed", () => this.#link.close(this.#timer.now));
      } catch (error) {
        this.#events.note(`disconnect: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await this.destroy(new DlmsStateError("STATE_CLOSED", "the connection was closed"));
  }

  /** Leaves the line at once; a waiting exchange is rejected with `reason`. Resolves when the line is released. */
  async destroy(reason: Error): Promise<void> {
    this.#end(reason);
    await this.#leave();
  }

  data(bytes: Uint8Array): void {
    this.#traffic.bytesIn += bytes.length;
    this.#firstBytes.add(bytes);
    this.#contained(() => {
      for (let at = 0; at < bytes.length && this.#ended === undefined; at += maxBytesAtOnce) {
        this.#take(at === 0 && bytes.length <= maxBytesAtOnce ? bytes : bytes.subarray(at, at + maxBytesAtOnce));
      }
    });
  }

  #take(bytes: Uint8Array): void {
    const idle = this.#waits.waiter === undefined;
    const outputs = this.#link.receive(bytes, this.#timer.now);
    this.#handle(outputs);
    if (!idle || this.#ended !== undefined) return;
    this.#unsolicited.count("bytes", bytes.length);
    this.#unsolicited.count("frames", outputs.length);
  }

  /** Runs a callback of the transport or of a timer: an exception in it ends this session. */
  #contained(run: () => void): void {
    contained(this.#line.transport.endpoint, run, this.#broken);
  }

  readonly #broken = (error: DlmsError): void => {
    if (this.#ended === undefined) this.#failed(error);
  };

  matchPush({ address }: Push): PushMatch {
    return this.usable ? (this.#link.matchPush?.(address) ?? "none") : "none";
  }

  pushed({ apdu }: Push): void {
    const output = this.#link.pushed?.(apdu) ?? { kind: "notification", apdu };
    if (output.kind === "notification") this.#unsolicited.pushed(output.apdu);
    else if (output.kind === "note") this.#events.note(output.text);
  }

  lost(error: DlmsConnectionError): void {
    this.#attached = false;
    const waited = this.#waits.waiter !== undefined;
    const reason = this.#firstBytes.explain(error, this.#link.kind);
    if (!this.#end(reason)) return;
    if (!waited) this.#events.down(reason);
  }

  /** Undefined when the line is free. The wait is rejected with the reason why this driver ended. */
  #turn(): Promise<void> | undefined {
    return this.#line.acquire(this)?.catch((error: unknown) => {
      this.#line.release(this);
      throw this.#ended ?? error;
    });
  }

  #inTurn(kind: Waiter["kind"], start: () => LinkOutput[]): Promise<Uint8Array> {
    const turn = this.#turn();
    return turn === undefined ? this.#wait(kind, start) : turn.then(() => this.#wait(kind, start));
  }

  /** Holds the turn until the link answers. */
  #wait(kind: Waiter["kind"], start: () => LinkOutput[]): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        this.#line.release(this);
        reject(this.#ended);
        return;
      }
      this.#waits.put({ kind, resolve, reject }, this.#timer.now);
      try {
        this.#handle(start());
      } catch (error) {
        this.#takeWaiter();
        throw error;
      }
    });
  }

  /** Returns the waiting exchange, to be settled now, and passes the turn to the next user. */
  #takeWaiter(): Waiter | undefined {
    if (this.#waits.waiter === undefined) return undefined;
    const waiter = this.#waits.take(this.#timer.now);
    this.#line.release(this);
    return waiter;
  }

  #handle(outputs: readonly LinkOutput[]): void {
    if (this.#held !== undefined) {
      for (const output of outputs) this.#held.push(output);
      return;
    }
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i];
      if (output === undefined) continue;
      if (output.kind === "line") {
        this.#held = outputs.slice(i + 1);
        this.#switchLine(output.settings);
        break;
      }
      this.#apply(output);
    }
    if (this.#link.isIdle !== false) {
      if (this.#ownTurn.held) this.#ownTurn.end();
      if (this.#waits.waiter?.kind === "rest") this.#answer("rest", nothing);
    }
    this.#timer.arm();
  }

  #switchLine(settings: TransportLineSettings): void {
    this.#settings = settings;
    const resume = (): void => {
      const held = this.#held ?? [];
      this.#held = undefined;
      if (this.#ended === undefined) this.#contained(() => this.#handle(held));
    };
    this.#line.setLine(settings).then(resume, (error: unknown) => {
      this.#events.note(`line settings: ${error instanceof Error ? error.message : String(error)}`);
      // a transport that does not answer cannot continue
      if (!(error instanceof DlmsTimeoutError)) resume();
      else if (this.#ended === undefined) this.#failed(error);
    });
  }

  #apply(output: Exclude<LinkOutput, { kind: "line" }>): void {
    switch (output.kind) {
      case "transmit":
        this.#traffic.bytesOut += output.bytes.length;
        this.#line.write(output.bytes);
        break;
      case "opened":
        this.#firstBytes.linkIsUp();
        this.#answer(output.kind, nothing);
        break;
      case "closed":
        this.#answer(output.kind, nothing);
        break;
      case "apdu":
        this.#events.apdu("in", output.apdu);
        this.#answer("apdu", output.apdu);
        break;
      case "notification":
        this.#unsolicited.notification(output, this.#waits.waiter !== undefined);
        break;
      case "unanswered":
        this.#takeWaiter()?.reject(output.error);
        break;
      case "failed":
        this.#failed(output.error);
        break;
      case "frame":
        this.#events.frame(output.direction, output.bytes);
        break;
      case "note":
        this.#events.note(output.text);
        break;
    }
  }

  #answer(kind: Waiter["kind"], apdu: Uint8Array): void {
    const waiter = this.#waits.waiter;
    if (waiter?.kind !== kind) {
      this.#events.note(`the link delivered ${kind}, but no request awaits it`);
      return;
    }
    this.#takeWaiter();
    waiter.resolve(apdu);
  }

  #failed(error: DlmsError): void {
    const waited = this.#waits.waiter !== undefined;
    if (error instanceof DlmsTimeoutError) this.#line.failed(this);
    if (this.#end(error) && !waited) this.#events.down(error);
  }

  /** Returns false if the driver had already ended. */
  #end(reason: Error): boolean {
    if (this.#ended !== undefined) return false;
    this.#ended = reason;
    this.#timer.stop();
    this.#link.reset();
    this.#ownTurn.end();
    this.#takeWaiter()?.reject(reason);
    return true;
  }

  async #leave(): Promise<void> {
    this.#attached = false;
    await this.#line.detach(this);
  }

  readonly #due = (): void => {
    this.#contained(() => {
      if (this.#waits.waiter === undefined) this.#unasked();
      else this.#unanswered();
    });
  };

  #unanswered(): void {
    const unanswered = this.#probe ? undefined : this.#line.unanswered(this);
    const turn = unanswered === undefined ? this.#yieldTurn() : undefined;
    if (turn !== undefined) {
      turn.then(this.#turnIsBack, this.#turnIsBack);
      return;
    }
    this.#handle(this.#link.tick(this.#timer.now));
    // after the link has reported its own time-out
    if (unanswered !== undefined) this.#line.giveUp(unanswered);
  }

  /** After a mode E sign-on the line has this meter's own rate, so only plain HDLC can continue later. */
  #yieldTurn(): Promise<void> | undefined {
    return this.#link.kind === "hdlc" ? this.#line.yieldTurn(this) : undefined;
  }

  readonly #turnIsBack = (): void => {
    if (this.#ended !== undefined) return;
    this.#contained(() => {
      if (this.#waits.waiter === undefined) this.#line.release(this);
      else this.#handle(this.#link.tick(this.#timer.now));
    });
  };

  /** Unsolicited frames of the link, such as a keep-alive, need a turn, because another meter's exchange may run. */
  #unasked(): void {
    if (this.#ownTurn.awaited) return;
    this.#ownTurn.begin(this.#ownTurn.held ? this.#yieldTurn() : this.#line.acquire(this));
  }

  #runOwnTurn(): void {
    if (this.#ended !== undefined || !this.#ownTurn.awaited) {
      this.#line.release(this);
      return;
    }
    this.#ownTurn.hold();
    const { deadline } = this.#link;
    const now = this.#timer.now;
    // an earlier exchange may have handled the deadline already
    if (this.#waits.waiter !== undefined || deadline === undefined || now < deadline) {
      this.#ownTurn.end();
      this.#timer.arm();
    } else this.#handle(this.#link.tick(now));
  }
}
