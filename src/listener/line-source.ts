/** A line that this side opens: a serial port, a gateway, or a transport of the user. It is reopened after a loss. */
import { asDlmsError } from "../errors/boundary";
import { type DlmsError, isDlmsError } from "../errors";
import type { Clock, TimerHandle } from "../clock";
import {
  boundedTransport,
  type Connection,
  serialTransport,
  tcpTransport,
  tlsTransport,
  type Transport,
} from "../transport";
import type { ListenStateEvent, SerialLine } from "./events";
import type { Intake } from "./intake";
import type { ListenTransport } from "./options";
import { PeerStream } from "./peer-stream";
import type { Source } from "./source";

/** ms between attempts to open the line: doubled up to the maximum, with jitter. */
export const firstPauseMs = 1000;
export const maxPauseMs = 60_000;
const connectMs = 10_000;

/** Serial settings of customer interfaces, in the order in which a search tries them. */
export const searchedLines: readonly SerialLine[] = [
  { baudRate: 115_200, mode: "8N1" },
  { baudRate: 9600, mode: "8N1" },
  { baudRate: 2400, mode: "8E1" },
  { baudRate: 2400, mode: "8N1" },
  { baudRate: 38_400, mode: "8N1" },
];

/** Creates the transport of a serial port; tests pass their own. */
type SerialLineFactory = (options: SerialLine & { readonly path: string }, clock: Clock) => Transport;

interface Opened {
  readonly connection: Connection;
  readonly peer: PeerStream;
}

export class LineSource implements Source {
  readonly address = null;
  readonly #intake: Intake;
  readonly #transportOf: (line: SerialLine | undefined) => Transport;
  readonly #state: (event: ListenStateEvent) => void;
  /** settings that the search tries; empty if the settings are known */
  readonly #lines: readonly SerialLine[];
  #lineIndex = 0;
  #isFixed: boolean;
  #endpoint: string;
  #opened: Opened | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  #searchAt = 0;
  #failures = 0;
  readonly #abort = new AbortController();

  constructor(
    intake: Intake,
    transport: Exclude<ListenTransport, { kind: "tcp-server" } | { kind: "udp"; port: number }>,
    state: (event: ListenStateEvent) => void,
    serial: SerialLineFactory = serialTransport,
  ) {
    this.#intake = intake;
    this.#state = state;
    const { lines, transportOf } = linesOf(transport, intake, serial);
    this.#lines = lines;
    this.#transportOf = transportOf;
    this.#isFixed = lines.length < 2;
    this.#endpoint = transportOf(lines[0]).endpoint;
  }

  get endpoint(): string {
    return this.#endpoint;
  }

  get line(): SerialLine | null {
    return this.#lines[this.#lineIndex] ?? null;
  }

  get connections(): number {
    return this.#opened === undefined ? 0 : 1;
  }

  /**
   * The first attempt; a line that does not open is retried.
   * @throws DlmsConfigError if no further attempt can help
   */
  async open(): Promise<void> {
    const error = await this.#attempt();
    if (error?.layer === "config") throw error;
  }

  sweep(): void {
    const opened = this.#opened;
    if (opened === undefined) return;
    const now = this.#intake.settings.clock.now();
    if (opened.peer.isRecent(now)) opened.peer.tick();
    if (!this.#isFixed && now >= this.#searchAt) void this.#tryNextLine();
  }

  async close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#intake.settings.clock.clearTimeout(this.#timer);
    this.#abort.abort(new Error("the listener was closed"));
    await this.#opening;
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.connection.close();
    opened?.peer.end();
  }

  /** Opens the line; the error of an attempt that failed. */
  async #attempt(): Promise<DlmsError | undefined> {
    let failure: DlmsError | undefined;
    const opening = this.#openLine().catch((error: unknown) => {
      failure = isDlmsError(error) ? error : asDlmsError(error, this.#endpoint);
    });
    this.#opening = opening;
    await opening;
    this.#opening = undefined;
    if (failure !== undefined && !this.#abort.signal.aborted) this.#failed(failure);
    return failure;
  }

  async #openLine(): Promise<void> {
    const { clock, expectedIntervalMs } = this.#intake.settings;
    const line = this.#lines[this.#lineIndex];
    const transport = this.#transportOf(line);
    this.#endpoint = transport.endpoint;
    this.#state({ state: "opening", ...this.#shownLine() });
    const name = { peer: transport.endpoint, address: transport.endpoint, serial: transport.kind === "serial" };
    // customer interfaces are one-way, although their meters may request confirmations
    const reply = (bytes: Uint8Array): void => this.#opened?.connection.write(bytes);
    const peer = new PeerStream(this.#intake, name, name.serial ? undefined : reply);
    let isLost = false;
    const connection = await boundedTransport(transport, clock).open(
      {
        data: (bytes) => {
          if (!isLost) this.#received(peer, bytes);
        },
        lost: (error) => {
          isLost = true;
          peer.end();
          if (this.#opened?.peer !== peer) return;
          this.#opened = undefined;
          if (!this.#abort.signal.aborted) this.#failed(error);
        },
      },
      { timeoutMs: connectMs, signal: this.#abort.signal },
    );
    if (isLost || this.#abort.signal.aborted) {
      await connection.close();
      return;
    }
    this.#opened = { connection, peer };
    this.#searchAt = clock.now() + 2 * expectedIntervalMs;
    this.#state({ state: "listening", ...this.#shownLine() });
  }

  #received(peer: PeerStream, bytes: Uint8Array): void {
    this.#failures = 0;
    peer.add(bytes);
    if (this.#isFixed || !peer.isProven) return;
    this.#isFixed = true;
    this.#state({ state: "listening", ...this.#shownLine(), found: true });
  }

  /** Waits, and opens the line again. */
  #failed(error: DlmsError): void {
    const { clock, random } = this.#intake.settings;
    const ceiling = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(this.#failures++, 16));
    const nextTryInMs = Math.max(firstPauseMs, Math.round(ceiling * (0.5 + random() / 2)));
    this.#intake.problem(error, this.#endpoint, this.#endpoint);
    this.#state({ state: "waiting", error, nextTryInMs, ...this.#shownLine() });
    this.#timer = clock.setTimeout(() => void this.#attempt(), nextTryInMs);
  }

  async #tryNextLine(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined || this.#opening !== undefined) return;
    this.#opened = undefined;
    this.#opening = opened.connection.close();
    await this.#opening;
    this.#opening = undefined;
    opened.peer.end();
    this.#lineIndex = (this.#lineIndex + 1) % this.#lines.length;
    if (!this.#abort.signal.aborted) await this.#attempt();
  }

  #shownLine(): Pick<ListenStateEvent, "line"> {
    const { line } = this;
    return line === null ? {} : { line };
  }
}

function linesOf(
  transport: Exclude<ListenTransport, { kind: "tcp-server" } | { kind: "udp"; port: number }>,
  { settings: { clock } }: Intake,
  serial: SerialLineFactory,
): { readonly lines: readonly SerialLine[]; readonly transportOf: (line: SerialLine | undefined) => Transport } {
  if ("open" in transport) return { lines: [], transportOf: () => transport };
  if (transport.kind === "tcp") {
    const { host, port } = transport;
    return { lines: [], transportOf: () => tcpTransport({ host, port }, clock) };
  }
  if (transport.kind === "tls") {
    return { lines: [], transportOf: () => tlsTransport(transport, clock) };
  }
  const { path, baudRate, mode = "8N1" } = transport;
  const lines = baudRate === "auto" ? searchedLines : [{ baudRate, mode }];
  return { lines, transportOf: (line = { baudRate: 9600, mode }) => serial({ path, ...line }, clock) };
}
