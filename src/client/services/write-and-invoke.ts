/** Writes and method calls as requests of the queue. Neither is sent twice. */
import { type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../codec";
import { type AttributeRef, type MethodRef, obisPrinted } from "../../cosem";
import { accessError } from "../association/access-error";
import type { Association } from "../association/association";
import { checkAttributeRef, checkMethodRef } from "../options/check-arguments";
import { referencingOf } from "./choose-referencing";
import type { ClientRequest } from "./request-queue";

/**
 * The write of one attribute.
 * @throws DlmsConfigError for an invalid reference or value
 */
export function writing(ref: AttributeRef, value: DlmsValue): ClientRequest<Association, undefined> {
  checkAttributeRef(ref);
  const data = encodeValueBytes(value);
  const name = `write ${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
  return {
    name,
    repeatable: false,
    run: async (active, queued) => {
      const result = await referencingOf(active).write(active, ref, data, name, { cancelled: () => queued.abandoned });
      active.answered++;
      return () => {
        if (result !== 0) throw accessError("set", ref, result);
        return undefined;
      };
    },
  };
}

/**
 * The call of one method, and its return value: null-data if none.
 * @throws DlmsConfigError for an invalid reference or argument
 */
export function invoking(ref: MethodRef, argument: DlmsValue | undefined): ClientRequest<Association, DlmsValue> {
  checkMethodRef(ref);
  const parameters = argument === undefined ? undefined : encodeValueBytes(argument);
  const name = `invoke ${obisPrinted(ref.logicalName)} method ${ref.methodId}`;
  return {
    name,
    repeatable: false,
    run: async (active, queued) => {
      const answer = await referencingOf(active).invoke(active, ref, parameters, name, {
        cancelled: () => queued.abandoned,
      });
      active.answered++;
      return () => {
        if (answer.result !== 0) throw accessError("action", ref, answer.result);
        const returned = answer.returnParameters;
        if (returned === undefined) return { type: "null-data", value: null };
        if (!returned.ok) throw accessError("action", ref, returned.result);
        return decodeValueBytes(returned.data, undefined, name);
      };
    },
  };
}
