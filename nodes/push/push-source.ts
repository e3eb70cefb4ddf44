// A deployed push source: its keys, its names, its counters, and the one port that its nodes share.
import {
  acceptMeters,
  type Clock,
  DlmsConfigError,
  type DlmsError,
  DlmsPushError,
  DlmsStateError,
  isDlmsError,
  type ListenBytes,
  type ListenerFacts,
  listenPush,
  type ListenProblem,
  type ListenStateEvent,
  type ListenTransport,
  type MeterAcceptor,
  type MeterEvidence,
  type Push,
  PushDecoder,
  type PushDecoderOptions,
  type PushListenerEvents,
  type PushMeter,
  type ReceivedCounterStore,
  type TimerHandle,
  toHex,
  type Transport,
} from "../../src/index";
import { KeyFile } from "./key-file";
import type { KnownMeter } from "./known-meter";
import type { LearnedNames } from "./learned-names";
import { MeterDirectory } from "./meter-directory";
import { ProblemLimit } from "./problem-limit";
import type { PushSourceSettings } from "./source-settings";

/** ms after which opening a port that another program uses is retried. */
export const portRetryMs = 10_000;

export interface PushSourceParts {
  readonly label: string;
  readonly settings: PushSourceSettings;
  readonly clock: Clock;
  /** invocation counters of earlier pushes, kept in the user directory */
  readonly counters?: ReceivedCounterStore;
  /** the port or line to listen on; undefined if messages carry the bytes */
  readonly transport: ListenTransport | undefined;
  /** names that are read from the meters */
  readonly learned?: LearnedNames;
  /** the value of an environment variable */
  readonly variable: (name: string) => string | undefined;
  /** receives problems that belong to no push and no user */
  readonly onProblem: (problem: DlmsError) => void;
  /** receives a sentence about columns of the key file that were ignored */
  readonly onIgnored?: (text: string) => void;
}

/** Reports of a source about its port or line. */
export interface PushView {
  readonly state: "idle" | "failed" | ListenStateEvent["state"];
  readonly error?: DlmsError;
  readonly nextTryInMs?: number;
  readonly line?: ListenStateEvent["line"];
  readonly found?: true;
  readonly facts: ListenerFacts | undefined;
}

/** A node that receives the pushes of a source. */
export interface PushUser {
  readonly id: string;
  /** receives pushes without a known key as they were received; for other users they are errors */
  readonly wantsRaw?: boolean;
  push(push: Push): void;
  problem(problem: ListenProblem): void;
  changed(view: PushView): void;
  bytes?(event: ListenBytes): void;
}

/** What a listener and an acceptor of meters have in common. */
interface Arrivals {
  readonly facts: ListenerFacts;
  on<E extends "push" | "problem" | "connection" | "bytes">(
    event: E,
    listener: (event: PushListenerEvents[E]) => void,
  ): () => void;
  close(): Promise<void>;
}

export class PushSource {
  readonly label: string;
  readonly settings: PushSourceSettings;
  readonly #parts: PushSourceParts;
  readonly #file: KeyFile | undefined;
  readonly #users = new Map<string, PushUser>();
  /** errors of pushes without a known key, for users that do not want them raw */
  readonly #noKey: ProblemLimit;
  /** the decoder identifies the settings of a meter by their object */
  readonly #pushMeters = new WeakMap<KnownMeter, PushMeter>();
  #directory: MeterDirectory;
  #fileMeters: readonly KnownMeter[] = [];
  #listener: Arrivals | undefined;
  #acceptor: MeterAcceptor | undefined;
  #opening: Promise<void> | undefined;
  #retry: TimerHandle | undefined;
  #state: Omit<PushView, "facts"> = { state: "idle" };
  #closed = false;

  /** @throws DlmsConfigError */
  constructor(parts: PushSourceParts) {
    const { label, settings, clock, variable, onProblem, onIgnored = () => undefined } = parts;
    this.label = label;
    this.settings = settings;
    this.#parts = parts;
    this.#noKey = new ProblemLimit(clock);
    const path = settings.keyFile;
    this.#file = path === "" ? undefined : new KeyFile({ path, clock, variable, onProblem, onIgnored });
    this.#fileMeters = this.#file?.meters ?? [];
    this.#directory = new MeterDirectory([...settings.meters, ...this.#fileMeters]);
    this.#checkLists();
  }

  get view(): PushView {
    return { ...this.#state, facts: this.#listener?.facts };
  }

  /** The first user opens the port. */
  addUser(user: PushUser): void {
    this.#users.set(user.id, user);
    user.changed(this.view);
    this.open();
  }

  /** Opens the port, if it is not open yet. */
  open(): void {
    this.#opening ??= this.#open();
  }

  /**
   * The line of a meter that dials in, by its name in the table, its system title, number or heartbeat.
   * @throws DlmsError where the port is not open, or the source only takes pushes
   */
  async incoming(meterId: string): Promise<Transport> {
    if (this.settings.dialIn === undefined) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `pushSource: ${this.label} takes pushes only; switch on "Meters are read over their connections" there`,
        { details: { property: "pushSource" } },
      );
    }
    this.open();
    await this.#opening;
    const acceptor = this.#acceptor;
    if (acceptor !== undefined) return acceptor.transport(this.#nameOf(meterId));
    throw this.#state.error ?? new DlmsStateError("STATE_CLOSED", "the push source was closed by a deploy");
  }

  removeUser(id: string): void {
    this.#users.delete(id);
  }

  /** Resolves when the counters of earlier runs are read. */
  async ready(): Promise<void> {
    if (this.settings.counters === "off") return;
    await this.#parts.counters?.ready?.();
  }

  /** Frees the port and writes the counters. Never rejects: the next start reports a failed write. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#users.clear();
    this.#parts.clock.clearTimeout(this.#retry);
    this.#parts.learned?.close();
    await this.#opening;
    await this.#listener?.close();
    await this.#parts.counters?.flush?.().catch(() => undefined);
  }

  /** The name of a meter in the settings; undefined where it has none. */
  meterNamed(title: string, peer: string | null): string | undefined {
    const name = this.#current().find(title, peer ?? undefined)?.name;
    return name === "" ? undefined : name;
  }

  /** Whether the table or the key file lists the meter; without any list each meter is known. */
  knows(title: string, peer: string | null): boolean {
    const directory = this.#current();
    return directory.all.length === 0 || directory.find(title, peer ?? undefined) !== undefined;
  }

  /** A decoder for one stream of bytes. @param peer address of the sender, or the topic of its messages */
  decoder(peer: string | undefined, onProblem: (problem: DlmsError) => void): PushDecoder {
    return new PushDecoder({ ...this.decoderOptions(), ...(peer !== undefined && { peer }), onProblem });
  }

  decoderOptions(): PushDecoderOptions {
    const { framing, counters, withoutAuthenticationKey, rememberObjects, lists, ownLists } = this.settings;
    return {
      ...{ framing, counters, withoutAuthenticationKey, rememberObjects, lists, customLists: ownLists },
      keys: (title, peer) => this.#current().keys(title, peer),
      meters: (title, peer) => this.#meter(title === null ? "" : toHex(title), peer),
      ...(this.#parts.counters !== undefined && { receivedCounters: this.#parts.counters }),
    };
  }

  #meter(title: string, peer: string | undefined): PushMeter | undefined {
    const known = this.#current().find(title, peer);
    if (known === undefined) return undefined;
    const objects = this.#parts.learned?.objectsOf(known);
    const made = this.#pushMeters.get(known);
    if (made !== undefined && made.objects === objects) return made;
    const meter = pushMeterOf(known, objects);
    this.#pushMeters.set(known, meter);
    return meter;
  }

  /** A wrong list of one meter would cause each of its pushes to be refused, so the deploy reports it. */
  #checkLists(): void {
    const options = this.decoderOptions();
    for (const lists of new Set(this.#directory.all.map(({ list }) => list ?? this.settings.lists))) {
      new PushDecoder({ ...options, lists });
    }
    new PushDecoder(options);
  }

  /** The meters, including those in the current key file. */
  #current(): MeterDirectory {
    const meters = this.#file?.meters ?? this.#fileMeters;
    if (meters !== this.#fileMeters) {
      this.#fileMeters = meters;
      try {
        this.#directory = new MeterDirectory([...this.settings.meters, ...meters]);
      } catch (error) {
        if (!isDlmsError(error)) throw error;
        this.#parts.onProblem(error);
      }
    }
    return this.#directory;
  }

  async #open(): Promise<void> {
    const { transport } = this.#parts;
    if (transport === undefined) {
      const text = "from: this source takes messages of a dlms-decode node; it has no port to listen on";
      this.#failed(new DlmsConfigError("CONFIG_INVALID", text, { details: { property: "from" } }));
      return;
    }
    this.#became({ state: "opening" });
    try {
      const listener = await this.#listen(transport);
      this.#listener = listener;
      if (this.#closed) {
        await listener.close();
        return;
      }
      this.#follow(listener);
    } catch (error) {
      if (!this.#closed) this.#failed(error);
    }
  }

  async #listen(transport: ListenTransport): Promise<Arrivals> {
    const { silenceAfter: silenceAfterMs, dialIn, idleTimeout: idleTimeoutMs, limits, confirm } = this.settings;
    const { clock } = this.#parts;
    const common = { silenceAfterMs, idleTimeoutMs, clock };
    const decoding: PushDecoderOptions = { ...this.decoderOptions(), withoutKey: () => this.#withoutKey() };
    if (dialIn === undefined || !("kind" in transport) || transport.kind !== "tcp-server" || !("port" in transport)) {
      const listener = await listenPush({ ...decoding, transport, limits, confirm, ...common });
      listener.on("state", (event) => {
        if (!this.#closed) this.#became(event);
      });
      return listener;
    }
    const { host, port, tls } = transport;
    this.#acceptor = await acceptMeters({
      ...{ port, ...common, limits: { connections: limits.connections }, push: decoding },
      ...(host !== undefined && { host }),
      ...(tls !== undefined && { tls }),
      ...(dialIn.heartbeat !== undefined && { heartbeat: dialIn.heartbeat }),
      identify: (evidence) => this.#identified(evidence),
    });
    return this.#acceptor;
  }

  /** A meter is known by its row in the table or key file; without one by what it sent. */
  #identified({ heartbeat, systemTitle, meterId, address }: MeterEvidence): string {
    return this.#nameOf(heartbeat ?? systemTitle ?? meterId ?? address);
  }

  /** The same for all ways to say which meter is meant. */
  #nameOf(id: string): string {
    return this.#current().called(id) ?? id;
  }

  #follow(listener: Arrivals): void {
    this.#became({ state: listener.facts.state });
    listener.on("push", (push) => {
      if (push.kind === "raw") this.#unopened(push);
      else for (const user of this.#users.values()) user.push(push);
    });
    listener.on("problem", (problem) => {
      this.#tell(problem);
    });
    listener.on("connection", () => {
      this.#changed();
    });
    listener.on("bytes", (event) => {
      for (const user of this.#users.values()) user.bytes?.(event);
    });
  }

  #withoutKey(): "refuse" | "raw" {
    for (const { wantsRaw } of this.#users.values()) if (wantsRaw === true) return "raw";
    return "refuse";
  }

  /** A push without a known key. */
  #unopened(push: Push): void {
    const { systemTitle, notes, link } = push;
    const details = systemTitle === null ? {} : { systemTitle: systemTitle.toLowerCase() };
    const error = new DlmsPushError("PUSH_NO_KEY", notes.at(-1) ?? "no key", { details });
    const { told, heldBack } = this.#noKey.admit(error);
    for (const user of this.#users.values()) {
      if (user.wantsRaw === true) user.push(push);
      else if (told) user.problem({ error, count: heldBack + 1, peer: link.peer });
    }
  }

  /** Opening is retried, because another program may free the port; wrong settings stay wrong until the next deploy. */
  #failed(error: unknown): void {
    const problem = isDlmsError(error) ? error : new DlmsConfigError("CONFIG_INVALID", String(error));
    const isForLater = problem.layer === "transport" && !this.#closed;
    this.#became({ state: "failed", error: problem, ...(isForLater && { nextTryInMs: portRetryMs }) });
    this.#tell({ error: problem, count: 1, peer: null });
    if (!isForLater) return;
    this.#retry = this.#parts.clock.setTimeout(() => {
      this.#opening = this.#open();
    }, portRetryMs);
  }

  #tell(problem: ListenProblem): void {
    for (const user of this.#users.values()) user.problem(problem);
  }

  #became(state: Omit<PushView, "facts">): void {
    this.#state = state;
    this.#changed();
  }

  #changed(): void {
    const { view } = this;
    for (const user of this.#users.values()) user.changed(view);
  }
}

function pushMeterOf(known: KnownMeter, objects: PushMeter["objects"]): PushMeter {
  const { name, systemTitle, list, timeZone, standardTime, reversedDeviation } = known;
  return {
    ...(name !== "" && { name }),
    ...(systemTitle !== "" && { systemTitle }),
    ...(list !== undefined && { lists: list }),
    ...(timeZone !== undefined && { timeZone }),
    ...(standardTime && { standardTime }),
    ...(reversedDeviation && { reversedDeviation }),
    ...(objects !== undefined && { objects }),
  };
}
