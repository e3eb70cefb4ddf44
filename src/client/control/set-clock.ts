/** Corrects the clock of a meter. */
import { type Clock, systemClock } from "../../clock";
import type { DlmsValue } from "../../codec";
import {
  clockStatusBits,
  type DateTimeParts,
  dateTimeToBytes,
  obisDotted,
  type ObjectDirectory,
  utcMs,
} from "../../cosem";
import { DlmsAccessError, DlmsConfigError, isDlmsError } from "../../errors";
import { milliseconds, oneOf } from "../../errors/arguments";
import { clockMethod, type ClockOptions, type ClockReading, clockRef, readClock } from "./clock";
import { type ControlledClient, limitsOf } from "./controlled-client";

/** How a clock is corrected: shift_time, preset_adjusting_time with adjust_to_preset_time, or SET of time. */
export type ClockWay = "shift" | "preset" | "set";

export interface SetClockOptions extends ClockOptions {
  /** a larger correction is refused (60000) */
  readonly maxCorrectionMs?: number;
  /** a smaller offset is not corrected (1000) */
  readonly toleranceMs?: number;
  /** the ways that may be used, in this order; default: what the object list says that the meter offers, then `set` */
  readonly ways?: readonly ClockWay[];
  /** the object list, if the caller has it; else it is read when it is needed */
  readonly directory?: ObjectDirectory;
  /** seconds of the capture period that must not end between the old and the new time; 0 = none (900) */
  readonly capturePeriod?: number;
  /** a correction across the end of a capture period is reported (`note`) or not made (`refuse`); default `note` */
  readonly acrossCapturePeriod?: "note" | "refuse";
}

export interface SetClockResult {
  /** `none`: the offset is within the tolerance, and nothing was sent */
  readonly way: ClockWay | "none";
  /** ms by which the meter's clock was moved forward; negative: back */
  readonly correctionMs: number;
  readonly before: ClockReading;
  /** the clock after the correction; absent if it could not be read */
  readonly after?: ClockReading;
  /** the clock after the correction is within the tolerance and its own uncertainty */
  readonly verified: boolean;
  /** the end of a capture period lies between the old and the new time */
  readonly acrossCapturePeriod: boolean;
  readonly notes: readonly string[];
}

/** Blue Book, class 8, shift_time: the largest shift in seconds. */
const maxShiftSeconds = 900;
/** How long a preset time may be activated, beside the correction itself, in ms. */
const presetValidityMs = 60_000;

/** A correction that is being made. */
interface Correction {
  readonly client: ControlledClient;
  readonly options: SetClockOptions;
  readonly clock: Clock;
  readonly before: ClockReading;
  readonly correctionMs: number;
  readonly notes: string[];
}

/**
 * Sets a meter's clock to the host's time. The meter keeps its own offset from UTC, its daylight saving bit and the
 * fields that it leaves unspecified. A way that the meter refuses is followed by the next one; a request whose answer is
 * lost ends with WRITE_OUTCOME_UNKNOWN, and nothing is sent after it.
 * @throws DlmsConfigError CONFIG_INVALID for a correction beyond `maxCorrectionMs`; nothing is sent then
 */
export async function setClock(client: ControlledClient, options: SetClockOptions = {}): Promise<SetClockResult> {
  const { maxCorrectionMs = 60_000, toleranceMs = 1000, clock = systemClock } = options;
  milliseconds("maxCorrectionMs", maxCorrectionMs, 0);
  milliseconds("toleranceMs", toleranceMs, 0);
  for (const way of options.ways ?? []) oneOf("ways", way, ["shift", "preset", "set"]);
  const before = await readClock(client, options);
  const correctionMs = -before.offsetMs;
  if (Math.abs(correctionMs) <= toleranceMs) {
    return {
      way: "none",
      correctionMs: 0,
      before,
      after: before,
      verified: true,
      acrossCapturePeriod: false,
      notes: [],
    };
  }
  if (Math.abs(correctionMs) > maxCorrectionMs) throw beyond(correctionMs, maxCorrectionMs);
  const across = crossesCapturePeriod(before, correctionMs, options.capturePeriod ?? 900);
  if (across && options.acrossCapturePeriod === "refuse") throw acrossRefused(options.capturePeriod ?? 900);
  const notes = across ? ["the end of a capture period lies between the old and the new time"] : [];
  const correction: Correction = { client, options, clock, before, correctionMs, notes };
  const way = await correct(correction, await waysOf(client, options, correctionMs));
  const after = await readAfter(correction);
  const verified = after !== undefined && Math.abs(after.offsetMs) <= toleranceMs + after.uncertaintyMs;
  if (after !== undefined && !verified) notes.push(`the clock is still ${after.offsetMs} ms from the host's`);
  const result = { way, correctionMs, before, verified, acrossCapturePeriod: across, notes };
  return after === undefined ? result : { ...result, after };
}

function beyond(correctionMs: number, maxCorrectionMs: number): DlmsConfigError {
  const direction = correctionMs > 0 ? "behind" : "ahead of";
  const seconds = Math.round(Math.abs(correctionMs) / 1000);
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `clock not set: it is ${seconds} s ${direction} this host's, more than the limit of ${maxCorrectionMs / 1000} s; check both clocks, then raise maxCorrectionMs`,
    { details: { correctionMs, maxCorrectionMs } },
  );
}

function acrossRefused(capturePeriod: number): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `clock not set: the end of a capture period of ${capturePeriod} s lies between the old and the new time; try again after it`,
    { details: { capturePeriod } },
  );
}

/** The meter's wall clock as if it were UTC, in ms. */
function localMs({ parts }: ClockReading): number {
  const { year, month, day, hour, minute, second, hundredths } = parts;
  const date = utcMs(year ?? 0, Number(month), Number(day), hour ?? 0, minute ?? 0, second ?? 0);
  return date + (hundredths ?? 0) * 10;
}

function crossesCapturePeriod(before: ClockReading, correctionMs: number, capturePeriod: number): boolean {
  if (capturePeriod <= 0) return false;
  const local = localMs(before);
  const period = capturePeriod * 1000;
  return Math.floor(local / period) !== Math.floor((local + correctionMs) / period);
}

async function waysOf(
  client: ControlledClient,
  options: SetClockOptions,
  correctionMs: number,
): Promise<readonly ClockWay[]> {
  if (options.ways !== undefined) return options.ways;
  const directory = options.directory ?? (await client.browse(limitsOf(options)));
  const { logicalName } = clockRef(options.logicalName);
  const object = directory.objects.find((one) => one.classId === 8 && obisDotted(one.logicalName) === logicalName);
  const offers = (name: string): boolean =>
    object?.methods.some(({ method, access }) => method === name && access !== null && access !== "none") === true;
  const shifts = offers("shift_time") && Math.abs(correctionMs) <= maxShiftSeconds * 1000;
  const presets = offers("preset_adjusting_time") && offers("adjust_to_preset_time");
  return [...(shifts ? ["shift" as const] : []), ...(presets ? ["preset" as const] : []), "set"];
}

/** Tries the ways in order; only a refusal leads to the next one. */
async function correct(correction: Correction, ways: readonly ClockWay[]): Promise<ClockWay> {
  let refusal: DlmsAccessError | undefined;
  for (const way of ways) {
    try {
      await steps[way](correction);
      return way;
    } catch (error) {
      if (!(error instanceof DlmsAccessError)) throw error;
      refusal = error;
      correction.notes.push(`${way} was refused: ${error.message}`);
    }
  }
  throw refusal ?? new DlmsConfigError("CONFIG_INVALID", "ways: expected at least one of shift, preset, set");
}

const steps: Readonly<Record<ClockWay, (correction: Correction) => Promise<void>>> = {
  async shift({ client, options, correctionMs }) {
    const seconds = Math.round(correctionMs / 1000);
    await client.invoke(clockMethod(options.logicalName, "shift_time"), seconds, limitsOf(options));
  },
  async preset(correction) {
    const { client, options, before, correctionMs } = correction;
    // the request for the preset time goes to the meter and back before the one that activates it
    const preset = timeAfter(correction, before.roundTripMs * 1.5);
    const validity = presetValidityMs + Math.abs(correctionMs);
    const argument = {
      presetTime: { hex: hexOf(preset) },
      validityIntervalStart: { hex: hexOf(timeAfter(correction, -validity)) },
      validityIntervalEnd: { hex: hexOf(timeAfter(correction, validity)) },
    };
    await client.invoke(clockMethod(options.logicalName, "preset_adjusting_time"), argument, limitsOf(options));
    await client.invoke(clockMethod(options.logicalName, "adjust_to_preset_time"), undefined, limitsOf(options));
  },
  async set(correction) {
    const { client, options, before } = correction;
    const value: DlmsValue = { type: before.type, value: timeAfter(correction, before.roundTripMs / 2) };
    await client.write(clockRef(options.logicalName), value, limitsOf(options));
  },
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The right time of the meter `ms` from now, in the form that the meter uses. */
function timeAfter({ clock, before }: Correction, ms: number): Uint8Array {
  const { parts } = before;
  const east = localMs(before) - Date.parse(before.meterTime);
  const seconds = parts.hundredths === null;
  const exact = clock.wallTime() + ms + east;
  const local = new Date(seconds ? Math.round(exact / 1000) * 1000 : exact);
  const weekday = local.getUTCDay();
  const made: DateTimeParts = {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: parts.weekday === null ? null : weekday === 0 ? 7 : weekday,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    hundredths: seconds ? null : Math.floor(local.getUTCMilliseconds() / 10),
    deviation: parts.deviation,
    status: parts.status === null ? null : parts.status & clockStatusBits.daylightSavingActive,
  };
  return dateTimeToBytes(made);
}

/** The correction was made, so an error of this read is a note. */
async function readAfter({ client, options, notes }: Correction): Promise<ClockReading | undefined> {
  try {
    return await readClock(client, options);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    notes.push(`the clock could not be read after its correction: ${error.message}`);
    return undefined;
  }
}
