/** A request for an attribute: its reference, and what follows from it. */
import type { AttributeDescriptorWithSelection, GetDataResult } from "../../apdu/model";
import { type AttributeRef, obisDotted, obisPrinted, parseObis, scalerSource } from "../../cosem";

import type { DlmsServiceError } from "../../errors";
import { checkAttributeRef } from "../options/check-arguments";

/**
 * The answer for an attribute: data, a result code, the exception-response with which the meter answered one of several
 * attributes, or undefined if the meter's own object list does not contain the object (short names).
 */
export type Fetched =
  GetDataResult | { readonly ok: false; readonly result: number; readonly error: DlmsServiceError } | undefined;

/** A requested attribute, and the facts that follow from its reference. */
export interface AttributeRequest {
  readonly ref: AttributeRef;
  /** key that is equal for all references to the same attribute, however they are written */
  readonly key: string;
  /** for messages: `read 1-0:1.8.0*255/2` */
  readonly name: string;
  readonly descriptor: AttributeDescriptorWithSelection;
  /** the attribute that contains the scaler and unit of this one, if it is scaled */
  readonly scaler: AttributeRequest | undefined;
}

/** By the objects that callers read repeatedly; the text is parsed once. */
const requestsByRef = new WeakMap<AttributeRef, AttributeRequest>();

/** @throws DlmsConfigError CONFIG_INVALID for an invalid logical name */
export function requestFor(ref: AttributeRef): AttributeRequest {
  const before = requestsByRef.get(ref);
  if (before !== undefined && isSame(before.ref, ref)) return before;
  checkAttributeRef(ref);
  // a copy is compared, so that a change of the original is noticed
  const wanted = work({ ...ref });
  requestsByRef.set(ref, wanted);
  return wanted;
}

/** The key of the attribute in sets and maps. */
export function keyOf(ref: AttributeRef): string {
  return `${ref.classId}/${obisDotted(ref.logicalName)}/${ref.attributeId}/${ref.version ?? ""}`;
}

/** `read 1-0:1.8.0*255/2` */
export function describeRead(ref: AttributeRef): string {
  return `read ${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
}

/** Maximum number of references that a message names. */
const maxNamed = 3;

/**
 * `read 1-0:1.8.0*255/2, 1-0:2.8.0*255/2 with 2 scaler_unit`: distinguishes attributes that the client adds from those
 * that the caller requested.
 */
export function describeReads(refs: readonly AttributeRef[]): string {
  const wanted = refs.map(requestFor);
  const helpers = new Set(wanted.flatMap(({ scaler }) => scaler?.key ?? []));
  const values = wanted.filter(({ key }) => !helpers.has(key));
  const scalers = wanted.length - values.length;
  const list = values.slice(0, maxNamed).map(({ name }) => name.slice("read ".length));
  const more = values.length > maxNamed ? ` and ${values.length - maxNamed} more` : "";
  const scaled = scalers === 0 ? "" : scalers === 1 ? " with its scaler_unit" : ` with ${scalers} scaler_unit`;
  return `read ${list.join(", ")}${more}${scaled}`;
}

export function descriptorOf(ref: AttributeRef): AttributeDescriptorWithSelection {
  return { classId: ref.classId, instanceId: parseObis(ref.logicalName), attributeId: ref.attributeId };
}

function work(ref: AttributeRef): AttributeRequest {
  const source = scalerSource(ref.classId, ref.version, ref.attributeId);
  return {
    ref,
    key: keyOf(ref),
    name: describeRead(ref),
    descriptor: descriptorOf(ref),
    scaler: source === undefined ? undefined : work({ ...ref, attributeId: source }),
  };
}

function isSame(a: AttributeRef, b: AttributeRef): boolean {
  return (
    a.logicalName === b.logicalName &&
    a.attributeId === b.attributeId &&
    a.classId === b.classId &&
    a.version === b.version
  );
}
