import { bytesEqual } from "../bytes";
import { DlmsConnectionError, DlmsStateError } from "../errors";
import { contained, reportUnexpected } from "../errors/boundary";
import type { PushAddress, PushFit } from "../link";
import type { Connection, Transport, TransportLineSettings } from "../transport";
import { type LinkAddress, LinePlaces, type PlaceOptions } from "./address-reservations";
import { LineSilence } from "./half-open";

/** One client on a line. */
export interface LineUser {
  /** what this user's meter needs; undefined: whatever the line has */
  readonly settings: TransportLineSettings | undefined;
  /** What is its own on this line while it is attached; absent: it speaks to no meter. */
  readonly address?: LinkAddress;
  data(bytes: Uint8Array): void;
  /** How well a push fits that another user heard; absent: not at all. */
  pushFit?(push: Push): PushFit;
  /** A push that another user heard, and that is for this one. */
  pushed?(push: Push): void;
  /** The connection is gone, and with it the membership of this line. */
  lost(error: DlmsConnectionError): void;
}

/** What a meter sent of its own accord, not to whoever heard it. */
export interface Push {
  readonly apdu: Uint8Array;
  readonly address: PushAddress;
}

interface Waiting {
  readonly user: LineUser;
  grant(): void;
  refuse(error: Error): void;
}

/** `timeoutMs` bounds the wait for the address and then the opening of the connection. */
export type AttachOptions = PlaceOptions;

/**
 * One connection and the clients that share it. It is opened for the first user and closed after the last. Users
 * take turns, one exchange each, first come first served: since a client never waits for more than one turn, that
 * is a fair round. Received bytes go to whoever holds the turn, to all while nobody does.
 */
export class Line {
  readonly transport: Transport;
  readonly #onUnused: () => void;
  readonly #users = new Set<LineUser>();
  readonly #places: LinePlaces<LineUser>;
  readonly #silence: LineSilence;
  readonly #waiting: Waiting[] = [];
  #connection: Connection | undefined;
  #settings: TransportLineSettings | undefined;
  #opening: { readonly done: Promise<void>; readonly abort: AbortController } | undefined;
  #closing: Promise<void> | undefined;
  #turn: LineUser | undefined;
  /** calls of attach that have not come to an end */
  #coming = 0;
  /** while everybody hears: pushes that were handed on */
  #handedOn: Push[] | undefined;

  constructor(transport: Transport, onUnused: () => void = () => undefined) {
    this.transport = transport;
    this.#onUnused = onUnused;
    this.#places = new LinePlaces(transport.endpoint);
    this.#silence = new LineSilence(transport);
  }

  get users(): number {
    return this.#users.size;
  }

  /** Whether a connection is open: whoever comes now meets what is still on its way. */
  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Become a user; resolves when the connection is open. Rejects with the transport's error or the signal's reason, and
   * with STATE_BUSY when somebody else keeps the user's address. Until that is free it is no user: the connection, and
   * whoever has it, notice nothing.
   */
  async attach(user: LineUser, options: AttachOptions): Promise<void> {
    this.#coming++;
    try {
      const place = this.#places.take(user, options);
      if (place !== undefined) await place;
      this.#users.add(user);
      while (this.#closing !== undefined) await this.#closing;
      options.signal?.throwIfAborted();
      if (!this.#users.has(user)) throw new DlmsStateError("STATE_CLOSED", "the line was left before it was open");
      if (this.#connection === undefined) await untilAborted(this.#open(options.timeoutMs), options.signal);
    } catch (error) {
      await this.detach(user);
      throw error;
    } finally {
      this.#coming--;
      this.#unusedIfSo();
    }
  }

  /** Leave; resolves when the connection is closed if this was the last user. Never rejects. */
  async detach(user: LineUser): Promise<void> {
    this.#places.leave(user);
    if (!this.#users.delete(user)) return;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]?.user !== user) continue;
      const [left] = this.#waiting.splice(i, 1);
      left?.refuse(new DlmsStateError("STATE_CLOSED", "the line was left before its turn came"));
    }
    this.release(user);
    if (this.#users.size > 0) return;
    const opening = this.#opening;
    opening?.abort.abort(new Error("nobody waits for the connection any more"));
    const connection = this.#connection;
    this.#forget();
    // a port that is still opening is as locked as an open one; the transport bounds both
    if (opening === undefined && connection === undefined) this.#unusedIfSo();
    else await this.#end([opening?.done, connection?.close()].filter((one) => one !== undefined));
  }

  /** Until all that is over, nobody opens the connection anew. */
  #end(parts: readonly Promise<void>[]): Promise<void> {
    this.#closing = Promise.allSettled(parts).then(() => {
      this.#closing = undefined;
      this.#unusedIfSo();
    });
    return this.#closing;
  }

  /**
   * Whoever waits for an address still wants this line; and while its port is closing, it is the one that knows: another
   * line would open a port that is still open.
   */
  #unusedIfSo(): void {
    if (this.#users.size === 0 && this.#coming === 0 && this.#closing === undefined) this.#onUnused();
  }

  /**
   * Wait for the turn. Returns undefined when it was free, so that an unshared line costs nothing.
   * Rejects when the line is lost meanwhile, or left.
   */
  acquire(user: LineUser): Promise<void> | undefined {
    if (this.#turn === undefined) {
      this.#turn = user;
      this.#silence.turn();
      return this.#fitsSettings(user) ? undefined : this.#applySettings(user);
    }
    return this.#queue(user);
  }

  /**
   * Let those who wait go first, between two tries of one exchange: a meter that is silent then costs the others one
   * time-out and not all of them. Undefined when nobody waits; else it resolves when the turn is back.
   */
  giveWay(user: LineUser): Promise<void> | undefined {
    if (this.#turn !== user || this.#waiting.length === 0) return undefined;
    const back = this.#queue(user);
    this.release(user);
    return back;
  }

  #queue(user: LineUser): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        user,
        grant: () => {
          if (this.#fitsSettings(user)) resolve();
          else this.#applySettings(user).then(resolve, reject);
        },
        refuse: reject,
      });
    });
  }

  /** Give the turn to the next; without effect for a user that does not hold it. */
  release(user: LineUser): void {
    if (this.#turn !== user) return;
    const next = this.#waiting.shift();
    this.#turn = next?.user;
    this.#silence.turn();
    next?.grant();
  }

  /**
   * What the user sent in its turn was not answered in time. Returns how many frames in a row that were, when the
   * connection seems to be half open: it is to be given up then.
   */
  unanswered(user: LineUser): number | undefined {
    // a single user closes it by leaving
    return this.#turn === user && this.#users.size > 1 ? this.#silence.missed(user, this.#users) : undefined;
  }

  /** An exchange of the user ended without an answer. */
  failed(user: LineUser): void {
    this.#silence.failed(user);
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

  /** What the transport calls must not throw into it: that would end the process. */
  #contained(run: () => void): void {
    const { endpoint } = this.transport;
    contained(endpoint, run, (cause) => {
      this.drop(
        new DlmsConnectionError("CONN_LOST", cause.message, { fault: cause.fault, details: { endpoint }, cause }),
      );
    });
  }

  /**
   * Hand a push to those whom it fits best: the client that it is for, else the clients of its meter. Returns false
   * when nobody on this line has to do with that meter.
   */
  handOn(push: Push): boolean {
    const fits = (user: LineUser): PushFit => user.pushFit?.(push) ?? "none";
    const users = [...this.#users];
    const exact = users.filter((user) => fits(user) === "exact");
    const known = this.#handedOn;
    // while nobody has the turn, everybody hears everything: those whom it is for too, and others report it as well
    if (known !== undefined) {
      if (exact.length > 0 || known.some((one) => samePush(one, push))) return true;
      known.push(push);
    }
    const receivers = exact.length > 0 ? exact : users.filter((user) => fits(user) === "meter");
    for (const user of receivers) user.pushed?.(push);
    return receivers.length > 0;
  }

  write(bytes: Uint8Array): void {
    this.#silence.sent();
    this.#connection?.write(bytes);
  }

  /** Switch the line after what was written has left. */
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
    this.#silence.over(this.#turn);
    if (this.#turn !== undefined) {
      this.#turn.data(bytes);
      return;
    }
    this.#handedOn = [];
    try {
      for (const user of [...this.#users]) user.data(bytes);
    } finally {
      this.#handedOn = undefined;
    }
  }

  #lost(error: DlmsConnectionError): void {
    const users = [...this.#users];
    const waiting = this.#waiting.splice(0);
    this.#users.clear();
    this.#forget();
    for (const user of users) this.#places.leave(user);
    for (const one of waiting) one.refuse(error);
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
    this.#unusedIfSo();
  }

  #forget(): void {
    this.#connection = undefined;
    this.#settings = undefined;
    this.#turn = undefined;
    this.#silence.reset();
  }
}

function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", aborted, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", aborted);
    });
  });
}

function halfOpen({ endpoint }: Transport, unanswered: number): DlmsConnectionError {
  return new DlmsConnectionError(
    "CONN_LOST",
    `${endpoint}: the connection was given up, since ${unanswered} frames in a row, to whichever meter, were met without a ` +
      "single byte: the other side seems to be gone; the next request makes a new connection",
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

/** Finds the line that a transport belongs to: clients with the same key share one. */
export class LineRegistry {
  readonly #lines = new Map<string, Line>();

  lineFor(transport: Transport): Line {
    const key = transport.lineKey;
    if (key === undefined) return new Line(transport);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line = new Line(transport, () => {
      if (this.#lines.get(key) === line) this.#lines.delete(key);
    });
    this.#lines.set(key, line);
    return line;
  }

  get size(): number {
    return this.#lines.size;
  }
}

/** The lines of this process. A serial port or a gateway can be opened once only, whoever asks. */
export const processLines = new LineRegistry();
