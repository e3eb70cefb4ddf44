import type { ActionResult, WriteResult } from "../../apdu/model";
import { type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../codec";
import {
  type AttributeRef,
  findClass,
  findMethod,
  type MethodRef,
  obisDotted,
  obisPrinted,
  parseObis,
} from "../../cosem";
import { DlmsDecodeError } from "../../errors";
import { accessError } from "../association/access-error";
import type { Association, RunOptions } from "../association/association";
import { readVariables, shortNameOf, shortNamesOf } from "./get";
import { checkAttributeRef, checkMethodRef } from "../options/check-arguments";
import type { JobInit } from "./request-queue";
import { descriptorOf } from "./attribute-request";

const objectUndefined = 4;
/** Selector of the read that invokes a method by short name: methods have none. */
const noSelector = 0;

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
      const result = await setAttribute(active, ref, data, what, { cancelled: () => job.abandoned });
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
      const answer = await invokeMethod(active, ref, parameters, what, { cancelled: () => job.abandoned });
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

/** Sets an attribute, by logical or by short name; the result, 0 = success. */
async function setAttribute(
  active: Association,
  ref: AttributeRef,
  data: Uint8Array,
  what: string,
  options: RunOptions,
): Promise<number> {
  if (active.session.association?.referencing !== "sn") {
    return active.run(active.session.set(descriptorOf(ref), data, what), options);
  }
  const name = shortNameOf(await shortNamesOf(active, options), ref);
  if (name === undefined) return objectUndefined;
  const [result] = await active.run(active.session.write([{ kind: "variable-name", name }], [data], what), options);
  return resultOf(result);
}

function resultOf(result: WriteResult | undefined): number {
  if (result?.kind === "success") return 0;
  if (result?.kind === "error") return result.result;
  throw new DlmsDecodeError("DECODE_VALUE", "expected success or an error, the meter sent a block number");
}

/** Invokes a method; by short name it is a Read with parameters, IEC 62056-5-3 "Read". */
async function invokeMethod(
  active: Association,
  ref: MethodRef,
  parameters: Uint8Array | undefined,
  what: string,
  options: RunOptions,
): Promise<ActionResult> {
  if (active.session.association?.referencing !== "sn") {
    const method = { classId: ref.classId, instanceId: parseObis(ref.logicalName), methodId: ref.methodId };
    return active.run(active.session.action(method, parameters, what), options);
  }
  const base = (await shortNamesOf(active, options)).get(`${ref.classId}/${obisDotted(ref.logicalName)}`);
  const cls = findClass(ref.classId, ref.version);
  const offset = cls === undefined ? undefined : findMethod(cls, ref.methodId)?.shortNameOffset;
  if (base === undefined || offset === undefined) return { result: objectUndefined };
  const name = (base + offset) & 0xffff;
  const data = parameters ?? encodeValueBytes({ type: "integer", value: 0 });
  const variable = { kind: "parameterized-access", name, selector: noSelector, data } as const;
  const [answer] = await readVariables(active, [variable], what, options);
  if (answer?.kind === "data") return { result: 0, returnParameters: { ok: true, data: answer.data } };
  if (answer?.kind === "error") return { result: answer.result };
  throw new DlmsDecodeError("DECODE_VALUE", "expected data or an error, the meter sent something else");
}
