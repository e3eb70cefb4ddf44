/** Parses the definition of a simulated meter from JSON. */
import { conformanceMask } from "../../apdu";
import { parseObis } from "../../cosem/obis";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { quote } from "../../errors/arguments";
import { type Mechanism, mechanismIds } from "../../security";
import type { MeterDefinition, SimulatedAssociation, SimulatedObject } from "./definition";
import { parsePushSetup } from "./json-push";
import { maxValues, parseJsonValue, type ValueRoom } from "./json-value";
import {
  bytesField,
  type Fields,
  flagField,
  fieldsOf,
  invalid,
  listOf,
  numberField,
  onlyKnown,
  textField,
  wordField,
} from "./json-fields";

const meterFields = [
  "serverAddress",
  "physicalAddress",
  "framing",
  "maxPduSize",
  "conformance",
  "systemTitle",
  "logicalDeviceName",
  "hdlc",
  "referencing",
  "maxAssociations",
  "associationVersion",
  "generalBlockTransferWindow",
  "invocationCounter",
  "receivedLimit",
  "associations",
  "objects",
  "pushSetups",
] as const;
const hdlcFields = ["maxInfoTransmit", "maxInfoReceive", "windowTransmit", "windowReceive", "addressSize"] as const;
const accountFields = [
  "client",
  "mechanism",
  "secret",
  "secretHex",
  "suite",
  "policy",
  "encryptionKey",
  "authenticationKey",
  "signingKey",
  "clientSigningCertificate",
  "masterKey",
  "agreementKey",
  "clientAgreementCertificate",
  "landisGyrHls2",
  "signed",
  "visible",
  "conformance",
] as const;
const objectFields = ["classId", "version", "logicalName", "shortName", "attributes", "denied", "writable"] as const;
const mechanisms = Object.keys(mechanismIds) as Mechanism[];
const policies = ["none", "authenticated", "encrypted", "authenticated-encrypted"] as const;

/**
 * Parses a definition from JSON, as text or as an object. Values are `{"type": "double-long-unsigned", "value": 1}`
 * with the type names of the standard; bytes are hex strings, 64-bit numbers decimal strings.
 * @throws DlmsConfigError CONFIG_INVALID with the path of the fault
 */
export function parseDefinition(json: unknown): MeterDefinition {
  const root = fieldsOf(typeof json === "string" ? parseText(json) : json, "definition");
  onlyKnown(root, meterFields);
  const room: ValueRoom = { left: maxValues };
  const associations = listOf(root, "associations").map(parseAccount);
  if (associations.length === 0) throw invalid("definition.associations", "at least one account", "none");
  return {
    ...present({
      serverAddress: numberField(root, "serverAddress", 0, 0x3fff),
      physicalAddress: numberField(root, "physicalAddress", 0, 0x3fff),
      framing: wordField(root, "framing", ["WRAPPER", "HDLC", "HDLC_MODE_E"] as const),
      maxPduSize: numberField(root, "maxPduSize", 12, 0xffff),
      conformance: conformance(root),
      systemTitle: bytesField(root, "systemTitle", 8),
      logicalDeviceName: textField(root, "logicalDeviceName"),
      hdlc:
        root.values["hdlc"] === undefined ? undefined : parseHdlc(fieldsOf(root.values["hdlc"], `${root.path}.hdlc`)),
      referencing: wordField(root, "referencing", ["ln", "sn"] as const),
      maxAssociations: numberField(root, "maxAssociations", 1, 1000),
      associationVersion: numberField(root, "associationVersion", 0, 3) as 0 | 1 | 2 | 3 | undefined,
      generalBlockTransferWindow: numberField(root, "generalBlockTransferWindow", 1, 63),
      invocationCounter: numberField(root, "invocationCounter", 0, 0xffffffff),
      receivedLimit: numberField(root, "receivedLimit", 1, 1_000_000),
    }),
    associations,
    objects: listOf(root, "objects").map((object) => parseObject(object, room)),
    ...(root.values["pushSetups"] === undefined ? {} : { pushSetups: listOf(root, "pushSetups").map(parsePushSetup) }),
  };
}

/** The longest JSON text of a definition, in characters. */
const maxJsonCharacters = 16 * 1024 * 1024;

function parseText(text: string): unknown {
  if (text.length > maxJsonCharacters) {
    throw invalid("definition", `at most ${maxJsonCharacters} characters of JSON`, `${text.length}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DlmsConfigError("CONFIG_INVALID", `definition: not JSON: ${why}`, { cause });
  }
}

function parseHdlc(fields: Fields): NonNullable<MeterDefinition["hdlc"]> {
  onlyKnown(fields, hdlcFields);
  const addressSize = numberField(fields, "addressSize", 1, 4);
  if (addressSize === 3) throw invalid(`${fields.path}.addressSize`, "1, 2 or 4", "3");
  return present({
    maxInfoTransmit: numberField(fields, "maxInfoTransmit", 8, 2030),
    maxInfoReceive: numberField(fields, "maxInfoReceive", 8, 2030),
    windowTransmit: numberField(fields, "windowTransmit", 1, 7),
    windowReceive: numberField(fields, "windowReceive", 1, 7),
    addressSize: addressSize as 1 | 2 | 4 | undefined,
  });
}

function parseAccount(fields: Fields): SimulatedAssociation {
  onlyKnown(fields, accountFields);
  const client = numberField(fields, "client", 0, 0xffff);
  if (client === undefined) throw invalid(`${fields.path}.client`, "a client address", "nothing");
  const suite = numberField(fields, "suite", 0, 2) as 0 | 1 | 2 | undefined;
  const keyLength = suite === 2 ? 32 : 16;
  const account = present({
    mechanism: wordField(fields, "mechanism", mechanisms),
    secret: bytesField(fields, "secretHex") ?? textField(fields, "secret"),
    suite,
    policy: wordField(fields, "policy", policies),
    encryptionKey: bytesField(fields, "encryptionKey", keyLength),
    authenticationKey: bytesField(fields, "authenticationKey", keyLength),
    signingKey: textField(fields, "signingKey"),
    clientSigningCertificate: textField(fields, "clientSigningCertificate"),
    masterKey: bytesField(fields, "masterKey", keyLength),
    agreementKey: textField(fields, "agreementKey"),
    clientAgreementCertificate: textField(fields, "clientAgreementCertificate"),
    landisGyrHls2: flagField(fields, "landisGyrHls2"),
    signed: flagField(fields, "signed"),
    visible: names(fields, "visible"),
    conformance: conformance(fields),
  });
  const needsKeys = (account.policy ?? "none") !== "none" || account.mechanism === "hls-gmac";
  for (const key of ["encryptionKey", "authenticationKey"] as const) {
    if (needsKeys && account[key] === undefined)
      throw invalid(`${fields.path}.${key}`, `${keyLength} bytes`, "nothing");
  }
  return { client, ...account };
}

function parseObject(fields: Fields, room: ValueRoom): SimulatedObject {
  onlyKnown(fields, objectFields);
  const classId = numberField(fields, "classId", 1, 0xffff);
  if (classId === undefined) throw invalid(`${fields.path}.classId`, "a class id", "nothing");
  const logicalName = textField(fields, "logicalName");
  if (logicalName === undefined) throw invalid(`${fields.path}.logicalName`, "an OBIS code", "nothing");
  checked(`${fields.path}.logicalName`, () => parseObis(logicalName));
  const attributes = fieldsOf(fields.values["attributes"], `${fields.path}.attributes`);
  return {
    classId,
    logicalName,
    attributes: Object.fromEntries(
      Object.entries(attributes.values).map(([id, value]) => {
        const path = `${attributes.path}.${id}`;
        return [memberId(/^-?\d{1,3}$/.test(id) ? Number(id) : id, path), parseJsonValue(value, path, room)];
      }),
    ),
    ...present({
      version: numberField(fields, "version", 0, 255),
      shortName: numberField(fields, "shortName", 0, 0xffff),
      denied: ids(fields, "denied"),
      writable: ids(fields, "writable"),
    }),
  };
}

function conformance(fields: Fields): readonly string[] | undefined {
  const list = names(fields, "conformance");
  if (list !== undefined) checked(`${fields.path}.conformance`, () => conformanceMask(list));
  return list;
}

function names(fields: Fields, name: string): readonly string[] | undefined {
  const list = fields.values[name];
  if (list === undefined) return undefined;
  const path = `${fields.path}.${name}`;
  if (!Array.isArray(list)) throw invalid(path, "a list of texts", typeof list);
  return list.map((item: unknown, index) => {
    if (typeof item !== "string") throw invalid(`${path}[${index}]`, "a text", typeof item);
    return item;
  });
}

function ids(fields: Fields, name: string): readonly number[] | undefined {
  const list = fields.values[name];
  if (list === undefined) return undefined;
  const path = `${fields.path}.${name}`;
  if (!Array.isArray(list)) throw invalid(path, "a list of ids", typeof list);
  return list.map((item: unknown, index) => memberId(item, `${path}[${index}]`));
}

/** An attribute id, or a negative method id: one signed byte in the object list. */
function memberId(id: unknown, path: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= -128 && id <= 127) return id;
  throw invalid(path, "an id from -128 to 127", quote(id));
}

/** Runs a parser of another layer and prefixes its error message with the path. */
function checked(path: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    if (!isDlmsError(cause)) throw cause;
    throw new DlmsConfigError("CONFIG_INVALID", `${path}: ${cause.message}`, { cause, details: { path } });
  }
}

/** Drops the fields that are undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
