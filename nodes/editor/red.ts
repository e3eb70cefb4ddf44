// Node-RED's editor as the dialogs use it: its global object, its nodes, and the texts of this package.
import type { EditorRED } from "node-red";

declare const RED: EditorRED;

/** Values for the placeholders of a text. */
export type TextValues = Readonly<Record<string, unknown>>;

/** Gives a text of a catalogue in the language of the editor. */
export type Translate = (key: string, values?: TextValues) => string;

/** The part of the editor that translates. */
export interface Translator {
  _(key: string, values?: TextValues): string;
}

/** A node of this package in the editor: its properties, together with the editor's own. */
export interface EditedNode {
  readonly id: string;
  readonly type: string;
  /** what was typed since the last deploy; `has_<name>` tells of a stored secret */
  readonly credentials?: Readonly<Record<string, unknown>>;
  readonly changed?: boolean;
  readonly _def: {
    readonly defaults: Readonly<Record<string, { readonly value: unknown }>>;
    readonly credentials?: Readonly<Record<string, unknown>>;
  };
  [property: string]: unknown;
}

/**
 * Checks a property of a node: true, or the reason why it is wrong. It has two parameters, because of a validator with
 * fewer the editor takes any text for "valid".
 */
export type Validator = (this: EditedNode, value: unknown, options: unknown) => true | string;

/** @param reasonOf the reason why the value is wrong, or "" */
export function validator(reasonOf: (node: EditedNode, value: unknown) => string): Validator {
  return function (value, _options) {
    return reasonOf(this, value) || true;
  };
}

/** The global object of the editor; it exists only there. */
export function red(): EditorRED {
  return RED;
}

/** The language of the editor: names of codes, classes and units follow it. */
export function editorLanguage(): string {
  return red().i18n.lang();
}

/** Gives the texts of one node type. */
export function textsOf(type: string): Translate {
  return (key, values) => (red() as Translator)._(`node-red-contrib-dlms/${type}:${type}.${key}`, values);
}
