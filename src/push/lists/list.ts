/** The form of a list table: the meaning of the values of a push whose frame does not contain it. */

/** A value of a positional list; null: no known meaning. */
export interface PushListEntry {
  /** dotted OBIS code */
  readonly logicalName: string | null;
  /** the standard's names of the types that the meter sends; absent: any */
  readonly types?: readonly string[];
  /** length of an octet-string */
  readonly length?: number;
  /** power of ten; wins over the list's own table */
  readonly scaler?: number;
  /** overrides the unit derived from the OBIS code */
  readonly unitCode?: number;
}

export interface PushList {
  readonly id: string;
  /** the list id at the beginning of the push */
  readonly listId?: RegExp;
  /** logical device name, or first letters of the system title */
  readonly maker?: RegExp;
  /** addresses on the line that the maker uses, hex: destination/source */
  readonly link?: readonly string[];
  /** list ids after which the same sender also sends this list, without an id */
  readonly after?: RegExp;
  /** of a positional list: its values in order */
  readonly entries?: readonly PushListEntry[];
  /** power of ten by groups C.D.E, or by D.E; 0 for groups that are not listed */
  readonly scalers: Readonly<Record<string, number>>;
  /** only by the user's choice */
  readonly chosenOnly?: boolean;
  /** for the notes of a push */
  readonly caution?: string;
  /** the public document or capture on which the table is based */
  readonly source: string;
}

const text = ["octet-string", "visible-string", "utf8-string"] as const;
const number = ["double-long-unsigned", "double-long", "long-unsigned", "long", "unsigned", "integer"] as const;

export const textEntry = (logicalName: string | null): PushListEntry => ({ logicalName, types: text });
export const timeEntry = (logicalName: string | null, length = 12): PushListEntry => ({
  logicalName,
  types: ["octet-string"],
  length,
});
/** A register of electricity, by its groups C.D.E. */
export const register = (groups: string, types: readonly string[] = number): PushListEntry => ({
  logicalName: `1.0.${groups}.255`,
  types,
});
/** double-long-unsigned, the type of energy and power in positional lists */
export const wide = (groups: string): PushListEntry => register(groups, ["double-long-unsigned", "double-long"]);
/** long-unsigned */
export const narrow = (groups: string): PushListEntry => register(groups, ["long-unsigned", "long"]);
