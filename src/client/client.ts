/** The client of one meter: its requests, one at a time, over a connection that it keeps. */
import type { DlmsValue } from "../codec";
import type { AttributeRef, MethodRef, ObisLike, ObjectDirectory, PresentOptions } from "../cosem";
import { type DlmsError, DlmsStateError, isDlmsError } from "../errors";
import { callback, invalid, oneOf } from "../errors/arguments";
import { asDlmsError } from "../errors/boundary";
import { nameRequest } from "../errors/retell";
import type { RandomSource } from "../security";
import type { AssociationInfo } from "../session/steps/options";
import { type Association, OperationCancelled } from "./association/association";
import { certificateDateWarnings } from "./options/certificate-dates";
import { invoking, writing } from "./services/write-and-invoke";
import { type ClientParts, establisher } from "./connection/establish";
import type { ClientEvents, ClientState, Unsubscribe } from "./connection/events";
import { breaksSession, worthRepeating } from "./connection/failure";
import type { MeterHints } from "./association/meter-hints";
import { adaptingBlocks, keepsBlocks, leavesBlocks } from "./connection/without-general-blocks";
import { checkOperation, checkReadOptions } from "./options/check-arguments";
import { type QueuedRequest, type ClientRequest, RequestQueue } from "./services/request-queue";
import { maxRequestMs, RequestWatch } from "./services/request-watch";
import { processLines } from "../driver/shared-line";
import { type ClientFacts, Observer } from "./connection/observer";
import type { BrowseOptions, ConnectOptions, OperationOptions, ReadOptions } from "./options/options";
import { learnFromSilence } from "./services/lists";
import { type Outcome, readAttributes, type Reading } from "./services/read";
import type { AccountRisk } from "./connection/secret-attempt";
import { resolveSettings, type Settings } from "./options/resolve-options";
import { type ProfileOptions, ProfileReader } from "./profile/profile-reader";
import type { ProfileRange } from "./profile/read-profile";
import { referencingOf } from "./services/choose-referencing";
import { Supervisor } from "./connection/supervisor";
import { describeReads, type AttributeRequest, requestFor } from "./services/attribute-request";
import { makeLink, makeSession } from "./connection/factories";

export interface CloseOptions {
  /** bound of release and disconnect together, in ms; default: timeouts.close */
  readonly timeoutMs?: number;
}

/** What happened on the line so far, over all connections of this client. */
export interface ClientStatistics extends ClientFacts {
  /** requests that wait */
  readonly queued: number;
}

type ActiveRequest<T> = QueuedRequest<Association, T>;

const transportWarnings = ({ transport: { warning } }: Settings): readonly string[] =>
  warning === undefined ? [] : [warning];

/**
 * A client of one logical device of one meter. It connects when something is asked, keeps the association, makes it
 * again after a loss, and sends one request at a time.
 */
export class DlmsClient implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #observer: Observer;
  readonly #queue: RequestQueue<Association>;
  readonly #watch: RequestWatch;
  readonly #supervisor: Supervisor;
  readonly #hints: MeterHints = { listsRefused: false };
  #working: Promise<void> | undefined;
  #running: ActiveRequest<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #idleTimer: ReturnType<Settings["clock"]["setTimeout"]> | undefined;
  #lastAssociation: AssociationInfo | undefined;

  /**
   * Programs call `createClient` or `connect`.
   * @throws DlmsConfigError for options that cannot be right
   * @internal
   */
  constructor(options: ConnectOptions, parts: Partial<ClientParts> = {}) {
    const settings = resolveSettings(options);
    // what a session refuses is refused now, before anything is asked of the meter
    makeSession(settings);
    const warnings = [...transportWarnings(settings), ...certificateDateWarnings(settings)];
    for (const text of warnings) settings.logger?.warn(`${settings.transport.endpoint}: ${text}`);
    this.#settings = settings;
    const { clock, timeouts } = settings;
    this.#observer = new Observer(settings);
    this.#queue = new RequestQueue(clock, settings.queueLimit);
    this.#watch = new RequestWatch(clock, timeouts, (error) => {
      void this.#supervisor.active?.channel.destroy(error);
    });
    let risk: AccountRisk = "none";
    const all = adaptingBlocks({ lines: processLines, makeLink, makeSession, ...parts }, this.#hints);
    const establish = establisher(settings, all, this.#observer, {
      associating: () => {
        for (const text of warnings) this.#observer.note(text);
      },
      associated: (association) => {
        this.#lastAssociation = association;
      },
      lost: (active, error) => {
        this.#supervisor.lost(active, error);
      },
      failed: (of) => {
        risk = of;
      },
    });
    this.#supervisor = new Supervisor({
      clock,
      timeouts: { ...timeouts, establish: maxConnectingMs(settings) },
      establish,
      accountRisk: () => risk,
      lock: () => settings.accountGuard.lockOf(settings.account),
      random: () => jitter(settings.random),
      onState: (event) => {
        this.#observer.state(event);
        if (this.#working !== undefined) return;
        // reconnected automatically: no request may be waiting
        if (event.state === "open") this.#armIdle();
        else this.#watch.stop();
      },
      note: (text) => {
        this.#observer.note(text);
      },
    });
  }

  get state(): ClientState {
    return this.#supervisor.state;
  }

  /** Where the meter is: `tcp meter.example:4059` */
  get endpoint(): string {
    return this.#settings.transport.endpoint;
  }

  /**
   * What was negotiated with the meter, at the last association.
   * @throws DlmsStateError STATE_BUSY before the first one
   */
  get association(): AssociationInfo {
    if (this.#lastAssociation !== undefined) return this.#lastAssociation;
    throw new DlmsStateError("STATE_BUSY", "association: the client has not associated yet; call open() first");
  }

  get statistics(): ClientStatistics {
    return { ...this.#observer.facts, queued: this.#queue.length };
  }

  /**
   * Listen. What a listener throws, or rejects with, goes to the logger and changes nothing else; without a logger the first
   * is a warning of the process.
   */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): Unsubscribe {
    oneOf("event", event, ["state", "notification", "trace", "retry"]);
    callback("listener", listener);
    return this.#observer.hub.on(event, listener);
  }

  /** Connect and associate now, rather than with the first request. */
  open(options: OperationOptions = {}): Promise<void> {
    const name = `connect to ${this.endpoint}`;
    return this.#submit({ name, key: "open", repeatable: true, run: () => Promise.resolve(() => undefined) }, options);
  }

  /**
   * Read one attribute. A scaled value comes with its unit: the scaler_unit is read along the first time.
   * Rejects with DlmsAccessError when the meter refuses it.
   */
  async read(ref: AttributeRef, options: ReadOptions = {}): Promise<Reading> {
    const [outcome] = await this.readMany([ref], options);
    if (outcome?.ok !== true) throw outcome?.error ?? closedError(requestFor(ref).name);
    return outcome.value;
  }

  /**
   * Read several attributes, in as few requests as the meter allows. Positions are kept, and what the meter refuses is
   * an outcome of its own; it rejects only when link or association fail.
   */
  readMany(refs: readonly AttributeRef[], options: ReadOptions = {}): Promise<Outcome[]> {
    try {
      checkReadOptions(options);
      if (!Array.isArray(refs)) throw invalid("refs", "a list of attribute references", refs);
      return this.#readAll(refs.map(requestFor), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The rows of a Profile generic, oldest first, streamed as they come. Nothing is asked before rows or columns are.
   * @throws DlmsConfigError CONFIG_INVALID for an OBIS code or a range that cannot be right
   */
  profile(obis: ObisLike, range?: ProfileRange, options: ProfileOptions = {}): ProfileReader {
    const { clock, quirks } = this.#settings;
    checkReadOptions(options);
    if (options.onProgress !== undefined) callback("onProgress", options.onProgress);
    return new ProfileReader(obis, range, options, {
      clock,
      present: this.#present(options),
      reversedDeviation: quirks.reversedDeviation,
      hints: this.#hints,
      noGetWithList: quirks.noGetWithList,
      submit: (request, init) => this.#submit(request, init),
      note: (text) => {
        this.#observer.note(text);
      },
    });
  }

  /** The objects of the association, with names, classes and rights. */
  browse(options: BrowseOptions = {}): Promise<ObjectDirectory> {
    const name = "read the object list";
    return this.#submit(
      {
        name,
        key: "browse",
        repeatable: true,
        run: (active, queued) => referencingOf(active).objectList(active, cancelledWith(queued)),
      },
      options,
    );
  }

  /** Write one attribute. The client never retries it. */
  async write(ref: AttributeRef, value: DlmsValue, options: OperationOptions = {}): Promise<void> {
    await this.#submit(writing(ref, value), options);
  }

  /** Invoke a method; returns what it returns, null-data if nothing. The client never retries it. */
  async invoke(ref: MethodRef, argument?: DlmsValue, options: OperationOptions = {}): Promise<DlmsValue> {
    return this.#submit(invoking(ref, argument), options);
  }

  /** Release, disconnect and free the line. Whatever waits is rejected. Idempotent, never rejects, bounded. */
  close(options: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #readAll(wanted: readonly AttributeRequest[], options: ReadOptions): Promise<Outcome[]> {
    const [first] = wanted;
    if (first === undefined) return Promise.resolve([]);
    const more = wanted.length - 1;
    const keys = more === 0 ? first.key : wanted.map(({ key }) => key).join(" ");
    const name = more === 0 ? first.name : describeReads(wanted.map(({ ref }) => ref));
    const present = this.#present(options);
    let single = false;
    const run: ClientRequest<Association, Outcome[]>["run"] = async (active, queued, attempt) => {
      // a meter that stays silent after its first list may be one that cannot answer lists
      const silent = attempt > 0 && this.#observer.facts.lastError?.is("TIMEOUT_RESPONSE") === true;
      if (silent && this.#hints.listsAnswered !== true) single = true;
      const context = {
        cancelled: () => queued.abandoned,
        hints: this.#hints,
        noGetWithList: this.#settings.quirks.noGetWithList || single,
        note: (text: string) => {
          this.#observer.note(text);
        },
        present,
        wallTime: () => this.#settings.clock.wallTime(),
      };
      const outcomes = await readAttributes(active, wanted, context);
      if (single) learnFromSilence(context);
      return outcomes;
    };
    const size = { attributes: wanted.length };
    return this.#submit({ name, key: `read ${options.dates ?? ""} ${keys}`, repeatable: true, size, run }, options);
  }

  #present(options: ReadOptions): PresentOptions {
    const { present } = this.#settings;
    return options.dates === undefined ? present : { ...present, dates: options.dates };
  }

  #submit<T>(request: ClientRequest<Association, T>, options: OperationOptions): Promise<T> {
    try {
      checkOperation(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#closing !== undefined) return Promise.reject(closedError(request.name));
    const result = this.#queue.submit(request, options);
    this.#clearIdle();
    this.#working ??= this.#work();
    return result;
  }

  /** One request after the other, until none is left. */
  async #work(): Promise<void> {
    // lets equal requests of one turn find each other
    await Promise.resolve();
    for (let queued = this.#queue.next(); queued !== undefined; queued = this.#queue.next()) {
      this.#running = queued;
      this.#watch.begin(queued, queued.request.size);
      await this.#run(queued);
      this.#running = undefined;
    }
    // in the same turn as the look at the queue, so that no request falls between
    this.#working = undefined;
    if (this.state === "open") this.#watch.rest();
    else this.#watch.stop();
    this.#armIdle();
  }

  async #run(queued: ActiveRequest<unknown>): Promise<void> {
    let furthest = queued.request.progress?.() ?? 0;
    /** tries since it last got on */
    let tries = 0;
    for (let attempt = 0; !queued.abandoned; attempt++) {
      const before = this.#supervisor.active;
      let active: Association;
      try {
        active = this.#supervisor.usable ?? (await this.#supervisor.ensure(queued.name));
      } catch (error) {
        queued.settle({ ok: false, error: asDlmsError(error, queued.name) });
        return;
      }
      const { answered } = active;
      try {
        const make = await queued.request.run(active, queued, attempt);
        if (active.answered > 0) this.#supervisor.noteSuccess();
        keepsBlocks(active, this.#hints);
        queued.settle({ ok: true, make });
        // what was asked for was whole before the connection broke
        if (!active.channel.usable) await this.#supervisor.discard(active, undefined, false);
        return;
      } catch (error) {
        if (error instanceof OperationCancelled) {
          queued.settle({ ok: false, error });
          return;
        }
        const reached = queued.request.progress?.() ?? 0;
        if (reached > furthest) tries = 0;
        furthest = Math.max(furthest, reached);
        // one that has stood idle may have been ended by the meter's inactivity time-out
        const fresh = active !== before && active.answered === answered && tries === attempt;
        const again = await this.#failed(active, queued, named(error, queued.name), fresh, tries === 0);
        if (!again) return;
        tries++;
      }
    }
  }

  /** Returns whether the request is to be tried once more. */
  async #failed(
    active: Association,
    queued: ActiveRequest<unknown>,
    error: DlmsError,
    fresh: boolean,
    first: boolean,
  ): Promise<boolean> {
    this.#observer.failed(error);
    const note = (text: string): void => this.#observer.note(text);
    const adapted = leavesBlocks(active, error, this.#hints, note);
    if (!breaksSession(error, fresh)) {
      queued.settle({ ok: false, error });
      return false;
    }
    const { repeatable } = queued.request;
    const may = typeof repeatable === "function" ? repeatable() : repeatable;
    const worth = adapted || (first && !fresh && worthRepeating(error));
    const again = worth && may && !queued.abandoned && this.#closing === undefined;
    await this.#supervisor.discard(active, error, !again && fresh && !queued.abandoned);
    if (!again) {
      queued.settle({ ok: false, error });
      return false;
    }
    this.#observer.hub.emit("retry", { what: queued.name, error });
    return true;
  }

  async #close(options: CloseOptions): Promise<void> {
    this.#clearIdle();
    this.#queue.rejectAll(closedError);
    const running = this.#running;
    running?.settle({ ok: false, error: closedError(running.name) });
    this.#watch.stop();
    await this.#supervisor.close(
      async () => {
        await this.#working;
      },
      (options as CloseOptions | null)?.timeoutMs,
    );
    await this.#keepReceivedCounters();
  }

  /** The store says so itself to the next association; here it must not hide that the meter was released. */
  async #keepReceivedCounters(): Promise<void> {
    try {
      await this.#settings.receivedCounters.flush();
    } catch (error) {
      const text = `close: ${asDlmsError(error, "received counters").message}`;
      this.#observer.note(text);
      this.#settings.logger?.warn(`${this.endpoint}: ${text}`);
    }
  }

  #armIdle(): void {
    const { clock, timeouts } = this.#settings;
    if (timeouts.idle === 0 || this.#closing !== undefined) return;
    this.#clearIdle();
    this.#idleTimer = clock.setTimeout(() => {
      this.#idleTimer = undefined;
      void this.#supervisor.release();
    }, timeouts.idle);
  }

  #clearIdle(): void {
    this.#settings.clock.clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }
}

/**
 * A client that connects with the first request.
 * @throws DlmsConfigError for options that cannot be right
 */
export function createClient(options: ConnectOptions): DlmsClient {
  return new DlmsClient(options);
}

/** A client that is connected and associated. */
export async function connect(options: ConnectOptions, init: OperationOptions = {}): Promise<DlmsClient> {
  const client = createClient(options);
  try {
    await client.open(init);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** A meter may answer each step of an association in time, and all of them together without end. */
function maxConnectingMs({ timeouts, counterSource }: Settings): number {
  return timeouts.connect + maxRequestMs(timeouts) + (counterSource?.pauseMs ?? 0);
}

function cancelledWith(queued: { readonly abandoned: boolean }): { readonly cancelled: () => boolean } {
  return { cancelled: () => queued.abandoned };
}

/** What the session did not name itself. */
function named(error: unknown, request: string): DlmsError {
  return isDlmsError(error) ? nameRequest(error, request) : asDlmsError(error, request);
}

function closedError(what: string): DlmsStateError {
  return new DlmsStateError("STATE_CLOSED", `client is closed (${what})`, { request: what });
}

/** 0..1 */
function jitter(random: RandomSource): number {
  const [high = 0, low = 0] = random(2);
  return (high * 256 + low) / 0x10000;
}
