/** GET of attributes by logical names: one by one, with list, or by ACCESS, as the meter allows. */
import type { AttributeDescriptorWithSelection, GetDataResult } from "../../apdu/model";
import type { AttributeRef } from "../../cosem";
import type { AnswerForm } from "../../session/steps/operation";
import type { Association, RunOptions } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { getByAccess, fitsAccess, stopAccess, usesAccess } from "./get-by-access";
import { descriptorOf, type AttributeRequest, type Fetched, requestFor } from "./attribute-request";
import { askInLists, askOneByOne, usesLists } from "./lists";

/** Whether one request reads several attributes, by any service. */
export function readsTogether(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  return usesLists(active, options) || usesAccess(active, options);
}

/** Gets attributes in as few round trips as the association allows; positions are kept. */
export async function getAttributes(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<readonly Fetched[]> {
  if (refs.length > 1 && usesAccess(active, options)) return getAccess(active, refs, options);
  if (refs.length < 2 || !usesLists(active, options)) return getSingly(active, refs, options);
  const { session } = active;
  const items = refs.map((ref) => ({ ref, descriptor: descriptorOf(ref) }));
  const descriptors = (some: readonly (typeof items)[number][]): AttributeDescriptorWithSelection[] =>
    some.map((one) => one.descriptor);
  return askInLists(
    active,
    items,
    {
      fits: (rest) => session.fitsGetList(descriptors(rest), active.channel.bytesPerTurn),
      together: async (part, request) => {
        const answers = await active.run(session.getWithList(descriptors(part), request), options);
        active.answered++;
        return answers;
      },
      alone: ({ ref }) => getOne(active, requestFor(ref), options),
    },
    options,
  );
}

async function getAccess(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<Fetched[]> {
  const results: Fetched[] = [];
  while (results.length < refs.length) {
    const rest = refs.slice(results.length);
    if (rest.length === 1 || !usesAccess(active, options))
      return [...results, ...(await getSingly(active, rest, options, results.length > 0))];
    const part = rest.slice(0, fitsAccess(active));
    for (const result of await getAccessPart(active, part, options)) results.push(result);
  }
  return results;
}

async function getAccessPart(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<Fetched[]> {
  const answers = await getByAccess(active, refs, options);
  const results: Fetched[] = [...answers];
  const [first] = refs;
  // all failed, either individually or because of the service; only the first one alone can show which
  const isDoubtful = first !== undefined && answers.every((one) => one?.ok === false);
  if (isDoubtful) {
    [results[0]] = await getSingly(active, [first], options, true);
    if (results[0]?.ok === true) stopAccess(options, "all items were refused, the first alone is answered");
  }
  const isOpen = (i: number): boolean =>
    isDoubtful ? i > 0 && options.hints.accessRefused === true : answers[i] === undefined;
  const open = refs.flatMap((ref, i) => (isOpen(i) ? [{ ref, i }] : []));
  const othersAnswered = open.length < refs.length;
  const alone = await askOneByOne(open, ({ ref }) => getOne(active, requestFor(ref), options), othersAnswered);
  open.forEach(({ i }, n) => (results[i] = alone[n]));
  return results;
}

function getSingly(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
  othersAnswered = false,
): Promise<Fetched[]> {
  return askOneByOne(refs, (ref) => getOne(active, requestFor(ref), options), othersAnswered);
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
