// Whether the clock of this machine is known to be wrong before a meter is set by it.
import { existsSync } from "node:fs";

/** systemd-timesyncd keeps this folder while it runs, and this file from its first synchronization on. */
const folder = "/run/systemd/timesync";
const synchronized = `${folder}/synchronized`;

/** A sentence where the operating system says that the clock is not synchronized; undefined where it says nothing. */
export function hostClockDoubt(exists: (path: string) => boolean = existsSync): string | undefined {
  if (!exists(folder) || exists(synchronized)) return undefined;
  return "the clock of this machine is not synchronized (systemd-timesyncd): check it before a meter is set by it";
}
