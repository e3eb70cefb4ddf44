/** Text telegrams as P1 ports of DSMR meters send them. */
import { classIds } from "../../apdu/class-ids";
import { concatBytes, toHex } from "../../bytes";
import type { DlmsValue } from "../../codec/value";
import { decimalText } from "../../cosem/scaling";
import { unitSymbol } from "../../cosem/units";
import type { PushedValue, PushMessage } from "../definition/push-message";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Quantities in thousands in a telegram. */
const inThousands: Readonly<Record<string, number>> = { W: 3, Wh: 3, var: 3, varh: 3, VA: 3, VAh: 3 };

/** The telegram with its check sum. */
export function telegram(message: PushMessage): Uint8Array {
  const text = telegramText(message);
  const crc = crc16Arc(text).toString(16).toUpperCase().padStart(4, "0");
  return concatBytes(text, ascii(`${crc}\r\n`));
}

function telegramText(message: PushMessage): Uint8Array {
  const lines = message.values.map((pushed) => `${codeOf(pushed.name)}${contentOf(pushed)}`);
  const head = message.listId ?? "SIM5\\2SIMULATED";
  const hasClock = message.values.some(({ classId }) => classId === classIds.clock);
  const time = message.date === undefined || hasClock ? [] : [`0-0:1.0.0(${timeText(message.date)})`];
  return ascii([`/${head}`, "", ...time, ...lines, "!"].join("\r\n"));
}

/** CRC-16/ARC, from "/" to "!", both included. */
function crc16Arc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

function codeOf(name: Uint8Array): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = name;
  return `${a}-${b}:${c}.${d}.${e}`;
}

function contentOf({ classId, value, scalerUnit }: PushedValue): string {
  if (classId === classIds.clock && value.type === "octet-string") return `(${timeText(value.value)})`;
  if (value.type === "octet-string") return `(${toHex(value.value).toUpperCase()})`;
  if (typeof value.value === "bigint") return `(${quantityText(value.value, scalerUnit)})`;
  if (typeof value.value === "number") return `(${quantityText(BigInt(Math.trunc(value.value)), scalerUnit)})`;
  return `(${typeof value.value === "string" ? value.value.replace(/[^\x20-\x7e]|[()]/g, "") : ""})`;
}

function quantityText(value: bigint, scalerUnit: DlmsValue | undefined): string {
  const [scaler, unit] = scalerUnit?.type === "structure" ? scalerUnit.value : [];
  const symbol = unit?.type === "enum" ? (unitSymbol(unit.value) ?? "") : "";
  const shift = inThousands[symbol] ?? 0;
  const text = decimalText(value, (scaler?.type === "integer" ? scaler.value : 0) - shift);
  return symbol === "" ? text : `${text}*${shift === 0 ? symbol.replace("³", "3") : `k${symbol}`}`;
}

/** YYMMDDhhmmss, and S in daylight saving time or W. */
function timeText(date: Uint8Array): string {
  const view = new DataView(date.buffer, date.byteOffset, date.byteLength);
  const parts = [view.getUint16(0) % 100, date[2], date[3], date[5], date[6], date[7]];
  const daylightSaving = ((date[11] ?? 0) & 0x80) !== 0;
  return parts.map((part = 0) => String(part).padStart(2, "0")).join("") + (daylightSaving ? "S" : "W");
}
