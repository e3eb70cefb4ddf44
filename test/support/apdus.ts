/**
 * APDUs and WPDUs as hex, for tests in which the bytes are not the point. Written from IEC 62056-5-3 without the code
 * under test, so that they cannot repeat its mistakes. Invoke-id and priority are C1 unless given.
 */
const number = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
const byte = (value: number): string => number(value, 2);
const word = (value: number): string => number(value, 4);
const double = (value: number): string => number(value, 8);
const flag = (value: boolean): string => (value ? "01" : "00");

/** Bytes after their length, which has one byte, or three from 128 bytes on. */
export function sized(hex: string): string {
  const bytes = hex.length / 2;
  return `${bytes < 0x80 ? byte(bytes) : `82${word(bytes)}`}${hex}`;
}

/** A-XDR values. */
export const unsigned = (value: number): string => `11${byte(value)}`;
export const doubleLongUnsigned = (value: number): string => `06${double(value)}`;
export const octetString = (hex: string): string => `09${sized(hex)}`;

/** The descriptor of an attribute or a method: class id, logical name and id. */
export function descriptor(classId: number, logicalName: string, id: number): string {
  return `${word(classId)}${logicalName
    .split(".")
    .map((group) => byte(Number(group)))
    .join("")}${byte(id)}`;
}

/** Register 1-0:1.8.0*255, attribute value. */
export const energy = descriptor(3, "1.0.1.8.0.255", 2);

export const getRequest = (attribute: string = energy, selection = "00", id = 0xc1): string =>
  `c001${byte(id)}${attribute}${selection}`;
export const getNext = (blockNumber: number, id = 0xc1): string => `c002${byte(id)}${double(blockNumber)}`;
export const getData = (data: string, id = 0xc1): string => `c401${byte(id)}00${data}`;
export const getRefused = (result: number, id = 0xc1): string => `c401${byte(id)}01${byte(result)}`;
/** A block of a get-response; `last` marks the last one. */
export const getBlock = (blockNumber: number, raw: string, last?: "last"): string =>
  `c402c1${flag(last === "last")}${double(blockNumber)}00${sized(raw)}`;
export const getBlockRefused = (blockNumber: number, result: number): string =>
  `c402c101${double(blockNumber)}01${byte(result)}`;

export const setRequest = (attribute: string, data: string, id = 0xc1): string =>
  `c101${byte(id)}${attribute}00${data}`;
export const setResult = (result: number, id = 0xc1): string => `c501${byte(id)}${byte(result)}`;
export const setBlockTaken = (blockNumber: number): string => `c502c1${double(blockNumber)}`;
export const setLastBlockTaken = (blockNumber: number, result: number): string =>
  `c503c1${byte(result)}${double(blockNumber)}`;

export const actionRequest = (method: string, parameter?: string): string =>
  `c301c1${method}${parameter === undefined ? "00" : `01${parameter}`}`;
export const actionNext = (blockNumber: number): string => `c302c1${double(blockNumber)}`;
export const actionResult = (result: number): string => `c701c1${byte(result)}00`;
export const actionData = (data: string): string => `c701c1000100${data}`;
export const actionBlock = (blockNumber: number, raw: string, last?: "last"): string =>
  `c702c1${flag(last === "last")}${double(blockNumber)}${sized(raw)}`;
export const actionBlockTaken = (blockNumber: number): string => `c704c1${double(blockNumber)}`;

/** A data-notification without date-time. */
export const dataNotification = (data: string, longInvokeId = 1): string => `0f${double(longInvokeId)}00${data}`;

export interface GeneralBlock {
  readonly blockNumber: number;
  readonly acknowledged: number;
  readonly data: string;
  readonly last?: boolean;
  readonly streaming?: boolean;
  readonly window?: number;
}
export function generalBlock({ window = 1, ...block }: GeneralBlock): string {
  const control = (block.last === true ? 0x80 : 0) | (block.streaming === true ? 0x40 : 0) | window;
  return `e0${byte(control)}${word(block.blockNumber)}${word(block.acknowledged)}${sized(block.data)}`;
}

export const exceptionResponse = (stateError: number, serviceError: number): string =>
  `d8${byte(stateError)}${byte(serviceError)}`;

/** An AARQ without authentication that proposes this PDU size and conformance. */
export const aarqWith = (maxPduSize: number, conformance = "007e1f"): string =>
  `601da109060760857405080101be10040e01000000065f1f0400${conformance}${word(maxPduSize)}`;
/** AARQ of the Green Book's example: LN, no authentication, conformance 007E1F, PDU size 1200. */
export const aarqNone = aarqWith(1200);
/** The same with LLS and the password "12345678". */
export const aarqLls =
  "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0";

/** An accepting AARE with a plain initiate-response. `context` is 1 for logical names, 2 for short names. */
export function aare(conformance: number, maxPduSize: number, vaaName = 0x0007, context = 1): string {
  const initiate = `0800065f1f0400${number(conformance, 6)}${word(maxPduSize)}${word(vaaName)}`;
  return `6129a1090607608574050801${byte(context)}a203020100a305a103020100be10040e${initiate}`;
}

/** An AARE that rejects, with the result and the diagnostic of the service user. */
export const aareRejected = (result: number, diagnostic: number): string =>
  `6117a109060760857405080101a2030201${byte(result)}a305a1030201${byte(diagnostic)}`;

export const releaseResponse = "6303800100";

/** A WPDU: version, wPorts, length and APDU. */
export const wpdu = (source: number, destination: number, apdu: string): string =>
  `0001${word(source)}${word(destination)}${word(apdu.length / 2)}${apdu}`;
