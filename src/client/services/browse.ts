import {
  type AttributeRef,
  type DirectoryReading,
  type ObjectDirectory,
  readObjectListBytes,
  readShortNameListBytes,
  withShortNameAccessBytes,
} from "../../cosem";
import { describeObis } from "../../names";
import { DlmsDecodeError } from "../../errors";
import { accessError } from "../association/access-error";
import type { Association } from "../association/association";
import { fetchOne, readVariables } from "./get";
import type { FetchOptions } from "../association/meter-hints";
import { requestFor } from "./attribute-request";

const objectList: AttributeRef = { classId: 15, logicalName: "0.0.40.0.0.255", attributeId: 2 };

/** The lists are read by their own bytes: meters get their counts wrong. */
const toEnd = { dataToEnd: true } as const;

/** The object list of the current association. */
export async function readDirectory(active: Association, options: FetchOptions): Promise<() => ObjectDirectory> {
  if (active.session.association?.referencing === "sn") return readShortNames(active, options);
  const answer = await fetchOne(active, requestFor(objectList), options, toEnd);
  return () => {
    if (!answer.ok) throw accessError("get", objectList, answer.result);
    return noted(active, readObjectListBytes(answer.data, undefined, describeObis));
  };
}

const shortList: AttributeRef = { classId: 12, logicalName: "0.0.40.0.0.255", attributeId: 2 };

async function readShortNames(active: Association, options: FetchOptions): Promise<() => ObjectDirectory> {
  const read = async (name: number): Promise<Uint8Array | number> => {
    const variable = { kind: "variable-name", name } as const;
    const [answer] = await readVariables(active, [variable], "read the object list", options, toEnd);
    if (answer?.kind === "data") return answer.data;
    return answer?.kind === "error" ? answer.result : 250;
  };
  const list = await read(0xfa08);
  // access_rights_list: many meters do not have it
  const rights = typeof list === "number" ? undefined : await read(0xfa10);
  return () => {
    if (typeof list === "number") throw accessError("get", shortList, list);
    const directory = noted(active, readShortNameListBytes(list, describeObis));
    return rights === undefined || typeof rights === "number" ? directory : withRights(active, directory, rights);
  };
}

function noted(active: Association, { directory, notes }: DirectoryReading): ObjectDirectory {
  for (const note of notes) active.note(note);
  return directory;
}

/** Rights that cannot be read leave the objects as they are. */
function withRights(active: Association, directory: ObjectDirectory, rights: Uint8Array): ObjectDirectory {
  try {
    return noted(active, withShortNameAccessBytes(directory, rights));
  } catch (error) {
    if (!(error instanceof DlmsDecodeError)) throw error;
    active.note(`the access rights of the objects are left out: ${error.message}`);
    return directory;
  }
}
