// The script of the dlms-write dialog: dlms-write.html uses its window.dlmsWriteEditor.
import { EditedProperties } from "../../editor/values";
import { WriteChecks } from "./checks";
import { WriteDialog } from "./dialog";
import { t } from "./texts";

function writeEditor() {
  const properties = new EditedProperties("#node-input-");
  return { t, checks: new WriteChecks(properties), dialog: new WriteDialog(properties) };
}

Object.assign(window, { dlmsWriteEditor: writeEditor() });
