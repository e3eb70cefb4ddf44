/** Calls functions that users give. */
import { DlmsConfigError, isDlmsError } from "../../errors";

/** The answer of a user's function; an error of it refuses the push that was asked for, and no other. */
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
