/** Creates simulated meters: connections, counters, and delayed output on the clock. */
import { type Clock, systemClock, type TimerHandle } from "../clock";
import { DlmsConfigError } from "../errors";
import { callback, object } from "../errors/arguments";
import { callSafely, reportUnexpected } from "../errors/boundary";
import type { RandomSource } from "../security";
import { type MemoryLine, type MemoryPeer, memoryTransport } from "../transport/memory";
import { listenTcp, type TcpListener } from "../transport/tcp-server";
import type { Transport } from "../transport/transport";
import type { AssociationMachine } from "./association/association";
import type { Behaviour, LineAction } from "./behaviours/behaviour";
import { checkDefinition } from "./definition/check-definition";
import type { MeterDefinition, SimulatedAssociation } from "./definition/definition";
import { checkPushSetup, type PushSetup } from "./definition/push-setup";
import { checkDialIn, DialledLine, type DialInOptions } from "./push/dialled-line";
import { MeterPush, type PushingMeter } from "./push/meter-push";
import { generatedObjects } from "./objects/generated";
import { MeterModel } from "./objects/model";
import { type ReceivedEvent, type ReceivedItem, ReceivedLog, type WaitOptions } from "./received";
import { type MeterCore, ServerMachine } from "./server-machine";

export interface CreateMeterOptions {
  /** for delays and time-outs; default: the system clock */
  readonly clock?: Clock;
  /** called for each event on the meter that `received` records */
  readonly onEvent?: (item: ReceivedItem) => void;
}

export interface MeterListenOptions {
  /** default 127.0.0.1: local connections only */
  readonly host?: string;
  /** default 0: any free port */
  readonly port?: number;
}

/** Totals of a simulated meter. */
export interface MeterCounters {
  /** connections since the meter was created */
  readonly connections: number;
  readonly openConnections: number;
  /** link frames for this meter */
  readonly frames: number;
  /** decoded APDUs */
  readonly requests: number;
}

/** A simulated meter; see `createMeter`. */
export interface SimulatedMeter {
  readonly definition: MeterDefinition;
  /** A transport to this meter without sockets. Each `open` is a separate connection. */
  transport(): Transport;
  /** Connects the meter to the far end of a custom line. */
  connect(line: MemoryLine): MemoryPeer;
  listen(options?: MeterListenOptions): Promise<TcpListener>;
  /** Adds behaviours, the first one newest; the returned function removes them. */
  use(...behaviours: readonly Behaviour[]): () => void;
  /** Events, newest last; the number of items is bounded. */
  readonly received: readonly ReceivedItem[];
  forgetReceived(): void;
  waitFor(predicate: (item: ReceivedItem) => boolean, options?: WaitOptions): Promise<ReceivedItem>;
  /** The number of open associations. */
  readonly associations: number;
  readonly counters: MeterCounters;
  /**
   * Sends an unsolicited APDU on every open connection, to this client (default: the one that sent the last request).
   */
  push(apdu: Uint8Array, client?: number): void;
  /**
   * Starts to push as defined by this setup, and adds an object of class 40 for it.
   * @throws DlmsConfigError CONFIG_INVALID or CONFIG_MISSING
   */
  pushTo(setup: PushSetup): PushHandle;
  /** Starts the intervals of the push setups of the definition. */
  startPushing(): StopHandle;
  /**
   * Connects to a listener, keeps that connection, and answers requests on it. `push`: the pushes on this connection.
   * @throws DlmsConfigError CONFIG_INVALID or CONFIG_MISSING
   */
  dialIn(options: DialInOptions, push?: Omit<PushSetup, "to">): PushHandle;
  /** Discards links and associations, as after a power failure; connections stay open. */
  restart(): void;
}

export interface StopHandle {
  /** Ends timers and connections. Idempotent, never rejects. */
  close(): Promise<void>;
}

export interface PushHandle extends StopHandle {
  /** Whether the connection to the receiver is open. */
  readonly isConnected: boolean;
  /** Sends a push now. Rejects when it could not be sent after all retries. */
  push(): Promise<void>;
}

const defaultTitle = Uint8Array.of(0x53, 0x49, 0x4d, 0, 0, 0, 0, 1);

/**
 * Creates a meter from a definition. It uses the same codecs as the client, but shares no state machine with it.
 * @throws DlmsConfigError CONFIG_INVALID for a definition that contradicts itself
 */
export function createMeter(definition: MeterDefinition, options: CreateMeterOptions = {}): SimulatedMeter {
  object("options", options);
  if (options.onEvent !== undefined) callback("options.onEvent", options.onEvent);
  return new Meter(definition, options.clock ?? systemClock, options.onEvent);
}

/** Counters start at a value derived from the time, so that clients do not take answers of a new meter for replays. */
const countsFrom = Date.UTC(2025, 0, 1);
const countsPerSecond = 10;
/**
 * The first value that no simulated meter of this process has used. All meters share it: a recreated meter must keep
 * counting, and meters with the same title and keys look like one meter to their clients.
 */
let unusedCounter = 1;

function firstCounter(clock: Clock): number {
  const byTime = Math.floor(((clock.wallTime() - countsFrom) / 1000) * countsPerSecond);
  return Math.max(unusedCounter, Math.min(byTime, 2 ** 31));
}

class Meter implements SimulatedMeter {
  readonly definition: MeterDefinition;
  readonly #clock: Clock;
  readonly #log: ReceivedLog;
  readonly #core: MeterCore;
  readonly #machines = new Set<ServerMachine>();
  readonly #pushes: readonly MeterPush[];
  readonly #onEvent: CreateMeterOptions["onEvent"];
  #behaviours: readonly Behaviour[] = [];
  #connections = 0;
  #frames = 0;
  #requests = 0;

  constructor(definition: MeterDefinition, clock: Clock, onEvent: CreateMeterOptions["onEvent"]) {
    checkDefinition(definition);
    this.#onEvent = onEvent;
    this.definition = definition;
    this.#clock = clock;
    this.#log = new ReceivedLog(definition.receivedLimit ?? 1000, clock);
    this.#core = this.#makeCore(definition);
    this.#pushes = (definition.pushSetups ?? []).map((setup) => new MeterPush(this.#pushing(), setup));
  }

  get received(): readonly ReceivedItem[] {
    return this.#log.items;
  }

  get associations(): number {
    return [...this.#core.associations].filter((association) => association.isAssociated).length;
  }

  get counters(): MeterCounters {
    return {
      connections: this.#connections,
      openConnections: this.#machines.size,
      frames: this.#frames,
      requests: this.#requests,
    };
  }

  transport(): Transport {
    const name = `simulated meter ${this.definition.serverAddress ?? 1}`;
    return memoryTransport((line) => this.connect(line), name);
  }

  listen(options: MeterListenOptions = {}): Promise<TcpListener> {
    const { host = "127.0.0.1", port = 0 } = options;
    return listenTcp({ host, port }, (line) => this.connect(line));
  }

  use(...behaviours: readonly Behaviour[]): () => void {
    this.#behaviours = [...behaviours, ...this.#behaviours];
    return () => {
      this.#behaviours = this.#behaviours.filter((behaviour) => !behaviours.includes(behaviour));
    };
  }

  forgetReceived(): void {
    this.#log.clear();
  }

  waitFor(predicate: (item: ReceivedItem) => boolean, options?: WaitOptions): Promise<ReceivedItem> {
    return this.#log.waitFor(predicate, options);
  }

  push(apdu: Uint8Array, client?: number): void {
    for (const machine of this.#machines) machine.notify(apdu, client);
  }

  pushTo(setup: PushSetup): PushHandle {
    checkPushSetup("push", setup);
    const push = new MeterPush(this.#pushing(), setup);
    push.start();
    return push;
  }

  startPushing(): StopHandle {
    for (const push of this.#pushes) push.start();
    return {
      close: async () => {
        await Promise.all(this.#pushes.map((push) => push.stop()));
      },
    };
  }

  dialIn(options: DialInOptions, setup?: Omit<PushSetup, "to">): PushHandle {
    checkDialIn(options);
    if (setup !== undefined) checkPushSetup("push", setup);
    const connect = (line: MemoryLine): MemoryPeer => this.connect(line);
    const dialled = new DialledLine(options, this.#clock, connect, (problem) => {
      this.#record({ kind: "fault", problem });
    });
    const push = setup && new MeterPush(this.#pushing(), setup, (frames) => dialled.send(frames));
    return dialInHandle(dialled, push);
  }

  restart(): void {
    for (const machine of this.#machines) machine.restart();
  }

  connect(line: MemoryLine): MemoryPeer {
    const closed = (): void => {
      if (!this.#machines.delete(machine)) return;
      outbox.stop();
      machine.hangUp();
      this.#record({ kind: "closed" });
    };
    const outbox = new Outbox(line, this.#clock, closed);
    const machine = new ServerMachine(this.#core, (action) => {
      outbox.add(action);
    });
    this.#machines.add(machine);
    this.#connections += 1;
    this.#record({ kind: "connected" });
    return {
      receive: (bytes) => {
        try {
          machine.receive(bytes);
        } catch (error) {
          // a behaviour that throws must not end the process
          this.#record({ kind: "fault", problem: error instanceof Error ? error.message : String(error) });
        }
      },
      closed,
    };
  }

  #pushing(): PushingMeter {
    const core = this.#core;
    return {
      definition: this.definition,
      model: core.model,
      systemTitle: core.systemTitle,
      random: core.random,
      clock: this.#clock,
      behaviours: () => this.#behaviours,
      nextCounter: () => core.nextCounter(),
      sendToClients: (apdus, client) => {
        for (const apdu of apdus) this.push(apdu, client);
        return this.#machines.size > 0;
      },
      pushed: (setup, bytes) => {
        this.#record({ kind: "pushed", setup, bytes });
      },
      fault: (problem) => {
        this.#record({ kind: "fault", problem });
      },
    };
  }

  #makeCore(definition: MeterDefinition): MeterCore {
    const systemTitle = definition.systemTitle ?? defaultTitle;
    if (systemTitle.length !== 8) {
      const got = systemTitle.length;
      throw new DlmsConfigError("CONFIG_INVALID", `definition.systemTitle: expected 8 bytes, got ${got}`);
    }
    const accepted = new Map<SimulatedAssociation, number>();
    const lastCounter = (account: SimulatedAssociation): number => accepted.get(account) ?? -1;
    let counter = definition.invocationCounter;
    let started = false;
    const nextCounter = (): number => {
      if (counter !== undefined) return counter++;
      if (!started) unusedCounter = firstCounter(this.#clock);
      started = true;
      return unusedCounter++;
    };
    const behaviours = (): readonly Behaviour[] => this.#behaviours;
    return {
      definition,
      systemTitle,
      model: new MeterModel(definition, generatedObjects(definition, { systemTitle, lastCounter }), (problem) => {
        this.#record({ kind: "fault", problem });
      }),
      random: definition.random ?? repeatableBytes(),
      get behaviours() {
        return behaviours();
      },
      associations: new Set<AssociationMachine>(),
      links: new Map(),
      lastCounter,
      accept: (account, value) => accepted.set(account, value),
      nextCounter,
      record: (event) => {
        this.#record(event);
      },
    };
  }

  #record(event: ReceivedEvent): void {
    if (event.kind === "frame") this.#frames += 1;
    if (event.kind === "apdu") this.#requests += 1;
    const item = this.#log.add(event);
    if (this.#onEvent === undefined) return;
    const tell = this.#onEvent;
    // the result may be a promise that rejects
    callSafely(
      () => tell(item),
      (error) => {
        reportUnexpected("simulated meter: onEvent", error);
      },
    );
  }
}

function dialInHandle(dialled: DialledLine, push: MeterPush | undefined): PushHandle {
  dialled.start(() => {
    push?.start();
  });
  return {
    get isConnected() {
      return dialled.isConnected;
    },
    push: () =>
      push?.push() ?? Promise.reject(new DlmsConfigError("CONFIG_MISSING", "dialIn: no push setup was given")),
    close: async () => {
      await Promise.all([push?.close(), dialled.close()]);
    },
  };
}

/** The most bytes of delayed answers; the longest answer is shorter. */
const maxWaitingBytes = 32 * 1024 * 1024;

/** Sends actions in order, each after its delay. */
class Outbox {
  readonly #line: MemoryLine;
  readonly #clock: Clock;
  readonly #waiting: LineAction[] = [];
  #bytes = 0;
  #timer: TimerHandle | undefined;
  readonly #dropped: () => void;
  #stopped = false;

  constructor(line: MemoryLine, clock: Clock, dropped: () => void) {
    this.#line = line;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  add(action: LineAction): void {
    if (this.#stopped) return;
    this.#waiting.push(action);
    if (action.kind === "send") this.#bytes += action.bytes.length;
    if (this.#bytes > maxWaitingBytes) {
      this.#close("the client sends requests and does not wait for the answers");
      return;
    }
    if (this.#timer === undefined) this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(): void {
    for (let action = this.#waiting[0]; action !== undefined; action = this.#waiting[0]) {
      if (action.delayMs !== undefined && action.delayMs > 0) {
        this.#waiting[0] = { ...action, delayMs: 0 };
        this.#timer = this.#clock.setTimeout(() => {
          this.#timer = undefined;
          this.#next();
        }, action.delayMs);
        return;
      }
      this.#waiting.shift();
      if (action.kind === "send") {
        this.#bytes -= action.bytes.length;
        this.#line.send(action.bytes);
      } else this.#close(action.reason);
    }
  }

  #close(reason: string | undefined): void {
    this.stop();
    this.#line.drop(reason);
    this.#dropped();
  }
}

/** Pseudo-random bytes, the same in every run: a simulated meter keeps no secret. */
function repeatableBytes(): RandomSource {
  let state = 0x2545f491;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state & 0xff;
    });
}
