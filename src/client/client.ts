/** The client of one meter: sends its requests one at a time over a connection that it keeps. */
import type { DlmsValue } from "../codec";
import type { AttributeRef, MethodRef, ObisLike, ObjectDirectory, PresentOptions, WriteValueOptions } from "../cosem";
import { DlmsStateError } from "../errors";
import { callback, invalid, object, oneOf } from "../errors/arguments";
import { asDlmsError } from "../errors/boundary";
import type { RandomSource } from "../security";
import type { AssociationInfo } from "../session/steps/options";
import type { Association } from "./association/association";
import { certificateDateWarnings } from "./options/certificate-dates";
import { invoking, invokingAll, writing, writingAll } from "./services/write-and-invoke";
import type {
  AttributeWrite,
  InvokeOptions,
  InvokeOutcome,
  MethodCall,
  WriteOptions,
  WriteOutcome,
} from "./services/write-types";
import { scaledBy, valueOf } from "./services/write-values";
import { type ClientParts, establisher } from "./connection/establish";
import type { ClientEvents, ClientState, Unsubscribe } from "./connection/events";
import type { MeterHints } from "./association/meter-hints";
import { adaptingBlocks } from "./connection/without-general-blocks";
import { checkReadOptions } from "./options/check-arguments";
import type { ClientRequest } from "./services/request-queue";
import { maxRequestMs } from "./services/request-watch";
import { processLines } from "../driver/shared-line";
import { type ClientFacts, Observer } from "./connection/observer";
import type { BrowseOptions, ConnectOptions, OperationOptions, ReadOptions } from "./options/options";
import { learnFromSilence } from "./services/lists";
import { type Outcome, readAttributes, type Reading } from "./services/read";
import type { AccountRisk } from "./connection/secret-attempt";
import { resolveSettings, type Settings } from "./options/resolve-options";
import { type ProfileOptions, ProfileReader } from "./profile/profile-reader";
import type { ProfileRange } from "./profile/time-range";
import { referencingOf } from "./services/choose-referencing";
import { Supervisor } from "./connection/supervisor";
import { describeReads, type AttributeRequest, requestFor } from "./services/attribute-request";
import { makeLink, makeSession } from "./connection/factories";
import { closedError, RequestRunner } from "./request-runner";

export interface CloseOptions {
  /** bound of release and disconnect together, in ms; default: timeouts.close */
  readonly timeoutMs?: number;
}

/** Statistics of the line, over all connections of this client. */
export interface ClientStatistics extends ClientFacts {
  /** requests that wait */
  readonly queued: number;
}

const transportWarnings = ({ transport: { warning } }: Settings): readonly string[] =>
  warning === undefined ? [] : [warning];

/**
 * A client of one logical device of one meter. It connects on the first request, keeps the association, reconnects
 * after a loss, and sends one request at a time.
 */
export class DlmsClient implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #observer: Observer;
  readonly #supervisor: Supervisor;
  readonly #runner: RequestRunner;
  readonly #hints: MeterHints = { listsRefused: false };
  #closing: Promise<void> | undefined;
  #lastAssociation: AssociationInfo | undefined;

  /**
   * Programs call `createClient` or `connect`.
   * @throws DlmsConfigError for options that cannot be right
   * @internal
   */
  constructor(options: ConnectOptions, parts: Partial<ClientParts> = {}) {
    const settings = resolveSettings(options);
    // options that a session refuses are refused now, before the first request to the meter
    makeSession(settings);
    const warnings = [...transportWarnings(settings), ...certificateDateWarnings(settings)];
    for (const text of warnings) settings.logger?.warn(`${settings.transport.endpoint}: ${text}`);
    this.#settings = settings;
    this.#observer = new Observer(settings);
    this.#supervisor = this.#supervise(settings, warnings, parts);
    this.#runner = new RequestRunner({
      settings,
      supervisor: this.#supervisor,
      observer: this.#observer,
      hints: this.#hints,
    });
  }

  #supervise(settings: Settings, warnings: readonly string[], parts: Partial<ClientParts>): Supervisor {
    const { clock, timeouts } = settings;
    const note = (text: string): void => {
      this.#observer.note(text);
    };
    let risk: AccountRisk = "none";
    const all = adaptingBlocks({ lines: processLines, makeLink, makeSession, ...parts }, this.#hints);
    const establish = establisher(settings, all, this.#observer, {
      associating: () => {
        warnings.forEach(note);
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
    return new Supervisor({
      clock,
      timeouts: { ...timeouts, establish: maxConnectingMs(settings) },
      establish,
      accountRisk: () => risk,
      lock: () => settings.accountGuard.lockOf(settings.account),
      random: () => jitter(settings.random),
      onState: (event) => {
        this.#observer.state(event);
        this.#runner.connectionChanged(event.state);
      },
      note,
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
   * The parameters negotiated at the last association.
   * @throws DlmsStateError STATE_BUSY before the first one
   */
  get association(): AssociationInfo {
    if (this.#lastAssociation !== undefined) return this.#lastAssociation;
    throw new DlmsStateError("STATE_BUSY", "association: the client has not associated yet; call open() first");
  }

  get statistics(): ClientStatistics {
    return { ...this.#observer.facts, queued: this.#runner.queued };
  }

  /**
   * Adds a listener to an event. An exception or rejection of a listener goes to the logger and has no other effect;
   * without a logger the first one is a warning of the process.
   */
  on<E extends keyof ClientEvents>(event: E, listener: (event: ClientEvents[E]) => void): Unsubscribe {
    oneOf("event", event, ["state", "notification", "trace", "retry"]);
    callback("listener", listener);
    return this.#observer.hub.on(event, listener);
  }

  /** Connect and associate now, rather than with the first request. */
  open(options: OperationOptions = {}): Promise<void> {
    const name = `connect to ${this.endpoint}`;
    return this.#runner.submit(
      { name, key: "open", repeatable: true, run: () => Promise.resolve(() => undefined) },
      options,
    );
  }

  /**
   * Reads one attribute. A scaled value has its unit: the first read includes the scaler_unit. Rejects with
   * DlmsAccessError when the meter refuses it.
   */
  async read(ref: AttributeRef, options: ReadOptions = {}): Promise<Reading> {
    const [outcome] = await this.readMany([ref], options);
    if (outcome?.ok !== true) throw outcome?.error ?? closedError(requestFor(ref).name);
    return outcome.value;
  }

  /**
   * Reads several attributes in as few requests as the meter allows. Positions are kept, and a refused attribute is an
   * outcome with an error; the promise rejects only when link or association fail.
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
   * The rows of a Profile generic, oldest first, streamed as they arrive. No request is sent before rows or columns are
   * used.
   * @throws DlmsConfigError CONFIG_INVALID for an invalid OBIS code or range
   */
  profile(obis: ObisLike, range?: ProfileRange, options: ProfileOptions = {}): ProfileReader {
    const { clock, quirks } = this.#settings;
    checkReadOptions(options);
    if (options.onProgress !== undefined) callback("onProgress", options.onProgress);
    return new ProfileReader(obis, range, options, {
      clock,
      present: this.#present(options),
      reversedDeviation: quirks.reversedDeviation,
      timeMarks: quirks.timeMarks,
      hints: this.#hints,
      noGetWithList: quirks.noGetWithList,
      submit: (request, init) => this.#runner.submit(request, init),
      note: (text) => {
        this.#observer.note(text);
      },
    });
  }

  /** The objects of the association, with names, classes and rights. */
  browse(options: BrowseOptions = {}): Promise<ObjectDirectory> {
    const name = "read the object list";
    return this.#runner.submit(
      {
        name,
        key: "browse",
        repeatable: true,
        run: (active, queued) => referencingOf(active).objectList(active, cancelledWith(queued)),
      },
      options,
    );
  }

  /**
   * Writes one attribute: a DlmsValue, or a plain value whose type the class table knows. The client never repeats it:
   * when the answer is lost, the promise rejects with WRITE_OUTCOME_UNKNOWN. With `scaled` the value is in its unit, and
   * the client first reads the scaler and the type.
   */
  async write(ref: AttributeRef, value: unknown, options: WriteOptions = {}): Promise<void> {
    object("options", options);
    const { scaled, signal, timeoutMs, ...values } = options;
    const limits: OperationOptions = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    const more = scaled === true ? await scaledBy(ref, (wanted) => this.read(wanted, limits)) : {};
    await this.#runner.submit(writing({ ...this.#valueOptions(), ...values, ...more, ref, value }), limits);
  }

  /**
   * The value that `write` would send for a plain value, with the meter's time zone and sign of deviation. Sends nothing.
   * @throws DlmsConfigError CONFIG_INVALID for a value that does not fit exactly
   */
  valueToWrite(one: AttributeWrite): DlmsValue {
    object("write", one);
    return valueOf({ ...this.#valueOptions(), ...one }, "value");
  }

  /**
   * Writes several attributes, in one request where the meter supports lists, else one after the other. A refused
   * attribute is an outcome with an error.
   */
  async writeMany(writes: readonly AttributeWrite[], options: OperationOptions = {}): Promise<WriteOutcome[]> {
    if (!Array.isArray(writes)) throw invalid("writes", "a list of { ref, value }", writes);
    if (writes.length === 0) return [];
    return this.#runner.submit(
      writingAll((writes as readonly AttributeWrite[]).map((one) => ({ ...this.#valueOptions(), ...one }))),
      options,
    );
  }

  /**
   * Invokes a method; resolves with its return value, or null-data if it has none. The argument is a DlmsValue, or a
   * plain value whose type is known. The client never repeats it: when the answer is lost, the promise rejects with
   * WRITE_OUTCOME_UNKNOWN.
   */
  async invoke(ref: MethodRef, argument?: unknown, options: InvokeOptions = {}): Promise<DlmsValue> {
    object("options", options);
    const { signal: _, timeoutMs: __, ...values } = options;
    return this.#runner.submit(invoking({ ...this.#valueOptions(), ...values, ref, argument }), options);
  }

  /** Invokes several methods, in one request where the meter supports lists, else one after the other. */
  async invokeMany(calls: readonly MethodCall[], options: OperationOptions = {}): Promise<InvokeOutcome[]> {
    if (!Array.isArray(calls)) throw invalid("calls", "a list of { ref, argument }", calls);
    if (calls.length === 0) return [];
    return this.#runner.submit(
      invokingAll((calls as readonly MethodCall[]).map((one) => ({ ...this.#valueOptions(), ...one }))),
      options,
    );
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
      // a meter without an answer to its first list may not support lists
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
    return this.#runner.submit(
      { name, key: `read ${options.dates ?? ""} ${keys}`, repeatable: true, size, run },
      options,
    );
  }

  #present(options: ReadOptions): PresentOptions {
    const { present } = this.#settings;
    return options.dates === undefined ? present : { ...present, dates: options.dates };
  }

  /** The meter's habits: the sign of its deviation, its time zone, and how it uses octet-strings. */
  #valueOptions(): Pick<WriteValueOptions, "octetStrings" | "dateTimes"> {
    const { octetStrings, reversedDeviation, timeZone } = this.#settings.present;
    return {
      ...(octetStrings === undefined ? {} : { octetStrings }),
      dateTimes: {
        ...(timeZone === undefined ? {} : { timeZone }),
        ...(reversedDeviation === undefined ? {} : { reversedDeviation }),
      },
    };
  }

  async #close(options: CloseOptions): Promise<void> {
    await this.#runner.close((options as CloseOptions | null)?.timeoutMs);
    await this.#keepReceivedCounters();
  }

  /** The store reports its error to the next association; here the error must not hide that the meter was released. */
  async #keepReceivedCounters(): Promise<void> {
    try {
      await this.#settings.receivedCounters.flush();
    } catch (error) {
      const text = `close: ${asDlmsError(error, "received counters").message}`;
      this.#observer.note(text);
      this.#settings.logger?.warn(`${this.endpoint}: ${text}`);
    }
  }
}

/**
 * A client that connects with the first request.
 * @throws DlmsConfigError for options that cannot be right
 */
export function createClient(options: ConnectOptions): DlmsClient {
  return new DlmsClient(options);
}

/** Creates a client and connects it. */
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

/** 0..1 */
function jitter(random: RandomSource): number {
  const [high = 0, low = 0] = random(2);
  return (high * 256 + low) / 0x10000;
}
