/** Writes and method calls as requests of the queue. Neither is sent twice. */
import { type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../codec";
import { type AttributeRef, type MethodRef, obisPrinted } from "../../cosem";
import { accessError } from "../association/access-error";
import type { Association } from "../association/association";
import { checkAttributeRef, checkMethodRef } from "../options/check-arguments";
import { referencingOf } from "./referencing";
import type { JobInit } from "./request-queue";

/**
 * The write of one attribute.
 * @throws DlmsConfigError for a reference or a value that cannot be right
 */
export function writing(ref: AttributeRef, value: DlmsValue): JobInit<Association, undefined> {
  checkAttributeRef(ref);
  const data = encodeValueBytes(value);
  const what = `write ${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
  return {
    what,
    repeatable: false,
    run: async (active, job) => {
      const result = await referencingOf(active).write(active, ref, data, what, { cancelled: () => job.abandoned });
      active.answered++;
      return () => {
        if (result !== 0) throw accessError("set", ref, result);
        return undefined;
      };
    },
  };
}

/**
 * The call of one method, and what it returns: null-data if nothing.
 * @throws DlmsConfigError for a reference or an argument that cannot be right
 */
export function invoking(ref: MethodRef, argument: DlmsValue | undefined): JobInit<Association, DlmsValue> {
  checkMethodRef(ref);
  const parameters = argument === undefined ? undefined : encodeValueBytes(argument);
  const what = `invoke ${obisPrinted(ref.logicalName)} method ${ref.methodId}`;
  return {
    what,
    repeatable: false,
    run: async (active, job) => {
      const answer = await referencingOf(active).invoke(active, ref, parameters, what, {
        cancelled: () => job.abandoned,
      });
      active.answered++;
      return () => {
        if (answer.result !== 0) throw accessError("action", ref, answer.result);
        const returned = answer.returnParameters;
        if (returned === undefined) return { type: "null-data", value: null };
        if (!returned.ok) throw accessError("action", ref, returned.result);
        return decodeValueBytes(returned.data, undefined, what);
      };
    },
  };
}
