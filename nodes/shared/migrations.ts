import { DlmsConfigError } from "../../src/index";
import type { RawSettings } from "./settings";

/** Turns the settings of one version into those of the next. */
export type Migration = (settings: RawSettings) => RawSettings;

/**
 * `chain[n]` leads from version n to n + 1; index 0 takes flows that were written by hand, without a version.
 * The last version is the length of the chain.
 */
export type MigrationChain = readonly Migration[];

/** From no version to 1: nothing was renamed yet. */
const first: Migration = (settings) => settings;

export const migrations = {
  "dlms-meter": [first],
  "dlms-read": [first],
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
