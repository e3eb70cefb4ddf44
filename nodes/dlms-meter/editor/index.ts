// The script of the dlms-meter dialog: dlms-meter.html uses its window.dlmsMeterEditor.
import { EditedProperties } from "../../editor/values";
import { MeterChecks } from "./checks";
import { MeterDialog } from "./dialog";
import { SecretChecks } from "./secret-checks";
import { StoredSecrets } from "./stored-secrets";

function meterEditor() {
  const stored = new StoredSecrets();
  stored.watch();
  const properties = new EditedProperties("#node-config-input-");
  const secrets = new SecretChecks(stored, properties);
  return { checks: new MeterChecks(properties), secrets, dialog: new MeterDialog(properties, secrets) };
}

Object.assign(window, { dlmsMeterEditor: meterEditor() });
