/** A line that disturbs messages at random until it is healed. */
import { DlmsConnectionError } from "../../../src/errors";
import type { Connection, Transport } from "../../../src/transport";
import type { TimerHandle } from "../../../src/clock";
import type { VirtualClock } from "../../support/virtual-clock";
import { type ByteFault, withByteFault } from "../byte-faults";
import type { Seeded } from "../seeded";

/** Faults of whole messages: the network doubles, delays, swaps or loses them, or the connection ends. */
export const messageFaults = ["doubled", "delayed", "swapped", "lost", "pieces", "closed"] as const;
export type MessageFault = (typeof messageFaults)[number];
export type LineFault = MessageFault | ByteFault;

export interface MutatingLineOptions {
  readonly faults: readonly LineFault[];
  /** share of disturbed messages */
  readonly rate: number;
  /** transmission time of a message in ms */
  readonly latency: number;
  /** the response time-out of the client, in ms: delays are made around it */
  readonly response: number;
}

/** A held message is released after this many further ones of its direction: later ones meet reused numbers. */
const farthest = 3;

/** Puts a message on its way, whole or in two pieces. */
type Send = (pieces: readonly Uint8Array[], ms?: number) => void;

interface Held {
  readonly deliver: () => void;
  left: number;
  timer: TimerHandle | undefined;
}

interface End {
  open: boolean;
  readonly held: { out: Held[]; in: Held[] };
  /** messages that wait for the rest of a message in pieces, because no other message may come between */
  readonly behind: { out: (() => void)[] | undefined; in: (() => void)[] | undefined };
  readonly timers: Set<TimerHandle>;
}

/** A line between a client and a meter that hits messages of both directions by chance, until it is healed. */
export class MutatingLine {
  readonly transport: Transport;
  readonly hits = new Map<LineFault, number>();
  readonly #random: Seeded;
  readonly #clock: VirtualClock;
  readonly #options: MutatingLineOptions;
  #healed = false;

  constructor(inner: Transport, clock: VirtualClock, random: Seeded, options: MutatingLineOptions) {
    this.#random = random;
    this.#clock = clock;
    this.#options = options;
    this.transport = { ...inner, open: (events, given) => this.#open(inner, events, given) };
  }

  /** Stops disturbing; held messages still arrive. */
  heal(): void {
    this.#healed = true;
  }

  async #open(
    inner: Transport,
    events: Parameters<Transport["open"]>[0],
    given: Parameters<Transport["open"]>[1],
  ): Promise<Connection> {
    const end: End = {
      open: true,
      held: { out: [], in: [] },
      behind: { out: undefined, in: undefined },
      timers: new Set(),
    };
    let close: () => void = () => undefined;
    const shut = (): void => {
      end.open = false;
      for (const timer of end.timers) this.#clock.clearTimeout(timer);
      end.timers.clear();
    };
    const lost = (): void => {
      if (!end.open) return;
      shut();
      close();
      events.lost(new DlmsConnectionError("CONN_LOST", `${inner.endpoint}: the line was closed`));
    };
    const far = await inner.open(
      {
        data: (bytes) => {
          this.#pass(end, "in", bytes, lost, (piece) => {
            events.data(piece);
          });
        },
        lost: (error) => {
          if (!end.open) return;
          shut();
          events.lost(error);
        },
      },
      given,
    );
    close = () => void far.close();
    return {
      ...far,
      write: (bytes) => {
        this.#pass(end, "out", Uint8Array.from(bytes), lost, (piece) => {
          far.write(piece);
        });
      },
      close: () => {
        shut();
        return far.close();
      },
    };
  }

  #pass(
    end: End,
    direction: "out" | "in",
    bytes: Uint8Array,
    lost: () => void,
    deliver: (piece: Uint8Array) => void,
  ): void {
    if (!end.open || bytes.length === 0) return;
    this.#countDown(end, direction);
    const { faults, rate, latency } = this.#options;
    const send: Send = (pieces, ms = 0) => {
      this.#after(end, latency + ms, () => {
        this.#arrive(end, direction, pieces, deliver);
      });
    };
    if (this.#healed || faults.length === 0 || !this.#random.chance(rate)) {
      send([bytes]);
      return;
    }
    let fault = this.#random.pick(faults);
    // ending a connection discards the held messages, so it is rarer than the other faults
    if (fault === "closed" && this.#random.chance(0.7)) fault = this.#random.pick(faults);
    this.hits.set(fault, (this.hits.get(fault) ?? 0) + 1);
    this.#strike(end, direction, fault, bytes, send, lost);
  }

  #strike(end: End, direction: "out" | "in", fault: LineFault, bytes: Uint8Array, send: Send, lost: () => void): void {
    const random = this.#random;
    switch (fault) {
      case "doubled":
        send([bytes]);
        if (random.chance(0.5)) send([bytes], random.pick([0, 0, 1, 30]));
        else this.#hold(end, direction, 1 + random.below(farthest), () => send([bytes]));
        break;
      case "delayed":
        this.#hold(end, direction, 1 + random.below(farthest), () => send([bytes]));
        break;
      case "swapped":
        this.#hold(end, direction, 1, () => send([bytes]));
        break;
      case "lost":
        break;
      case "pieces": {
        const at = 1 + random.below(bytes.length);
        send([bytes.subarray(0, at), bytes.subarray(at)].filter(({ length }) => length > 0));
        break;
      }
      case "closed":
        this.#after(end, this.#options.latency, lost);
        break;
      default:
        send([withByteFault(random, bytes, fault)]);
    }
  }

  #arrive(
    end: End,
    direction: "out" | "in",
    pieces: readonly Uint8Array[],
    deliver: (piece: Uint8Array) => void,
  ): void {
    const { behind } = end;
    const waiting = behind[direction];
    if (waiting !== undefined) {
      waiting.push(() => {
        this.#arrive(end, direction, pieces, deliver);
      });
      return;
    }
    const [first, second] = pieces;
    if (first !== undefined && first.length > 0) deliver(first);
    if (second === undefined) return;
    behind[direction] = [];
    this.#after(end, this.#random.pick([0, 1, 200]), () => {
      const next = behind[direction] ?? [];
      behind[direction] = undefined;
      deliver(second);
      for (const arrive of next) arrive();
    });
  }

  /** Holds a message until this many others of its direction have passed, or some response time-outs have elapsed. */
  #hold(end: End, direction: "out" | "in", count: number, deliver: () => void): void {
    const held: Held = { deliver, left: count, timer: undefined };
    end.held[direction].push(held);
    const factor = this.#random.pick([0.05, 0.5, 0.99, 1.01, 1.06, 1.5, 2.2, 4.1]);
    held.timer = this.#after(end, this.#options.response * factor, () => {
      this.#release(end, direction, held);
    });
  }

  #countDown(end: End, direction: "out" | "in"): void {
    for (const held of [...end.held[direction]]) {
      held.left--;
      // after the message that passes now
      if (held.left <= 0) this.#after(end, 0, () => this.#release(end, direction, held));
    }
  }

  #release(end: End, direction: "out" | "in", held: Held): void {
    const at = end.held[direction].indexOf(held);
    if (at < 0) return;
    end.held[direction].splice(at, 1);
    this.#clock.clearTimeout(held.timer);
    held.deliver();
  }

  #after(end: End, ms: number, run: () => void): TimerHandle | undefined {
    if (!end.open) return undefined;
    const timer = this.#clock.setTimeout(() => {
      end.timers.delete(timer);
      if (end.open) run();
    }, ms);
    end.timers.add(timer);
    return timer;
  }
}
