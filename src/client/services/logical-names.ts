/** The services by logical names: GET, SET and ACTION of class, OBIS code and attribute or method. */
import { classIds } from "../../apdu";
import { type AttributeRef, type MethodRef, parseObis, readObjectListBytes, wellKnownObjects } from "../../cosem";
import { describeObis } from "../../names";
import type { AttributeDescriptorWithSelection, MethodDescriptor } from "../../apdu/model";
import { accessError } from "../association/access-error";
import { descriptorOf, requestFor } from "./attribute-request";
import { getAttributes, getOne, readsTogether } from "./get";
import { objectsOf, toEnd } from "./object-list";
import type { Association } from "../association/association";
import type { Referencing, WriteItem } from "./referencing";

const objectListAttribute: AttributeRef = {
  classId: classIds["association-ln"],
  logicalName: wellKnownObjects.currentAssociation,
  attributeId: 2,
};

const nullData = Uint8Array.of(0);

const writtenBy = ({ ref, access }: WriteItem): AttributeDescriptorWithSelection =>
  access === undefined ? descriptorOf(ref) : { ...descriptorOf(ref), access };

const methodOf = ({ classId, logicalName, methodId }: MethodRef): MethodDescriptor => ({
  classId,
  instanceId: parseObis(logicalName),
  methodId,
});

function negotiated({ session }: Association, ...services: readonly string[]): boolean {
  return services.every((service) => session.association?.conformanceNames.includes(service) === true);
}

/** The services by logical names. */
export const logicalNames: Referencing = {
  readsTogether,
  readOne: getOne,
  readTogether: getAttributes,

  async readChunks(active, ref, selection, request, options) {
    const descriptor = { ...descriptorOf(ref), ...(selection === undefined ? {} : { access: selection }) };
    const outcome = await active.run(active.session.getChunks(descriptor, request), options);
    active.answered++;
    return outcome.ok ? 0 : outcome.result;
  },

  write: (active, item, request, options) =>
    active.run(active.session.set(writtenBy(item), item.data, request), options),

  writeTogether(active, items, request, options) {
    if (!negotiated(active, "set", "multiple-references")) return undefined;
    const values = items.map(({ data }) => data);
    return active.run(active.session.setWithList(items.map(writtenBy), values, request), options);
  },

  invoke: (active, ref, parameters, request, options) =>
    active.run(active.session.action(methodOf(ref), parameters, request), options),

  invokeTogether(active, items, request, options) {
    if (!negotiated(active, "action", "multiple-references")) return undefined;
    const methods = items.map(({ ref }) => methodOf(ref));
    const parameters = items.map((item) => item.parameters ?? nullData);
    return active.run(active.session.actionWithList(methods, parameters, request), options);
  },

  async objectList(active, options) {
    const answer = await getOne(active, requestFor(objectListAttribute), options, toEnd);
    return () => {
      if (!answer.ok) throw accessError("get", objectListAttribute, answer.result);
      return objectsOf(active, readObjectListBytes(answer.data, undefined, describeObis));
    };
  },
};
