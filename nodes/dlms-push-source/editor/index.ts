// The script of the dlms-push-source dialog: dlms-push-source.html uses its window.dlmsPushSourceEditor.
import { EditedProperties } from "../../editor/values";
import { keyCredentials } from "../../push/source-table";
import { SourceChecks } from "./checks";
import { SourceDialog } from "./dialog";
import { t } from "./texts";

function sourceEditor() {
  const credentials = Object.fromEntries(keyCredentials.map((name) => [name, { type: "password" }]));
  const properties = new EditedProperties("#node-config-input-");
  return { t, credentials, checks: new SourceChecks(properties), dialog: new SourceDialog(properties) };
}

Object.assign(window, { dlmsPushSourceEditor: sourceEditor() });
