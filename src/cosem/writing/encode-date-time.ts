/** The public encoder of date-times. */
import type { DlmsValue } from "../../codec";
import type { DateTimeParts } from "../date-time";
import { dateTimeToBytes, type EncodeDateTimeOptions } from "../date-time-encode";

/**
 * A date-time as the 12-byte octet-string that COSEM attributes contain.
 *
 * A Date or a text with an offset is an instant; a text without one is local time of the meter, and its deviation is
 * unspecified (8000) unless `timeZone` is given. In parts, null is "not specified"; `*` is the same in a text. The
 * deviation has the standard's sign (minutes to add to local time to get UTC) unless `reversedDeviation` is set.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a date
 */
export function encodeDateTime(
  value: Date | string | Partial<DateTimeParts>,
  options: EncodeDateTimeOptions = {},
): DlmsValue {
  return { type: "octet-string", value: dateTimeToBytes(value, { weekday: true, status: "by-zone", ...options }) };
}
