/** Types of the answers of the editor's routes: the routes and the scripts of the dialogs share them. */
import type { ErrorJson } from "../../src/errors/dlms-error";

/** An error that no part of the package foresaw, as a dialog shows it. */
export interface UnexpectedError {
  readonly code: "INTERNAL";
  readonly message: string;
  readonly details?: never;
}

/** An error that ends a request. */
export type EndingError = UnexpectedError | ErrorJson;

/** The body of an answer with a status of 400 or more. `details` name the setting, for a text in the editor's language. */
export interface RefusalAnswer {
  readonly error: Pick<ErrorJson, "message"> & {
    readonly code: string;
    readonly details?: ErrorJson["details"];
  };
}

/** What a step of a connection test found, all kinds of facts in one shape. */
export interface TestFacts {
  /** key `test.found.<found>` of the catalogue */
  readonly found: string;
  readonly referencing?: "ln" | "sn";
  readonly maxPduSize?: number;
  readonly services?: readonly string[];
  readonly unverified?: boolean;
  readonly sizes?: {
    readonly maxInfoTransmit: number;
    readonly maxInfoReceive: number;
    readonly windowTransmit: number;
    readonly windowReceive: number;
  };
  readonly policy?: string;
  readonly suite?: number;
  readonly value?: number | string;
}

/** A line of a connection test. The dialog words facts, error and hints in its own language. */
export interface TestLine {
  readonly step: "settings" | "line" | "link" | "counter" | "association" | "authentication" | "read";
  readonly ok: boolean;
  readonly text: string;
  readonly durationMs?: number;
  readonly facts?: TestFacts;
  readonly error?: EndingError;
  readonly advice?: readonly string[];
  /** key: `test.advice.<key>` of the catalogue */
  readonly hints?: readonly { readonly key: string; readonly client?: number }[];
}

/** A tried address, in a line of the address search. */
export interface TrialLine {
  /** from 1 to `total` */
  readonly index: number;
  readonly total: number;
  readonly logical: number;
  /** "": none, as in the dialog */
  readonly physical: number | "";
  readonly addressSize: string;
  /** the server address on the line, hex */
  readonly bytes: string;
  readonly answered: boolean;
  readonly result: "accepted" | "refused" | "linked" | "silent";
  readonly text: string;
  readonly why: string;
  readonly device?: string;
  readonly error?: ErrorJson;
}

/** A line of the address search: a tried address, or the error that ended the search. */
export type SearchLine = TrialLine | { readonly error: EndingError };

/** A class of the stack, in its newest version. */
export interface EditorClass {
  readonly id: number;
  readonly name: string;
  readonly title: string;
  readonly attributes: readonly EditorAttribute[];
  /** names of attributes that only older versions have */
  readonly formerAttributes?: readonly string[];
  readonly methods: readonly EditorMethod[];
}

export interface EditorAttribute {
  readonly id: number;
  readonly name: string;
  /** the values of an enumeration, with their names */
  readonly enumeration?: Readonly<Record<number, string>>;
  /** key `danger.<danger>` of the dlms-write catalogue */
  readonly danger?: string;
}

export interface EditorMethod {
  readonly id: number;
  readonly name: string;
  /** the method takes no argument that says anything */
  readonly plain?: true;
  readonly danger?: string;
}

/** The bytes that a value would be sent as. */
export interface PreviewAnswer {
  /** A-XDR data, hex */
  readonly raw: string;
  /** the value with its type */
  readonly text: string;
}

/** A code that the editor offers, with the class under which most meters have it. */
export interface CommonCode {
  readonly obis: string;
  readonly label: string;
  readonly objectType: string;
}

export interface TablesAnswer {
  readonly classes: readonly EditorClass[];
  readonly codes: readonly CommonCode[];
}

/** Names of the stored secrets, by the id of the meter's node. */
export type SecretNamesAnswer = Readonly<Record<string, readonly string[]>>;

/** A serial port of the machine that runs Node-RED. */
export interface PortChoice {
  readonly path: string;
  readonly label: string;
}

/** Published settings of a meter that pushes. */
export interface PushPreset {
  /** key `preset.<id>` of the catalogue */
  readonly id: string;
  /** ISO code of the country; "" for any */
  readonly country: string;
  /** which keys the pushes need; key `preset.keys.<keys>` of the catalogue */
  readonly keys: "none" | "encryption" | "both" | "some";
  /** organization that issues the keys; absent: the grid operator */
  readonly operator?: string;
  readonly source: string;
  readonly values: Readonly<Record<string, string>>;
  /** settings that each such meter needs */
  readonly meter?: Readonly<Record<string, string>>;
}

export interface PushPresetsAnswer {
  readonly presets: readonly PushPreset[];
  /** ids of the list tables */
  readonly lists: readonly string[];
}

/** A value of a push, as the dialog shows it. */
export interface ArrivedValue {
  readonly name: string;
  /** meaning of the OBIS code in the editor's language; "" without a code */
  readonly description: string;
  readonly text: string;
  readonly scalerFrom: string;
}

/** A line about data that a source receives while its dialog is open. */
export type ArrivalLine =
  | { readonly kind: "state"; readonly state: string; readonly line?: string; readonly shared?: true }
  /** `hint`: key `noise.<hint>` of the catalogue, the reason why received bytes contain no push */
  | { readonly kind: "facts"; readonly bytes: number; readonly units: number; readonly hint?: string }
  | {
      readonly kind: "push";
      readonly meter: string | null;
      readonly meterId: string | null;
      readonly systemTitle: string | null;
      readonly framing: string;
      readonly table: string | null;
      readonly time: string | null;
      /** null: not ciphered */
      readonly verified: boolean | null;
      readonly values: readonly ArrivedValue[];
      /** number of values that are not shown */
      readonly more: number;
      readonly notes: readonly string[];
    }
  | { readonly kind: "problem"; readonly error: EndingError; readonly systemTitle?: string }
  | { readonly kind: "end"; readonly reason: "time" | "lines" | "message" }
  | { readonly kind: "end"; readonly error: EndingError };

/** Published settings of a family of meters. The dialog shows each value in its field. */
export interface Preset {
  /** key `preset.<id>` of the catalogue */
  readonly id: string;
  /** document or project that states the values, and whether its author is the manufacturer */
  readonly source: string;
  readonly values: Readonly<Record<string, string>>;
}

/** The branches under a medium; each is a key `browse.group.<group>` of the catalogue. */
export type ObjectGroup =
  | "energy"
  | "demand"
  | "power"
  | "voltage"
  | "current"
  | "quality"
  | "consumption"
  | "profiles"
  | "time"
  | "identification"
  | "status"
  | "control"
  | "security"
  | "communication"
  | "manufacturer"
  | "other";

export interface BrowsedAttribute {
  readonly id: number;
  /** null: the class table does not know the attribute */
  readonly name: string | null;
  /** null: the meter does not report the access rights */
  readonly access: string | null;
}

/** An object as the tree of the dialog shows it. */
export interface BrowsedObject {
  /** in the dialog's notation: 1-0:1.8.0*255 */
  readonly obis: string;
  readonly logicalName: string;
  readonly classId: number;
  readonly version: number;
  readonly objectType: string;
  readonly title: string;
  readonly description: string;
  /** group A of the code */
  readonly medium: number;
  readonly group: ObjectGroup;
  /** the attribute that a click on the object chooses */
  readonly attributeId: number;
  /** the attribute whose value a click shows; null if every attribute is long or unreadable for people */
  readonly shownAttributeId: number | null;
  readonly attributes: readonly BrowsedAttribute[];
}

export interface BrowseAnswer {
  readonly objects: readonly BrowsedObject[];
  /** entries of the object list that could not be read */
  readonly skipped: number;
  /** ISO 8601 */
  readonly readAt: string;
}

export interface ReadAnswer {
  readonly text: string;
  readonly unit: string | null;
  readonly type: string;
  readonly valueName?: string;
}

/** The columns of a profile. */
export interface ColumnsAnswer {
  readonly columns: readonly {
    readonly key: string;
    readonly label: string;
    readonly unit: string | null;
  }[];
}

/** The meaning of an OBIS code. */
export interface DescribeAnswer {
  readonly obis: string;
  readonly logicalName: string;
  readonly description: string;
}
