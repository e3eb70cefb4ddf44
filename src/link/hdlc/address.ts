/** HDLC addresses of meters and clients: encoding, decoding and comparison. */
import { DlmsConfigError } from "../../errors";

/** One address field of an HDLC frame (IEC 62056-46, 6.4.2). */
export interface HdlcAddress {
  /** upper part: the logical device, or the client SAP */
  readonly logical: number;
  /** lower part: the physical device; absent in the one-byte form */
  readonly physical?: number;
  /** bytes on the line */
  readonly size: 1 | 2 | 4;
}

export type HdlcAddressSize = "auto" | 1 | 2 | 4;

/** All-station values of the physical part, in the two-byte and in the four-byte form. */
export const allStations1 = 0x7f;
export const allStations2 = 0x3fff;

/**
 * The address of a server. "auto" uses one byte without a physical address and with a logical address below 128, two
 * bytes if both parts are below 128, otherwise four. Forced to two or four bytes without a physical address, it has
 * physical address 0.
 * @throws DlmsConfigError CONFIG_INVALID when a part does not fit
 */
export function serverAddress(logical: number, physical?: number, size: HdlcAddressSize = "auto"): HdlcAddress {
  part("server.logical", logical, 0x3fff);
  if (physical !== undefined) part("server.physical", physical, 0x3fff);
  const bytes = size === "auto" ? automaticSize(logical, physical) : size;
  if (bytes === 1) {
    if (physical !== undefined) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `addressSize: a 1-byte server address has no room for physical address ${physical}; choose AUTO, 2 or 4, or leave the physical address empty`,
      );
    }
    fits("server.logical", logical, 0x7f, 1);
    return { logical, size: 1 };
  }
  if (bytes === 2) {
    fits("server.logical", logical, 0x7f, 2);
    if (physical !== undefined) fits("server.physical", physical, 0x7f, 2);
  }
  return { logical, physical: physical ?? 0, size: bytes };
}

/**
 * The address of a client: always one byte.
 * @throws DlmsConfigError CONFIG_INVALID outside 0..127
 */
export function clientAddress(sap: number): HdlcAddress {
  if (!Number.isInteger(sap) || sap < 0 || sap > 0x7f) {
    throw new DlmsConfigError("CONFIG_INVALID", `client address: expected 0 to 127 on HDLC, got ${sap}`);
  }
  return { logical: sap, size: 1 };
}

/** The usual rule of makers for the physical address: the last four digits of the serial number, plus 1000. */
export function serialNumberAddress(serial: number | string): number {
  const digits = String(serial).replace(/\s/g, "");
  if (!/^\d+$/.test(digits)) {
    throw new DlmsConfigError("CONFIG_INVALID", `serial number: expected digits, got "${digits}"`);
  }
  return Number(digits.slice(-4)) + 1000;
}

export function encodeAddress(address: HdlcAddress): Uint8Array {
  const { logical, physical = 0, size } = address;
  if (size === 1) return Uint8Array.of((logical << 1) | 1);
  if (size === 2) return Uint8Array.of((logical << 1) & 0xfe, (physical << 1) | 1);
  return Uint8Array.of((logical >>> 6) & 0xfe, (logical << 1) & 0xfe, (physical >>> 6) & 0xfe, (physical << 1) | 1);
}

/**
 * Length of the address field at `start`: 1, 2 or 4 bytes; 0 if `end` precedes its last byte; -1 if it is not an
 * address (three bytes, or more than four).
 */
export function addressLength(bytes: Uint8Array, start: number, end: number): 0 | 1 | 2 | 4 | -1 {
  for (let i = 0; i < 4; i++) {
    if (start + i >= end) return 0;
    if (((bytes[start + i] ?? 0) & 1) === 1) return i === 0 ? 1 : i === 1 ? 2 : i === 3 ? 4 : -1;
  }
  return -1;
}

/** The address of `size` bytes at `start`, with the size from `addressLength`. */
export function decodeAddress(bytes: Uint8Array, start: number, size: 1 | 2 | 4): HdlcAddress {
  const seven = (at: number): number => (bytes[start + at] ?? 0) >>> 1;
  if (size === 1) return { logical: seven(0), size };
  if (size === 2) return { logical: seven(0), physical: seven(1), size };
  return { logical: (seven(0) << 7) | seven(1), physical: (seven(2) << 7) | seven(3), size };
}

/**
 * Whether a frame from `got` answers a request to `asked`. The parts are compared, not the bytes, because meters may
 * answer with a longer address form; a part that was not addressed, or was addressed as all-station, may have any
 * value.
 */
export function addressMatches(asked: HdlcAddress, got: Omit<HdlcAddress, "size">): boolean {
  if (asked.logical !== got.logical && !isAllStation(asked.logical, asked.size)) return false;
  if (asked.physical === undefined || isAllStation(asked.physical, asked.size)) return true;
  return asked.physical === (got.physical ?? 0);
}

/** "1/17" or "16", as messages name a station. */
export function addressText(address: HdlcAddress): string {
  return address.physical === undefined ? `${address.logical}` : `${address.logical}/${address.physical}`;
}

function isAllStation(value: number, size: 1 | 2 | 4): boolean {
  return value === (size === 4 ? allStations2 : allStations1);
}

function automaticSize(logical: number, physical: number | undefined): 1 | 2 | 4 {
  if (physical === undefined) return logical < 0x80 ? 1 : 4;
  return logical < 0x80 && physical < 0x80 ? 2 : 4;
}

function part(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: expected an integer from 0 to ${max} on HDLC, got ${value}`);
  }
}

function fits(name: string, value: number, max: number, size: number): void {
  if (value > max) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${name}: ${value} does not fit a ${size}-byte server address (0 to ${max}); choose AUTO or 4`,
    );
  }
}
