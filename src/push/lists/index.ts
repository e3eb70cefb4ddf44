/** The list tables of all regions. */
import { centralEuropeanLists } from "./central-europe";
import type { PushList } from "./list";
import { nordicLists } from "./nordic";

export type { PushList, PushListEntry } from "./list";
export {
  compilePushList,
  logicalNameOf,
  parsePushList,
  type PushListDefinition,
  type PushListEntryDefinition,
  unitCodeOf,
} from "./parse";

/** All list tables of this package. `nodes/push/list-ids.ts` repeats their ids for the dialog. */
export const pushLists: readonly PushList[] = [...nordicLists, ...centralEuropeanLists];
