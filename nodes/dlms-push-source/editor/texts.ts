// The texts of the dlms-push-source dialog, and its inputs.
import { textsOf } from "../../editor/red";

export const t = textsOf("dlms-push-source");

export function field(name: string): JQuery {
  return $(`#node-config-input-${name}`);
}
