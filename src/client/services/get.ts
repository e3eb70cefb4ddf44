/** GET of attributes by logical names: one by one, with list, or by ACCESS, as the meter allows. */
import type { AttributeDescriptorWithSelection, GetDataResult } from "../../apdu/model";
import type { AttributeRef } from "../../cosem";
import { DlmsDecodeError, DlmsServiceError } from "../../errors";
import type { AnswerForm } from "../../session/steps/operation";
import type { Association, RunOptions } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { getByAccess, fitsAccess, stopAccess, usesAccess } from "./get-by-access";
import { descriptorOf, describeReads, type AttributeRequest, requestFor } from "./attribute-request";

/** Whether several attributes go into one request, of whatever service. */
export function readsTogether(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  return usesLists(active, options) || usesAccess(active, options);
}

/** Whether several attributes go into one GET with list, or one Read. */
export function usesLists(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  if (options.noGetWithList || options.hints.listsRefused) return false;
  return active.session.association?.conformanceNames.includes("multiple-references") === true;
}

/** Gets attributes in as few round trips as the association allows; positions are kept. */
export async function getAttributes(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<readonly GetDataResult[]> {
  if (refs.length > 1 && usesAccess(active, options)) return getAccess(active, refs, options);
  if (refs.length < 2 || !usesLists(active, options)) return getSingly(active, refs, options);
  const results: GetDataResult[] = [];
  const descriptors = refs.map(descriptorOf);
  while (results.length < refs.length) {
    const rest = descriptors.slice(results.length);
    const count = Math.max(1, Math.min(rest.length, active.session.fitsGetList(rest)));
    const part = refs.slice(results.length, results.length + count);
    const some =
      count === 1 ? await getSingly(active, part, options) : await getList(active, part, rest.slice(0, count), options);
    for (const result of some) results.push(result);
    if (usesLists(active, options)) continue;
    for (const result of await getSingly(active, refs.slice(results.length), options)) results.push(result);
  }
  return results;
}

async function getAccess(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const results: GetDataResult[] = [];
  while (results.length < refs.length) {
    const rest = refs.slice(results.length);
    if (rest.length === 1 || !usesAccess(active, options))
      return [...results, ...(await getSingly(active, rest, options))];
    const part = rest.slice(0, fitsAccess(active));
    for (const result of await getAccessPart(active, part, options)) results.push(result);
  }
  return results;
}

async function getAccessPart(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const answers = await getByAccess(active, refs, options);
  const results: GetDataResult[] = [];
  for (const [i, ref] of refs.entries()) {
    const answer = options.hints.accessRefused === true ? undefined : answers[i];
    // all failed: either each for itself, or because of the service; the first one alone tells
    const doubtful = i === 0 && answers.every((one) => one?.ok === false);
    if (answer !== undefined && !doubtful) {
      results.push(answer);
      continue;
    }
    const alone = await getOne(active, requestFor(ref), options);
    if (doubtful && alone.ok) stopAccess(options, "all items were refused, the first alone is answered");
    results.push(alone);
  }
  return results;
}

async function getSingly(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const results: GetDataResult[] = [];
  for (const ref of refs) results.push(await getOne(active, requestFor(ref), options));
  return results;
}

/** One GET of one attribute. */
export async function getOne(
  active: Association,
  { descriptor, name }: Pick<AttributeRequest, "descriptor" | "name">,
  options: RunOptions,
  form?: AnswerForm,
): Promise<GetDataResult> {
  const result = await active.run(active.session.get(descriptor, name, form), options);
  active.answered++;
  return result;
}

/** One GET with list; when the meter does not do lists after all, the same attributes one by one. */
async function getList(
  active: Association,
  refs: readonly AttributeRef[],
  descriptors: readonly AttributeDescriptorWithSelection[],
  options: FetchOptions,
): Promise<readonly GetDataResult[]> {
  const first = refs[0];
  if (first === undefined) return [];
  const request = (): string => describeReads(refs);
  let results: readonly GetDataResult[];
  try {
    results = await active.run(active.session.getWithList(descriptors, request), options);
    active.answered++;
    options.hints.garbledLists = 0;
    options.hints.listsAnswered = true;
  } catch (error) {
    learnFromFailure(error, options);
    return getSingly(active, refs, options);
  }
  if (results.some((result) => result.ok)) return results;
  // all failed: either each for itself, or because it was a list; the first one alone tells
  const probe = await getSingly(active, [first], options);
  if (probe[0]?.ok !== true) return results;
  stopLists(options, `the list was refused as a whole (${request()}), its first item alone is answered`);
  return [...probe, ...(await getSingly(active, refs.slice(1), options))];
}

/** How many lists in a row have to be answered with nonsense until the meter, not the line, is thought to be the cause. */
const garbledLimit = 2;

/** An error message instead of the list, or an answer that cannot be read; rethrows what says nothing about lists. */
function learnFromFailure(error: unknown, options: FetchOptions): void {
  const { hints, note } = options;
  if (error instanceof DlmsServiceError) {
    stopLists(options, error.message);
    return;
  }
  if (!(error instanceof DlmsDecodeError)) throw error;
  hints.garbledLists = (hints.garbledLists ?? 0) + 1;
  if (hints.garbledLists >= garbledLimit) stopLists(options, error.message);
  else note?.(`the answer to the list cannot be read, its items are read one by one: ${error.message}`);
}

function stopLists({ hints, note }: FetchOptions, reason: string): void {
  hints.listsRefused = true;
  note?.(`lists are not used with this meter any more, attributes are read one by one: ${reason}`);
}
