// The script of the dlms-read dialog: dlms-read.html uses its window.dlmsReadEditor.
import { EditedProperties } from "../../editor/values";
import { ReadChecks } from "./checks";
import { ReadDialog } from "./dialog";
import { t } from "./texts";

function readEditor() {
  const properties = new EditedProperties("#node-input-");
  const checks = new ReadChecks(properties);
  return { t, checks, dialog: new ReadDialog(properties, checks) };
}

Object.assign(window, { dlmsReadEditor: readEditor() });
