/** One connection and the users that share it: opening, turns, routing of bytes and pushes, loss, closing. */
import { bytesEqual } from "../bytes";
import { untilAborted, WaitList } from "../clock";
import { DlmsConnectionError, DlmsStateError } from "../errors";
import { contained, reportUnexpected } from "../errors/boundary";
import type { PushAddress, PushMatch } from "../link";
import type { Connection, Transport, TransportLineSettings } from "../transport";
import { AddressReservations, type LinkAddress, type ReservationOptions } from "./address-reservations";
import { HalfOpenDetector } from "./half-open";

/** One client on a line. */
export interface LineUser {
  /** line settings that this user's meter needs; undefined: those that the line has */
  readonly settings: TransportLineSettings | undefined;
  /** Reserved for this user while it is attached; absent: it communicates with no meter. */
  readonly address?: LinkAddress;
  data(bytes: Uint8Array): void;
  /** How well a push fits this user that another user received; absent: not at all. */
  matchPush?(push: Push): PushMatch;
  /** A push for this user that another user received. */
  pushed?(push: Push): void;
  /** The connection is gone, and the user is no longer attached to this line. */
  lost(error: DlmsConnectionError): void;
}

/** An unsolicited message of a meter, received by a user that it is not addressed to. */
export interface Push {
  readonly apdu: Uint8Array;
  readonly address: PushAddress;
}

/** `timeoutMs` bounds the wait for the address and then the opening of the connection. */
export type AttachOptions = ReservationOptions;

/**
 * One connection and the clients that share it. It is opened for the first user and closed after the last. Users
 * take turns, one exchange each, first come first served: this is fair because a client never waits for more than one
 * turn. Received bytes go to the user whose turn it is; between turns they go to all users.
 */
export class SharedLine {
  readonly transport: Transport;
  readonly #onUnused: () => void;
  readonly #users = new Set<LineUser>();
  readonly #addresses: AddressReservations<LineUser>;
  readonly #halfOpen: HalfOpenDetector;
  /** users that wait for their turn */
  readonly #waiting = new WaitList<LineUser>();
  #connection: Connection | undefined;
  #settings: TransportLineSettings | undefined;
  #opening: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #closing: Promise<void> | undefined;
  #turn: LineUser | undefined;
  /** calls of `attach` that have not ended */
  #attaching = 0;
  /** while bytes go to all users: pushes that were dispatched */
  #dispatched: Push[] | undefined;

  constructor(transport: Transport, onUnused: () => void = () => undefined) {
    this.transport = transport;
    this.#onUnused = onUnused;
    this.#addresses = new AddressReservations(transport.endpoint);
    this.#halfOpen = new HalfOpenDetector(transport);
  }

  get users(): number {
    return this.#users.size;
  }

  /** Whether a connection is open: a new user may still receive bytes that were in flight. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Become a user; resolves when the connection is open. Rejects with the transport's error or the signal's reason, and
   * with STATE_BUSY when another user keeps the address. While the address is taken, the connection and its users are
   * not affected.
   */
  async attach(user: LineUser, options: AttachOptions): Promise<void> {
    this.#attaching++;
    try {
      const reserved = this.#addresses.reserve(user, options);
      if (reserved !== undefined) await reserved;
      this.#users.add(user);
      while (this.#closing !== undefined) await this.#closing;
      options.signal?.throwIfAborted();
      if (!this.#users.has(user)) throw new DlmsStateError("STATE_CLOSED", "the line was left before it was open");
      if (this.#connection === undefined) await untilAborted(this.#open(options.timeoutMs), options.signal);
    } catch (error) {
      await this.detach(user);
      throw error;
    } finally {
      this.#attaching--;
      this.#reportIfUnused();
    }
  }

  /** Leave; resolves when the connection is closed if this was the last user. Never rejects. */
  async detach(user: LineUser): Promise<void> {
    this.#addresses.free(user);
    if (!this.#users.delete(user)) return;
    const left = new DlmsStateError("STATE_CLOSED", "the client left the line before its turn");
    this.#waiting.refuseAll(left, (one) => one === user);
    this.release(user);
    if (this.#users.size > 0) return;
    const opening = this.#opening;
    opening?.abort.abort(new Error("no user waits for the connection"));
    const connection = this.#connection;
    this.#forget();
    // a port that is still opening is as locked as an open one; the transport bounds both
    if (opening === undefined && connection === undefined) this.#reportIfUnused();
    else await this.#end([opening?.done, connection?.close()].filter((one) => one !== undefined));
  }

  /** No new connection is opened until all parts have settled. */
  #end(parts: readonly Promise<void>[]): Promise<void> {
    this.#closing = Promise.allSettled(parts).then(() => {
      this.#closing = undefined;
      this.#reportIfUnused();
    });
    return this.#closing;
  }

  /**
   * Keeps the line while an address is awaited or the port is closing: another line would open a port that is still
   * open.
   */
  #reportIfUnused(): void {
    if (this.#users.size === 0 && this.#attaching === 0 && this.#closing === undefined) this.#onUnused();
  }

  /**
   * Wait for the turn. Returns undefined when it was free, so that an unshared line costs nothing.
   * Rejects when the line is lost or left before.
   */
  acquire(user: LineUser): Promise<void> | undefined {
    if (this.#turn === undefined) {
      this.#turn = user;
      this.#halfOpen.beginTurn();
      return this.#fitsSettings(user) ? undefined : this.#applySettings(user);
    }
    return this.#queue(user);
  }

  /**
   * Gives the turn to waiting users between two attempts of one exchange: a silent meter then costs the others one
   * time-out, not all of them. Undefined if no user waits; otherwise it resolves when the turn is back.
   */
  yieldTurn(user: LineUser): Promise<void> | undefined {
    if (this.#turn !== user || this.#waiting.size === 0) return undefined;
    const back = this.#queue(user);
    this.release(user);
    return back;
  }

  async #queue(user: LineUser): Promise<void> {
    await this.#waiting.wait(user);
    if (!this.#fitsSettings(user)) await this.#applySettings(user);
  }

  /** Give the turn to the next; without effect for a user that does not hold it. */
  release(user: LineUser): void {
    if (this.#turn !== user) return;
    const next = this.#waiting.first();
    this.#turn = next?.item;
    this.#halfOpen.beginTurn();
    next?.grant();
  }

  /**
   * The frame that the user sent in its turn was not answered in time. Returns the number of consecutive unanswered
   * frames when the connection counts as half open: the user then has to call `giveUp`.
   */
  unanswered(user: LineUser): number | undefined {
    // a single user closes it by leaving
    return this.#turn === user && this.#users.size > 1 ? this.#halfOpen.unanswered(user, this.#users) : undefined;
  }

  /** An exchange of the user ended without an answer. */
  failed(user: LineUser): void {
    this.#halfOpen.failed(user);
  }

  /** Close the connection, which seems to be half open. */
  giveUp(unanswered: number): void {
    this.drop(halfOpen(this.transport, unanswered));
  }

  /** Close the connection for all users, as if it had been lost. */
  drop(error: DlmsConnectionError): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    void this.#end([connection.close()]);
    this.#lost(error);
  }

  /** Runs a callback of the transport. An error must not go back into the transport: it would end the process. */
  #contained(run: () => void): void {
    const { endpoint } = this.transport;
    contained(endpoint, run, (cause) => {
      this.drop(
        new DlmsConnectionError("CONN_LOST", cause.message, { fault: cause.fault, details: { endpoint }, cause }),
      );
    });
  }

  /**
   * Delivers a push to the users that match it best: the client to which it is addressed, otherwise the clients of its
   * meter. Returns false if no user of this line communicates with that meter.
   */
  dispatchPush(push: Push): boolean {
    const fits = (user: LineUser): PushMatch => user.matchPush?.(push) ?? "none";
    const users = [...this.#users];
    const exact = users.filter((user) => fits(user) === "exact");
    const known = this.#dispatched;
    // between turns each user receives all bytes, so several report the same push: dispatch it once
    if (known !== undefined) {
      if (exact.length > 0 || known.some((one) => samePush(one, push))) return true;
      known.push(push);
    }
    const receivers = exact.length > 0 ? exact : users.filter((user) => fits(user) === "meter");
    for (const user of receivers) user.pushed?.(push);
    return receivers.length > 0;
  }

  write(bytes: Uint8Array): void {
    this.#halfOpen.sent();
    this.#connection?.write(bytes);
  }

  /** Switches the line after all written bytes have left. */
  async setLine(settings: TransportLineSettings): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    await connection.drain();
    await connection.setLine(settings);
    this.#settings = settings;
  }

  #fitsSettings(user: LineUser): boolean {
    const wanted = user.settings;
    const current = this.#settings;
    if (wanted === undefined || this.transport.baudRate === undefined) return true;
    return (
      current !== undefined &&
      wanted.baudRate === current.baudRate &&
      wanted.dataBits === current.dataBits &&
      wanted.parity === current.parity
    );
  }

  async #applySettings(user: LineUser): Promise<void> {
    if (user.settings !== undefined) await this.setLine(user.settings);
  }

  #open(timeoutMs: number): Promise<void> {
    if (this.#opening === undefined) {
      const abort = new AbortController();
      const done = this.#connect(timeoutMs, abort.signal);
      this.#opening = { done, abort };
    }
    return this.#opening.done;
  }

  async #connect(timeoutMs: number, signal: AbortSignal): Promise<void> {
    let current: Connection | undefined;
    let early: DlmsConnectionError | undefined;
    try {
      const connection = await this.transport.open(
        {
          data: (bytes) => {
            if (this.#connection === current) this.#contained(() => this.#route(bytes));
          },
          lost: (error) => {
            if (current === undefined) early = error;
            else if (this.#connection === current) this.#contained(() => this.#lost(error));
          },
        },
        { timeoutMs, signal },
      );
      if (early !== undefined) throw early;
      if (signal.aborted) {
        await connection.close();
        throw signal.reason as Error;
      }
      current = connection;
      this.#connection = connection;
      const baudRate = this.transport.baudRate;
      this.#settings = baudRate === undefined ? undefined : { baudRate, dataBits: 8, parity: "none" };
    } finally {
      this.#opening = undefined;
    }
  }

  #route(bytes: Uint8Array): void {
    this.#halfOpen.heard(this.#turn);
    if (this.#turn !== undefined) {
      this.#turn.data(bytes);
      return;
    }
    this.#dispatched = [];
    try {
      for (const user of [...this.#users]) user.data(bytes);
    } finally {
      this.#dispatched = undefined;
    }
  }

  #lost(error: DlmsConnectionError): void {
    const users = [...this.#users];
    this.#users.clear();
    this.#forget();
    for (const user of users) this.#addresses.free(user);
    this.#waiting.refuseAll(error);
    for (const user of users) {
      contained(
        this.transport.endpoint,
        () => {
          user.lost(error);
        },
        (cause) => {
          reportUnexpected(this.transport.endpoint, cause);
        },
      );
    }
    this.#reportIfUnused();
  }

  #forget(): void {
    this.#connection = undefined;
    this.#settings = undefined;
    this.#turn = undefined;
    this.#halfOpen.reset();
  }
}

function halfOpen({ endpoint }: Transport, unanswered: number): DlmsConnectionError {
  return new DlmsConnectionError(
    "CONN_LOST",
    `${endpoint}: the connection was closed after ${unanswered} consecutive frames without a byte from any meter; the peer ` +
      "seems to be gone; the next request makes a new connection",
    { details: { endpoint, phase: "open", unanswered } },
  );
}

function samePush(a: Push, b: Push): boolean {
  const [one, other] = [a.address, b.address];
  return (
    one.client === other.client &&
    one.server.logical === other.server.logical &&
    one.server.physical === other.server.physical &&
    bytesEqual(a.apdu, b.apdu)
  );
}

/** Finds the line to which a transport belongs: clients with the same key share one. */
export class SharedLines {
  readonly #lines = new Map<string, SharedLine>();

  lineFor(transport: Transport): SharedLine {
    const key = transport.lineKey;
    if (key === undefined) return new SharedLine(transport);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line = new SharedLine(transport, () => {
      if (this.#lines.get(key) === line) this.#lines.delete(key);
    });
    this.#lines.set(key, line);
    return line;
  }

  get size(): number {
    return this.#lines.size;
  }
}

/** The lines of this process. A serial port or a gateway can be opened only once, by any user. */
export const processLines = new SharedLines();
