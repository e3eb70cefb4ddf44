/** The serial transport: opens, drains, switches and closes a port of the module "serialport". */
import { realpathSync } from "node:fs";
import { withEvenParity } from "../bytes";
import { afterRunning, type Clock, systemClock } from "../clock";
import { DlmsTimeoutError } from "../errors";
import {
  maxCloseMs,
  loadSerialPort,
  serialLostError,
  serialOpenError,
  type SerialModule,
  type SerialPortLike,
} from "./serial-port";
import type { Connection, ConnectionEvents, Transport, TransportLineSettings } from "./transport";

export interface SerialOptions {
  /** /dev/ttyUSB0, /dev/serial/by-id/..., COM3 */
  readonly path: string;
  /** bit/s */
  readonly baudRate: number;
  /** data bits, parity, stop bits ("8N1") */
  readonly mode?: "8N1" | "8E1" | "7E1";
  /** state of the outputs; undefined: as the driver leaves them, usually on */
  readonly dtr?: boolean;
  readonly rts?: boolean;
}

/** Start, eight data bits, stop; 7E1 has as many, 8E1 one more. */
const bitsPerByte = (mode: SerialOptions["mode"]): number => (mode === "8E1" ? 11 : 10);
/** Maximum wait for outgoing bytes and for a call-back of the driver, in ms. */
const maxDrainMs = 2000;

/**
 * A serial port. The module that drives it is loaded when the port is opened, so that all other features work without
 * it.
 */
export function serialTransport(
  options: SerialOptions,
  clock: Clock = systemClock,
  load: () => Promise<SerialModule> = loadSerialPort,
): Transport {
  const endpoint = `serial ${options.path}`;
  return {
    kind: "serial",
    endpoint,
    // looked up for every connection, because a symbolic link may change after replugging
    get lineKey() {
      return `serial:${deviceOf(options.path)}`;
    },
    baudRate: options.baudRate,
    open: async (events, init) => {
      init.signal?.throwIfAborted();
      const module = await load();
      init.signal?.throwIfAborted();
      return openPort(module, options, endpoint, clock, events, init);
    },
  };
}

/** /dev/serial/by-id/... and its target device are one line. */
export function deviceOf(path: string): string {
  if (!path.startsWith("/")) return path;
  try {
    return realpathSync(path);
  } catch {
    // no device is plugged in now
    return path;
  }
}

function openPort(
  module: SerialModule,
  options: SerialOptions,
  endpoint: string,
  clock: Clock,
  events: ConnectionEvents,
  init: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Connection> {
  const { signal } = init;
  return new Promise((resolve, reject) => {
    // 7E1 has the same ten bits on the line as 8N1, and software computes its parity bit
    const port = new module.SerialPort({
      path: options.path,
      baudRate: options.baudRate,
      autoOpen: false,
      ...(options.mode === "8E1" ? ({ dataBits: 8, parity: "even" } as const) : {}),
    });
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      wait.cancel();
      signal?.removeEventListener("abort", aborted);
      return true;
    };
    let letGo = (): void => undefined;
    // the port cannot be opened again before this opening has ended and been undone
    const aborted = (): void => {
      if (!settle()) return;
      const reason = signal?.reason as Error;
      const ended = withinTime(clock, maxCloseMs, (done) => {
        letGo = done;
      });
      void ended.then(() => {
        reject(reason);
      });
    };
    const late = (): void => {
      const text = `${endpoint}: the port did not open within ${init.timeoutMs} ms; unplug and plug in the adapter`;
      if (settle())
        reject(
          new DlmsTimeoutError("TIMEOUT_CONNECT", text, {
            details: { transport: "serial", endpoint, timeoutMs: init.timeoutMs },
          }),
        );
    };
    const wait = afterRunning(clock, late, init.timeoutMs);
    signal?.addEventListener("abort", aborted, { once: true });
    // an error event without a listener would end the process
    port.on("error", () => undefined);
    port.open((error) => {
      if (!settle()) {
        // the port opened after the wait had ended
        if (error === null) port.close(letGo);
        else letGo();
        return;
      }
      if (error !== null) {
        reject(serialOpenError(error, options.path, endpoint));
        return;
      }
      const connection = connectionOf(port, options.mode, endpoint, events, clock);
      setOutputs(port, options, clock).then(
        () => {
          resolve(connection);
        },
        (failure: Error) => {
          void connection.close().then(() => {
            reject(serialOpenError(failure, options.path, endpoint));
          });
        },
      );
    });
  });
}

/** Sets DTR and RTS where the options name one of them. The module switches on the one that is not named. */
async function setOutputs(port: SerialPortLike, { dtr, rts }: SerialOptions, clock: Clock): Promise<void> {
  if (dtr === undefined && rts === undefined) return;
  const state = { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) };
  let failure: Error | undefined;
  await withinTime(clock, maxDrainMs, (done) => {
    port.set(state, (error) => {
      failure = error ?? undefined;
      done();
    });
  });
  if (failure !== undefined) throw failure;
}

function connectionOf(
  port: SerialPortLike,
  mode: SerialOptions["mode"],
  endpoint: string,
  events: ConnectionEvents,
  clock: Clock,
): Connection {
  let ours = false;
  /** seven bits and even parity, in software */
  let parity = mode === "7E1";
  let baudRate = port.baudRate;
  let bytesIn = 0;
  let bytesOut = 0;
  /** time at which the written bytes have left at this rate, regardless of the driver */
  let sentAt = 0;
  const isOurs = (): boolean => ours;
  const lost = (error: unknown): void => {
    if (ours) return;
    ours = true;
    events.lost(serialLostError(error, { transport: "serial", endpoint, phase: "open", bytesIn, bytesOut }));
    // the descriptor of a port may still be open after an error
    if (port.isOpen) port.close(() => undefined);
  };
  port.on("data", (bytes: Uint8Array) => {
    bytesIn += bytes.length;
    if (ours) return;
    events.data(parity ? bytes.map((byte) => byte & 0x7f) : new Uint8Array(bytes));
  });
  port.on("error", lost);
  port.on("close", lost);
  return {
    write: (bytes) => {
      if (ours) return;
      bytesOut += bytes.length;
      sentAt = Math.max(sentAt, clock.now()) + (bytes.length * bitsPerByte(mode) * 1000) / baudRate;
      port.write(parity ? withEvenParity(bytes) : bytes);
    },
    drain: () =>
      withinTime(clock, Math.max(0, sentAt - clock.now()) + maxDrainMs, (done) => {
        if (ours) done();
        else port.drain(done);
      }),
    setLine: async (settings: TransportLineSettings) => {
      parity = mode === "7E1" || settings.parity === "even";
      if (ours || settings.baudRate === baudRate) return;
      // USB adapters report "drained" while bytes are in their buffer, and a change of rate discards those
      const rest = Math.min(sentAt - clock.now(), maxDrainMs);
      if (rest > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, rest));
      if (isOurs()) return;
      baudRate = settings.baudRate;
      await withinTime(clock, maxDrainMs, (done) => {
        port.update({ baudRate }, (error) => {
          done();
          if (error !== null) lost(error);
        });
      });
    },
    close: () =>
      closePort(port, clock, () => {
        ours = true;
      }),
  };
}

/** Resolves when the port can be opened again; bounded. */
function closePort(port: SerialPortLike, clock: Clock, mark: () => void): Promise<void> {
  mark();
  return withinTime(clock, maxCloseMs, (done) => {
    if (port.isOpen) port.close(done);
    else done();
  });
}

/** Callback to promise, bounded; an error is reported by the port's "error" or "close" event. */
function withinTime(clock: Clock, withinMs: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, withinMs);
    start(() => {
      clock.clearTimeout(timer);
      resolve();
    });
  });
}
