/** Meters that dial in: each connection becomes a transport for a client, under the name of its meter. */
import { type Clock, type TimerHandle, untilAborted, WaitList } from "../clock";
import { DlmsConnectionError, DlmsPushError, DlmsTimeoutError } from "../errors";
import { callback, object } from "../errors/arguments";
import { asDlmsError } from "../errors/boundary";
import { type PushDecoderOptions } from "../push";
import {
  type Connection,
  type ConnectionEvents,
  hostAndPort,
  type IncomingStream,
  listenStreams,
  type ServerTlsOptions,
  type StreamHandlers,
  type StreamServer,
  type Transport,
} from "../transport";
import { DialledMeter, type MeterEvidence } from "./dialled-meter";
import { ListenerHub } from "./event-hub";
import type { PushListenerEvents } from "./events";
import type { ListenerFacts } from "./facts";
import { type HeartbeatOptions, heartbeatFinder } from "./heartbeat";
import { Intake } from "./intake";
import { type ListenLimits, type ListenLogger, resolveListenOptions } from "./options";
import { PeerStream } from "./peer-stream";
import type { Push } from "../push";

export interface AcceptMetersOptions {
  /** interface to listen on; 127.0.0.1 (default) accepts only connections from this machine */
  readonly host?: string;
  /** 0 = any free port */
  readonly port: number;
  readonly tls?: ServerTlsOptions;
  /** bytes that modems send between the frames of their meters */
  readonly heartbeat?: HeartbeatOptions;
  /**
   * Returns the name of a meter; undefined = not known yet. Called after a heartbeat or a push, and once after
   * `silentMs` without either. It may read the meter's logical device name over the transport. Default: the name in the
   * heartbeat, else the system title, else the meter number, else the IP address.
   */
  readonly identify?: (
    evidence: MeterEvidence,
    transport: Transport,
  ) => string | undefined | Promise<string | undefined>;
  /** ms of silence after which a meter is identified by its address (3000) */
  readonly silentMs?: number;
  /** how pushes on these connections are decoded */
  readonly push?: Omit<PushDecoderOptions, "peer" | "onProblem">;
  readonly limits?: Partial<Pick<ListenLimits, "connections" | "unfinishedBytes">>;
  /** ms without a push after which a meter that has pushed, or all, are reported as PUSH_SILENT, once (0 = never) */
  readonly silenceAfterMs?: number;
  /** ms without a byte after which a connection that no client uses is closed (600,000) */
  readonly idleTimeoutMs?: number;
  readonly logger?: ListenLogger;
  /** for tests */
  readonly clock?: Clock;
}

/** A connected meter. */
export interface IncomingMeter {
  readonly id: string;
  readonly peer: string;
  readonly evidence: MeterEvidence;
  /** for `connect()`; it stays the same when the meter dials in again */
  readonly transport: Transport;
}

export interface MeterAcceptorEvents extends PushListenerEvents {
  /** a meter has dialled in and is known by its name */
  readonly meter: IncomingMeter;
  /** its connection has ended */
  readonly gone: { readonly id: string; readonly peer: string };
}

export interface MeterAcceptor extends AsyncDisposable {
  /** address at which meters dial in */
  readonly address: { readonly host: string; readonly port: number };
  /** of the pushes on these connections */
  readonly facts: ListenerFacts;
  /** the connected meters that have been identified */
  readonly meters: readonly IncomingMeter[];
  /**
   * The transport of a meter, connected or not: opening it waits for the meter to dial in, up to the connection
   * time-out of the client.
   */
  transport(id: string): Transport;
  on<E extends keyof MeterAcceptorEvents>(event: E, listener: (event: MeterAcceptorEvents[E]) => void): () => void;
  /** Ends every connection and frees the port. Idempotent, never rejects. */
  close(): Promise<void>;
}

const defaultSilentMs = 3000;
const spareSockets = 64;
const sweepMs = 1000;

/** @throws DlmsConfigError for the options; DlmsConnectionError CONN_PORT_BUSY, CONN_PORT_FORBIDDEN */
export async function acceptMeters(options: AcceptMetersOptions): Promise<MeterAcceptor> {
  object("options", options);
  const { host, port, tls, limits, idleTimeoutMs, silenceAfterMs, logger, clock, push = {} } = options;
  if (options.identify !== undefined) callback("identify", options.identify);
  const settings = resolveListenOptions({
    ...push,
    transport: {
      kind: "tcp-server",
      port,
      ...(host === undefined ? {} : { host }),
      ...(tls === undefined ? {} : { tls }),
    },
    ...(limits === undefined ? {} : { limits }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
    ...(silenceAfterMs === undefined ? {} : { silenceAfterMs }),
    ...(logger === undefined ? {} : { logger }),
    ...(clock === undefined ? {} : { clock }),
  });
  await push.receivedCounters?.ready?.();
  const acceptor = new Acceptor(new Intake(settings), options);
  await acceptor.listen(host ?? "127.0.0.1", port, tls);
  return acceptor;
}

class Acceptor implements MeterAcceptor {
  readonly #intake: Intake;
  readonly #options: AcceptMetersOptions;
  readonly #find: ReturnType<typeof heartbeatFinder> | undefined;
  readonly #hub: ListenerHub<Pick<MeterAcceptorEvents, "meter" | "gone">>;
  readonly #open = new Set<DialledMeter>();
  readonly #byId = new Map<string, DialledMeter>();
  readonly #waiting = new WaitList<string, DialledMeter>();
  #server: StreamServer | undefined;
  #timer: TimerHandle | undefined;
  #closing: Promise<void> | undefined;

  constructor(intake: Intake, options: AcceptMetersOptions) {
    this.#intake = intake;
    this.#options = options;
    this.#find = options.heartbeat === undefined ? undefined : heartbeatFinder(options.heartbeat);
    this.#hub = new ListenerHub((event, error) => {
      intake.listenerFailed(event, error);
    });
    // the push is reported during the call that delivers its bytes
    intake.hub.on("push", (push) => {
      this.#pushed(push);
    });
  }

  async listen(host: string, port: number, tls: ServerTlsOptions | undefined): Promise<void> {
    this.#server = await listenStreams(
      { host, port, tls, maxSockets: this.#intake.settings.limits.connections + spareSockets },
      {
        refuses: () => this.#closing !== undefined,
        connected: (stream) => this.#connected(stream),
        failed: (address, error) => {
          this.#intake.problem(error, address, address);
        },
        overflow: () => {
          this.#overflow();
        },
      },
    );
    this.#planSweep();
  }

  get address(): { readonly host: string; readonly port: number } {
    const { host = "", port = 0 } = this.#server ?? {};
    return { host, port };
  }

  get facts(): ListenerFacts {
    const state = this.#closing === undefined ? "listening" : "closed";
    return this.#intake.facts({ state, connections: this.#open.size, line: null });
  }

  get meters(): readonly IncomingMeter[] {
    return [...this.#byId].map(([id, meter]) => this.#shown(id, meter));
  }

  on<E extends keyof MeterAcceptorEvents>(event: E, listener: (event: MeterAcceptorEvents[E]) => void): () => void {
    if (isOwn(event)) return this.#hub.on(event, listener as (event: MeterAcceptorEvents["meter" | "gone"]) => void);
    return this.#intake.hub.on(event, listener as (event: PushListenerEvents[keyof PushListenerEvents]) => void);
  }

  transport(id: string): Transport {
    const endpoint = `incoming ${id}`;
    return {
      kind: "tcp",
      endpoint,
      lineKey: `incoming:${this.address.host}:${this.address.port}:${id}`,
      open: async (events, { timeoutMs, signal }) => {
        const meter = this.#byId.get(id) ?? (await this.#dialledIn(id, endpoint, timeoutMs, signal));
        return opened(meter, endpoint, events);
      },
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#intake.settings.clock.clearTimeout(this.#timer);
    this.#waiting.refuseAll(
      new DlmsConnectionError("CONN_LOST", "the acceptor was closed before the meter dialled in", {
        details: { transport: "tcp" },
      }),
    );
    await this.#server?.close();
    this.#intake.hub.emit("state", { state: "closed" });
    await this.#intake.finish();
  }

  #dialledIn(id: string, endpoint: string, ms: number, signal: AbortSignal | undefined): Promise<DialledMeter> {
    if (this.#closing !== undefined) {
      return Promise.reject(
        new DlmsConnectionError("CONN_LOST", `${endpoint}: the acceptor is closed`, { details: { endpoint } }),
      );
    }
    const error = (): Error =>
      new DlmsTimeoutError(
        "TIMEOUT_CONNECT",
        `${endpoint}: the meter has not dialled in within ${ms} ms; check its push or modem settings, and the name by which it is known`,
        { details: { transport: "tcp", endpoint, timeoutMs: ms } },
      );
    return this.#waiting.wait(id, { signal, timeout: { clock: this.#intake.settings.clock, ms, error } });
  }

  #connected(stream: IncomingStream): StreamHandlers {
    const { clock, limits } = this.#intake.settings;
    const name = { peer: hostAndPort(stream.address, stream.port), address: stream.address };
    if (this.#open.size >= limits.connections && !this.#makeRoom()) {
      this.#overflow();
      stream.destroy();
      return { data: () => undefined, ended: () => undefined };
    }
    const meter: DialledMeter = new DialledMeter(
      stream,
      new PeerStream(this.#intake, name),
      {
        find: this.#find,
        answer: this.#options.heartbeat?.answer,
        learned: () => {
          void this.#identify(meter);
        },
      },
      clock.now(),
    );
    this.#open.add(meter);
    this.#intake.hub.emit("connection", { peer: name.peer, open: true });
    return {
      data: (bytes) => {
        meter.received(bytes, clock.now());
        if (this.#intake.unfinished > limits.unfinishedBytes && meter.pushes.unfinished > 0) stream.destroy();
      },
      ended: () => {
        this.#ended(meter);
      },
    };
  }

  #pushed(push: Push): void {
    for (const meter of this.#open) {
      if (meter.pushes.name.peer !== push.link.peer) continue;
      const isNew = meter.systemTitle === null && meter.meterId === null;
      meter.systemTitle ??= push.systemTitle;
      meter.meterId ??= push.meterId;
      if (isNew) void this.#identify(meter);
      return;
    }
  }

  async #identify(meter: DialledMeter): Promise<void> {
    if (meter.id !== undefined || meter.isAsked) return;
    meter.isAsked = true;
    const { identify = usualName } = this.#options;
    try {
      const { evidence } = meter;
      const id = await identify(evidence, this.#anonymous(meter));
      if (!this.#open.has(meter) || meter.id !== undefined) return;
      if (id === undefined) meter.isAsked = false;
      else this.#named(meter, id);
    } catch (error) {
      meter.isAsked = false;
      const { peer, address } = meter.pushes.name;
      this.#intake.problem(asDlmsError(error, `identify ${peer}`), peer, address);
    }
  }

  #named(meter: DialledMeter, id: string): void {
    const earlier = this.#byId.get(id);
    meter.id = id;
    this.#byId.set(id, meter);
    // a meter has one connection, so the earlier one is half open
    if (earlier !== undefined) earlier.stream.destroy();
    this.#hub.emit("meter", this.#shown(id, meter));
    this.#waiting.first((wanted) => wanted === id)?.grant(meter);
  }

  #anonymous(meter: DialledMeter): Transport {
    const endpoint = `incoming ${meter.pushes.name.peer}`;
    return {
      kind: "tcp",
      endpoint,
      open: (events, { signal }) => untilAborted(opened(meter, endpoint, events), signal),
    };
  }

  #shown(id: string, meter: DialledMeter): IncomingMeter {
    const { evidence } = meter;
    return { id, peer: evidence.peer, evidence, transport: this.transport(id) };
  }

  #ended(meter: DialledMeter): void {
    if (!this.#open.delete(meter)) return;
    const { id } = meter;
    if (id !== undefined && this.#byId.get(id) === meter) this.#byId.delete(id);
    meter.ended(`incoming ${id ?? meter.pushes.name.peer}`);
    const { peer } = meter.pushes.name;
    if (id !== undefined) this.#hub.emit("gone", { id, peer });
    this.#intake.hub.emit("connection", { peer, open: false });
  }

  /** Closes the connection silent longest among those that are neither identified nor in use. */
  #makeRoom(): boolean {
    let oldest: DialledMeter | undefined;
    for (const meter of this.#open) {
      if (meter.id !== undefined || meter.isInUse) continue;
      if (oldest === undefined || meter.lastAt < oldest.lastAt) oldest = meter;
    }
    if (oldest === undefined) return false;
    oldest.stream.destroy();
    this.#ended(oldest);
    return true;
  }

  #overflow(): void {
    const limit = this.#intake.settings.limits.connections;
    const text = `more than ${limit} meters are connected: another one was refused. Raise limits.connections for a larger fleet`;
    this.#intake.dropped.connections++;
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { limit } }), null, null);
  }

  #planSweep(): void {
    const { clock, idleTimeoutMs } = this.#intake.settings;
    this.#timer = clock.setTimeout(() => {
      const now = clock.now();
      const silentMs = this.#options.silentMs ?? defaultSilentMs;
      for (const meter of this.#open) {
        meter.releaseHeld();
        if (meter.pushes.isRecent(now)) meter.pushes.tick();
        const idle = now - meter.lastAt;
        if (meter.id === undefined && idle >= silentMs) void this.#identify(meter);
        if (!meter.isInUse && idle >= idleTimeoutMs) meter.stream.destroy();
      }
      this.#intake.sweep();
      if (this.#closing === undefined) this.#planSweep();
    }, sweepMs);
  }
}

const isOwn = (event: keyof MeterAcceptorEvents): event is "meter" | "gone" => event === "meter" || event === "gone";

const usualName = ({ heartbeat, systemTitle, meterId, address }: MeterEvidence): string =>
  heartbeat ?? systemTitle ?? meterId ?? address;

function opened(meter: DialledMeter, endpoint: string, events: ConnectionEvents): Promise<Connection> {
  if (!meter.isInUse) return Promise.resolve(meter.attach(events));
  return Promise.reject(
    new DlmsConnectionError(
      "CONN_PORT_BUSY",
      `${endpoint}: another client uses the connection of this meter; close it, or share one client`,
      { details: { transport: "tcp", endpoint } },
    ),
  );
}
