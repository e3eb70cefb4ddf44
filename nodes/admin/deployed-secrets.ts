import { secretFingerprint, systemRandom } from "../../src/index";
import type { MeterCredentials } from "../meters/parse-settings";
import type { RawSettings } from "../node-red/raw-settings";

/** Of this process: what it makes of a secret is of no use to another. */
const salt = systemRandom(32);

/** What each dlms-meter was deployed with last, by its id; nothing of it can be read. */
const deployed = new Map<string, string>();

/**
 * Whether a node is new, or was deployed with other settings or credentials before. A restart of Node-RED begins from
 * nothing, as the account guard does.
 */
export function isChanged(id: string, settings: RawSettings, credentials: MeterCredentials): boolean {
  const text = JSON.stringify([sorted(settings), sorted(credentials)]);
  const now = secretFingerprint(salt, new TextEncoder().encode(text));
  const before = deployed.get(id);
  deployed.set(id, now);
  return before !== now;
}

/** The node was deleted or disabled. */
export function forgetDeployed(id: string): void {
  deployed.delete(id);
}

/** Where a node lies, and who uses it, is none of its settings. */
const ofTheEditor = new Set(["x", "y", "z", "g", "l", "wires", "_users", "_flow", "_alias"]);

function sorted(values: object): [name: string, value: unknown][] {
  return Object.entries(values)
    .filter(([name]) => !ofTheEditor.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
