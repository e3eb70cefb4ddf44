// The settings of an open dialog, with stored secrets only where they may be sent.
import { DlmsConfigError, isDlmsError, type MeterSettings } from "../../src/index";
import type { NodeAPI } from "node-red";
import { objectOf, resolvedVariable } from "./streaming-route";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { parseMeterSettings, destinationOf } from "../meters/parse-settings";
import { migrate, migrations } from "../node-red/migrations";
import type { RawSettings } from "../node-red/raw-settings";

/** What the dialog sends: the node as edited, deployed or not. */
interface DialogMeter {
  readonly id: unknown;
  readonly properties: RawSettings;
  readonly credentials: RawSettings;
}

/** The node as it was deployed, `${NAME}` as written; empty before the first deploy. */
export interface DeployedNode {
  readonly properties: RawSettings;
  readonly credentials: RawSettings;
}

/** The parts of a dialog that a route uses. */
export interface DialogParts {
  readonly properties: readonly string[];
  readonly credentials: readonly string[];
}

/** Node-RED shows this in place of a stored secret. */
const unchanged = "__PWRD__";

function pick(values: RawSettings, names: readonly string[] | undefined): RawSettings {
  if (names === undefined) return values;
  return Object.fromEntries(names.filter((name) => Object.hasOwn(values, name)).map((name) => [name, values[name]]));
}

/** The deployed node with this id and type. Secrets of other node types are not read. */
export function deployedNode(RED: NodeAPI, id: unknown, type: string): DeployedNode {
  let properties: RawSettings | undefined;
  RED.nodes.eachNode((node) => {
    if (node.id === id && node.type === type) properties = objectOf(node);
  });
  if (properties === undefined) return { properties: {}, credentials: {} };
  return { properties, credentials: objectOf(RED.nodes.getCredentials(String(id))) };
}

/**
 * Resolves `${NAME}` only where the deployed node has the same text in the same field: otherwise a request could send
 * any environment variable of the process anywhere, as a password or as a host name.
 */
export function resolvedLike(RED: NodeAPI, given: RawSettings, deployed: RawSettings): RawSettings {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      deployed[name] === value ? resolvedVariable(RED, value) : value,
    ]),
  );
}

/** Where stored secrets may be sent; undefined if the settings contain no valid address. */
function deployableDestination(properties: RawSettings): string | undefined {
  try {
    return destinationOf(migrate(properties, migrations["dlms-meter"]));
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

/** The secrets of a dialog: typed ones override stored ones. */
export function credentialsOf(typed: RawSettings, stored: RawSettings): Readonly<Record<string, string>> {
  const fresh = Object.fromEntries(
    Object.entries(typed).filter(([, value]) => value !== undefined && value !== unchanged),
  );
  const texts = Object.entries({ ...stored, ...fresh }).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(texts);
}

/** Replaces "is missing" with the reason why a setting that the dialog shows is not used. */
function explained(error: unknown, usable: RawSettings, withheld: ReadonlySet<string>): unknown {
  if (!isDlmsError(error) || !error.is("CONFIG_MISSING")) return error;
  const { property, variable } = error.details;
  if (typeof property !== "string") return error;
  if (typeof variable === "string" && usable[property] !== `\${${variable}}`) {
    return new DlmsConfigError(
      "CONFIG_MISSING",
      `${property}: \${${variable}} is resolved only where the deployed node has it in this field; deploy the node first, ` +
        "or type the value itself",
      { details: { property, variable, undeployed: true } },
    );
  }
  return withheld.has(property) ? storedElsewhere(property) : error;
}

function storedElsewhere(property: string): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_MISSING",
    `${property}: the stored secret belongs to the deployed address of the meter and is not sent to another; enter it again, ` +
      "or deploy the new address first",
    { details: { property, otherAddress: true } },
  );
}

/**
 * The settings of a meter as a deploy would use them, from `{id, properties, credentials}` of an open dialog. Stored
 * secrets are used only for the address with which they were deployed.
 * @throws DlmsConfigError
 */
export function dialogSettings(RED: NodeAPI, body: unknown, parts?: DialogParts): MeterSettings {
  const { id, properties, credentials } = objectOf(body);
  const given: DialogMeter = {
    id,
    properties: pick(objectOf(properties), parts?.properties),
    credentials: parts === undefined ? objectOf(credentials) : {},
  };
  const deployed = deployedNode(RED, id, "dlms-meter");
  const own = pick(deployed.properties, parts?.properties);
  const raw = migrate(resolvedLike(RED, given.properties, own), migrations["dlms-meter"]);
  const kept = pick(deployed.credentials, parts?.credentials);
  const destination = deployableDestination(raw);
  const stored =
    destination !== undefined && destination === deployableDestination(resolvedLike(RED, own, own)) ? kept : {};
  const usable = credentialsOf(resolvedLike(RED, given.credentials, stored), resolvedLike(RED, stored, stored));
  const withheld = new Set(Object.keys(kept).filter((name) => !Object.hasOwn(usable, name)));
  try {
    const settings = parseMeterSettings(raw, usable, nodeRuntimeOf(RED).persistentState(RED));
    const { transport } = settings.connect;
    if ("kind" in transport && transport.kind === "tls") {
      // both are optional: without this check only the server would notice that they are missing
      const lost = (["tlsCertificate", "tlsKey"] as const).find((name) => withheld.has(name));
      if (lost !== undefined) throw storedElsewhere(lost);
    }
    return settings;
  } catch (error) {
    throw explained(error, { ...own, ...stored }, withheld);
  }
}
