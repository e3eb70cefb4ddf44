/** Boundaries to foreign code: transports, timers and functions that the user supplies. */
import { type DlmsError, DlmsStateError, isDlmsError } from "./dlms-error";

/**
 * Any thrown value as an error of the family. Another value is a fault of this package or of code given to it: it ends
 * the session and becomes the `cause`.
 * @param where the operation, for the message
 */
export function asDlmsError(error: unknown, where: string): DlmsError {
  if (isDlmsError(error)) return error;
  return new DlmsStateError(
    "STATE_CLOSED",
    `an unexpected error: ${messageOf(error)} (${where}); the connection was ended, the next request opens a new one; ` +
      "please report it, with its cause",
    { fault: "internal", retry: "reconnect", cause: error },
  );
}

/**
 * Runs a callback of a transport or a timer. An error that it throws has no handler above and would end the process, so
 * `end` ends the session with it. An error that `end` throws is reported.
 */
export function contained(where: string, run: () => void, end: (error: DlmsError) => void): void {
  try {
    run();
  } catch (error) {
    try {
      end(asDlmsError(error, where));
    } catch (again) {
      reportUnexpected(where, again);
    }
  }
}

/**
 * Calls a function of the user, such as a listener or a logger. An error that it throws, or with which its promise
 * rejects, goes to `report` and has no other effect.
 */
export function callSafely(run: () => unknown, report: (error: unknown) => void): void {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    report(error);
    return;
  }
  // an async function is accepted where a function without a result is expected; its promise may come from another
  // realm
  if (isThenable(result)) Promise.resolve(result).catch(report);
}

/** The last resort where no logger is available: a process warning, which Node.js prints. */
export function reportUnexpected(where: string, error: unknown): void {
  process.emitWarning(`${where}: ${messageOf(error)}`, {
    type: "DlmsWarning",
    ...(error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {}),
  });
}

const isThenable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
