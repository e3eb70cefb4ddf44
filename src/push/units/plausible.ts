/** Whether an APDU without a frame, a check sequence or a tag is a push and not noise that has its form. */
import { type Apdu, firstApdu } from "../../apdu";
import { isDlmsError } from "../../errors";

const notSpecified = 0xff;
/** Group A of an OBIS code: media end here. */
const maxMedium = 15;

/** Whether the bytes are a push: APDUs that are not ciphered must have content, and a time that exists. */
export function isPlausiblePush(bytes: Uint8Array): boolean {
  try {
    return isPlausible(firstApdu(bytes).apdu);
  } catch (error) {
    // a body in EGD's form is not A-XDR; its own reader has found its end
    if (isDlmsError(error)) return true;
    throw error;
  }
}

function isPlausible(apdu: Apdu): boolean {
  switch (apdu.apdu) {
    case "data-notification":
      return isMoment(apdu.dateTime) && isBody(apdu.data);
    case "event-notification":
      return (
        isMoment(apdu.time) && apdu.attribute.attributeId !== 0 && (apdu.attribute.instanceId[0] ?? 0) <= maxMedium
      );
    case "information-report":
      return apdu.variables.length > 0;
    default:
      return true;
  }
}

/** An array or a structure that is not empty. */
const isBody = (data: Uint8Array): boolean => (data[0] === 1 || data[0] === 2) && data[1] !== 0;

/** Date-time of 12 bytes; parts may be unspecified. */
function isMoment(bytes: Uint8Array | undefined): boolean {
  if (bytes === undefined) return true;
  const [high = 0, low = 0, month = 0, day = 0, , hour = 0, minute = 0, second = 0] = bytes;
  const year = high * 256 + low;
  const isYear = (year >= 1970 && year < 2100) || year === 0xffff;
  const isDay = month >= 1 && (month <= 12 || month >= 0xfd) && day >= 1 && (day <= 31 || day >= 0xfd);
  return isYear && isDay && isBelow(hour, 24) && isBelow(minute, 60) && isBelow(second, 60);
}

const isBelow = (part: number, limit: number): boolean => part < limit || part === notSpecified;
