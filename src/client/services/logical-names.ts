/** The services by logical names: GET, SET and ACTION of class, OBIS code and attribute or method. */
import { classIds } from "../../apdu";
import { type AttributeRef, parseObis, readObjectListBytes, wellKnownObjects } from "../../cosem";
import { describeObis } from "../../names";
import { accessError } from "../association/access-error";
import { descriptorOf, requestFor } from "./attribute-request";
import { getAttributes, getOne, readsTogether } from "./get";
import { objectsOf, toEnd } from "./object-list";
import type { Referencing } from "./referencing";

const objectListAttribute: AttributeRef = {
  classId: classIds["association-ln"],
  logicalName: wellKnownObjects.currentAssociation,
  attributeId: 2,
};

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

  write: (active, ref, data, request, options) =>
    active.run(active.session.set(descriptorOf(ref), data, request), options),

  invoke(active, ref, parameters, request, options) {
    const method = { classId: ref.classId, instanceId: parseObis(ref.logicalName), methodId: ref.methodId };
    return active.run(active.session.action(method, parameters, request), options);
  },

  async objectList(active, options) {
    const answer = await getOne(active, requestFor(objectListAttribute), options, toEnd);
    return () => {
      if (!answer.ok) throw accessError("get", objectListAttribute, answer.result);
      return objectsOf(active, readObjectListBytes(answer.data, undefined, describeObis));
    };
  },
};
