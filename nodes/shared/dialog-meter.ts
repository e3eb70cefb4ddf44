import type { NodeAPI } from "node-red";
import { objectOf, resolved, storedSecrets } from "./dialog-request";
import { keepsakesIn } from "./keepsakes";
import { type MeterCredentials, type MeterSettings, parseMeterSettings } from "./meter-config";
import { migrate, migrations } from "./migrations";

/** What the dialog sends: the node as it stands there, deployed or not. */
interface DialogMeter {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, unknown>>;
}

/** Node-RED shows this in place of a stored secret. */
const unchanged = "__PWRD__";

function meterIn(body: unknown): DialogMeter {
  const { id, properties, credentials } = objectOf(body);
  return {
    id: typeof id === "string" ? id : "",
    properties: objectOf(properties),
    credentials: objectOf(credentials),
  };
}

/** Secrets that were not typed anew are the stored ones. */
function credentialsOf(RED: NodeAPI, { id, credentials }: DialogMeter): MeterCredentials {
  const stored = storedSecrets(RED, id);
  const names = new Set([...Object.keys(stored), ...Object.keys(credentials)]);
  const entries = [...names].map((name) => {
    const typed = credentials[name];
    return [name, resolved(RED, typed === undefined || typed === unchanged ? stored[name] : typed)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => typeof value === "string"));
}

/**
 * The settings of a meter as a deploy would take them, from `{id, properties, credentials}` of an open dialog.
 * @throws DlmsConfigError
 */
export function dialogSettings(RED: NodeAPI, body: unknown): MeterSettings {
  const meter = meterIn(body);
  const properties = Object.fromEntries(
    Object.entries(meter.properties).map(([name, value]) => [name, resolved(RED, value)]),
  );
  const raw = migrate(properties, migrations["dlms-meter"]);
  return parseMeterSettings(raw, credentialsOf(RED, meter), keepsakesIn(RED.settings.userDir ?? "."));
}
