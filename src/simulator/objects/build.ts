/** Short constructors for the values of the simulator's objects. */
import type { DlmsValue, NumberDataType } from "../../codec/value";

export const nothing: DlmsValue = { type: "null-data", value: null };

export function numeric(type: NumberDataType, value: number): DlmsValue {
  return { type, value };
}
export function unsigned(value: number): DlmsValue {
  return { type: "unsigned", value };
}
export function longUnsigned(value: number): DlmsValue {
  return { type: "long-unsigned", value };
}
export function doubleLongUnsigned(value: number): DlmsValue {
  return { type: "double-long-unsigned", value };
}
export function enumerated(value: number): DlmsValue {
  return { type: "enum", value };
}
export function octets(value: Uint8Array): DlmsValue {
  return { type: "octet-string", value };
}
export function textOctets(value: string): DlmsValue {
  return { type: "octet-string", value: new TextEncoder().encode(value) };
}
export function structure(...value: readonly DlmsValue[]): DlmsValue {
  return { type: "structure", value };
}
export function arrayOf(value: readonly DlmsValue[]): DlmsValue {
  return { type: "array", value };
}
/** scaler: power of ten; unit: code of the Blue Book's unit table */
export function scalerUnit(scaler: number, unit: number): DlmsValue {
  return structure(numeric("integer", scaler), enumerated(unit));
}
