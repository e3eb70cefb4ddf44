/** Which values say that an attribute has no value. */
import type { DlmsValue } from "../codec/value";

/**
 * Whether a value stands for none: null-data or, as some meters write it where a time, a name or a list belongs, a
 * string without content.
 */
export function isAbsent(value: DlmsValue): boolean {
  switch (value.type) {
    case "null-data":
      return true;
    case "octet-string":
    case "visible-string":
    case "utf8-string":
      return value.value.length === 0;
    default:
      return false;
  }
}
