// The class table of the stack in the dialogs, once loaded.
import type { EditorClass } from "../admin/answers";
import { isEmpty } from "./values";

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Names are compared without case and punctuation, as in the node. */
export function plainName(text: unknown): string {
  return String(text)
    .trim()
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
}

/** @param value the number of a class, or its name */
export function findClass(classes: readonly EditorClass[], value: unknown): EditorClass | undefined {
  const text = String(value).trim();
  return classes.find(({ id, name }) => String(id) === text || name === plainName(text));
}

/** The classes to choose from, including a current value that is not in the table. */
export function classChoices(classes: readonly EditorClass[], value: unknown): Choice[] {
  const choices = classes.map(({ id, name, title }) => ({ value: name, label: `${title} (${id})` }));
  if (isEmpty(value) || findClass(classes, value) !== undefined) return choices;
  return [...choices, { value: String(value), label: String(value) }];
}

/** The attributes of a class to choose from, including a current value that is not in the table. */
export function attributeChoices(row: EditorClass | undefined, value: unknown): Choice[] {
  const choices = (row?.attributes ?? []).map(({ id, name }) => ({ value: String(id), label: `${id}  ${name}` }));
  if (isEmpty(value) || choices.some((choice) => choice.value === String(value))) return choices;
  return [...choices, { value: String(value), label: String(value) }];
}

/** The number of an attribute that may be written by its name. */
export function attributeIdOf(row: EditorClass | undefined, value: unknown): string {
  const found = row?.attributes.find(({ name }) => plainName(name) === plainName(value));
  return found === undefined ? String(value) : String(found.id);
}
