/** A UDP port to which meters push: a decoder for each peer, because a push may arrive in several datagrams. */
import { DlmsPushError } from "../errors";
import { type DatagramPeer, type DatagramServer, hostAndPort, listenDatagrams } from "../transport";
import type { Intake } from "./intake";
import type { ListenTransport } from "./options";
import { PeerStream } from "./peer-stream";
import type { Source } from "./source";
import { TokenBucket } from "./token-bucket";

interface Sender {
  readonly peer: PeerStream;
  readonly bucket: TokenBucket;
  lastAt: number;
}

export class UdpSource implements Source {
  readonly line = null;
  readonly #intake: Intake;
  /** by address and port, in the order of their last datagrams */
  readonly #senders = new Map<string, Sender>();
  #server: DatagramServer | undefined;

  private constructor(intake: Intake) {
    this.#intake = intake;
  }

  static async listen(
    intake: Intake,
    { host = "127.0.0.1", port }: Extract<ListenTransport, { kind: "udp" }>,
  ): Promise<UdpSource> {
    const source = new UdpSource(intake);
    source.#server = await listenDatagrams({ host, port }, (bytes, peer) => {
      source.#received(bytes, peer);
    });
    return source;
  }

  get address(): { readonly host: string; readonly port: number } | null {
    const server = this.#server;
    return server === undefined ? null : { host: server.host, port: server.port };
  }

  get endpoint(): string {
    const { address } = this;
    return address === null ? "udp" : `udp ${hostAndPort(address.host, address.port)}`;
  }

  get connections(): number {
    return this.#senders.size;
  }

  sweep(): void {
    const { clock, idleTimeoutMs } = this.#intake.settings;
    const now = clock.now();
    for (const [name, { peer, lastAt }] of this.#senders) {
      if (peer.isRecent(now)) peer.tick();
      if (now - lastAt >= idleTimeoutMs) this.#forget(name);
    }
  }

  async close(): Promise<void> {
    await this.#server?.close();
    for (const name of [...this.#senders.keys()]) this.#forget(name);
  }

  #received(bytes: Uint8Array, from: DatagramPeer): void {
    const { clock, limits } = this.#intake.settings;
    const now = clock.now();
    const name = hostAndPort(from.address, from.port);
    const sender = this.#senders.get(name) ?? this.#begin(name, from, now);
    this.#senders.delete(name);
    this.#senders.set(name, sender);
    sender.lastAt = now;
    const [oldest] = this.#senders.keys();
    if (oldest !== undefined && this.#senders.size > limits.connections) {
      this.#intake.dropped.connections++;
      this.#forget(oldest);
    }
    if (!sender.bucket.take(1, now)) {
      this.#tooFast(name, from.address);
      return;
    }
    sender.peer.add(bytes);
    while (this.#intake.unfinished > limits.unfinishedBytes && this.#dropLargest());
  }

  #begin(name: string, from: DatagramPeer, now: number): Sender {
    return {
      peer: new PeerStream(this.#intake, { peer: name, address: from.address }, (bytes) => {
        this.#server?.send(bytes, from);
      }),
      bucket: new TokenBucket(this.#intake.settings.limits.messagesPerSecond, now),
      lastAt: now,
    };
  }

  #tooFast(peer: string, address: string): void {
    this.#intake.dropped.messages++;
    const limit = this.#intake.settings.limits.messagesPerSecond;
    const text = `${peer}: more than ${limit} datagrams a second; further ones were dropped. Raise limits.messagesPerSecond if the meter is right`;
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { sender: peer, limit } }), peer, address);
  }

  #dropLargest(): boolean {
    let largest: string | undefined;
    let most = 0;
    for (const [name, { peer }] of this.#senders) {
      if (peer.unfinished <= most) continue;
      most = peer.unfinished;
      largest = name;
    }
    if (largest === undefined) return false;
    const limit = this.#intake.settings.limits.unfinishedBytes;
    const text = `unfinished pushes of all peers hold more than ${limit} bytes; the ${most} of ${largest} were dropped`;
    const address = this.#senders.get(largest)?.peer.name.address ?? null;
    this.#intake.problem(new DlmsPushError("PUSH_LIMIT", text, { details: { sender: largest } }), largest, address);
    this.#forget(largest);
    return true;
  }

  #forget(name: string): void {
    const sender = this.#senders.get(name);
    this.#senders.delete(name);
    sender?.peer.end();
  }
}
