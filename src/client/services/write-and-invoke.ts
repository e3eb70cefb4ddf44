/** Writes and method calls as requests of the queue. Neither is sent twice. */
import type { ActionResult } from "../../apdu/model";
import { type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../codec";
import { type AttributeRef, attributeName, type MethodRef, obisPrinted } from "../../cosem";
import { integer, object } from "../../errors/arguments";
import { accessError } from "../association/access-error";
import type { Association, RunOptions } from "../association/association";
import { checkAttributeRef, checkMethodRef } from "../options/check-arguments";
import { referencingOf } from "./choose-referencing";
import { OutcomeWatch } from "./outcome";
import type { WriteItem } from "./referencing";
import type { ClientRequest, QueuedRequest } from "./request-queue";
import type { AttributeWrite, InvokeOutcome, MethodCall, WriteOutcome } from "./write-types";
import { argumentOf, valueOf } from "./write-values";

/** The part of a queued request that a run needs. */
type Waiting = Pick<QueuedRequest<Association>, "abandoned">;

type Together<T> = Pick<ClientRequest<Association, T>, "name" | "repeatable" | "failure"> & {
  run(active: Association, queued: Waiting): Promise<() => T>;
};

/** The request for a list of one item. */
function single<T, U>(many: Together<T[]>, take: (outcome: T | undefined) => U): ClientRequest<Association, U> {
  return {
    ...many,
    run: async (active, queued) => {
      const make = await many.run(active, queued);
      return () => take(make()[0]);
    },
  };
}

/**
 * The write of one attribute.
 * @throws DlmsConfigError for an invalid reference or value
 */
export function writing(one: AttributeWrite): ClientRequest<Association, undefined> {
  return single(writingAll([one]), (outcome) => {
    if (outcome?.ok === false) throw outcome.error;
    return undefined;
  });
}

/**
 * Writes of several attributes, in one request where the meter supports lists.
 * @throws DlmsConfigError for an invalid reference or value
 */
export function writingAll(all: readonly AttributeWrite[]): Together<WriteOutcome[]> {
  const items = all.map(itemOf);
  const name = `write ${listed(items.map(({ ref }) => `${obisPrinted(ref.logicalName)}/${ref.attributeId}`))}`;
  const outcome = new OutcomeWatch("write", name, items.length);
  return {
    name,
    repeatable: false,
    failure: (error) => outcome.told(error),
    run: async (active, queued) => {
      const by = referencingOf(active);
      const options = outcome.watch(cancelledWith(queued));
      const results: number[] = [];
      const take = (some: readonly number[]): void => {
        active.answered++;
        outcome.answered(some.length);
        for (const result of some) results.push(result);
      };
      const together = items.length > 1 ? by.writeTogether(active, items, name, options) : undefined;
      if (together !== undefined) take(await together);
      else for (const item of items) take([await by.write(active, item, name, options)]);
      return () => results.flatMap((result, i) => (items[i] === undefined ? [] : [writeOutcome(items[i].ref, result)]));
    },
  };
}

function itemOf(one: AttributeWrite): WriteItem {
  const { ref, access } = one;
  checkAttributeRef(ref);
  const path = `${obisPrinted(ref.logicalName)}/${ref.attributeId} ${attributeName(ref.classId, ref.attributeId, ref.version)}`;
  const data = encodeValueBytes(valueOf(one, path));
  if (access === undefined) return { ref, data };
  object("access", access, "{ selector, parameters }");
  integer("access.selector", access.selector, 0, 255);
  encodeValueBytes(access.parameters);
  return { ref, data, access };
}

function writeOutcome(ref: AttributeRef, result: number): WriteOutcome {
  return result === 0 ? { ok: true } : { ok: false, error: accessError("set", ref, result) };
}

/**
 * The call of one method, and its return value: null-data if none.
 * @throws DlmsConfigError for an invalid reference or argument
 */
export function invoking(one: MethodCall): ClientRequest<Association, DlmsValue> {
  return single(invokingAll([one]), (outcome) => {
    if (outcome?.ok === false) throw outcome.error;
    return outcome?.value ?? nullData;
  });
}

const nullData: DlmsValue = { type: "null-data", value: null };

/**
 * Calls of several methods, in one request where the meter supports lists.
 * @throws DlmsConfigError for an invalid reference or argument
 */
export function invokingAll(calls: readonly MethodCall[]): Together<InvokeOutcome[]> {
  const items = calls.map((call) => {
    checkMethodRef(call.ref);
    const argument = argumentOf(call);
    return { ref: call.ref, parameters: argument === undefined ? undefined : encodeValueBytes(argument) };
  });
  const name = `invoke ${listed(items.map(({ ref }) => `${obisPrinted(ref.logicalName)} method ${ref.methodId}`))}`;
  const outcome = new OutcomeWatch("invoke", name, items.length);
  return {
    name,
    repeatable: false,
    failure: (error) => outcome.told(error),
    run: async (active, queued) => {
      const by = referencingOf(active);
      const options = outcome.watch(cancelledWith(queued));
      const results: ActionResult[] = [];
      const take = (some: readonly ActionResult[]): void => {
        active.answered++;
        outcome.answered(some.length);
        for (const result of some) results.push(result);
      };
      const together = items.length > 1 ? by.invokeTogether(active, items, name, options) : undefined;
      if (together !== undefined) take(await together);
      else for (const { ref, parameters } of items) take([await by.invoke(active, ref, parameters, name, options)]);
      return () =>
        results.flatMap((result, i) => (items[i] === undefined ? [] : [invokeOutcome(items[i].ref, result, name)]));
    },
  };
}

function invokeOutcome(ref: MethodRef, { result, returnParameters }: ActionResult, name: string): InvokeOutcome {
  if (result !== 0) return { ok: false, error: accessError("action", ref, result) };
  if (returnParameters === undefined) return { ok: true, value: nullData };
  if (!returnParameters.ok) return { ok: false, error: accessError("action", ref, returnParameters.result) };
  return { ok: true, value: decodeValueBytes(returnParameters.data, undefined, name) };
}

function cancelledWith(queued: Waiting): RunOptions {
  return { cancelled: () => queued.abandoned };
}

const namesShown = 3;

function listed(names: readonly string[]): string {
  const more = names.length - namesShown;
  return names.slice(0, namesShown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
