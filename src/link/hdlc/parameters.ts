/** Negotiable HDLC parameters: information field size and window. */
import { ByteWriter } from "../../bytes";
import { maxInfoLength } from "./frame";

/** The negotiable parameters, from the view of the station that sends them (IEC 62056-46, 6.4.4.4.3.2). */
export interface HdlcParameters {
  /** octets in an information field, 128 by default */
  readonly maxInfoTransmit: number;
  readonly maxInfoReceive: number;
  /** frames, 1 by default */
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

export const defaultParameters: HdlcParameters = {
  maxInfoTransmit: 128,
  maxInfoReceive: 128,
  windowTransmit: 1,
  windowReceive: 1,
};

const names = {
  0x05: "maxInfoTransmit",
  0x06: "maxInfoReceive",
  0x07: "windowTransmit",
  0x08: "windowReceive",
} as const satisfies Record<number, keyof HdlcParameters>;

/** The information field of SNRM or UA. */
export function encodeParameters(parameters: HdlcParameters): Uint8Array {
  const items = new ByteWriter(24);
  infoLength(items, 0x05, parameters.maxInfoTransmit);
  infoLength(items, 0x06, parameters.maxInfoReceive);
  items.u8(0x07).u8(4).u32(parameters.windowTransmit);
  items.u8(0x08).u8(4).u32(parameters.windowReceive);
  return new ByteWriter(32).u8(0x81).u8(0x80).u8(items.length).bytes(items.toBytes()).toBytes();
}

/**
 * The parameters in an information field. The parser is tolerant of meters: it accepts no field at all, values of zero
 * length, values of 1, 2 or 4 bytes, a wrong group length and unknown identifiers. Absent or invalid parameters get
 * their default; never an error.
 */
export function decodeParameters(info: Uint8Array): HdlcParameters {
  const values: { -readonly [K in keyof HdlcParameters]: number } = { ...defaultParameters };
  if (info[0] !== 0x81 || info[1] !== 0x80) return values;
  // The group length is not trusted: the items run to the end of the field.
  let at = 3;
  while (at + 1 < info.length) {
    const id = info[at] ?? 0;
    const length = info[at + 1] ?? 0;
    const end = at + 2 + length;
    if (end > info.length) break;
    const name = id >= 5 && id <= 8 ? names[id as keyof typeof names] : undefined;
    if (name !== undefined && length > 0 && length <= 4) {
      let value = 0;
      for (let i = at + 2; i < end; i++) value = value * 256 + (info[i] ?? 0);
      if (value > 0) values[name] = value;
    }
    at = end;
  }
  return {
    maxInfoTransmit: Math.min(values.maxInfoTransmit, maxInfoLength),
    maxInfoReceive: Math.min(values.maxInfoReceive, maxInfoLength),
    windowTransmit: Math.min(values.windowTransmit, 7),
    windowReceive: Math.min(values.windowReceive, 7),
  };
}

/**
 * The parameters in force for the station with `own` after the peer has sent `theirs`: the peer's transmit values limit
 * our receive values and vice versa.
 */
export function negotiate(own: HdlcParameters, theirs: HdlcParameters): HdlcParameters {
  return {
    maxInfoTransmit: Math.min(own.maxInfoTransmit, theirs.maxInfoReceive),
    maxInfoReceive: Math.min(own.maxInfoReceive, theirs.maxInfoTransmit),
    windowTransmit: Math.min(own.windowTransmit, theirs.windowReceive),
    windowReceive: Math.min(own.windowReceive, theirs.windowTransmit),
  };
}

function infoLength(items: ByteWriter, id: number, value: number): void {
  if (value < 0x100) items.u8(id).u8(1).u8(value);
  else items.u8(id).u8(2).u16(value);
}
