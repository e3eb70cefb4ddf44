// What flows may write to a meter: chosen in the dialog of its `dlms-meter`, and nowhere else.
import { DlmsConfigError, type MeterSettings, scopeOfMeter } from "../../src/index";
import type { NodeAPI, NodeDef } from "node-red";
import { isAbsent, type RawSettings } from "../node-red/raw-settings";
import { choice } from "./setting-values";
import type { WordOf } from "./settings-rules";

export type WriteRight = WordOf<"allowWriting">;

const ascending: readonly WriteRight[] = ["NO", "CLOCK", "ALL"];

/** The lower of two rights. */
export function lowerRight(a: WriteRight, b: WriteRight): WriteRight {
  return ascending.indexOf(a) < ascending.indexOf(b) ? a : b;
}

/**
 * A property as it stands in the flow, with `${NAME}` not replaced. A node inside a subflow has the property of the
 * node that the subflow was drawn with. Undefined: Node-RED does not show the node, as inside a subflow module.
 */
function writtenProperty(RED: NodeAPI, config: NodeDef, name: string): { readonly value: unknown } | undefined {
  const id = (config as { readonly _alias?: string })._alias ?? config.id;
  let found: { readonly value: unknown } | undefined;
  RED.nodes.eachNode((def) => {
    if (def.id === id) found = { value: (def as unknown as RawSettings)[name] };
  });
  return found;
}

/**
 * Refuses a property that an environment variable supplies, or that may come from one.
 * @param usual the value that needs no proof
 * @throws DlmsConfigError
 */
export function refuseVariable(RED: NodeAPI, config: NodeDef, name: string, usual: unknown): void {
  const given = (config as unknown as RawSettings)[name];
  const written = writtenProperty(RED, config, name);
  // a variable with the usual value today may have another one tomorrow
  const variable = typeof written?.value === "string" && written.value.startsWith("$");
  if (!variable && (isAbsent(given) || given === usual || written?.value === given)) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${name}: expected a value chosen in the dialog, got one from an environment variable or a subflow module; choose it in the dialog`,
    { details: { property: name } },
  );
}

/**
 * What a `dlms-meter` allows to write.
 * @throws DlmsConfigError for an unknown word, or an environment variable in place of a word
 */
export function writeRightOf(RED: NodeAPI, config: NodeDef): WriteRight {
  refuseVariable(RED, config, "allowWriting", "NO");
  return choice(config as unknown as RawSettings, "allowWriting");
}

/** The rights of the deployed meters, by the meter's address. */
export class WriteRights {
  readonly #rights = new Map<string, WriteRight[]>();

  /** @returns a function that removes the right again */
  add(settings: MeterSettings, right: WriteRight): () => void {
    const key = keyOf(settings);
    this.#rights.set(key, [...(this.#rights.get(key) ?? []), right]);
    return () => {
      const left = [...(this.#rights.get(key) ?? [])];
      left.splice(left.indexOf(right), 1);
      if (left.length === 0) this.#rights.delete(key);
      else this.#rights.set(key, left);
    };
  }

  /**
   * The right for a meter that a message describes: at most `right`, and at most what each deployed `dlms-meter` of the
   * same address allows. Otherwise a message could write to a read-only meter with the settings of another one.
   */
  lowest(settings: MeterSettings, right: WriteRight): WriteRight {
    return (this.#rights.get(keyOf(settings)) ?? []).reduce(lowerRight, right);
  }
}

function keyOf(settings: MeterSettings): string {
  return JSON.stringify(scopeOfMeter(settings));
}
