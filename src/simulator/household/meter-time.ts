/** Minute and day in ms. */
export const minuteMs = 60_000;
export const dayMs = 86_400_000;

/** The local time of a simulated meter. */
export interface MeterZone {
  /** minutes east of UTC in winter */
  readonly standardOffset: number;
  /** adds one hour from the last Sunday of March to the last Sunday of October, 01:00 UTC */
  readonly daylightSaving: boolean;
}

/** 01:00 UTC on the last Sunday of a month (0 = January). */
function lastSunday(year: number, month: number): number {
  const lastDay = new Date(Date.UTC(year, month + 1, 0));
  return lastDay.getTime() - lastDay.getUTCDay() * dayMs + 60 * minuteMs;
}

export function isDaylightSaving(utc: number, zone: MeterZone): boolean {
  if (!zone.daylightSaving) return false;
  const year = new Date(utc).getUTCFullYear();
  return utc >= lastSunday(year, 2) && utc < lastSunday(year, 9);
}

/** Minutes east of UTC at an instant. */
export function offsetAt(utc: number, zone: MeterZone): number {
  return zone.standardOffset + (isDaylightSaving(utc, zone) ? 60 : 0);
}

/** The instant of the local midnight at the start of the local day of `utc`. */
export function localMidnight(utc: number, zone: MeterZone): number {
  const local = utc + offsetAt(utc, zone) * minuteMs;
  const midnight = Math.floor(local / dayMs) * dayMs;
  const guess = midnight - zone.standardOffset * minuteMs;
  return midnight - offsetAt(guess, zone) * minuteMs;
}

/** The instant at which the local month of `utc` began. */
export function localMonthStart(utc: number, zone: MeterZone): number {
  const local = new Date(utc + offsetAt(utc, zone) * minuteMs);
  const first = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1);
  return first - offsetAt(first - zone.standardOffset * minuteMs, zone) * minuteMs;
}

/** The 12 octets of a date-time in the meter's local time, deviation and daylight saving status included. */
export function clockOctets(utc: number, zone: MeterZone): Uint8Array {
  const offset = offsetAt(utc, zone);
  const local = new Date(utc + offset * minuteMs);
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, local.getUTCFullYear());
  bytes[2] = local.getUTCMonth() + 1;
  bytes[3] = local.getUTCDate();
  bytes[4] = local.getUTCDay() === 0 ? 7 : local.getUTCDay();
  bytes[5] = local.getUTCHours();
  bytes[6] = local.getUTCMinutes();
  bytes[7] = local.getUTCSeconds();
  bytes[8] = 0;
  view.setInt16(9, -offset);
  bytes[11] = isDaylightSaving(utc, zone) ? 0x80 : 0;
  return bytes;
}

/** The instant of 12 octets of a date-time; undefined where a part of the time is not specified. */
export function instantOf(octets: Uint8Array, zone: MeterZone): number | undefined {
  if (octets.length !== 12 || [2, 3, 5, 6, 7].some((at) => octets[at] === 0xff)) return undefined;
  const [, , month = 0, day = 0, , hour = 0, minute = 0, second = 0, hundredths = 0] = octets;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const local = Date.UTC(
    view.getUint16(0),
    month - 1,
    day,
    hour,
    minute,
    second,
    hundredths === 0xff ? 0 : hundredths * 10,
  );
  const deviation = view.getInt16(9);
  if (deviation !== -0x8000) return local + deviation * minuteMs;
  return local - offsetAt(local - zone.standardOffset * minuteMs, zone) * minuteMs;
}
