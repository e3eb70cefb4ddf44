/** Adds the name of a request ("read 1-0:1.8.0*255/2") to the errors of that request, in one place. */

import { type DlmsError, isDlmsError, type RequestName } from "../../errors";
import { nameRequest } from "../../errors/retell";
import type { Operation } from "./operation";

/**
 * Runs an operation and adds the name of the request to its DlmsError. Lower layers do not need the name, and a name
 * given as a function is computed only for an error.
 * @param saysItself whether an error needs no name
 */
export function* withRequestName<T>(
  name: RequestName,
  operation: Operation<T>,
  saysItself?: (error: DlmsError) => boolean,
): Operation<T> {
  try {
    return yield* operation;
  } catch (error) {
    throw isDlmsError(error) && saysItself?.(error) !== true ? nameRequest(error, name) : error;
  }
}

/** The same for a part of the session that awaits nothing. */
export function namedNow<T>(name: RequestName, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw isDlmsError(error) ? nameRequest(error, name) : error;
  }
}
