/** OBIS codes: parsing and printing. */
import { DlmsConfigError } from "../errors";

/** An OBIS code in any spelling: see `parseObis`. */
export type ObisLike = string | Uint8Array;

const example = 'for example "1-0:1.8.0*255", "1.0.1.8.0.255" or "0100010800ff"';

/** `A-B:C.D.E*F`, `A-B:C.D.E&F`, `A-B:C.D.E`; IEC 62056-61 writes `&` for a value that was stored manually. */
const printed = /^(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&.](\d{1,3}))?$/;
const dotted = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[.*&](\d{1,3}))?$/;
/** As on a meter's display, electricity only: `C.D.E`, `C.D.E*F`. */
const displayed = /^()()(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*&](\d{1,3}))?$/;
const hex = /^[0-9a-f]{12}$/i;
/** Groups that a spelling may leave out. */
const usualGroups = [1, 0, 0, 0, 0, 255];

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);

/**
 * The six groups A to F of an OBIS code. Accepted: `1.0.1.8.0.255`, `1-0:1.8.0*255`, `1-0:1.8.0&255`,
 * five groups in either form (F = 255), `1.8.0` or `1.8.0*255` as on a display (1-0:1.8.0*255), 12 hex digits, and
 * 6 bytes.
 * @throws DlmsConfigError CONFIG_INVALID, naming what was wrong
 */
export function parseObis(obis: ObisLike): Uint8Array {
  if (obis instanceof Uint8Array) {
    if (obis.length === 6) return obis.slice();
    throw invalid(`6 bytes are needed, got ${obis.length}`);
  }
  if (typeof obis !== "string") throw invalid(`a text or 6 bytes are needed, got ${typeof obis}`);
  const text = obis.trim();
  if (text === "") throw invalid("it is empty");
  if (hex.test(text)) {
    return Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  }
  const match = printed.exec(text) ?? dotted.exec(text) ?? displayed.exec(text);
  if (match === null) throw invalid(`${shown(text)} has none of the known forms`);
  const groups = new Uint8Array(6);
  for (let i = 0; i < 6; i++) {
    const written = match[i + 1] ?? "";
    const value = written === "" ? (usualGroups[i] ?? 0) : Number(written);
    if (value > 255) throw invalid(`group ${"ABCDEF"[i] ?? ""} of ${shown(text)} is ${value}, 255 is the largest`);
    groups[i] = value;
  }
  return groups;
}

function invalid(problem: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `logical name (OBIS code): ${problem}; write ${example}`);
}

/** `1.0.1.8.0.255`, the form in data. */
export function obisDotted(obis: ObisLike): string {
  const bytes = obis instanceof Uint8Array && obis.length === 6 ? obis : parseObis(obis);
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}.${bytes[4]}.${bytes[5]}`;
}

/** `1-0:1.8.0*255`, the form in sentences. */
export function obisPrinted(obis: ObisLike): string {
  const bytes = obis instanceof Uint8Array && obis.length === 6 ? obis : parseObis(obis);
  return `${bytes[0]}-${bytes[1]}:${bytes[2]}.${bytes[3]}.${bytes[4]}*${bytes[5]}`;
}

/** Whether a text, or bytes, can be read as an OBIS code. */
export function isObis(obis: unknown): obis is ObisLike {
  if (typeof obis !== "string" && !(obis instanceof Uint8Array)) return false;
  try {
    parseObis(obis);
    return true;
  } catch {
    return false;
  }
}
