/** Versions of node settings: a chain of steps turns the settings of older flows into today's. */
import { DlmsConfigError } from "../../src/index";
import type { RawSettings } from "./raw-settings";

/** Turns settings of one version into settings of the next. */
export type Migration = (settings: RawSettings) => RawSettings;

/**
 * `chain[n]` turns version n into n + 1. `chain[0]` is for flows without a version, which were written by hand.
 * The last version is the length of the chain.
 */
export type MigrationChain = readonly Migration[];

/** From no version to 1: no setting was renamed. */
const first: Migration = (settings) => settings;

/** Adds settings that are new in a version, with the value that means the former behaviour. Keeps settings that are set. */
function adds(fresh: RawSettings): Migration {
  return (settings) => ({ ...fresh, ...settings });
}

/** 2: meters that messages describe */
const meterPool = adds({ poolSize: "10", poolIdle: "30000", secretsInMessages: false });

/** 2: interval of the node, one message per item, columns of a profile */
const readOnItsOwn = adds({ interval: "0", spread: "0", split: false, columns: "" });

/** 3: time limit of a whole read, columns from a message or context */
const readWithBound = adds({ giveUpAfter: "", columnsType: "str" });

export const migrations = {
  "dlms-meter": [first, meterPool],
  "dlms-read": [first, readOnItsOwn, readWithBound],
  "dlms-write": [first],
  "dlms-simulator": [first],
  "dlms-monitor": [first],
  "dlms-push-source": [first],
  "dlms-listen": [first],
  "dlms-decode": [first],
} as const satisfies Record<string, MigrationChain>;

/**
 * Turns settings of any older version into today's form. Does not change its input.
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
