/** Bounds every call of a transport in time, and turns its errors into connection errors. */
import { type Clock, settledWithin, untilAborted, withTimeout } from "../clock";
import { DlmsConnectionError, DlmsTimeoutError, isDlmsError } from "../errors";
import type { Connection, ConnectionEvents, Transport } from "./transport";

/** Extra time for opening beyond the transport's own time-out, so that the transport's error comes first, in ms. */
const maxLateErrorMs = 1000;
/** Time for closing a connection or undoing an opening, in ms. */
const maxCloseMs = 2000;

interface OpenInit {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Holds a transport to its contract: each call ends in time, and each error becomes a connection error. The connect
 * timeout also bounds draining and switching the line.
 */
export function boundedTransport(transport: Transport, clock: Clock): Transport {
  const rate = transport.baudRate;
  const made = {
    get kind() {
      return transport.kind;
    },
    get endpoint() {
      return transport.endpoint;
    },
    open: (events: ConnectionEvents, init: OpenInit) => openWithin(transport, clock, events, init),
    ...(rate === undefined ? {} : { baudRate: rate }),
  };
  if (transport.lineKey === undefined) return made;
  // a getter, because the key may change, as with a symbolic link to a serial port
  return Object.defineProperty(made, "lineKey", { get: () => transport.lineKey, enumerable: true });
}

async function openWithin(
  transport: Transport,
  clock: Clock,
  events: ConnectionEvents,
  init: OpenInit,
): Promise<Connection> {
  const { signal, timeoutMs } = init;
  signal?.throwIfAborted();
  let over = false;
  const guarded: ConnectionEvents = {
    data: (bytes) => {
      events.data(bytes);
    },
    lost: (error: unknown) => {
      events.lost(error instanceof DlmsConnectionError ? error : failed(transport, "connected", error));
    },
  };
  // no `await` in between, so that an immediate connection loses no turn of the event loop
  const opening = attempt(() => transport.open(guarded, init));
  opening.then(
    (connection) => {
      if (over) void closeWithin(connection, clock);
    },
    () => undefined,
  );
  try {
    const connection = await openedInTime(opening, clock, timeoutMs + maxLateErrorMs, signal, () =>
      tooSlow("TIMEOUT_CONNECT", transport, "did not connect", timeoutMs),
    );
    return boundedConnection(connection, transport, clock, events, timeoutMs);
  } catch (error) {
    over = true;
    if (isDlmsError(error) || (signal?.aborted === true && error === signal.reason)) throw error;
    throw failed(transport, "connecting", error);
  }
}

/** Settles as the opening does, or rejects after its time. After an abort the opening has `maxCloseMs` to end. */
async function openedInTime<T>(
  opening: Promise<T>,
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  late: () => Error,
): Promise<T> {
  try {
    return await withTimeout(clock, ms, untilAborted(opening, signal), late);
  } catch (error) {
    if (signal?.aborted !== true || error !== signal.reason) throw error;
    return withTimeout(clock, maxCloseMs, opening, () => signal.reason as Error);
  }
}

function boundedConnection(
  connection: Connection,
  transport: Transport,
  clock: Clock,
  events: ConnectionEvents,
  timeoutMs: number,
): Connection {
  let closing: Promise<void> | undefined;
  const within = async (failure: string, work: () => Promise<void>): Promise<void> => {
    try {
      await withTimeout(clock, timeoutMs, attempt(work), () => tooSlow("TIMEOUT_LINK", transport, failure, timeoutMs));
    } catch (error) {
      throw isDlmsError(error) ? error : failed(transport, failure, error);
    }
  };
  return {
    write: (bytes) => {
      if (closing !== undefined) return;
      try {
        connection.write(bytes);
      } catch (error) {
        closing = closeWithin(connection, clock);
        // after the call, as with every other loss
        queueMicrotask(() => {
          events.lost(failed(transport, "writing", error));
        });
      }
    },
    drain: () => within("did not send what was written", () => connection.drain()),
    setLine: (settings) => within(`did not switch to ${settings.baudRate} bit/s`, () => connection.setLine(settings)),
    close: () => (closing ??= closeWithin(connection, clock)),
  };
}

async function closeWithin(connection: Connection, clock: Clock): Promise<void> {
  // close never rejects; a connection that does not close is abandoned
  await settledWithin(
    clock,
    maxCloseMs,
    attempt(() => connection.close()),
  );
}

/** Turns a synchronous error into a rejection. */
function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(error);
  }
}

function tooSlow(
  code: "TIMEOUT_CONNECT" | "TIMEOUT_LINK",
  { kind, endpoint }: Transport,
  failure: string,
  timeoutMs: number,
): DlmsTimeoutError {
  return new DlmsTimeoutError(
    code,
    `${endpoint}: the transport ${failure} within ${timeoutMs} ms and reported no error; check the transport that was given to the client`,
    { details: { transport: kind, endpoint, timeoutMs } },
  );
}

function failed({ kind, endpoint }: Transport, failure: string, error: unknown): DlmsConnectionError {
  const reason = error instanceof Error && error.message !== "" ? error.message : String(error);
  return new DlmsConnectionError("CONN_LOST", `${endpoint}: the transport failed (${failure}): ${reason}`, {
    details: { transport: kind, endpoint },
    cause: error,
  });
}
