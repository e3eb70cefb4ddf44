/** Types of the COSEM layer: class definitions, references and presented values. */
import type { DlmsValue } from "../codec/value";

/**
 * How the value of an attribute is shown, beyond its A-XDR type. The class table names one for each attribute
 * that needs it; an attribute without one is shown by the general rules.
 */
export type Presentation =
  /** 6 octets -> dotted OBIS */
  | "logical-name"
  /** 12, 5 or 4 octets in an octet-string, or the date types */
  | "date-time"
  | "date"
  | "time"
  /** {scaler, unit, unitCode} */
  | "scaler-unit"
  /** the value is to be scaled by the object's scaler_unit */
  | "scaled"
  /** octets that are text / that are not */
  | "text"
  | "bytes"
  /** unsigned seconds since 1970-01-01T00:00:00Z */
  | "unix-time"
  /** array of capture object definitions */
  | "capture-objects"
  | "object-list"
  /** rows of a Profile generic */
  | "buffer"
  /** any value: structure with named fields, see `fields` */
  | "structure"
  | "array";

/** A named field of a known structure, or the element of a known array. */
export interface FieldDefinition {
  readonly name: string;
  /**
   * A-XDR type for writes: the standard's word, or words joined by " | " for a CHOICE. Absent where the presentation
   * determines it, or where it is open.
   */
  readonly type?: string;
  readonly presentation?: Presentation;
  readonly fields?: readonly FieldDefinition[];
  /** fields of other forms of the structure; the number of fields of a value selects the form */
  readonly otherFields?: readonly (readonly FieldDefinition[])[];
  /** element of an array */
  readonly element?: Omit<FieldDefinition, "name">;
  /** names of enumeration values */
  readonly enumeration?: Readonly<Record<number, string>>;
  /** names of bits, first bit first; of an integer the lowest bit is the first */
  readonly bits?: readonly string[];
}

export interface AttributeDefinition extends FieldDefinition {
  readonly id: number;
  /** the standard's word, or words joined by " | " for a CHOICE; "any" where the book leaves it open */
  readonly type: string;
  readonly static?: boolean;
  /** SN: offset from the base name, if it is not 8 * (id - 1) */
  readonly shortNameOffset?: number;
}

export interface MethodDefinition {
  readonly id: number;
  readonly name: string;
  /** SN: offset from the base name */
  readonly shortNameOffset?: number;
}

/** A row of the class table: one version of one interface class. */
export interface ClassDefinition {
  readonly id: number;
  readonly version: number;
  /** Blue Book name: "Extended register" */
  readonly title: string;
  /** for settings and messages: "EXTENDED_REGISTER" */
  readonly name: string;
  readonly attributes: readonly AttributeDefinition[];
  readonly methods: readonly MethodDefinition[];
  /** public source of the row */
  readonly source?: string;
}

/** A reference to one attribute of one object; `attribute()` creates it, and every read accepts it. */
export interface AttributeRef {
  readonly classId: number;
  /** dotted OBIS, six groups */
  readonly logicalName: string;
  readonly attributeId: number;
  readonly version?: number;
}
export interface MethodRef {
  readonly classId: number;
  readonly logicalName: string;
  readonly methodId: number;
  readonly version?: number;
}

/** scaler_unit as it is used for scaling. */
export interface ScalerUnit {
  /** power of ten, -128..127 */
  readonly scaler: number;
  readonly unitCode: number;
}

/** A decoded value in readable form. */
export interface PresentedValue {
  /** JSON-safe: number, string, boolean, null, array, object */
  readonly value: unknown;
  /** the standard's name of the A-XDR type that was read */
  readonly type: string;
  /** name of an enumeration value */
  readonly valueName?: string;
  /** for a bit-string, or an integer of flags, whose bits the class defines: name -> set */
  readonly bits?: Readonly<Record<string, boolean>>;
  /** for a date-time: the parts that a string cannot express */
  readonly dateTime?: DateTimeInfo;
}

export interface DateTimeInfo {
  /** null where a part is unspecified */
  readonly epochMs: number | null;
  /** minutes to add to local time to get UTC, as the meter sent them; null = unspecified */
  readonly deviation: number | null;
  readonly status: number | null;
  readonly invalid: boolean;
  readonly doubtful: boolean;
  readonly daylightSaving: boolean;
}

export interface PresentOptions {
  readonly octetStrings?: "auto" | "hex" | "text";
  readonly reversedDeviation?: boolean;
  /** IANA zone for date-times without deviation; their ISO form then has its offset */
  readonly timeZone?: string;
  readonly dates?: "iso" | "date" | "epoch";
  /** the description of a dotted OBIS code, for the objects of an object list */
  readonly describeObis?: (logicalName: string) => string;
  /** the word for a code of an event log, by the companion specification of the meter */
  readonly eventName?: (logicalName: string, code: number) => string | undefined;
}

/** Signature of cosem/values `presentAttribute`. */
export type PresentAttribute = (
  data: DlmsValue,
  ref: { readonly classId: number; readonly version?: number; readonly attributeId: number },
  scalerUnit: ScalerUnit | undefined,
  options?: PresentOptions,
) => PresentedValue;
