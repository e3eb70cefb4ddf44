/** Reads several attributes in one request, or one by one if a meter refuses that: the same for every service. */
import { dataAccess, serviceErrorCode } from "../../apdu";
import type { GetDataResult } from "../../apdu/model";
import type { AttributeRef } from "../../cosem";
import { DlmsDecodeError, DlmsServiceError, type RequestName } from "../../errors";
import type { Association } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { describeReads, type Fetched } from "./attribute-request";

/** Errors of the envelope, not of the requested attributes. */
const envelopeErrors = new Set<unknown>([
  serviceErrorCode["deciphering-error"],
  serviceErrorCode["invocation-counter-error"],
]);

/** Some meters answer a request for a missing object with an exception-response. */
export function isRefusal(error: unknown): error is DlmsServiceError {
  return error instanceof DlmsServiceError && !envelopeErrors.has(error.details.serviceError);
}

/** Whether several attributes go into one GET with list, or one Read. */
export function usesLists(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  if (options.noGetWithList || options.hints.listsRefused) return false;
  return active.session.association?.conformanceNames.includes("multiple-references") === true;
}

/** How a service asks for attributes. */
export interface ListService<T> {
  /** How many of these items fit one request, counted from the first; at least 1. */
  readonly fits: (items: readonly T[]) => number;
  readonly together: (items: readonly T[], request: RequestName) => Promise<readonly GetDataResult[]>;
  readonly alone: (item: T) => Promise<Fetched>;
}

/** Requests attributes in as few requests as the meter allows; positions are kept. */
export async function askInLists<T extends { readonly ref: AttributeRef }>(
  active: Association,
  items: readonly T[],
  service: ListService<T>,
  options: FetchOptions,
): Promise<Fetched[]> {
  const results: Fetched[] = [];
  while (results.length < items.length) {
    const rest = items.slice(results.length);
    const count = rest.length > 1 && usesLists(active, options) ? Math.min(rest.length, service.fits(rest)) : 1;
    const some =
      count > 1
        ? await askTogether(rest.slice(0, count), service, options)
        : await askOneByOne(rest, service.alone, results.some(isTold));
    for (const result of some) results.push(result);
  }
  return results;
}

/** One request; if the meter does not support lists after all, the same attributes one by one. */
async function askTogether<T extends { readonly ref: AttributeRef }>(
  items: readonly T[],
  { together, alone }: ListService<T>,
  options: FetchOptions,
): Promise<readonly Fetched[]> {
  const [first] = items;
  if (first === undefined) return [];
  const request = (): string => describeReads(items.map(({ ref }) => ref));
  let results: readonly GetDataResult[];
  try {
    results = await together(items, request);
    options.hints.garbledLists = 0;
    options.hints.listsAnswered = true;
  } catch (error) {
    learnFromFailure(error, options);
    return askOneByOne(items, alone);
  }
  if (results.some((result) => result.ok)) return results;
  // all failed, either individually or because it was a list; only the first one alone can show which
  const [probe] = await askOneByOne([first], alone, true);
  if (probe?.ok !== true) return results;
  stopLists(options, `the list was refused as a whole (${request()}), its first item alone is answered`);
  return [probe, ...(await askOneByOne(items.slice(1), alone, true))];
}

/** Whether the meter answered the request for this attribute. */
const isTold = (answer: Fetched): boolean => answer !== undefined && !("error" in answer);

/** Refusals in a row, without any answered item before, that end a request of several attributes. */
const maxRefusals = 3;

/**
 * Requests items one by one. An exception-response to one of several is that item's error, unless no other item is
 * answered either: then it concerns more than the item. `othersAnswered`: other items of the request were answered.
 */
export async function askOneByOne<T>(
  items: readonly T[],
  alone: (item: T) => Promise<Fetched>,
  othersAnswered = false,
): Promise<Fetched[]> {
  const results: Fetched[] = [];
  let refusal: DlmsServiceError | undefined;
  let answered = othersAnswered;
  for (const item of items) {
    try {
      results.push(await alone(item));
      answered = true;
    } catch (error) {
      if ((items.length === 1 && !othersAnswered) || !isRefusal(error)) throw error;
      refusal ??= error;
      results.push({ ok: false, result: dataAccess["other-reason"], error });
      if (!answered && results.length === maxRefusals) throw refusal;
    }
  }
  if (!answered && refusal !== undefined) throw refusal;
  return results;
}

/** Number of undecodable list answers in a row after which the meter, not the line, counts as the cause. */
const maxGarbledLists = 2;

/**
 * Learns from an error message instead of the list, or an undecodable answer; rethrows an error that does not concern
 * lists.
 */
function learnFromFailure(error: unknown, options: FetchOptions): void {
  const { hints, note } = options;
  if (isRefusal(error)) {
    stopLists(options, error.message);
    return;
  }
  if (!(error instanceof DlmsDecodeError)) throw error;
  hints.garbledLists = (hints.garbledLists ?? 0) + 1;
  if (hints.garbledLists >= maxGarbledLists) stopLists(options, error.message);
  else note?.(`the answer to the list cannot be read, its items are read one by one: ${error.message}`);
}

/** Number of requests that got no answer with lists, but one without, after which lists are no longer used. */
const silenceLimit = 2;

/** Learns from a request that got no answer with lists, but one without: a single silence may be a lost message. */
export function learnFromSilence(options: FetchOptions): void {
  const { hints } = options;
  if (hints.listsAnswered === true || hints.listsRefused) return;
  hints.silentLists = (hints.silentLists ?? 0) + 1;
  if (hints.silentLists < silenceLimit) return;
  hints.accessRefused = true;
  stopLists(options, "they were not answered, and the same attributes alone were");
}

function stopLists({ hints, note }: FetchOptions, reason: string): void {
  hints.listsRefused = true;
  note?.(`lists are no longer used with this meter, attributes are read one by one: ${reason}`);
}
