/** Runs one link protocol, a pure state machine, over a shared line: bytes, timers, turns and results. */
import type { Clock } from "../clock";
import { type DlmsConnectionError, type DlmsError, DlmsStateError, DlmsTimeoutError } from "../errors";
import { contained } from "../errors/boundary";
import { concatBytes, toHex } from "../bytes";
import { looksLike } from "../link/looks-like";
import { defaultTimeouts } from "../link/timeouts";
import type { LinkOutput, LinkProtocol, LinkSendOptions, PushFit } from "../link/link";
import type { TransportLineSettings } from "../transport";
import { EarlyApdus } from "./early-apdus";
import { FloodGuard } from "./flood-guard";
import { withAdvice } from "../errors/retell";
import type { LineUser, Push, SharedLine } from "./shared-line";
import type { LinkAddress } from "./address-reservations";
import { LinkTimer } from "./link-timer";

/** What a channel tells its owner besides the answers. */
export interface LinkDriverEvents {
  notification(apdu: Uint8Array): void;
  /** Why the connection cannot go on after an APDU that answers no request; undefined if it can. */
  unasked?(apdu: Uint8Array): DlmsError | undefined;
  /** The link went down while no operation was waiting for it. */
  down(error: DlmsError): void;
  frame(direction: "out" | "in", bytes: Uint8Array): void;
  apdu(direction: "out" | "in", bytes: Uint8Array): void;
  note(text: string): void;
}

/** What passed, summed up over the channels of a client. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
  /** exchanges of an APDU for another */
  roundTrips: number;
  /** pushes of meters that no client of the line has to do with; they were dropped */
  strayPushes?: number;
}

interface Waiter {
  /** rest: what was sent is taken, and nothing more is due */
  readonly kind: "opened" | "apdu" | "closed" | "rest";
  resolve(apdu: Uint8Array): void;
  reject(error: unknown): void;
}

export interface LinkDriverParts {
  readonly line: SharedLine;
  readonly link: LinkProtocol;
  readonly clock: Clock;
  readonly events: LinkDriverEvents;
  readonly traffic: Traffic;
  /** Reserved for this driver while it is open. */
  readonly address?: LinkAddress;
  /** The address may have no meter: a missing answer says nothing about the connection. */
  readonly probe?: boolean;
  /** response time-out of the link, in ms: how slow an answer in blocks may be follows from it (5000) */
  readonly response?: number;
  /** what the meter needs of a line that has settings */
  readonly settings?: TransportLineSettings;
}

const nothing = new Uint8Array(0);
/** Bytes that the link is handed at once: what it makes of them exists side by side. */
const largestBite = 64 * 1024;

/**
 * Drives one link over one line: carries its outputs out, wakes it at its deadlines, and turns "send, then an apdu or
 * a failed" into promises. One exchange at a time.
 */
export class LinkDriver implements LineUser {
  readonly #line: SharedLine;
  readonly #link: LinkProtocol;
  readonly #clock: Clock;
  readonly #events: LinkDriverEvents;
  readonly #traffic: Traffic;
  readonly address?: LinkAddress;
  readonly #probe: boolean;
  readonly #response: number;
  #settings: TransportLineSettings | undefined;
  #waiter: Waiter | undefined;
  readonly #timer: LinkTimer;
  /** outputs that wait until the line is switched */
  #held: LinkOutput[] | undefined;
  #ended: Error | undefined;
  /** the first bytes that came, until the link is up */
  #first: Uint8Array | undefined = nothing;
  #attached = false;
  #waited = 0;
  /** since when an answer is awaited */
  #waitsSince = 0;
  readonly #early = new EarlyApdus();
  readonly #floods: FloodGuard;
  /** the turn for what the link does unasked, such as a keep-alive */
  #ownTurn: "none" | "awaited" | "held" = "none";

  constructor(parts: LinkDriverParts) {
    this.#line = parts.line;
    this.#link = parts.link;
    this.#clock = parts.clock;
    this.#floods = new FloodGuard(parts.clock);
    this.#events = parts.events;
    this.#traffic = parts.traffic;
    this.#timer = new LinkTimer(parts.clock, parts.link, this.#due);
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
    return this.#waited;
  }

  /** The response time-out of the link, in ms. */
  get response(): number {
    return this.#response;
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

  /** Send an APDU and wait for the one that answers it. `sending` is called when it is its turn. */
  exchange(apdu: Uint8Array, options: LinkSendOptions, sending?: () => void): Promise<Uint8Array> {
    this.#traffic.roundTrips++;
    for (const early of this.#early.pass(apdu)) this.#stray(early);
    this.#events.apdu("out", apdu);
    return this.#inTurn("apdu", () => {
      sending?.();
      return this.#link.send(apdu, this.#timer.now, options);
    });
  }

  /** Wait for one more APDU; `early`: one that came before it was asked for will do, or only if it is a block. */
  receive(options: LinkSendOptions & { readonly early?: "any" | "block" }): Promise<Uint8Array> {
    const early =
      options.early === undefined || this.#ended !== undefined ? undefined : this.#early.take(options.early);
    if (early !== undefined) return Promise.resolve(early);
    return this.#inTurn("apdu", () => this.#link.await(this.#timer.now, options));
  }

  /** An operation begins; see `EarlyApdus`. */
  begin(): void {
    this.#early.begin();
  }

  /** The operation is over: what it did not ask for was sent unasked. */
  end(): void {
    for (const apdu of this.#early.end()) this.#stray(apdu);
  }

  /** Send an APDU that is not answered; the link may have to be told that it came, and the turn is kept until then. */
  async transmit(apdu: Uint8Array, options: LinkSendOptions): Promise<void> {
    this.#events.apdu("out", apdu);
    await this.#inTurn("rest", () => this.#link.send(apdu, this.#timer.now, { ...options, expectAnswer: false }));
  }

  /**
   * Orderly disconnect, then leave the line; an exchange that is under way ends with an error. Rejects never; takes as
   * long as the link's own bound.
   */
  async close(): Promise<void> {
    if (this.usable && this.#link.state !== "closed") {
      this.#takeWaiter()?.reject(
        new DlmsStateError("STATE_CLOSED", "the connection was closed before the answer came"),
      );
      this.#endOwnTurn();
      try {
        await this.#inTurn("closed", () => this.#link.close(this.#timer.now));
      } catch (error) {
        this.#events.note(`disconnect: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await this.destroy(new DlmsStateError("STATE_CLOSED", "the connection was closed"));
  }

  /** Leaves the line at once; a waiting exchange is rejected with `reason`. Resolves when the line has let go. */
  async destroy(reason: Error): Promise<void> {
    this.#end(reason);
    await this.#leave();
  }

  data(bytes: Uint8Array): void {
    this.#traffic.bytesIn += bytes.length;
    if (this.#first !== undefined) this.#first = concatBytes(this.#first, bytes.subarray(0, 16)).subarray(0, 16);
    this.#contained(() => {
      for (let at = 0; at < bytes.length && this.#ended === undefined; at += largestBite) {
        this.#take(at === 0 && bytes.length <= largestBite ? bytes : bytes.subarray(at, at + largestBite));
      }
    });
  }

  #take(bytes: Uint8Array): void {
    const idle = this.#waiter === undefined;
    const outputs = this.#link.receive(bytes, this.#timer.now);
    this.#handle(outputs);
    if (!idle || this.#ended !== undefined) return;
    this.#unaskedCame("bytes", bytes.length);
    this.#unaskedCame("frames", outputs.length);
  }

  /** A flood ends the connection for all its users, since it would go on for the others. Returns whether it is one. */
  #unaskedCame(kind: "bytes" | "frames" | "notifications", count: number): boolean {
    const error = this.#floods.came(kind, count, this.#line.transport.endpoint);
    if (error !== undefined) this.#line.drop(error);
    return error !== undefined;
  }

  /** What a transport or a timer calls: whatever is thrown in it ends this session. */
  #contained(run: () => void): void {
    contained(this.#line.transport.endpoint, run, this.#broken);
  }

  readonly #broken = (error: DlmsError): void => {
    if (this.#ended === undefined) this.#failed(error);
  };

  /** An APDU that answers no request. */
  #stray(apdu: Uint8Array): void {
    const error = this.#events.unasked?.(apdu);
    this.#events.notification(apdu);
    if (error !== undefined) this.#failed(error);
  }

  matchPush({ address }: Push): PushFit {
    return this.usable ? (this.#link.pushFit?.(address) ?? "none") : "none";
  }

  pushed({ apdu }: Push): void {
    this.#events.apdu("in", apdu);
    this.#events.notification(apdu);
  }

  /** Not from our meter to us: another client of the line may be meant. */
  #dispatchPush({ apdu, address }: Push): void {
    if (this.#line.dispatchPush({ apdu, address })) return;
    if (this.#link.kind === "wrapper" && this.#line.users === 1) {
      this.pushed({ apdu, address });
      return;
    }
    const { server, client } = address;
    const from = server.physical === undefined ? `${server.logical}` : `${server.logical}/${server.physical}`;
    this.#traffic.strayPushes = (this.#traffic.strayPushes ?? 0) + 1;
    this.#events.note(`a push from server ${from} to client ${client} was dropped: no client here reads that server`);
  }

  lost(error: DlmsConnectionError): void {
    this.#attached = false;
    const waited = this.#waiter !== undefined;
    const reason = this.#withHint(error);
    if (!this.#end(reason)) return;
    if (!waited) this.#events.down(reason);
  }

  /** What came before the link was up tells who hung up: a web server, for one. */
  #withHint(error: DlmsConnectionError): DlmsError {
    if (this.#first === undefined) return error;
    const hint = looksLike(this.#first, this.#link.kind === "wrapper" ? "wrapper" : "hdlc");
    return hint === "" ? error : withAdvice(error, hint, { first: toHex(this.#first) });
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
      this.#waiter = { kind, resolve, reject };
      this.#waitsSince = this.#timer.now;
      try {
        this.#handle(start());
      } catch (error) {
        this.#takeWaiter();
        throw error;
      }
    });
  }

  /** The exchange that waits, to be settled now; the turn goes to the next user. */
  #takeWaiter(): Waiter | undefined {
    const waiter = this.#waiter;
    if (waiter === undefined) return undefined;
    this.#waiter = undefined;
    this.#waited += this.#timer.now - this.#waitsSince;
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
    if (this.#link.atRest !== false) {
      if (this.#ownTurn === "held") this.#endOwnTurn();
      if (this.#waiter?.kind === "rest") this.#answer("rest", nothing);
    }
    this.#timer.arm();
  }

  #switchLine(settings: TransportLineSettings): void {
    this.#settings = settings;
    const goOn = (): void => {
      const held = this.#held ?? [];
      this.#held = undefined;
      if (this.#ended === undefined) this.#contained(() => this.#handle(held));
    };
    this.#line.setLine(settings).then(goOn, (error: unknown) => {
      this.#events.note(`line settings: ${error instanceof Error ? error.message : String(error)}`);
      // a transport that does not even answer is in no state to go on with
      if (!(error instanceof DlmsTimeoutError)) goOn();
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
        this.#first = undefined;
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
        if (this.#unaskedCame("notifications", 1)) break;
        if (output.address === undefined) {
          this.#events.apdu("in", output.apdu);
          if (this.#waiter !== undefined || !this.#early.keep(output.apdu)) this.#stray(output.apdu);
        } else this.#dispatchPush({ apdu: output.apdu, address: output.address });
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
    const waiter = this.#waiter;
    if (waiter?.kind !== kind) {
      this.#events.note(`${kind} came from the link, but nobody waits for it`);
      return;
    }
    this.#takeWaiter();
    waiter.resolve(apdu);
  }

  #failed(error: DlmsError): void {
    const waited = this.#waiter !== undefined;
    if (error instanceof DlmsTimeoutError) this.#line.failed(this);
    if (this.#end(error) && !waited) this.#events.down(error);
  }

  /** Returns false when it had ended before. */
  #end(reason: Error): boolean {
    if (this.#ended !== undefined) return false;
    this.#ended = reason;
    this.#timer.stop();
    this.#link.reset();
    this.#endOwnTurn();
    this.#takeWaiter()?.reject(reason);
    return true;
  }

  async #leave(): Promise<void> {
    this.#attached = false;
    await this.#line.detach(this);
  }

  readonly #due = (): void => {
    this.#contained(() => {
      if (this.#waiter === undefined) this.#unasked();
      else this.#unanswered();
    });
  };

  #unanswered(): void {
    const unanswered = this.#probe ? undefined : this.#line.unanswered(this);
    const turn = unanswered === undefined ? this.#giveWay() : undefined;
    if (turn !== undefined) {
      turn.then(this.#goOn, this.#goOn);
      return;
    }
    this.#handle(this.#link.tick(this.#timer.now));
    // after the link has reported its own time-out
    if (unanswered !== undefined) this.#line.giveUp(unanswered);
  }

  /** Behind a sign-on the line is at this meter's own rate, so only plain HDLC goes on later. */
  #giveWay(): Promise<void> | undefined {
    return this.#link.kind === "hdlc" ? this.#line.yieldTurn(this) : undefined;
  }

  readonly #goOn = (): void => {
    if (this.#ended !== undefined) return;
    this.#contained(() => {
      if (this.#waiter === undefined) this.#line.release(this);
      else this.#handle(this.#link.tick(this.#timer.now));
    });
  };

  /** What the link does of its own accord must not fall into another meter's exchange. */
  #unasked(): void {
    if (this.#ownTurn === "awaited") return;
    const turn = this.#ownTurn === "none" ? this.#line.acquire(this) : this.#giveWay();
    this.#ownTurn = "awaited";
    if (turn === undefined) this.#ownTurnCame();
    else turn.then(this.#ownTurnCame, this.#ownTurnCame);
  }

  readonly #ownTurnCame = (): void => {
    this.#contained(() => {
      this.#beginOwnTurn();
    });
  };

  #beginOwnTurn(): void {
    if (this.#ended !== undefined || this.#ownTurn !== "awaited") {
      this.#line.release(this);
      return;
    }
    this.#ownTurn = "held";
    const { deadline } = this.#link;
    const now = this.#timer.now;
    // an exchange that came before may have done what was due
    if (this.#waiter !== undefined || deadline === undefined || now < deadline) {
      this.#endOwnTurn();
      this.#timer.arm();
    } else this.#handle(this.#link.tick(now));
  }

  #endOwnTurn(): void {
    if (this.#ownTurn === "held") this.#line.release(this);
    this.#ownTurn = "none";
  }
}
