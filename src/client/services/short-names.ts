/** The services by short names: Read and Write of the names in the meter's object list. */
import type { GetDataResult, ReadResult, VariableAccess, WriteResult } from "../../apdu/model";
import { classIds, dataAccess } from "../../apdu";
import { encodeValueBytes } from "../../codec";
import {
  attributeDefinition,
  type AttributeRef,
  findClass,
  findMethod,
  obisDotted,
  readShortNameListBytes,
  type Selection,
  wellKnownObjects,
} from "../../cosem";
import { DlmsDecodeError, DlmsServiceError, type RequestName } from "../../errors";
import { describeObis } from "../../names";
import type { AnswerForm } from "../../session/steps/operation";
import { accessError } from "../association/access-error";
import type { Association, Kept, RunOptions } from "../association/association";
import type { FetchOptions } from "../association/meter-hints";
import { describeRead, type Fetched } from "./attribute-request";
import { askInLists } from "./lists";
import { requestRoom } from "./get-by-access";
import { objectsOf, toEnd, withRights } from "./object-list";
import type { Referencing, WriteItem } from "./referencing";

const { associationSnNames: own, currentAssociation } = wellKnownObjects;
const objectListAttribute: AttributeRef = {
  classId: classIds["association-sn"],
  logicalName: currentAssociation,
  attributeId: 2,
};
const objectUndefined = dataAccess["object-undefined"];
/** Selector of the Read that invokes a method, because methods have no other reference. */
const noSelector = 0;

/** Base names by `class/logical name`. */
type BaseNames = ReadonlyMap<string, number>;

/** The base names of this association, once they have been read. */
const baseNames: Kept<{ known: BaseNames | undefined }> = { make: () => ({ known: undefined }) };

/** The services by short names. */
export const shortNames: Referencing = {
  readsTogether: () => true,

  async readOne(active, { ref }, options) {
    const [only] = await readTogether(active, [ref], options);
    return only;
  },

  readTogether,

  async readChunks(active, ref, selection, request, options) {
    const name = shortNameOf(await namesOf(active, options), ref);
    if (name === undefined) return objectUndefined;
    const variable = variableOf(name, selection);
    const outcome = await active.run(active.session.readChunks(variable, request), options);
    active.answered++;
    return outcome.ok ? 0 : outcome.result;
  },

  async write(active, item, request, options) {
    const [result = objectUndefined] = await writeTogether(active, [item], request, options);
    return result;
  },

  writeTogether,
  invokeTogether: () => undefined,

  /** A method is invoked by a Read with parameters, IEC 62056-5-3 "Read". */
  async invoke(active, ref, parameters, request, options) {
    const base = (await namesOf(active, withoutMark(options))).get(`${ref.classId}/${obisDotted(ref.logicalName)}`);
    const cls = findClass(ref.classId, ref.version);
    const offset = cls === undefined ? undefined : findMethod(cls, ref.methodId)?.shortNameOffset;
    if (base === undefined || offset === undefined) return { result: objectUndefined };
    const name = (base + offset) & 0xffff;
    const data = parameters ?? encodeValueBytes({ type: "integer", value: 0 });
    const variable = { kind: "parameterized-access", name, selector: noSelector, data } as const;
    const [answer] = await readVariables(active, [variable], request, options);
    if (answer?.ok === false) return { result: answer.result };
    return { result: 0, ...(answer === undefined ? {} : { returnParameters: answer }) };
  },

  async objectList(active, options) {
    const list = await readOwnList(active, own.objectList, options);
    // access_rights_list: many meters do not have it
    const rights = list.ok ? await readOwnList(active, own.accessRights, options) : undefined;
    return () => {
      if (!list.ok) throw accessError("get", objectListAttribute, list.result);
      const directory = objectsOf(active, readShortNameListBytes(list.data, describeObis));
      return rights?.ok === true ? withRights(active, directory, rights.data) : directory;
    };
  },
};

/** For the requests that prepare a write: they write nothing themselves. */
function withoutMark({ sending: _, ...options }: RunOptions): RunOptions {
  return options;
}

function variableOf(name: number, selection: Selection | undefined): VariableAccess {
  if (selection === undefined) return { kind: "variable-name", name };
  const { selector, parameters } = selection;
  return { kind: "parameterized-access", name, selector, data: encodeValueBytes(parameters) };
}

/** A name that the meter's object list does not contain is not sent. */
async function writeTogether(
  active: Association,
  items: readonly WriteItem[],
  request: string,
  options: RunOptions,
): Promise<readonly number[]> {
  const names = await namesOf(active, withoutMark(options));
  const known = items.flatMap(({ ref, data, access }, index) => {
    const name = shortNameOf(names, ref);
    return name === undefined ? [] : [{ index, data, variable: variableOf(name, access) }];
  });
  const results = items.map(() => objectUndefined as number);
  if (known.length === 0) return results;
  const variables = known.map(({ variable }) => variable);
  const values = known.map(({ data }) => data);
  const answers = await active.run(active.session.write(variables, values, request), options);
  known.forEach(({ index }, i) => {
    results[index] = resultOf(answers[i]);
  });
  return results;
}

async function readTogether(
  active: Association,
  refs: readonly AttributeRef[],
  options: FetchOptions,
): Promise<Fetched[]> {
  const names = await namesOf(active, options);
  const results: Fetched[] = refs.map(() => undefined);
  const known = refs.flatMap((ref, index) => {
    const name = shortNameOf(names, ref);
    return name === undefined ? [] : [{ ref, index, variable: { kind: "variable-name", name } as const }];
  });
  const read = (part: readonly (typeof known)[number][], request: RequestName): Promise<readonly GetDataResult[]> =>
    readVariables(
      active,
      part.map((one) => one.variable),
      request,
      options,
    );
  const answers = await askInLists(
    active,
    known,
    {
      fits: () => namesPerRequest(active),
      together: (part, request) => read(part, request),
      alone: async (one) => (await read([one], describeRead(one.ref)))[0],
    },
    options,
  );
  known.forEach((one, i) => {
    results[one.index] = answers[i];
  });
  return results;
}

/** A variable name takes 3 bytes; 40 bytes are left for the ciphering header and tag. */
function namesPerRequest(active: Association): number {
  return Math.max(1, Math.min(255, Math.floor((requestRoom(active) - 40) / 3)));
}

function resultOf(result: WriteResult | undefined): number {
  if (result?.kind === "success") return 0;
  if (result?.kind === "error") return result.result;
  throw new DlmsDecodeError("DECODE_VALUE", "expected success or an error, the meter sent a block number");
}

/** The base names of the meter's objects; the object list is read for them once per association. */
async function namesOf(active: Association, options: RunOptions): Promise<BaseNames> {
  const kept = active.kept(baseNames);
  kept.known ??= await readNames(active, options);
  return kept.known;
}

async function readNames(active: Association, options: RunOptions): Promise<BaseNames> {
  const list = await readOwnList(active, own.objectList, options);
  if (!list.ok) {
    throw new DlmsServiceError(
      "SERVICE_ERROR",
      `the meter answered data-access-result ${list.result} (${listRequest}); without it, logical names cannot be turned into short names`,
    );
  }
  const names = new Map<string, number>();
  for (const { classId, logicalName, shortName } of objectsOf(active, readShortNameListBytes(list.data)).objects) {
    if (shortName !== undefined) names.set(`${classId}/${logicalName}`, shortName);
  }
  return names;
}

const listRequest = "read the object list";

/** A list of the association's own object, which has fixed names. */
async function readOwnList(active: Association, name: number, options: RunOptions): Promise<GetDataResult> {
  const [answer] = await readVariables(active, [{ kind: "variable-name", name }], listRequest, options, toEnd);
  return answer ?? { ok: false, result: dataAccess["other-reason"] };
}

/** Reads variables in one request; positions are kept. */
async function readVariables(
  active: Association,
  variables: readonly VariableAccess[],
  request: RequestName,
  options: RunOptions,
  form?: AnswerForm,
): Promise<readonly GetDataResult[]> {
  const answers = await active.run(active.session.read(variables, request, form), options);
  active.answered++;
  if (answers.length === variables.length) return answers.map(asGetResult);
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

/** The short name of an attribute; undefined where the meter's object list does not have the object. */
function shortNameOf(names: BaseNames, ref: AttributeRef): number | undefined {
  const base = names.get(`${ref.classId}/${obisDotted(ref.logicalName)}`);
  if (base === undefined) return undefined;
  const offset = attributeDefinition(ref.classId, ref.version, ref.attributeId)?.shortNameOffset;
  return (base + (offset ?? 8 * (ref.attributeId - 1))) & 0xffff;
}
