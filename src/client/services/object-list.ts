/** The common part of both referencing methods for reading the object list of an association. */
import { type DirectoryReading, type ObjectDirectory, withShortNameAccessBytes } from "../../cosem";
import { DlmsDecodeError } from "../../errors";
import type { Association } from "../association/association";

/** The lists are read by their own bytes: meters get their counts wrong. */
export const toEnd = { dataToEnd: true } as const;

/** The objects of a list; omitted entries are noted in the trace. */
export function objectsOf(active: Association, { directory, notes }: DirectoryReading): ObjectDirectory {
  for (const note of notes) active.note(note);
  return directory;
}

/** The objects with their access rights (short names); rights that cannot be read leave the objects as they are. */
export function withRights(active: Association, directory: ObjectDirectory, rights: Uint8Array): ObjectDirectory {
  try {
    return objectsOf(active, withShortNameAccessBytes(directory, rights));
  } catch (error) {
    if (!(error instanceof DlmsDecodeError)) throw error;
    active.note(`the access rights of the objects are left out: ${error.message}`);
    return directory;
  }
}
