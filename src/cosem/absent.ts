/** Recognizes values that mean that an attribute has no value. */
import type { DlmsValue } from "../codec/value";

/**
 * Whether a value means "no value": null-data or an empty string, which some meters write in place of a time, a name or
 * a list.
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
