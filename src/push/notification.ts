/** Reads the APDUs under which meters push data. */
import { type Apdu, type InformationReport, parseApdu } from "../apdu";
import { ByteReader } from "../bytes";
import { DlmsDecodeError, isDlmsError } from "../errors";
import { type Body, plainBody, readBody } from "./layouts/body";

export interface Notification {
  readonly longInvokeId: number | null;
  /** 12 bytes */
  readonly time: Uint8Array | undefined;
  readonly body: Body;
  readonly notes?: readonly string[];
}

/** Bytes of a data-notification before its date-time. */
const headBytes = 5;
const dateTimeBytes = 12;

/** Where the body of a data-notification begins; undefined for other bytes. */
export function bodyStart(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 0x0f) return undefined;
  // some meters send the date-time with the tag of an octet-string
  const at = bytes[headBytes] === 9 ? headBytes + 1 : headBytes;
  if (bytes[at] === 0) return at + 1;
  return bytes[at] === dateTimeBytes ? at + 1 + dateTimeBytes : undefined;
}

/** The header of a data-notification whose body begins at `start`. */
export function readHead(bytes: Uint8Array, start: number): Pick<Notification, "longInvokeId" | "time"> {
  const longInvokeId = new ByteReader(bytes, 1).u32("long-invoke-id-and-priority");
  const time = start > headBytes + dateTimeBytes ? bytes.subarray(start - dateTimeBytes, start) : undefined;
  return { longInvokeId, time };
}

/** @throws DlmsDecodeError if the APDU is not a notification */
export function readNotification(bytes: Uint8Array): Notification {
  const untyped = untypedNotification(bytes);
  if (untyped !== undefined) return untyped;
  const apdu = parseApdu(bytes);
  if (apdu.apdu === "data-notification") {
    const { longInvokeId, dateTime, data } = apdu;
    return { longInvokeId, time: dateTime, body: readBody(data) };
  }
  if (apdu.apdu === "information-report") return reported(apdu);
  throw notPushed(apdu);
}

export function notPushed({ apdu }: Apdu): DlmsDecodeError {
  return new DlmsDecodeError("DECODE_TAG", `push: ${apdu} is no notification; it was not given out`, {
    details: { path: "apdu" },
  });
}

/** Meters with short names push information-reports: their values have no OBIS codes. */
function reported({ variables, values }: InformationReport): Notification {
  const names = variables.map((each) => ("name" in each ? `0x${each.name.toString(16).padStart(4, "0")}` : each.kind));
  const note = `the values of an information-report have short names, no OBIS codes: ${names.join(", ")}`;
  return { longInvokeId: null, time: undefined, body: plainBody(values), notes: [note] };
}

/** A data-notification whose body is not valid A-XDR: reads only its header. */
function untypedNotification(bytes: Uint8Array): Notification | undefined {
  if (bytes[0] !== 0x0f || bytes.length < 12) return undefined;
  const reader = new ByteReader(bytes, 1);
  const longInvokeId = reader.u32("long-invoke-id-and-priority");
  const length = reader.u8("date-time");
  if (length !== 0 && length !== 12) return undefined;
  const time = length === 0 ? undefined : reader.bytes(12, "date-time");
  const rest = reader.rest();
  if (rest[0] !== 2 || rest[1] !== 2 || rest[2] !== 0x16 || rest[4] !== 1) return undefined;
  try {
    return { longInvokeId, time, body: readBody(rest) };
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return undefined;
  }
}
