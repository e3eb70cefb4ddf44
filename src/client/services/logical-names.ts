/** The services by logical names: GET, SET and ACTION of class, OBIS code and attribute or method. */
import { classIds } from "../../apdu";
import type { ActionResult } from "../../apdu/model";
import {
  type AttributeRef,
  type MethodRef,
  type ObjectDirectory,
  parseObis,
  readObjectListBytes,
  type Selection,
  wellKnownObjects,
} from "../../cosem";
import { describeObis } from "../../names";
import { accessError } from "../association/access-error";
import type { Association, RunOptions } from "../association/association";
import { descriptorOf, requestFor } from "./attribute-request";
import { getAttributes, getOne, readsTogether } from "./get";
import { objectsOf, toEnd } from "./object-list";

const objectListAttribute: AttributeRef = {
  classId: classIds["association-ln"],
  logicalName: wellKnownObjects.currentAssociation,
  attributeId: 2,
};

/** The services by logical names; see `Referencing`. */
export const logicalNames = {
  readsTogether,
  readOne: getOne,
  readTogether: getAttributes,
  readChunks,
  write,
  invoke,
  objectList,
};

async function readChunks(
  active: Association,
  ref: AttributeRef,
  selection: Selection | undefined,
  request: string,
  options: RunOptions,
): Promise<number> {
  const descriptor = { ...descriptorOf(ref), ...(selection === undefined ? {} : { access: selection }) };
  const outcome = await active.run(active.session.getChunks(descriptor, request), options);
  active.answered++;
  return outcome.ok ? 0 : outcome.result;
}

function write(
  active: Association,
  ref: AttributeRef,
  data: Uint8Array,
  request: string,
  options: RunOptions,
): Promise<number> {
  return active.run(active.session.set(descriptorOf(ref), data, request), options);
}

function invoke(
  active: Association,
  ref: MethodRef,
  parameters: Uint8Array | undefined,
  request: string,
  options: RunOptions,
): Promise<ActionResult> {
  const method = { classId: ref.classId, instanceId: parseObis(ref.logicalName), methodId: ref.methodId };
  return active.run(active.session.action(method, parameters, request), options);
}

async function objectList(active: Association, options: RunOptions): Promise<() => ObjectDirectory> {
  const answer = await getOne(active, requestFor(objectListAttribute), options, toEnd);
  return () => {
    if (!answer.ok) throw accessError("get", objectListAttribute, answer.result);
    return objectsOf(active, readObjectListBytes(answer.data, undefined, describeObis));
  };
}
