/** A connection that the meter opens: on demand, and again after a loss. */
import type { Clock } from "../../clock";
import { DlmsStateError } from "../../errors";
import { boundedTransport } from "../../transport/bounded";
import { serialTransport } from "../../transport/serial";
import { tcpTransport } from "../../transport/tcp";
import type { Connection, Transport } from "../../transport/transport";
import { udpTransport } from "../../transport/udp";
import type { PushTarget } from "../definition/push-setup";

/** Time for opening the connection, in ms. */
const connectMs = 10_000;

export interface OutgoingEvents {
  data(bytes: Uint8Array): void;
  lost(): void;
}

export function targetTransport(target: PushTarget, clock: Clock): Transport {
  if ("open" in target) return target;
  switch (target.kind) {
    case "tcp":
      return tcpTransport(target, clock);
    case "udp":
      return udpTransport(target, clock);
    case "serial":
      return serialTransport(target, clock);
  }
}

/** One connection to a target; the first frames open it, and it remains open until it is released or lost. */
export class OutgoingLine {
  readonly #transport: Transport;
  readonly #events: OutgoingEvents;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #abort = new AbortController();

  constructor(target: PushTarget, clock: Clock, events: OutgoingEvents) {
    this.#transport = boundedTransport(targetTransport(target, clock), clock);
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /** Rejects with the error of the transport, or when the line is released in the meantime. */
  open(): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    return (this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    }));
  }

  async send(frames: readonly Uint8Array[]): Promise<void> {
    const connection = await this.open();
    for (const frame of frames) connection.write(frame);
    await connection.drain();
  }

  /** Sends bytes if the connection is open, and never opens it. */
  write(bytes: Uint8Array): void {
    this.#connection?.write(bytes);
  }

  /** Closes the connection, or ends its opening. Never rejects; the next frames open it again. */
  async release(): Promise<void> {
    this.#abort.abort(new DlmsStateError("STATE_CLOSED", `${this.#transport.endpoint}: the meter has closed it`));
    this.#abort = new AbortController();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
    await this.#opening?.catch(() => undefined);
  }

  async #connect(): Promise<Connection> {
    const { signal } = this.#abort;
    const current: { connection?: Connection; lost: boolean } = { lost: false };
    const connection = await this.#transport.open(
      {
        data: (bytes) => {
          this.#events.data(bytes);
        },
        lost: () => {
          current.lost = true;
          if (current.connection === undefined || this.#connection !== current.connection) return;
          this.#connection = undefined;
          this.#events.lost();
        },
      },
      { timeoutMs: connectMs, signal },
    );
    if (signal.aborted) {
      await connection.close();
      throw signal.reason as Error;
    }
    current.connection = connection;
    if (!current.lost) this.#connection = connection;
    return connection;
  }
}
