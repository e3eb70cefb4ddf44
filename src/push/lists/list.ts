/** The form of a list table: what the values of a push mean where the frame does not say it. */

/** A value of a positional list; null: no known meaning. */
export interface PushListEntry {
  /** dotted OBIS code */
  readonly logicalName: string | null;
  /** the standard's words for the types that the meter sends; absent: any */
  readonly types?: readonly string[];
  /** length of an octet-string */
  readonly length?: number;
  /** power of ten; wins over the list's own table */
  readonly scaler?: number;
  /** wins over the unit that the OBIS code tells */
  readonly unitCode?: number;
}

export interface PushList {
  readonly id: string;
  /** the list id that the push begins with */
  readonly listId?: RegExp;
  /** logical device name, or first letters of the system title */
  readonly maker?: RegExp;
  /** addresses on the line that the maker uses, hex: destination/source */
  readonly link?: readonly string[];
  /** list ids after which the same sender also sends this list, without an id */
  readonly after?: RegExp;
  /** of a positional list: its values in order */
  readonly entries?: readonly PushListEntry[];
  /** power of ten by groups C.D.E, or by D.E; what is not listed has 0 */
  readonly scalers: Readonly<Record<string, number>>;
  /** only by the user's choice */
  readonly chosenOnly?: boolean;
  /** for the notes of a push */
  readonly caution?: string;
  /** the public paper or capture behind the table */
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
/** double-long-unsigned, as energy and power come in positional lists */
export const wide = (groups: string): PushListEntry => register(groups, ["double-long-unsigned", "double-long"]);
/** long-unsigned */
export const narrow = (groups: string): PushListEntry => register(groups, ["long-unsigned", "long"]);
