// The texts of the dlms-read dialog.
import { textsOf, type TextValues } from "../../editor/red";

const textOf = textsOf("dlms-read");

/** The singular has its own text, because the plural forms of Node-RED's translations differ between versions. */
const counted = ["palette.list", "csv.imported", "browse.count", "browse.entries", "browse.add"];

export function t(key: string, values?: TextValues): string {
  const single = String(values?.count) === "1" && counted.includes(key);
  return textOf(single ? `${key}One` : key, values);
}
