/** Finds the values of a pushed body, and the names and scalers that the frame contains. */
import { ByteReader, latin1 } from "../../bytes";
import { decodeValueBytes, sliceValue } from "../../codec";
import { obisDotted, readScalerUnit, type ScalerUnit } from "../../cosem";
import { isDlmsError } from "../../errors";
import type { BodyItem, BodyNode } from "./body-item";
import { readPlainItems } from "./plain-items";

export type { BodyItem, BodyNode } from "./body-item";

export type Layout = "items" | "flat" | "object-list" | "positional";

/** The object in an object list to which a value belongs. */
export interface PushObject {
  readonly classId: number;
  /** dotted OBIS code */
  readonly logicalName: string;
  readonly attributeId: number;
  /** the element of the attribute; 0 or absent: the whole attribute */
  readonly dataIndex?: number;
}

export interface Body {
  readonly layout: Layout;
  readonly items: readonly BodyItem[];
  /** the object list sent with the values, without the entry for itself */
  readonly objects?: readonly PushObject[];
}

export const listIdName = "1.1.0.2.129.255";
export const clockName = "0.0.1.0.0.255";
const pushSetupClass = 40;
/** Objects of an untyped list (EGD, CEZ). */
const maxUntyped = 1024;

/** @throws DlmsDecodeError for a body that is not a value */
export function readBody(bytes: Uint8Array): Body {
  const items = readPlainItems(bytes);
  if (items !== undefined) return { layout: "items", items };
  const untyped = readUntyped(bytes);
  if (untyped !== undefined) return { layout: "items", items: untyped };
  const top = { value: decodeValueBytes(bytes), raw: bytes };
  const nodes = childrenOf(top);
  if (nodes === undefined) return { layout: "positional", items: [plain(top)] };
  return readObjectListBody(nodes) ?? readNamed(nodes) ?? { layout: "positional", items: nodes.map(plain) };
}

/** Names from an earlier object list, for values sent without one. */
export function withObjects(body: Body, objects: readonly PushObject[]): Body | undefined {
  if (body.layout !== "positional" || body.items.length !== objects.length) return undefined;
  return {
    layout: "object-list",
    items: namedBy(
      objects,
      body.items.map(({ node }) => node),
    ),
  };
}

/** Values without names, each with its bytes. */
export function plainBody(values: readonly Uint8Array[]): Body {
  return { layout: "positional", items: values.map((raw) => plain({ value: decodeValueBytes(raw), raw })) };
}

function plain(node: BodyNode): BodyItem {
  return { logicalName: null, classId: null, attributeId: null, dataIndex: null, node, scalerUnit: undefined };
}

function named(node: BodyNode, logicalName: string, scalerUnit?: ScalerUnit): BodyItem {
  return { logicalName, classId: null, attributeId: null, dataIndex: null, node, scalerUnit };
}

/** The elements of an array or a structure with their bytes; undefined for other values. */
function childrenOf({ value, raw }: BodyNode): BodyNode[] | undefined {
  if (value.type !== "array" && value.type !== "structure") return undefined;
  const reader = new ByteReader(raw, 1);
  reader.length("count");
  return value.value.map((child) => ({ value: child, raw: sliceValue(reader) }));
}

/** Six octets whose first one is a medium; a serial number of six ASCII digits is not. */
function obisOf({ value }: BodyNode): string | undefined {
  if (value.type !== "octet-string" || value.value.length !== 6 || (value.value[0] ?? 0xff) > 15) return undefined;
  return obisDotted(value.value);
}

function scalerOf(node: BodyNode | undefined): ScalerUnit | undefined {
  if (node?.value.type !== "structure" || node.value.value[1]?.type !== "enum") return undefined;
  return readScalerUnit(node.value);
}

export function isDateTime({ value }: BodyNode): boolean {
  return (value.type === "octet-string" && value.value.length === 12) || value.type === "date-time";
}

/** Items {obis, value, scaler_unit}, the same without structures, or both. Undefined if too few values have names. */
function readNamed(nodes: readonly BodyNode[]): Body | undefined {
  const items: BodyItem[] = [];
  let names = 0;
  let structures = 0;
  for (let i = 0; i < nodes.length;) {
    const node = nodes[i];
    if (node === undefined) break;
    const item = structuredItem(node);
    const name = obisOf(node);
    const next = nodes[i + 1];
    if (item !== undefined) {
      structures++;
      items.push(item);
      i++;
    } else if (name !== undefined && next !== undefined) {
      const scalerUnit = scalerOf(nodes[i + 2]);
      names++;
      items.push(named(next, name, scalerUnit));
      i += scalerUnit === undefined ? 2 : 3;
    } else {
      if (node.value.type !== "null-data") items.push(unnamed(node, i));
      i++;
    }
  }
  if ((names + structures) * 4 < nodes.length || names + structures === 0) return undefined;
  return { layout: names > structures ? "flat" : "items", items };
}

/** The unnamed first value: the clock, or the list id. */
function unnamed(node: BodyNode, index: number): BodyItem {
  if (index === 0 && isDateTime(node)) return named(node, clockName);
  if (index === 0 && (node.value.type === "visible-string" || node.value.type === "utf8-string")) {
    return named(node, listIdName);
  }
  return plain(node);
}

function structuredItem(node: BodyNode): BodyItem | undefined {
  if (node.value.type !== "structure") return undefined;
  const parts = childrenOf(node) ?? [];
  const [first, second, third] = parts;
  if (first === undefined || second === undefined || parts.length > 3) return undefined;
  const name = obisOf(first);
  if (name === undefined) return undefined;
  const scalerUnit = scalerOf(third);
  return third !== undefined && scalerUnit === undefined ? undefined : named(second, name, scalerUnit);
}

/** {array of objects, values ...}: the list may name itself first. */
function readObjectListBody(nodes: readonly BodyNode[]): Body | undefined {
  const at = nodes.findIndex((node) => objectsOf(node) !== undefined);
  const list = nodes[at];
  const objects = list && objectsOf(list);
  if (objects === undefined || at > 1) return undefined;
  const values = nodes.filter((_, i) => i !== at);
  const isItself = objects[0]?.classId === pushSetupClass && objects[0].attributeId === 2;
  const rest = isItself && objects.length === values.length + 1 ? objects.slice(1) : objects;
  if (rest.length !== values.length) return undefined;
  return { layout: "object-list", items: namedBy(rest, values), objects: rest };
}

function objectsOf({ value }: BodyNode): readonly PushObject[] | undefined {
  if (value.type !== "array" || value.value.length === 0) return undefined;
  const objects: PushObject[] = [];
  for (const entry of value.value) {
    if (entry.type !== "structure" || entry.value.length < 4) return undefined;
    const [classId, name, attributeId, index] = entry.value;
    if (classId?.type !== "long-unsigned" || name?.type !== "octet-string" || attributeId?.type !== "integer")
      return undefined;
    if (name.value.length !== 6) return undefined;
    const dataIndex = index?.type === "long-unsigned" ? index.value : 0;
    objects.push({
      classId: classId.value,
      logicalName: obisDotted(name.value),
      attributeId: attributeId.value,
      ...(dataIndex !== 0 && { dataIndex }),
    });
  }
  return objects;
}

function namedBy(objects: readonly PushObject[], values: readonly BodyNode[]): BodyItem[] {
  const scalers = new Map<string, ScalerUnit>();
  objects.forEach(({ logicalName, attributeId }, i) => {
    const scalerUnit = attributeId === 3 ? scalerOf(values[i]) : undefined;
    if (scalerUnit !== undefined) scalers.set(logicalName, scalerUnit);
  });
  return values.map((node, i) => {
    const object = objects[i];
    if (object === undefined) return plain(node);
    const scalerUnit = object.attributeId === 2 ? scalers.get(object.logicalName) : undefined;
    const { classId, logicalName, attributeId, dataIndex = null } = object;
    return { classId, logicalName, attributeId, dataIndex, node, scalerUnit };
  });
}

/**
 * {enum, array of {class, name, attribute, value}} in which the first three have no type bytes, as meters of EGD and
 * CEZ send it. This is not A-XDR, so it is parsed as a special form and must end with the last byte.
 */
function readUntyped(bytes: Uint8Array): BodyItem[] | undefined {
  if (bytes[0] !== 2 || bytes[1] !== 2 || bytes[2] !== 0x16 || bytes[4] !== 1) return undefined;
  const reader = new ByteReader(bytes, 5);
  try {
    const count = reader.length("count");
    if (count > maxUntyped) return undefined;
    const items: BodyItem[] = [];
    for (let i = 0; i < count; i++) {
      if (reader.u16("structure") !== 0x0202) return undefined;
      const classId = reader.u16("class-id");
      const logicalName = obisDotted(reader.bytes(6, "logical-name"));
      const attributeId = reader.i8("attribute-id");
      const raw = sliceValue(reader);
      items.push({
        logicalName,
        classId,
        attributeId,
        dataIndex: null,
        node: { value: decodeValueBytes(raw), raw },
        scalerUnit: undefined,
      });
    }
    return reader.remaining === 0 ? items : undefined;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return undefined;
  }
}

/** Printable text of octets or a string, without NUL padding; undefined for anything else. */
export function textOf({ value }: BodyNode): string | undefined {
  if (value.type === "visible-string" || value.type === "utf8-string") return value.value.replace(/\0+$/, "");
  if (value.type !== "octet-string") return undefined;
  const text = latin1(value.value).replace(/\0+$/, "");
  return /^[\x20-\x7e]*$/.test(text) && (value.value.length === 0 || text !== "") ? text : undefined;
}
