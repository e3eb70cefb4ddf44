// The inputs of the dlms-meter dialog.
import type { EditedNode } from "../../editor/red";
import { addNew } from "../../editor/values";

export function field(name: string): JQuery {
  return $(`#node-config-input-${name}`);
}

/** The settings in the dialog, deployed or not. */
export function standingProperties(node: EditedNode): Record<string, unknown> {
  return standing(node, Object.keys(node._def.defaults));
}

/** The secrets in the dialog. */
export function standingSecrets(node: EditedNode): Record<string, unknown> {
  return standing(node, Object.keys(node._def.credentials ?? {}));
}

function standing(node: EditedNode, names: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const input = field(name);
    if (input.length === 0) values[name] = node[name];
    else values[name] = input.is(":checkbox") ? Boolean(input.prop("checked")) : chosenIn(input);
  }
  return values;
}

/** "": the choice "Add new ..." of a field for a config node chooses none. */
function chosenIn(input: JQuery): unknown {
  const value: unknown = input.val();
  return value === addNew ? "" : value;
}
