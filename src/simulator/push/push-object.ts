/** The object of class 40 (Push setup) that represents a push setup, and the attributes that clients may change. */
import { classIds } from "../../apdu/class-ids";
import type { DlmsValue } from "../../codec/value";
import { parseObis } from "../../cosem/obis";
import { maxPushedAttributes, type PushSetup, type PushTarget } from "../definition/push-setup";
import type { SimulatedObject } from "../definition/definition";
import { arrayOf, enumerated, longUnsigned, structure, textOctets, unsigned } from "../objects/build";
import { type MeterModel, type ModelObject, valueOf } from "../objects/model";
import { objectListOf } from "./build-push";

/** Attribute ids of class 40. */
const ids = { objectList: 2, destination: 3, window: 4, randomisation: 5, retries: 6, retryDelay: 7 } as const;
const transportServices = { tcp: 0, udp: 1, serial: 5, mbus: 6, other: 200 } as const;
const axdrMessage = 0;
const thisMachine = ["127.0.0.1", "localhost"];

/** The current content of a push setup, as its object defines it. */
export interface PushedObject {
  readonly classId: number;
  readonly name: Uint8Array;
  readonly attributeId: number;
}

/** The class of an object in the list: its own, or that of the meter's object with this name. */
export function pushedObjects(setup: PushSetup, model: MeterModel): PushedObject[] {
  return setup.objects.map(({ logicalName, classId, attributeId = 2 }) => ({
    classId: classId ?? model.object(logicalName)?.classId ?? classIds.data,
    name: parseObis(logicalName),
    attributeId,
  }));
}

/** What clients do to a push setup through its object. */
export interface PushSetupActions {
  /** method 1 */
  readonly push: () => void;
  /** A client has written another destination. Absent: the line has another owner, and the destination is read-only. */
  readonly redirect?: (to: PushTarget) => void;
}

export function pushSetupObject(
  logicalName: string,
  setup: PushSetup,
  model: MeterModel,
  { push, redirect }: PushSetupActions,
): SimulatedObject {
  const itself = { classId: classIds["push-setup"], name: parseObis(logicalName), attributeId: ids.objectList };
  const listed = pushedObjects(setup, model);
  let destination = destinationOf(setup);
  const takeDestination = (value: DlmsValue): boolean => {
    const to = targetOf(value, setup);
    if (to === undefined || redirect === undefined) return false;
    redirect(to);
    destination = value;
    return true;
  };
  return {
    classId: classIds["push-setup"],
    logicalName,
    attributes: {
      [ids.objectList]: objectListOf((setup.list ?? "objects") === "objects" ? [itself] : [], listed),
      [ids.destination]: () => destination,
      [ids.window]: arrayOf([]),
      [ids.randomisation]: longUnsigned(setup.randomisation ?? 0),
      [ids.retries]: unsigned(setup.retries ?? 0),
      [ids.retryDelay]: longUnsigned(setup.retryDelay ?? 10),
    },
    writable: [
      ...[ids.objectList, ids.window, ids.randomisation, ids.retries, ids.retryDelay],
      ...(redirect === undefined ? [] : [ids.destination]),
    ],
    written: { [ids.destination]: takeDestination },
    methods: {
      1: () => {
        push();
        return undefined;
      },
    },
  };
}

function destinationOf({ to, framing }: PushSetup): DlmsValue {
  const [service, text] = to === undefined ? [transportServices.other, ""] : placeOf(to, framing === "mbus");
  return structure(enumerated(service), textOctets(text), enumerated(axdrMessage));
}

function placeOf(to: PushTarget, mbus: boolean): readonly [number, string] {
  if ("open" in to) return [transportServices.other, to.endpoint];
  if (to.kind === "serial") return [mbus ? transportServices.mbus : transportServices.serial, to.path];
  return [transportServices[to.kind], `${to.host}:${to.port}`];
}

/**
 * The target that a written destination names: a TCP or UDP port of the setup's own host or of this machine. Undefined for
 * any other, because a client must not make the simulator connect to other machines.
 */
function targetOf(destination: DlmsValue, { to }: PushSetup): PushTarget | undefined {
  const [service, text, message] = destination.type === "structure" ? destination.value : [];
  if (service?.type !== "enum" || text?.type !== "octet-string" || message?.type !== "enum") return undefined;
  const kind = { [transportServices.tcp]: "tcp", [transportServices.udp]: "udp" }[service.value] as
    "tcp" | "udp" | undefined;
  const [, host = "", digits = ""] = /^(.+):(\d{1,5})$/.exec(new TextDecoder("latin1").decode(text.value)) ?? [];
  const port = Number(digits);
  const own = to !== undefined && "host" in to ? [to.host] : [];
  const isAllowed = message.value === axdrMessage && [...thisMachine, ...own].includes(host);
  return kind === undefined || !isAllowed || port < 1 || port > 0xffff ? undefined : { kind, host, port };
}

/**
 * The current object list of the object, which a client may have written. The entry for the list itself is left out.
 */
export function listedObjects(object: ModelObject): PushedObject[] {
  const list = valueOf(object, ids.objectList);
  const entries = list?.type === "array" ? list.value.slice(0, maxPushedAttributes) : [];
  return entries.flatMap((entry) => {
    const [classId, name, attributeId] = entry.type === "structure" ? entry.value : [];
    if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || attributeId?.type !== "integer")
      return [];
    if (name.value.length !== 6 || classId.value === classIds["push-setup"]) return [];
    return [{ classId: classId.value, name: name.value, attributeId: attributeId.value }];
  });
}

/** Random delay in s, number of retries and seconds between them. */
export function timingOf(object: ModelObject): { randomisation: number; retries: number; retryDelay: number } {
  const number = (id: number): number => {
    const value = valueOf(object, id)?.value;
    return typeof value === "number" ? value : 0;
  };
  return {
    randomisation: number(ids.randomisation),
    retries: number(ids.retries),
    retryDelay: number(ids.retryDelay),
  };
}
