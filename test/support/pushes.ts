/**
 * Pushes as meters send them, built from IEC 62056-5-3, -46 and -47 with Node's own cipher, without the code under test.
 */
import { createCipheriv } from "node:crypto";

export const guek = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
export const gak = Buffer.from("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", "hex");
export const gbek = Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "hex");
export const title = "4d4d4d0000bc614e";

const word = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const double = (value: number): Buffer =>
  Buffer.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

/** Bytes after their length, as in A-XDR. */
export function sized(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** A data-notification; the body is A-XDR in hex. */
export function dataNotification(body: string, invokeId = 1, time = ""): Buffer {
  const when = Buffer.from(time, "hex");
  return Buffer.concat([Buffer.of(0x0f), double(invokeId), Buffer.of(when.length), when, Buffer.from(body, "hex")]);
}

export const structure = (...elements: readonly string[]): string =>
  `02${elements.length.toString(16).padStart(2, "0")}${elements.join("")}`;
export const text = (value: string): string =>
  `0a${value.length.toString(16).padStart(2, "0")}${Buffer.from(value).toString("hex")}`;
export const octets = (hex: string): string => `09${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;
export const double32 = (value: number): string => `06${value.toString(16).padStart(8, "0")}`;
export const word16 = (value: number): string => `12${value.toString(16).padStart(4, "0")}`;
export const logicalName = (dotted: string): string =>
  octets(Buffer.from(dotted.split(".").map(Number)).toString("hex"));
/** {obis, value, {scaler, unit}} */
export const item = (dotted: string, value: string, scaler: number, unit: number): string =>
  structure(
    logicalName(dotted),
    value,
    structure(`0f${(scaler & 0xff).toString(16).padStart(2, "0")}`, `16${unit.toString(16)}`),
  );

export interface CipherOptions {
  readonly control?: number;
  readonly counter?: number;
  readonly title?: string;
  readonly key?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
}

/** SC, counter, data and tag. */
export function ciphered(plain: Uint8Array, options: CipherOptions = {}): Buffer {
  const { control = 0x30, counter = 1, key = guek, authenticationKey = gak } = options;
  const iv = Buffer.concat([Buffer.from(options.title ?? title, "hex"), double(counter)]);
  const isEncrypted = (control & 0x20) !== 0;
  const isAuthenticated = (control & 0x10) !== 0;
  const cipher = createCipheriv(key.length === 32 ? "aes-256-gcm" : "aes-128-gcm", key, iv, { authTagLength: 12 });
  const aad = [Buffer.of(control), authenticationKey, ...(isEncrypted ? [] : [plain])];
  if (isAuthenticated) cipher.setAAD(Buffer.concat(aad));
  const data = isEncrypted ? cipher.update(plain) : plain;
  cipher.final();
  const tag = isAuthenticated ? cipher.getAuthTag() : Buffer.alloc(0);
  return Buffer.concat([Buffer.of(control), double(counter), data, tag]);
}

/** general-glo-ciphering; `sentTitle` is the title on the line, "" for none. */
export function generalGlo(plain: Uint8Array, options: CipherOptions & { readonly sentTitle?: string } = {}): Buffer {
  const sent = Buffer.from(options.sentTitle ?? options.title ?? title, "hex");
  return Buffer.concat([Buffer.of(0xdb), sized(sent), sized(ciphered(plain, options))]);
}

export function wrapped(apdu: Uint8Array, source = 1, destination = 102): Buffer {
  return Buffer.concat([word(1), word(source), word(destination), word(apdu.length), apdu]);
}

/** CRC of HDLC (ISO/IEC 13239), low byte first. */
function fcs(bytes: Uint8Array): Buffer {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  crc ^= 0xffff;
  return Buffer.of(crc & 0xff, crc >> 8);
}

/** One UI frame; addresses in hex as on the line. */
export function uiFrame(info: Uint8Array, segmented = false, source = "03", destination = "41"): Buffer {
  const addresses = Buffer.from(destination + source, "hex");
  const length = 2 + addresses.length + 1 + 2 + info.length + 2;
  const head = Buffer.concat([
    word(0xa000 | (segmented ? 0x0800 : 0) | length),
    addresses,
    Buffer.of(segmented ? 0x03 : 0x13),
  ]);
  const body = Buffer.concat([head, fcs(head), info]);
  return Buffer.concat([Buffer.of(0x7e), body, fcs(body), Buffer.of(0x7e)]);
}

/** An APDU after its LLC bytes, in UI frames of at most `size` bytes of information. */
export function hdlcFrames(apdu: Uint8Array, size = 2000, source = "03", destination = "41"): Buffer[] {
  const info = Buffer.concat([Buffer.from("e6e700", "hex"), apdu]);
  const frames: Buffer[] = [];
  for (let at = 0; at < info.length; at += size) {
    frames.push(uiFrame(info.subarray(at, at + size), at + size < info.length, source, destination));
  }
  return frames;
}

export const hdlc = (apdu: Uint8Array, size = 2000, source = "03", destination = "41"): Buffer =>
  Buffer.concat(hdlcFrames(apdu, size, source, destination));

/** Long frames of wired M-Bus with the segments of an APDU. */
export function mbus(apdu: Uint8Array, size = 245): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0, n = 0; at < apdu.length; at += size, n++) {
    const last = at + size >= apdu.length ? 0x10 : 0;
    const counted = Buffer.concat([
      Buffer.of(n % 2 === 0 ? 0x53 : 0x73, 0xff, last | (n & 15), 1, 103),
      apdu.subarray(at, at + size),
    ]);
    const sum = counted.reduce((all, byte) => (all + byte) & 0xff, 0);
    frames.push(
      Buffer.concat([
        Buffer.of(0x68, counted.length & 0xff, counted.length & 0xff, 0x68),
        counted,
        Buffer.of(sum, 0x16),
      ]),
    );
  }
  return Buffer.concat(frames);
}
