/** A TCP or TLS port to which meters connect: limits, bans, idle connections, slow and foreign peers. */
import { DlmsPushError } from "../errors";
import { hostAndPort, type IncomingStream, listenStreams, type StreamHandlers, type StreamServer } from "../transport";
import { Bans, banMs, maxStrikes } from "./bans";
import type { Intake } from "./intake";
import { foreignProtocol } from "./noise";
import type { ListenTransport } from "./options";
import { PeerStream } from "./peer-stream";
import type { Source } from "./source";
import { TokenBucket } from "./token-bucket";

/** Sockets that may briefly exceed the limit of connections: handshakes, and those that make room. */
const spareSockets = 64;
/** Maximum confirmations that a peer has not read; beyond them its connection is closed. */
const maxUnsentBytes = 65_536;
/** Bytes in which a peer of another protocol shows. */
const firstBytes = 6;

interface Incoming {
  readonly stream: IncomingStream;
  readonly peer: PeerStream;
  readonly bucket: TokenBucket;
  lastAt: number;
  isPaused: boolean;
}

type TcpServerOptions = Extract<ListenTransport, { kind: "tcp-server" }>;

export class TcpSource implements Source {
  readonly line = null;
  readonly #intake: Intake;
  readonly #scheme: string;
  readonly #bans: Bans;
  /** in the order of their last bytes */
  readonly #open = new Set<Incoming>();
  #server: StreamServer | undefined;
  #isClosing = false;

  private constructor(intake: Intake, scheme: string) {
    this.#intake = intake;
    this.#scheme = scheme;
    this.#bans = new Bans(intake.settings.clock);
  }

  static async listen(intake: Intake, { host = "127.0.0.1", port, tls }: TcpServerOptions): Promise<TcpSource> {
    const source = new TcpSource(intake, tls === undefined ? "tcp" : "tls");
    const maxSockets = intake.settings.limits.connections + spareSockets;
    source.#server = await listenStreams(
      { host, port, tls, maxSockets },
      {
        refuses: (address) => source.#refuses(address),
        connected: (stream) => source.#connected(stream),
        failed: (address, error) => {
          intake.problem(error, address, address);
          source.#bans.strike(address);
        },
        overflow: () => {
          source.#overflow(null);
        },
      },
    );
    return source;
  }

  get address(): { readonly host: string; readonly port: number } | null {
    const server = this.#server;
    return server === undefined ? null : { host: server.host, port: server.port };
  }

  get endpoint(): string {
    const { address } = this;
    return address === null ? this.#scheme : `${this.#scheme} ${hostAndPort(address.host, address.port)}`;
  }

  get connections(): number {
    return this.#open.size;
  }

  sweep(): void {
    const { clock, idleTimeoutMs } = this.#intake.settings;
    const now = clock.now();
    for (const incoming of this.#open) {
      const { stream, peer, bucket, isPaused } = incoming;
      if (isPaused && bucket.isPaid(now)) {
        incoming.isPaused = false;
        incoming.lastAt = now;
        stream.resume();
      }
      if (peer.isRecent(now)) {
        peer.tick();
        if (peer.isNoise) stream.destroy();
      } else if (!incoming.isPaused && now - incoming.lastAt >= idleTimeoutMs) stream.destroy();
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#server?.close();
  }

  #refuses(address: string): boolean {
    if (!this.#isClosing && !this.#bans.refuses(address)) return false;
    this.#intake.dropped.connections++;
    return true;
  }

  #connected(stream: IncomingStream): StreamHandlers {
    const { clock, limits } = this.#intake.settings;
    const name = { peer: hostAndPort(stream.address, stream.port), address: stream.address };
    const now = clock.now();
    const incoming: Incoming = {
      stream,
      peer: new PeerStream(this.#intake, name, (bytes) => {
        stream.write(bytes);
        // a peer that does not read its confirmations must not use more memory of this process
        if (stream.unsent > maxUnsentBytes) stream.destroy();
      }),
      bucket: new TokenBucket(limits.messagesPerSecond, now),
      lastAt: now,
      isPaused: false,
    };
    if (this.#open.size >= limits.connections && !this.#makeRoom()) {
      this.#overflow(name.address);
      stream.destroy();
      return { data: () => undefined, ended: () => undefined };
    }
    this.#open.add(incoming);
    this.#intake.hub.emit("connection", { peer: name.peer, open: true });
    return {
      data: (bytes) => {
        this.#received(incoming, bytes);
      },
      ended: () => {
        this.#ended(incoming);
      },
    };
  }

  #received(incoming: Incoming, bytes: Uint8Array): void {
    const { peer, stream, bucket } = incoming;
    // bytes that the socket read before it was closed
    if (peer.isNoise || !this.#open.has(incoming)) return;
    const { clock, limits } = this.#intake.settings;
    const now = clock.now();
    incoming.lastAt = now;
    const isFirst = !peer.hasBytes;
    const added = peer.add(bytes);
    if (added > 0) {
      this.#bans.forgive(peer.name.address);
      if (!bucket.take(added, now)) {
        incoming.isPaused = true;
        stream.pause();
      }
    } else if (isFirst && bytes.length >= firstBytes && foreignProtocol(bytes) !== undefined) peer.noUnit();
    if (peer.isNoise) stream.destroy();
    while (this.#intake.unfinished > limits.unfinishedBytes && this.#dropLargest());
  }

  #ended(incoming: Incoming): void {
    if (!this.#open.delete(incoming)) return;
    const { peer } = incoming;
    const hadBytes = peer.hasBytes;
    peer.end();
    this.#intake.hub.emit("connection", { peer: peer.name.peer, open: false });
    if (!hadBytes || peer.units > 0 || this.#isClosing || !this.#bans.strike(peer.name.address)) return;
    const { peer: name, address } = peer.name;
    const text =
      `${address}: ${maxStrikes} connections brought bytes and no push; its connections are refused for ` +
      `${banMs / 1000} s. Check which device connects from there`;
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { sender: address } }), name, address);
  }

  /** Ends the connection that was silent longest and never brought a push. */
  #makeRoom(): boolean {
    let oldest: Incoming | undefined;
    for (const incoming of this.#open) {
      if (incoming.peer.units === 0 && (oldest === undefined || incoming.lastAt < oldest.lastAt)) oldest = incoming;
    }
    if (oldest === undefined) return false;
    this.#intake.dropped.connections++;
    this.#forget(oldest);
    return true;
  }

  /** Ends the connection with the most unfinished bytes. */
  #dropLargest(): boolean {
    let largest: Incoming | undefined;
    for (const incoming of this.#open) {
      if (incoming.peer.unfinished > (largest?.peer.unfinished ?? 0)) largest = incoming;
    }
    if (largest === undefined) return false;
    const { peer, address } = largest.peer.name;
    const limit = this.#intake.settings.limits.unfinishedBytes;
    const text =
      `unfinished pushes of all connections hold more than ${limit} bytes; the connection of ${peer}, which held ` +
      `${largest.peer.unfinished} of them, was ended`;
    this.#intake.dropped.connections++;
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { sender: peer } }), peer, address);
    this.#forget(largest);
    return true;
  }

  #forget(incoming: Incoming): void {
    this.#open.delete(incoming);
    incoming.peer.end();
    incoming.stream.destroy();
    this.#intake.hub.emit("connection", { peer: incoming.peer.name.peer, open: false });
  }

  #overflow(address: string | null): void {
    const limit = this.#intake.settings.limits.connections;
    this.#intake.dropped.connections++;
    const text =
      `more than ${limit} connections: another one was refused. Raise limits.connections for a larger fleet, ` +
      "and check that meters end connections that they do not use";
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { limit } }), address, null);
  }
}
