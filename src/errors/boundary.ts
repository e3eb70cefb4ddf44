import { type DlmsError, DlmsStateError, isDlmsError } from "./dlms-error";

/**
 * Whatever was thrown, as an error of the family. What is none is a fault of this package, or of code that was given to it:
 * it ends the session, and is the `cause`.
 * @param where what was being done, for the message
 */
export function asDlmsError(error: unknown, where: string): DlmsError {
  if (isDlmsError(error)) return error;
  return new DlmsStateError(
    "STATE_CLOSED",
    `an unexpected error: ${messageOf(error)} (${where}); the connection was ended, the next request makes a new one; ` +
      "please report it, with its cause",
    { fault: "internal", retry: "reconnect", cause: error },
  );
}

/**
 * Runs what a transport or a timer calls: nobody above would catch what it throws, and it would end the process. `end` takes
 * the error as the end of the session; what `end` throws itself is reported.
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
 * Calls a function of the user's: a listener, a logger. What it throws, or the promise that it returns rejects with, goes to
 * `report` and changes nothing else.
 */
export function callSafely(run: () => unknown, report: (error: unknown) => void): void {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    report(error);
    return;
  }
  // an async function is accepted where one without a result is asked for; its promise may be of another realm
  if (isThenable(result)) Promise.resolve(result).catch(report);
}

/** The last resort where no logger can be told: a warning of the process, which Node.js prints. */
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
