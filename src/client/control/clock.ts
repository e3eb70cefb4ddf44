/** The clock of a meter (class 8) against the clock of this host. */
import { type Clock, systemClock } from "../../clock";
import { decodeValueBytes } from "../../codec";
import {
  type AttributeRef,
  dateTimeFromBytes,
  type DateTimeParts,
  method,
  type MethodRef,
  obisDotted,
  type ObisLike,
  wellKnownObjects,
} from "../../cosem";
import { DlmsConfigError, DlmsDecodeError } from "../../errors";
import type { OperationOptions } from "../options/options";
import { type ControlledClient, limitsOf } from "./controlled-client";

export interface ClockOptions extends OperationOptions {
  /** default: 0.0.1.0.0.255 */
  readonly logicalName?: ObisLike;
  /** the clock of the host, for tests */
  readonly clock?: Clock;
}

/** A reading of the meter's clock, and how far it is from the host's. */
export interface ClockReading {
  /** ms by which the meter's clock is ahead of the host's; negative: behind */
  readonly offsetMs: number;
  /** the true offset lies within this many ms of `offsetMs` */
  readonly uncertaintyMs: number;
  /** ms from the request to the answer */
  readonly roundTripMs: number;
  /** the meter's time, in UTC */
  readonly meterTime: string;
  /** the host's time at the middle of the round trip, in UTC */
  readonly hostTime: string;
  /** the fields as the meter sent them */
  readonly parts: DateTimeParts;
  /** the A-XDR type that the meter uses for them */
  readonly type: "octet-string" | "date-time";
}

export const clockRef = (logicalName: ObisLike = wellKnownObjects.clock): AttributeRef => ({
  classId: 8,
  logicalName: obisDotted(logicalName),
  attributeId: 2,
});

export const clockMethod = (logicalName: ObisLike | undefined, name: string): MethodRef =>
  method(8, logicalName ?? wellKnownObjects.clock, name);

/** Half a second is the mean error of a clock that shows whole seconds. */
const secondMs = 1000;
const hundredthMs = 10;

/**
 * Reads a meter's clock. The connection is opened before, so that the round trip is that of the read alone.
 * @throws DlmsConfigError CONFIG_MISSING if the meter's time has no offset and the client has no time zone for it
 */
export async function readClock(client: ControlledClient, options: ClockOptions = {}): Promise<ClockReading> {
  const { clock = systemClock } = options;
  const limits = limitsOf(options);
  await client.open(limits);
  const started = clock.now();
  const { raw, dateTime } = await client.read(clockRef(options.logicalName), limits);
  const roundTripMs = clock.now() - started;
  const hostMs = clock.wallTime() - roundTripMs / 2;
  const value = decodeValueBytes(raw);
  if ((value.type !== "octet-string" && value.type !== "date-time") || value.value.length !== 12) {
    throw new DlmsDecodeError("DECODE_VALUE", `the meter's clock holds no date-time but ${value.type}`);
  }
  const parts = dateTimeFromBytes(value.value);
  const meterMs = dateTime?.epochMs ?? null;
  if (meterMs === null) throw withoutOffset(dateTime?.deviation ?? null);
  const exact = parts.hundredths !== null && parts.hundredths !== 0;
  return {
    offsetMs: Math.round(meterMs - hostMs),
    uncertaintyMs: Math.ceil(roundTripMs / 2) + (exact ? hundredthMs : secondMs),
    roundTripMs: Math.round(roundTripMs),
    meterTime: new Date(meterMs).toISOString(),
    hostTime: new Date(hostMs).toISOString(),
    parts,
    type: value.type,
  };
}

function withoutOffset(deviation: number | null): DlmsConfigError {
  if (deviation !== null) {
    return new DlmsConfigError("CONFIG_INVALID", "the meter's clock has no valid time; set it with write()");
  }
  return new DlmsConfigError(
    "CONFIG_MISSING",
    "the meter's time has no deviation from UTC; give the client the meter's time zone (values.timeZone)",
  );
}
