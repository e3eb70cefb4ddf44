/** A line between client and meter that injects one fault at one byte. */
import { DlmsConnectionError } from "../../src/errors";
import type { Connection, Transport } from "../../src/transport";
import type { VirtualClock } from "./virtual-clock";

export type FaultKind =
  | "lost"
  | "doubled"
  | "corrupted"
  /** nothing passes in either direction until the line is healed */
  | "silent"
  /** like silent, for this connection only: a half-open connection */
  | "half-open"
  | "closed"
  /** this byte and the following ones are late */
  | "delayed"
  /** the piece is split before this byte, with a pause */
  | "cut";

export interface Fault {
  readonly kind: FaultKind;
  /** out: from the client */
  readonly direction: "out" | "in";
  /** the byte to hit, counted from 0 over all connections in this direction */
  readonly at: number;
  /** ms, for delayed and cut */
  readonly ms?: number;
  /** the bits to flip, for corrupted (one bit, depending on the position) */
  readonly mask?: number;
}

/** A line between a client and a meter with one fault at one byte. */
export class FaultyLine {
  readonly transport: Transport;
  /** bytes sent into the line so far */
  readonly sent = { out: 0, in: 0 };
  /** the start of each written piece */
  readonly starts: { readonly out: number[]; readonly in: number[] } = { out: [], in: [] };
  #fault: Fault | undefined;
  #hit = false;
  #silent = false;
  readonly #clock: VirtualClock;

  constructor(inner: Transport, clock: VirtualClock, fault?: Fault) {
    this.#fault = fault;
    this.#clock = clock;
    this.transport = { ...inner, open: (events, options) => this.#open(inner, events, options) };
  }

  /** whether the fault has happened */
  get hit(): boolean {
    return this.#hit;
  }

  heal(): void {
    this.#silent = false;
    this.#fault = undefined;
  }

  async #open(
    inner: Transport,
    events: Parameters<Transport["open"]>[0],
    options: Parameters<Transport["open"]>[1],
  ): Promise<Connection> {
    const state = { open: true, dead: false };
    let close: () => void = () => undefined;
    const lost = (): void => {
      if (!state.open) return;
      state.open = false;
      close();
      events.lost(new DlmsConnectionError("CONN_LOST", `${inner.endpoint}: the line was closed by the fault`));
    };
    const towards = (direction: "out" | "in", deliver: (bytes: Uint8Array) => void): ((bytes: Uint8Array) => void) => {
      let lag = 0;
      // delayed bytes keep their order
      return (bytes) => {
        const pieces = this.#pass(direction, bytes, state, lost);
        for (const piece of pieces) {
          lag = Math.max(lag, piece.ms);
          if (piece.bytes.length === 0) continue;
          if (lag === 0) deliver(piece.bytes);
          else {
            this.#clock.setTimeout(() => {
              if (state.open) deliver(piece.bytes);
            }, lag);
          }
        }
        if (this.#fault?.kind !== "delayed") lag = 0;
      };
    };
    const far = await inner.open(
      {
        data: towards("in", (bytes) => {
          if (state.open) events.data(bytes);
        }),
        lost: (error) => {
          if (!state.open) return;
          state.open = false;
          events.lost(error);
        },
      },
      options,
    );
    close = () => void far.close();
    return {
      ...far,
      write: towards("out", (bytes) => {
        far.write(bytes);
      }),
      close: () => {
        state.open = false;
        return far.close();
      },
    };
  }

  #pass(
    direction: "out" | "in",
    bytes: Uint8Array,
    state: { open: boolean; dead: boolean },
    lost: () => void,
  ): { readonly bytes: Uint8Array; readonly ms: number }[] {
    const start = this.sent[direction];
    this.sent[direction] += bytes.length;
    this.starts[direction].push(start);
    if (this.#silent || state.dead || !state.open) return [];
    const fault = this.#fault;
    const at = fault === undefined ? -1 : fault.at - start;
    const whole = [{ bytes, ms: 0 }];
    if (fault?.direction !== direction || this.#hit || at < 0 || at >= bytes.length) return whole;
    this.#hit = true;
    const before = bytes.subarray(0, at);
    const after = bytes.subarray(at + 1);
    const byte = bytes[at] ?? 0;
    switch (fault.kind) {
      case "lost":
        return [{ bytes: joined(before, after), ms: 0 }];
      case "doubled":
        return [{ bytes: joined(before, Uint8Array.of(byte, byte), after), ms: 0 }];
      case "corrupted":
        return [{ bytes: joined(before, Uint8Array.of(byte ^ (fault.mask ?? 1 << (fault.at & 7))), after), ms: 0 }];
      case "silent":
        this.#silent = true;
        return [{ bytes: before, ms: 0 }];
      case "half-open":
        state.dead = true;
        return [{ bytes: before, ms: 0 }];
      case "closed":
        queueMicrotask(lost);
        return [{ bytes: before, ms: 0 }];
      case "delayed":
      case "cut":
        return [
          { bytes: before, ms: 0 },
          { bytes: bytes.subarray(at), ms: fault.ms ?? 1 },
        ];
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
