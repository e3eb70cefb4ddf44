import { type DlmsValue, decodeValueBytes } from "../codec";
import {
  type AttributeRef,
  type ObjectDirectory,
  readObjectList,
  readShortNameList,
  withShortNameAccess,
} from "../cosem";
import { accessError } from "./access-error";
import type { ActiveSession } from "./active-session";
import { fetchAttributes, type FetchOptions, readVariables } from "./fetch";

const objectList: AttributeRef = { classId: 15, logicalName: "0.0.40.0.0.255", attributeId: 2 };

/** The object list of the current association. */
export async function readDirectory(active: ActiveSession, options: FetchOptions): Promise<() => ObjectDirectory> {
  if (active.session.association?.referencing === "sn") return readShortNames(active, options);
  const [answer] = await fetchAttributes(active, [objectList], options);
  return () => {
    if (answer?.ok !== true) throw accessError("get", objectList, answer?.result ?? 4);
    return readObjectList(decodeValueBytes(answer.data, undefined, "object_list"));
  };
}

const shortList: AttributeRef = { classId: 12, logicalName: "0.0.40.0.0.255", attributeId: 2 };

async function readShortNames(active: ActiveSession, options: FetchOptions): Promise<() => ObjectDirectory> {
  const read = async (name: number): Promise<DlmsValue | number> => {
    const [answer] = await readVariables(active, [{ kind: "variable-name", name }], "read the object list", options);
    if (answer?.kind === "data") return decodeValueBytes(answer.data);
    return answer?.kind === "error" ? answer.result : 250;
  };
  const list = await read(0xfa08);
  // access_rights_list: many meters do not have it
  const rights = typeof list === "number" ? undefined : await read(0xfa10);
  return () => {
    if (typeof list === "number") throw accessError("get", shortList, list);
    const directory = readShortNameList(list);
    return rights === undefined || typeof rights === "number" ? directory : withShortNameAccess(directory, rights);
  };
}
