/** Errors of the command line itself. */
import { DlmsConfigError } from "../index";

/** @param problem begins with the argument that is wrong */
export function usage(problem: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", problem);
}

export function secretRefused(where: string, variable = "DLMS_PASSWORD"): DlmsConfigError {
  return usage(
    `${where}: secrets are not taken from arguments, because other users of this machine can read them and the shell ` +
      `stores them; set ${variable} in the environment, or name a file with --secrets`,
  );
}
