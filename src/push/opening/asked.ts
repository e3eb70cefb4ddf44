/** Calls functions that users give. */
import { DlmsConfigError, isDlmsError } from "../../errors";

/** The return value of a user's function; an error refuses only the push for which the function was called. */
export function asked<T>(name: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (isDlmsError(error)) throw error;
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: the function that was given threw an error`, {
      details: { setting: name },
      cause: error,
    });
  }
}
