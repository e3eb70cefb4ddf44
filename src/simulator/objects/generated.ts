/** The objects that every simulated meter has: association, SAP assignment, security setup, counters. */
import { associationShortName, classIds } from "../../apdu/class-ids";
import type { DlmsValue } from "../../codec/value";
import { mechanismIds } from "../../security/model";
import { toHex } from "../../bytes";
import { parseObis } from "../../cosem/obis";
import * as wellKnownObjects from "../../cosem/well-known-objects";
import {
  arrayOf,
  doubleLongUnsigned,
  enumerated,
  longUnsigned,
  nothing,
  numeric,
  octets,
  structure,
  textOctets,
  unsigned,
} from "./build";
import { conformanceText } from "../definition/conformance";
import type { MeterDefinition, SimulatedAssociation, SimulatedMethod, SimulatedObject } from "../definition/definition";
import { attributeIds, type MeterModel, methodIds, type ModelObject, type ClientView } from "./model";

/** State of the running meter that the generated objects show. */
export interface MeterState {
  readonly systemTitle: Uint8Array;
  /** last counter accepted from an account, -1 = none */
  lastCounter(account: SimulatedAssociation): number;
  /** methods of the association object, except reply_to_HLS_authentication during HLS */
  readonly associationMethods?: Readonly<Record<number, SimulatedMethod>>;
}

/** Whether an account needs symmetric keys. */
export function usesKeys(account: SimulatedAssociation): boolean {
  return (account.policy ?? "none") !== "none" || account.mechanism === "hls-gmac";
}

/** The objects that every meter has unless its definition contains them. */
export function generatedObjects(
  definition: MeterDefinition,
  state: MeterState,
): (view: ClientView, model: MeterModel) => readonly SimulatedObject[] {
  const own = new Set(definition.objects.map((object) => toHex(parseObis(object.logicalName))));
  const common = commonObjects(definition, state).filter((object) => !own.has(toHex(parseObis(object.logicalName))));
  return (view, model) => {
    if (own.has(toHex(parseObis(wellKnownObjects.currentAssociation)))) return common;
    const sn = definition.referencing === "sn";
    return [...common, sn ? associationSn(view, model) : associationLn(view, model)];
  };
}

function commonObjects(definition: MeterDefinition, state: MeterState): SimulatedObject[] {
  const deviceName = definition.logicalDeviceName ?? "SIM0000000000001";
  const ciphered = definition.associations.filter(usesKeys);
  const objects: SimulatedObject[] = [
    {
      classId: classIds["sap-assignment"],
      logicalName: "0.0.41.0.0.255",
      attributes: { 2: arrayOf([structure(longUnsigned(definition.serverAddress ?? 1), textOctets(deviceName))]) },
    },
    {
      classId: classIds.data,
      logicalName: wellKnownObjects.logicalDeviceName,
      attributes: { 2: textOctets(deviceName) },
    },
  ];
  ciphered.forEach((account, index) => {
    objects.push({
      classId: classIds.data,
      logicalName: wellKnownObjects.invocationCounter(index),
      attributes: { 2: () => doubleLongUnsigned(Math.max(0, state.lastCounter(account))) },
    });
  });
  const [first] = ciphered;
  return first === undefined ? objects : [...objects, securitySetup(first, state)];
}

const policyNumbers = { none: 0, authenticated: 1, encrypted: 2, "authenticated-encrypted": 3 } as const;

function securitySetup(account: SimulatedAssociation, state: MeterState): SimulatedObject {
  return {
    classId: classIds["security-setup"],
    logicalName: wellKnownObjects.securitySetup,
    attributes: {
      2: enumerated(policyNumbers[account.policy ?? "none"]),
      3: enumerated(account.suite ?? 0),
      4: octets(new Uint8Array(0)),
      5: octets(state.systemTitle),
    },
  };
}

/** Association LN of the client that asks: the "current association". */
function associationLn(view: ClientView, model: MeterModel): SimulatedObject {
  const version = model.definition.associationVersion ?? 1;
  const { definition } = model;
  return {
    classId: classIds["association-ln"],
    version,
    logicalName: wellKnownObjects.currentAssociation,
    attributes: {
      2: () => objectList(view, model, version),
      3: structure(numeric("integer", view.client & 0x7f), longUnsigned(definition.serverAddress ?? 1)),
      4: oid(1, view.applicationContext),
      5: contextInfo(view),
      6: oid(2, mechanismIds[view.account.mechanism ?? "none"]),
      7: octets(new Uint8Array(0)),
      8: enumerated(2),
      ...(version >= 1 ? { 9: octets(parseObis(wellKnownObjects.securitySetup)) } : {}),
    },
    denied: [7],
    methods: { 1: () => undefined },
  };
}

/** Association SN at its reserved base name; version 1 has no attribute after the access rights. */
function associationSn(view: ClientView, model: MeterModel): SimulatedObject {
  const element = (object: ModelObject): DlmsValue =>
    structure(
      numeric("long", (object.shortName << 16) >> 16),
      longUnsigned(object.classId),
      unsigned(object.version),
      octets(object.name),
    );
  return {
    classId: classIds["association-sn"],
    version: 1,
    logicalName: wellKnownObjects.currentAssociation,
    shortName: associationShortName,
    attributes: { 2: () => arrayOf(model.visibleObjects(view).map(element)) },
  };
}

/** 2.16.756.5.8.arc.n as the structure of the Blue Book. */
function oid(arc: number, n: number): DlmsValue {
  return structure(unsigned(2), unsigned(16), longUnsigned(756), unsigned(5), unsigned(8), unsigned(arc), unsigned(n));
}

function contextInfo(view: ClientView): DlmsValue {
  return structure(
    { type: "bit-string", value: conformanceText(view.conformance) },
    longUnsigned(view.serverMaxPdu),
    longUnsigned(view.clientMaxPdu),
    unsigned(6),
    numeric("integer", 0),
    octets(new Uint8Array(0)),
  );
}

function objectList(view: ClientView, model: MeterModel, version: number): DlmsValue {
  return arrayOf(model.visibleObjects(view).map((object) => objectListElement(object, version)));
}

function objectListElement(object: ModelObject, version: number): DlmsValue {
  return structure(
    longUnsigned(object.classId),
    unsigned(object.version),
    octets(object.name),
    accessRights(object, version),
  );
}

/**
 * Below version 3 an enumeration (0 none, 1 read, 3 read and write), from version 3 a bit mask (1 read, 2 write); the
 * numbers used here are the same in both. Methods: a boolean in version 0.
 */
function accessRights(object: ModelObject, version: number): DlmsValue {
  const { denied = [], writable = [] } = object.definition;
  const attributes = attributeIds(object).map((id) => {
    const mode = denied.includes(id) ? 0 : writable.includes(id) ? 3 : 1;
    const selectors =
      object.classId === classIds["profile-generic"] && id === 2
        ? arrayOf([1, 2].map((s) => numeric("integer", s)))
        : nothing;
    return structure(numeric("integer", id), enumerated(mode), selectors);
  });
  const methods = methodIds(object).map((id) => {
    const allowed = !denied.includes(-id);
    const mode: DlmsValue = version === 0 ? { type: "boolean", value: allowed } : enumerated(allowed ? 1 : 0);
    return structure(numeric("integer", id), mode);
  });
  return structure(arrayOf(attributes), arrayOf(methods));
}
