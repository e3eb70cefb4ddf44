/** One connection of a meter that has dialled in: heartbeats, pushes, and the client that uses it. */
import { DlmsConnectionError } from "../errors";
import type { Connection, ConnectionEvents, IncomingStream } from "../transport";
import { type FoundHeartbeat, heartbeatBytes, type HeartbeatOptions, maxHeartbeatBytes } from "./heartbeat";
import type { PeerStream } from "./peer-stream";

/** Facts that identify the meter of a connection. */
export interface MeterEvidence {
  /** address and port of the other end */
  readonly peer: string;
  /** IP address of the other end; many meters may share it */
  readonly address: string;
  /** name in the heartbeat */
  readonly heartbeat: string | null;
  /** system title of the first push, 16 hex digits */
  readonly systemTitle: string | null;
  /** meter number in the first push */
  readonly meterId: string | null;
}

interface Hooks {
  readonly find: ((bytes: Uint8Array) => FoundHeartbeat | undefined) | undefined;
  readonly answer: HeartbeatOptions["answer"];
  /** something new is known of the meter */
  learned(): void;
}

/** Maximum unsent bytes for a meter that does not read; beyond them the connection is closed. */
export const maxUnsentBytes = 1 << 20;

export class DialledMeter {
  readonly stream: IncomingStream;
  readonly pushes: PeerStream;
  readonly #hooks: Hooks;
  lastAt: number;
  id: string | undefined;
  /** identification is in progress, or has ended without a name */
  isAsked = false;
  heartbeat: string | null = null;
  systemTitle: string | null = null;
  meterId: string | null = null;
  #held: Uint8Array = new Uint8Array(0);
  #client: ConnectionEvents | undefined;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(stream: IncomingStream, pushes: PeerStream, hooks: Hooks, now: number) {
    this.stream = stream;
    this.pushes = pushes;
    this.#hooks = hooks;
    this.lastAt = now;
  }

  get evidence(): MeterEvidence {
    const { heartbeat, systemTitle, meterId } = this;
    return { ...this.#name, heartbeat, systemTitle, meterId };
  }

  get isInUse(): boolean {
    return this.#client !== undefined;
  }

  received(bytes: Uint8Array, now: number): void {
    this.lastAt = now;
    this.#bytesIn += bytes.length;
    let rest = bytes;
    if (this.#hooks.find !== undefined) {
      if (this.#held.length > 0) {
        rest = new Uint8Array(Buffer.concat([this.#held, bytes]));
        this.#held = new Uint8Array(0);
      }
      rest = this.#withoutHeartbeats(rest, this.#hooks.find);
    }
    if (rest.length > 0) this.#deliver(rest);
  }

  /** Passes on bytes that looked like the beginning of a heartbeat but belong to the meter. */
  releaseHeld(): void {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    if (held.length > 0) this.#deliver(held);
  }

  ended(endpoint: string): void {
    this.releaseHeld();
    this.pushes.end();
    const client = this.#client;
    this.#client = undefined;
    client?.lost(
      new DlmsConnectionError(
        "CONN_LOST",
        `${endpoint}: the meter ended its connection after ${this.#bytesOut} bytes out and ${this.#bytesIn} bytes in; the request continues when it dials in`,
        { details: { transport: "tcp", endpoint, phase: "open", bytesIn: this.#bytesIn, bytesOut: this.#bytesOut } },
      ),
    );
  }

  /** A client asks over this connection until it closes; the meter stays connected then. */
  attach(events: ConnectionEvents): Connection {
    this.#client = events;
    this.pushes.isQuiet = true;
    const isMine = (): boolean => this.#client === events;
    return {
      write: (bytes) => {
        if (!isMine()) return;
        this.#bytesOut += bytes.length;
        this.stream.write(bytes);
        if (this.stream.unsent > maxUnsentBytes) this.stream.destroy();
      },
      drain: () => Promise.resolve(),
      setLine: () => Promise.resolve(),
      close: () => {
        if (isMine()) {
          this.#client = undefined;
          this.pushes.isQuiet = false;
        }
        return Promise.resolve();
      },
    };
  }

  get #name(): { readonly peer: string; readonly address: string } {
    const { peer, address } = this.pushes.name;
    return { peer, address };
  }

  #deliver(bytes: Uint8Array): void {
    this.pushes.add(bytes);
    this.#client?.data(bytes);
  }

  #withoutHeartbeats(bytes: Uint8Array, find: (bytes: Uint8Array) => FoundHeartbeat | undefined): Uint8Array {
    let rest = bytes;
    for (let found = find(rest); found !== undefined; found = find(rest)) {
      rest = rest.subarray(found.length);
      const { answer } = this.#hooks;
      if (answer !== undefined) this.stream.write(heartbeatBytes(answer));
      if (this.heartbeat === null) {
        this.heartbeat = found.name;
        this.#hooks.learned();
      }
    }
    // a heartbeat may arrive in pieces until the meter is identified
    if (this.heartbeat !== null || rest.length === 0 || rest.length >= maxHeartbeatBytes || isDlms(rest)) return rest;
    this.#held = rest.slice();
    return new Uint8Array(0);
  }
}

/** Whether a frame or an APDU begins here: HDLC, wrapper, M-Bus, or a push without a frame. */
const isDlms = ([first]: Uint8Array): boolean =>
  first !== undefined && [0x7e, 0x00, 0x68, 0x0f, 0xc2, 0xdb].includes(first);
