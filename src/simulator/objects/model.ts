/** The objects of a simulated meter: what each client may read, write and invoke. */
import { classIds } from "../../apdu/class-ids";
import type { AttributeDescriptor, AttributeDescriptorWithSelection, MethodDescriptor } from "../../apdu/model";
import { toHex } from "../../bytes";
import { decodeValueBytes } from "../../codec/decode";
import type { DlmsValue } from "../../codec/value";
import { encodeValueBytes } from "../../codec/encode";
import { parseObis } from "../../cosem/obis";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { doubleLongUnsigned, octets } from "./build";
import { encodedPieces } from "./byte-source";
import type { MeterDefinition, ProfileRows, SimulatedAssociation, SimulatedObject } from "../definition/definition";
import { DefinitionFault, guarded, guardedPieces, type ReportFault } from "../behaviours/fault";
import { selectRows } from "./profile-selection";
import { dataAccess } from "../../apdu/results";

/** The client of a request: the facts of its association that objects need. */
export interface ClientView {
  readonly client: number;
  readonly account: SimulatedAssociation;
  /** 1 LN, 2 SN, 3 LN ciphered, 4 SN ciphered */
  readonly applicationContext: number;
  readonly mechanismId: number;
  readonly conformance: number;
  readonly serverMaxPdu: number;
  readonly clientMaxPdu: number;
  readonly clientSystemTitle: Uint8Array | undefined;
}

/** An object of the definition, with its short name and the values written to it. */
export interface ModelObject {
  readonly classId: number;
  readonly version: number;
  readonly name: Uint8Array;
  readonly shortName: number;
  readonly definition: SimulatedObject;
  /** written values by attribute id */
  readonly written: Map<number, DlmsValue>;
}

export type ReadOutcome =
  { readonly ok: true; readonly pieces: Iterable<Uint8Array> } | { readonly ok: false; readonly result: number };

export interface InvokeOutcome {
  readonly result: number;
  readonly value?: DlmsValue | undefined;
}

/** Objects that depend on the client, such as the association object. */
export type GeneratedObjects = (view: ClientView, model: MeterModel) => readonly SimulatedObject[];

const failed = (name: keyof typeof dataAccess): { readonly ok: false; readonly result: number } => {
  return { ok: false, result: dataAccess[name] };
};

/** The objects of a simulated meter: what each client may read, write and invoke. */
export class MeterModel {
  readonly definition: MeterDefinition;
  #objects: ModelObject[] = [];
  readonly #byName = new Map<string, ModelObject[]>();
  readonly #generated: GeneratedObjects;
  readonly #report: ReportFault;

  /** @throws DlmsConfigError CONFIG_INVALID for a malformed logical name or an object that is defined twice */
  constructor(definition: MeterDefinition, generated: GeneratedObjects, report: ReportFault) {
    this.definition = definition;
    this.#report = report;
    this.#generated = generated;
    for (const object of modelObjects(definition.objects)) this.#add(object);
  }

  get objects(): readonly ModelObject[] {
    return this.#objects;
  }

  /**
   * Adds an object to the running meter; the returned function removes it.
   * @throws DlmsConfigError CONFIG_INVALID for a malformed logical name or an object that is defined twice
   */
  add(object: SimulatedObject): () => void {
    const last = this.#objects.at(-1)?.shortName ?? 0x80;
    const added = modelObjects([object], last + 0x80);
    for (const made of added) this.#add(made);
    return () => {
      const others = (object: ModelObject): boolean => !added.includes(object);
      this.#objects = this.#objects.filter(others);
      for (const [name, same] of this.#byName) this.#byName.set(name, same.filter(others));
    };
  }

  /** The object with this name: of the class, if one is given, otherwise the first one. Generated objects come last. */
  object(logicalName: string, classId?: number): ModelObject | undefined {
    const key = toHex(parseObis(logicalName));
    const fits = (object: ModelObject): boolean => classId === undefined || object.classId === classId;
    const generated = (): readonly ModelObject[] => modelObjects(this.#generated(noClient(this.definition), this));
    return this.#byName.get(key)?.find(fits) ?? generated().find((made) => toHex(made.name) === key && fits(made));
  }

  #add(object: ModelObject): void {
    const key = toHex(object.name);
    const others = this.#byName.get(key) ?? [];
    if (others.some((other) => other.classId === object.classId)) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `definition.objects: ${object.definition.logicalName} of class ${object.classId} is defined twice`,
      );
    }
    this.#byName.set(key, [...others, object]);
    this.#objects.push(object);
  }

  /** All objects that this client may reach, the generated ones first. */
  visibleObjects(view: ClientView): readonly ModelObject[] {
    const generated = modelObjects(this.#generated(view, this), 0xf000);
    return [...generated, ...this.objects].filter((object) => isVisible(object, view));
  }

  /**
   * Answers hardware-fault if code of the definition fails; a long profile throws DefinitionFault while it is encoded.
   */
  read(attribute: AttributeDescriptorWithSelection, view: ClientView): ReadOutcome {
    return this.#orFault(attribute, `attribute ${attribute.attributeId}`, failed("hardware-fault"), (place) =>
      this.#read(attribute, view, place),
    );
  }

  /** Returns a data-access-result. */
  write(attribute: AttributeDescriptorWithSelection, data: Uint8Array, view: ClientView): number {
    const { "hardware-fault": fault } = dataAccess;
    return this.#orFault(attribute, `attribute ${attribute.attributeId}`, fault, () =>
      this.#write(attribute, data, view),
    );
  }

  invoke(method: MethodDescriptor, parameter: Uint8Array | undefined, view: ClientView): InvokeOutcome {
    const fault: InvokeOutcome = { result: dataAccess["hardware-fault"] };
    return this.#orFault(method, `method ${method.methodId}`, fault, () => this.#invoke(method, parameter, view));
  }

  #orFault<T>(
    { classId, instanceId }: Pick<AttributeDescriptor, "classId" | "instanceId">,
    member: string,
    fault: T,
    run: (place: string) => T,
  ): T {
    const place = `object ${toHex(instanceId)} of class ${classId}, ${member}`;
    try {
      return guarded(place, this.#report, () => run(place));
    } catch (error) {
      if (error instanceof DefinitionFault) return fault;
      throw error;
    }
  }

  #read(attribute: AttributeDescriptorWithSelection, view: ClientView, place: string): ReadOutcome {
    const object = this.#find(attribute, view);
    if (typeof object === "number") return { ok: false, result: object };
    const { definition } = object;
    if (definition.denied?.includes(attribute.attributeId) === true) return failed("read-write-denied");
    if (object.classId === classIds["profile-generic"] && attribute.attributeId === 2) {
      const rows = definition.rows ?? rowsOf(definition.attributes[2]);
      if (rows !== undefined) {
        const selected = selectRows(rows, captureObjects(object), attribute.access);
        return selected.ok ? { ok: true, pieces: guardedPieces(place, this.#report, selected.pieces) } : selected;
      }
    }
    if (attribute.access !== undefined) return failed("scope-of-access-violated");
    const value = valueOf(object, attribute.attributeId);
    return value === undefined ? failed("scope-of-access-violated") : { ok: true, pieces: [...encodedPieces(value)] };
  }

  #write(attribute: AttributeDescriptorWithSelection, data: Uint8Array, view: ClientView): number {
    const object = this.#find(attribute, view);
    if (typeof object === "number") return object;
    const id = attribute.attributeId;
    const before = valueOf(object, id);
    if (before === undefined) return dataAccess["scope-of-access-violated"];
    if (object.definition.writable?.includes(id) !== true || object.definition.denied?.includes(id) === true) {
      return dataAccess["read-write-denied"];
    }
    const value = decoded(data);
    if (value?.type !== before.type) return dataAccess["type-unmatched"];
    const take = object.definition.written?.[id];
    if (take === undefined) object.written.set(id, value);
    else if (!take(value)) return dataAccess["other-reason"];
    return dataAccess.success;
  }

  #invoke(method: MethodDescriptor, parameter: Uint8Array | undefined, view: ClientView): InvokeOutcome {
    const object = this.#find({ ...method, attributeId: 1 }, view);
    if (typeof object === "number") return { result: object };
    const run = object.definition.methods?.[method.methodId];
    if (run === undefined) return { result: dataAccess["scope-of-access-violated"] };
    if (object.definition.denied?.includes(-method.methodId) === true) {
      return { result: dataAccess["read-write-denied"] };
    }
    const value = parameter === undefined ? undefined : decoded(parameter);
    if (parameter !== undefined && value === undefined) return { result: dataAccess["type-unmatched"] };
    const returned = run(value);
    // encoded here, so that a faulty value counts against this method and not against the service
    if (returned !== undefined) encodeValueBytes(returned);
    return { result: dataAccess.success, value: returned };
  }

  #find(attribute: AttributeDescriptor, view: ClientView): ModelObject | number {
    const key = toHex(attribute.instanceId);
    const ofClass = (candidate: ModelObject): boolean => candidate.classId === attribute.classId;
    const own = this.#byName.get(key) ?? [];
    const known = own.find(ofClass);
    if (known !== undefined) return isVisible(known, view) ? known : dataAccess["read-write-denied"];
    const generated = modelObjects(this.#generated(view, this), 0xf000).filter((made) => toHex(made.name) === key);
    if (own.length === 0 && generated.length === 0) return dataAccess["object-undefined"];
    const object = generated.find(ofClass);
    if (object === undefined) return dataAccess["object-class-inconsistent"];
    return isVisible(object, view) ? object : dataAccess["read-write-denied"];
  }
}

/** The view of the meter itself. */
function noClient({ associations, maxPduSize = 1024 }: MeterDefinition): ClientView {
  const account = associations[0] ?? { client: 16 };
  return {
    client: account.client,
    account,
    applicationContext: 1,
    mechanismId: 0,
    conformance: 0,
    serverMaxPdu: maxPduSize,
    clientMaxPdu: maxPduSize,
    clientSystemTitle: undefined,
  };
}

/** The current value of an attribute; undefined when the object has no such attribute. */
export function valueOf(object: ModelObject, id: number): DlmsValue | undefined {
  if (id === 1) return octets(object.name);
  const written = object.written.get(id);
  if (written !== undefined) return written;
  const { rows, attributes } = object.definition;
  const value = attributes[id];
  if (value !== undefined) return typeof value === "function" ? value() : value;
  if (object.classId === classIds["profile-generic"] && id === 7 && rows !== undefined)
    return doubleLongUnsigned(rows.count());
  return undefined;
}

/** The attribute ids of an object in ascending order. */
export function attributeIds(object: ModelObject): number[] {
  const ids = new Set([1, ...Object.keys(object.definition.attributes).map(Number)]);
  if (object.definition.rows !== undefined) ids.add(2).add(7);
  return [...ids].sort((a, b) => a - b);
}

export function methodIds(object: ModelObject): number[] {
  return Object.keys(object.definition.methods ?? {})
    .map(Number)
    .sort((a, b) => a - b);
}

function isVisible(object: ModelObject, view: ClientView): boolean {
  const visible = view.account.visible;
  if (
    visible === undefined ||
    object.classId === classIds["association-ln"] ||
    object.classId === classIds["association-sn"]
  )
    return true;
  return visible.some((name) => toHex(parseObis(name)) === toHex(object.name));
}

function modelObjects(objects: readonly SimulatedObject[], firstShortName = 0x0100): ModelObject[] {
  let next = firstShortName;
  return objects.map((definition) => {
    const shortName = definition.shortName ?? next;
    next = Math.max(next, shortName + 0x80);
    return {
      classId: definition.classId,
      version: definition.version ?? 0,
      name: parseObis(definition.logicalName),
      shortName,
      definition,
      written: new Map(),
    };
  });
}

function captureObjects(object: ModelObject): readonly DlmsValue[] {
  const columns = valueOf(object, 3);
  return columns?.type === "array" ? columns.value : [];
}

/** Rows of a buffer that the definition contains as a plain array. */
function rowsOf(value: DlmsValue | (() => DlmsValue) | undefined): ProfileRows | undefined {
  const buffer = typeof value === "function" ? value() : value;
  if (buffer?.type !== "array") return undefined;
  return {
    count: () => buffer.value.length,
    row: (index) => {
      const row = buffer.value[index];
      return row?.type === "structure" ? row.value : [];
    },
  };
}

/** Returns undefined when the client sent bytes that do not decode as a value. */
function decoded(data: Uint8Array): DlmsValue | undefined {
  try {
    return decodeValueBytes(data);
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
