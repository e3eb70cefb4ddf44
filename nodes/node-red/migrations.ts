import { DlmsConfigError } from "../../src/index";
import type { RawSettings } from "./raw-settings";

/** Turns the settings of one version into those of the next. */
export type Migration = (settings: RawSettings) => RawSettings;

/**
 * `chain[n]` leads from version n to n + 1; index 0 takes flows that were written by hand, without a version.
 * The last version is the length of the chain.
 */
export type MigrationChain = readonly Migration[];

/** From no version to 1: nothing was renamed yet. */
const first: Migration = (settings) => settings;

/** Settings that came with a version, with what they were before there was a choice; what is there stays. */
function adds(fresh: RawSettings): Migration {
  return (settings) => ({ ...fresh, ...settings });
}

/** 2: meters that messages describe */
const meterPool = adds({ poolSize: "10", poolIdle: "30000", secretsInMessages: false });

/** 2: an own interval, one message per item, columns of a profile */
const readOnItsOwn = adds({ interval: "0", spread: "0", split: false, columns: "" });

/** 3: a bound for a whole read, columns from elsewhere */
const readWithBound = adds({ giveUpAfter: "", columnsType: "str" });

export const migrations = {
  "dlms-meter": [first, meterPool],
  "dlms-read": [first, readOnItsOwn, readWithBound],
  "dlms-simulator": [first],
  "dlms-monitor": [first],
} as const satisfies Record<string, MigrationChain>;

/**
 * Settings of any older version in today's form; the input is not changed.
 * @throws DlmsConfigError CONFIG_UNSUPPORTED for a version that this package does not know yet
 */
export function migrate(settings: RawSettings, chain: MigrationChain): RawSettings {
  const from = settings.version === undefined || settings.version === "" ? 0 : Number(settings.version);
  if (!Number.isInteger(from) || from < 0 || from > chain.length) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      `version: this node knows its settings up to version ${chain.length}, the flow has ${String(settings.version)}; ` +
        "update node-red-contrib-dlms",
      { details: { property: "version" } },
    );
  }
  let current = settings;
  for (const step of chain.slice(from)) current = step(current);
  return { ...current, version: chain.length };
}
