import type { AttributeDescriptorWithSelection, GetDataResult, ReadResult, VariableAccess } from "../../apdu/model";
import { attributeDefinition, type AttributeRef, obisDotted, readShortNameListBytes } from "../../cosem";
import { DlmsDecodeError, DlmsServiceError, type RequestName } from "../../errors";
import type { AnswerForm } from "../../session/steps/operation";
import type { Association, RunOptions } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { fetchByAccess, fitsAccess, stopAccess, usesAccess } from "./get-by-access";
import { descriptorOf, describeReads, type AttributeRequest, requestFor } from "./attribute-request";

/** Data, a result code, or undefined where the meter's own object list does not have the object (SN). */
export type Fetched = GetDataResult | undefined;

const objectListName = 0xfa00 + 8;

/** Whether several attributes go into one request, of whatever service. */
export function readsTogether(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  return active.session.association?.referencing === "sn" || usesLists(active, options) || usesAccess(active, options);
}

/** Whether several attributes go into one GET with list. */
function usesLists(active: Association, options: Pick<FetchOptions, "hints" | "noGetWithList">): boolean {
  if (options.noGetWithList || options.hints.listsRefused) return false;
  return active.session.association?.conformanceNames.includes("multiple-references") === true;
}

/** Gets attributes in as few round trips as the association allows; positions are kept. */
export async function fetchAttributes(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<readonly Fetched[]> {
  if (active.session.association?.referencing === "sn") return fetchByShortName(active, refs, options);
  if (refs.length > 1 && usesAccess(active, options)) return fetchAccess(active, refs, options);
  if (refs.length < 2 || !usesLists(active, options)) return fetchSingly(active, refs, options);
  const results: GetDataResult[] = [];
  const descriptors = refs.map(descriptorOf);
  while (results.length < refs.length) {
    const rest = descriptors.slice(results.length);
    const count = Math.max(1, Math.min(rest.length, active.session.fitsGetList(rest)));
    const part = refs.slice(results.length, results.length + count);
    const some =
      count === 1
        ? await fetchSingly(active, part, options)
        : await fetchList(active, part, rest.slice(0, count), options);
    for (const result of some) results.push(result);
    if (usesLists(active, options)) continue;
    for (const result of await fetchSingly(active, refs.slice(results.length), options)) results.push(result);
  }
  return results;
}

async function fetchAccess(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const results: GetDataResult[] = [];
  while (results.length < refs.length) {
    const rest = refs.slice(results.length);
    if (rest.length === 1 || !usesAccess(active, options))
      return [...results, ...(await fetchSingly(active, rest, options))];
    const part = rest.slice(0, fitsAccess(active));
    for (const result of await fetchAccessPart(active, part, options)) results.push(result);
  }
  return results;
}

async function fetchAccessPart(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const answers = await fetchByAccess(active, refs, options);
  const results: GetDataResult[] = [];
  for (const [i, ref] of refs.entries()) {
    const answer = options.hints.accessRefused === true ? undefined : answers[i];
    // all failed: either each for itself, or because of the service; the first one alone tells
    const doubtful = i === 0 && answers.every((one) => one?.ok === false);
    if (answer !== undefined && !doubtful) {
      results.push(answer);
      continue;
    }
    const alone = await fetchOne(active, requestFor(ref), options);
    if (doubtful && alone.ok) stopAccess(options, "all items were refused, the first alone is answered");
    results.push(alone);
  }
  return results;
}

async function fetchSingly(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<GetDataResult[]> {
  const results: GetDataResult[] = [];
  for (const ref of refs) results.push(await fetchOne(active, requestFor(ref), options));
  return results;
}

/** One GET of one attribute (LN). */
export async function fetchOne(
  active: Association,
  { descriptor, what }: Pick<AttributeRequest, "descriptor" | "what">,
  options: RunOptions,
  form?: AnswerForm,
): Promise<GetDataResult> {
  const result = await active.run(active.session.get(descriptor, what, form), options);
  active.answered++;
  return result;
}

/** One GET with list; when the meter does not do lists after all, the same attributes one by one. */
async function fetchList(
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
    return fetchSingly(active, refs, options);
  }
  if (results.some((result) => result.ok)) return results;
  // all failed: either each for itself, or because it was a list; the first one alone tells
  const probe = await fetchSingly(active, [first], options);
  if (probe[0]?.ok !== true) return results;
  stopLists(options, `the list was refused as a whole (${request()}), its first item alone is answered`);
  return [...probe, ...(await fetchSingly(active, refs.slice(1), options))];
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

// --- short names --------------------------------------------------------------------------------------------

/** The object list of the association, read once. */
export async function shortNamesOf(active: Association, options: RunOptions): Promise<ReadonlyMap<string, number>> {
  active.shortNames ??= await loadShortNames(active, options);
  return active.shortNames;
}

async function fetchByShortName(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<Fetched[]> {
  const names = await shortNamesOf(active, options);
  const wanted = refs.map((ref) => shortNameOf(names, ref));
  const results: Fetched[] = refs.map(() => undefined);
  const known = refs.flatMap((ref, index) => {
    const name = wanted[index];
    return name === undefined ? [] : [{ ref, index, variable: { kind: "variable-name", name } as const }];
  });
  const atOnce = usesLists(active, options) ? namesPerRequest(active) : 1;
  for (let at = 0; at < known.length; at += atOnce) {
    const part = known.slice(at, at + atOnce);
    const answers = await readVariables(
      active,
      part.map((one) => one.variable),
      () => describeReads(part.map(({ ref }) => ref)),
      options,
    );
    part.forEach((one, i) => {
      const answer = answers[i];
      if (answer !== undefined) results[one.index] = asGetResult(answer);
    });
  }
  return results;
}

export async function readVariables(
  active: Association,
  variables: readonly VariableAccess[],
  request: RequestName,
  options: RunOptions,
  form?: AnswerForm,
): Promise<readonly ReadResult[]> {
  const answers = await active.run(active.session.read(variables, request, form), options);
  active.answered++;
  if (answers.length === variables.length) return answers;
  throw new DlmsDecodeError(
    "DECODE_VALUE",
    `${variables.length} results were expected, the meter sent ${answers.length}`,
    { details: { expected: variables.length, got: answers.length } },
  );
}

function asGetResult(answer: ReadResult): GetDataResult {
  if (answer.kind === "data") return { ok: true, data: answer.data };
  if (answer.kind === "error") return { ok: false, result: answer.result };
  throw new DlmsDecodeError("DECODE_VALUE", `expected data or an error, the meter sent ${answer.kind}`);
}

/** A variable name takes 3 bytes; the ciphering header and tag are left room for. */
function namesPerRequest(active: Association): number {
  const limit = active.session.association?.maxPduSize ?? 0;
  if (limit === 0) return 255;
  return Math.max(1, Math.min(255, Math.floor((limit - 40) / 3)));
}

/** Base names by `class/logical name`, from the object list of the Association SN object. */
async function loadShortNames(active: Association, options: RunOptions): Promise<ReadonlyMap<string, number>> {
  const what = "read the object list (Association SN)";
  const variable = { kind: "variable-name", name: objectListName } as const;
  const [answer] = await readVariables(active, [variable], what, options, { dataToEnd: true });
  if (answer?.kind !== "data") {
    const reason = answer?.kind === "error" ? `data-access-result ${answer.result}` : "no data";
    throw new DlmsServiceError(
      "SERVICE_ERROR",
      `the meter answered ${reason} (${what}); without it, logical names cannot be turned into short names`,
    );
  }
  const { directory, notes } = readShortNameListBytes(answer.data);
  for (const note of notes) active.note(note);
  const names = new Map<string, number>();
  for (const { classId, logicalName, shortName } of directory.objects) {
    if (shortName !== undefined) names.set(`${classId}/${logicalName}`, shortName);
  }
  return names;
}

/** The short name of an attribute; undefined where the meter's object list does not have the object. */
export function shortNameOf(names: ReadonlyMap<string, number>, ref: AttributeRef): number | undefined {
  const base = names.get(`${ref.classId}/${obisDotted(ref.logicalName)}`);
  if (base === undefined) return undefined;
  const offset = attributeDefinition(ref.classId, ref.version, ref.attributeId)?.shortNameOffset;
  return (base + (offset ?? 8 * (ref.attributeId - 1))) & 0xffff;
}
