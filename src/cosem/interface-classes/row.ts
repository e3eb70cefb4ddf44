/** The form in which the class table is written, and its conversion to class definitions. */
import type { AttributeDefinition, ClassDefinition, FieldDefinition, MethodDefinition } from "../model";

/** Facts about an attribute beyond its name and type. */
export type Hints = Omit<FieldDefinition, "name"> & { readonly static?: boolean; readonly shortNameOffset?: number };

/** name, type, hints. Ids count from 2: attribute 1 is the logical name in every class. */
export type AttributeRow = readonly [name: string, type: string, hints?: Hints];

/** One version of an interface class as it is written in the tables. */
export interface ClassRow {
  readonly id: number;
  readonly version: number;
  readonly title: string;
  /** default: the title in capitals, `_` for everything else */
  readonly name?: string;
  readonly attributes: readonly AttributeRow[];
  /** ids count from 1 */
  readonly methods?: readonly string[];
  /** short-name offset of the first method; the others follow at steps of 8 */
  readonly methodsAt?: number;
  /** number of leading methods without a short name, although later methods have one */
  readonly withoutShortName?: number;
  readonly source: string;
}

const logicalName: AttributeDefinition = {
  id: 1,
  name: "logical_name",
  type: "octet-string",
  static: true,
  presentation: "logical-name",
};

/** The name of a class in settings and messages. */
export function settingName(title: string): string {
  return title
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
}

export function expand(row: ClassRow): ClassDefinition {
  return {
    id: row.id,
    version: row.version,
    title: row.title,
    name: row.name ?? settingName(row.title),
    attributes: [
      logicalName,
      ...row.attributes.map(([name, type, hints], i): AttributeDefinition => ({ ...hints, id: i + 2, name, type })),
    ],
    methods: (row.methods ?? []).map((name, i): MethodDefinition => {
      const base = { id: i + 1, name };
      if (row.methodsAt === undefined || i < (row.withoutShortName ?? 0)) return base;
      return { ...base, shortNameOffset: row.methodsAt + 8 * i };
    }),
    source: row.source,
  };
}
