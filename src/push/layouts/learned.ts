/** Names and scalers that a client has read from the push setup of a meter. */
import type { ScalerUnit } from "../../cosem";
import { type Body, type BodyItem, type BodyNode, isDateTime, type PushObject } from "./body";

/** An object of a push setup, with the scaler and unit of its value. */
export interface LearnedObject extends PushObject {
  readonly scalerUnit?: ScalerUnit;
}

export interface Learned {
  readonly body: Body;
  readonly note: string | undefined;
}

const registerClasses = new Set([3, 4, 5]);
const clockClass = 8;
const valueAttribute = 2;

/**
 * The body with names from the object list whose number and types of values match; with the scalers of the list tables
 * if the frame has names but no scalers.
 */
export function withLearned(body: Body, lists: readonly (readonly LearnedObject[])[]): Learned {
  if (body.layout !== "positional") return scaled(body, lists);
  const ofLength = lists.filter(({ length }) => length === body.items.length);
  const [objects, ...others] = ofLength.filter((each) => each.every((object, i) => suits(object, body.items[i]?.node)));
  if (objects !== undefined && others.length === 0) {
    const items = body.items.map(({ node }, i) => itemOf(node, objects[i]));
    return { body: { layout: "object-list", items }, note: "names were read from the meter's push setup" };
  }
  const note =
    others.length > 0
      ? `${others.length + 1} push setups of the meter have ${body.items.length} values of these types: the values have no names`
      : ofLength.length > 0
        ? "the types of the values are not those of the meter's push setup, so it does not name them: read the push setup again"
        : undefined;
  return { body, note };
}

function itemOf(node: BodyNode, object: LearnedObject | undefined): BodyItem {
  const { classId = null, logicalName = null, attributeId = null, dataIndex = null, scalerUnit } = object ?? {};
  return { classId, logicalName, attributeId, dataIndex, node, scalerUnit, scalerFrom: "meter" };
}

/** Whether the object may have this value. */
function suits({ classId, attributeId, dataIndex = 0 }: LearnedObject, node: BodyNode | undefined): boolean {
  if (node === undefined) return false;
  if (node.value.type === "null-data" || attributeId !== valueAttribute || dataIndex !== 0) return true;
  if (classId === clockClass) return isDateTime(node);
  const { value } = node.value;
  return !registerClasses.has(classId) || typeof value === "number" || typeof value === "bigint";
}

function scaled(body: Body, lists: readonly (readonly LearnedObject[])[]): Learned {
  const scalers = new Map<string, ScalerUnit>();
  for (const { logicalName, attributeId, scalerUnit } of lists.flat()) {
    if (attributeId === valueAttribute && scalerUnit !== undefined) scalers.set(logicalName, scalerUnit);
  }
  let count = 0;
  const items = body.items.map((item): BodyItem => {
    const isValue = item.logicalName !== null && (item.attributeId ?? valueAttribute) === valueAttribute;
    const scalerUnit = isValue && item.scalerUnit === undefined ? scalers.get(item.logicalName) : undefined;
    if (scalerUnit === undefined) return item;
    count++;
    return { ...item, scalerUnit, scalerFrom: "meter" };
  });
  if (count === 0) return { body, note: undefined };
  return { body: { ...body, items }, note: "scalers and units were read from the meter, the frame has none" };
}
