/** A half-duplex serial line with a baud rate, on a virtual clock. */
import type { Connection, Transport } from "../../src/transport";
import type { VirtualClock } from "./virtual-clock";

/** Start, eight data bits, stop; or start, seven data bits, parity, stop. */
const bitsPerByte = 10;
/** Bytes that the driver of a UART delivers at a time. */
const driverBytes = 32;

/**
 * A serial line of a given rate between two ends of unlimited speed, on a virtual clock: every byte takes ten bit
 * times, one after the other in each direction. It counts collisions, because the line is half duplex.
 */
export class PacedLine {
  readonly transport: Transport;
  /** pieces sent while the other side was sending */
  collisions = 0;
  readonly bytes = { out: 0, in: 0 };
  readonly #clock: VirtualClock;
  readonly #busyUntil = { out: 0, in: 0 };
  #baudRate: number;

  constructor(inner: Transport, clock: VirtualClock, baudRate: number) {
    this.#clock = clock;
    this.#baudRate = baudRate;
    this.transport = {
      ...inner,
      endpoint: `${inner.endpoint} at ${baudRate} bit/s`,
      baudRate,
      open: async (events, options) => {
        let open = true;
        const connection = await inner.open(
          {
            lost: (error) => {
              events.lost(error);
            },
            data: (bytes) => {
              for (let at = 0; at < bytes.length; at += driverBytes) {
                const piece = bytes.slice(at, at + driverBytes);
                this.#after(this.#send("in", piece.length), () => {
                  if (open) events.data(piece);
                });
              }
            },
          },
          options,
        );
        return this.#connection(connection, () => {
          open = false;
        });
      },
    };
  }

  #connection(far: Connection, closed: () => void): Connection {
    return {
      write: (bytes) => {
        const copy = bytes.slice();
        this.#after(this.#send("out", copy.length), () => {
          far.write(copy);
        });
      },
      drain: () =>
        new Promise((resolve) => {
          this.#after(this.#busyUntil.out, resolve);
        }),
      setLine: (settings) => {
        this.#baudRate = settings.baudRate;
        return Promise.resolve();
      },
      close: () => {
        closed();
        return far.close();
      },
    };
  }

  /** The time at which the last of these bytes arrives. */
  #send(direction: "out" | "in", count: number): number {
    const now = this.#clock.now();
    const other = direction === "out" ? "in" : "out";
    if (this.#busyUntil[other] > now) this.collisions++;
    this.bytes[direction] += count;
    const arrived = Math.max(now, this.#busyUntil[direction]) + (count * bitsPerByte * 1000) / this.#baudRate;
    this.#busyUntil[direction] = arrived;
    return arrived;
  }

  #after(time: number, run: () => void): void {
    this.#clock.setTimeout(run, time - this.#clock.now());
  }
}
