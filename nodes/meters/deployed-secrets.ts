/**
 * Whether a `dlms-meter` was deployed with other settings or secrets than before, which requests an attempt with them.
 */
import { type RandomSource, secretFingerprint } from "../../src/index";
import type { RawSettings } from "../node-red/raw-settings";
import type { MeterCredentials } from "./parse-settings";

export class DeployedSecrets {
  /** a fingerprint is of no use outside this runtime */
  readonly #salt: Uint8Array;
  /** fingerprint of the last deployed settings and credentials of each dlms-meter, by its id */
  readonly #deployed = new Map<string, string>();

  constructor(random: RandomSource) {
    this.#salt = random(32);
  }

  /**
   * Whether a node is new, or was deployed with other settings or credentials before. A restart of Node-RED begins
   * without any, as the account guard does.
   */
  isChanged(id: string, settings: RawSettings, credentials: MeterCredentials): boolean {
    const text = JSON.stringify([sorted(settings), sorted(credentials)]);
    const now = secretFingerprint(this.#salt, new TextEncoder().encode(text));
    const before = this.#deployed.get(id);
    this.#deployed.set(id, now);
    return before !== now;
  }

  /** The node was deleted or disabled. */
  forget(id: string): void {
    this.#deployed.delete(id);
  }
}

/** A node's name, description, position and users do not affect its requests to the meter. */
const ofTheEditor: ReadonlySet<string> = new Set([
  ...["name", "info", "x", "y", "z", "g", "l", "d", "wires", "_users", "_flow", "_alias"],
]);

function sorted(values: object): [name: string, value: unknown][] {
  return Object.entries(values)
    .filter(([name]) => !ofTheEditor.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
