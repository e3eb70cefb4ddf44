// Values of the fields in the dialogs.
import type { EditedNode } from "./red";

/** The choice "Add new ..." of a field for a config node: none is chosen. */
export const addNew = "_ADD_";

/** Whether a value names an environment variable: Node-RED replaces it when the flow starts. */
export function isEnv(value: unknown): boolean {
  return /^\$\{[^}]+\}$/.test(String(value));
}

/** An empty field means the default. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** A value of a property as text; "" for an object. */
export function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The text in an input or the choice of a select box. */
export function textIn(field: JQuery): string {
  return asText(field.val());
}

/** The properties of a node: from its dialog while it is open, otherwise as saved. */
export class EditedProperties {
  readonly #prefix: string;
  #open: string | undefined;

  /** @param prefix how ids of inputs begin: "#node-input-", or "#node-config-input-" of a config node */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The dialog of this node is open. */
  opened(id: string): void {
    this.#open = id;
  }

  /** The input of a property while the node's dialog is open. */
  input(node: EditedNode, name: string): JQuery | undefined {
    const input = $(this.#prefix + name);
    return this.#open !== undefined && node.id === this.#open && input.length > 0 ? input : undefined;
  }

  value(node: EditedNode, name: string): unknown {
    const input = this.input(node, name);
    const value: unknown = input === undefined ? node[name] : input.val();
    return value === addNew ? "" : value;
  }

  text(node: EditedNode, name: string): string {
    return asText(this.value(node, name));
  }

  checked(node: EditedNode, name: string): boolean {
    const input = this.input(node, name);
    return Boolean(input === undefined ? node[name] : input.prop("checked"));
  }
}
