/** Text telegrams: P1 of DSMR and IEC 62056-21 mode D. */
import { fromHex, latin1 } from "../../bytes";
import { decimalText, isoOffset, obisDotted, utcMs, zoneRules } from "../../cosem";
import type { PushDates, PushItem } from "./items";

export interface Telegram {
  /** the text after "/" in the first line */
  readonly identification: string;
  readonly items: readonly PushItem[];
  readonly time: string | null;
  readonly meterId: string | null;
}

const line = /^(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:[*.]\d{1,3})?)((?:\([^()]*\))+)$/;
const quantity = /^(-?\d+(?:\.\d+)?)\*([A-Za-z0-9]+)$/;
const moment = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})([SW])$/;
const units: Readonly<Record<string, { readonly unit: string; readonly code: number; readonly scaler: number }>> = {
  kWh: { unit: "Wh", code: 30, scaler: 3 },
  Wh: { unit: "Wh", code: 30, scaler: 0 },
  kvarh: { unit: "varh", code: 32, scaler: 3 },
  kVArh: { unit: "varh", code: 32, scaler: 3 },
  kW: { unit: "W", code: 27, scaler: 3 },
  W: { unit: "W", code: 27, scaler: 0 },
  kvar: { unit: "var", code: 29, scaler: 3 },
  kVAr: { unit: "var", code: 29, scaler: 3 },
  var: { unit: "var", code: 29, scaler: 0 },
  kVA: { unit: "VA", code: 28, scaler: 3 },
  V: { unit: "V", code: 35, scaler: 0 },
  A: { unit: "A", code: 33, scaler: 0 },
  m3: { unit: "m³", code: 13, scaler: 0 },
  GJ: { unit: "J", code: 25, scaler: 9 },
  Hz: { unit: "Hz", code: 44, scaler: 0 },
  s: { unit: "s", code: 7, scaler: 0 },
};
const meterNumbers = ["0.0.96.1.1.255", "0.0.96.1.0.255", "0.0.42.0.0.255"] as const;

/** The telegram from "/" to "!". Lines of another form are passed over. */
export function readTelegram(bytes: Uint8Array, dates: PushDates): Telegram {
  const [first = "", ...rest] = latin1(bytes).split(/\r?\n/);
  const items = rest.flatMap((text) => {
    const match = line.exec(text.trim());
    return match === null ? [] : [{ name: obisDotted(match[1] ?? ""), groups: match[2] ?? "" }];
  });
  const shown = items.map(({ name, groups }, index) => itemOf(name, groups, index));
  const clock = shown.find(({ logicalName }) => logicalName === "0.0.1.0.0.255");
  const number = meterNumbers.map((name) => shown.find(({ logicalName }) => logicalName === name)).find(Boolean);
  return {
    identification: first.slice(1),
    items: shown,
    time: typeof clock?.value === "string" ? timeOf(clock.value, dates) : null,
    meterId: typeof number?.value === "string" ? numberText(number.value) : null,
  };
}

function itemOf(logicalName: string, groups: string, index: number): PushItem {
  const parts = [...groups.matchAll(/\(([^()]*)\)/g)].map((match) => match[1] ?? "");
  const last = parts.at(-1) ?? "";
  const match = quantity.exec(last);
  const unit = match === null ? undefined : units[match[2] ?? ""];
  const base = {
    index,
    logicalName,
    name: logicalName,
    objectType: null,
    attributeId: null,
    dataIndex: null,
    type: "text",
    raw: groups,
  };
  if (match === null || unit === undefined) {
    const value = parts.length === 1 ? last : parts;
    return { ...base, value, unit: null, unitCode: null, scaler: null, scalerFrom: "none" };
  }
  const value = shifted(match[1] ?? "0", unit.scaler);
  return { ...base, value, unit: unit.unit, unitCode: unit.code, scaler: unit.scaler, scalerFrom: "text" };
}

/** A decimal text times a power of ten, exactly; text if a number would not be exact. */
function shifted(text: string, scaler: number): number | string {
  const [whole = "0", fraction = ""] = text.split(".");
  const exact = decimalText(BigInt(whole + fraction), scaler - fraction.length);
  const digits = exact.replace(/^-?0*\.?0*|\./g, "");
  return digits.length <= 15 ? Number(exact) : exact;
}

/** YYMMDDhhmmss and S or W: daylight saving or standard time, of Central Europe if the settings contain no zone. */
function timeOf(text: string, { timeZone }: PushDates): string | null {
  const match = moment.exec(text);
  if (match === null) return null;
  const [, yy, month, day, hour, minute, second, season] = match;
  const local = `20${yy}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = utcMs(2000 + Number(yy), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  const east =
    timeZone === undefined ? (season === "S" ? 120 : 60) : zoneRules(timeZone).offsetOfLocal(ms, season === "W");
  return local + isoOffset(east);
}

/** Equipment identifiers are hex of their text. */
function numberText(text: string): string {
  if (!/^([2-7][0-9A-Fa-f])+$/.test(text)) return text;
  return latin1(fromHex(text));
}
