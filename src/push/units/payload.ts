/** The forms in which readers forward pushes by MQTT: binary, hex, hex of hex, the body alone, Tibber's envelope. */
import { ByteReader, fromHex, joinBytes, latin1 } from "../../bytes";
import { decodeValueBytes } from "../../codec";
import { isDlmsError } from "../../errors";
import { withoutLlc } from "../../apdu";
import { maxPushBytes } from "./limits";

/** Content of a payload: bytes of a line, the body of a data-notification, or nothing from a meter. */
export type Payload =
  | { readonly kind: "stream"; readonly bytes: Uint8Array }
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  | { readonly kind: "other" };

const envelopeHead = [0x08, 0x01, 0x12] as const;

/** Removes the text or envelope format of a payload. */
export function readPayload(payload: Uint8Array | string): Payload {
  let bytes = typeof payload === "string" ? Uint8Array.from(Buffer.from(payload, "utf8")) : payload;
  for (let layer = 0; layer < 2; layer++) bytes = unhexed(bytes) ?? bytes;
  if (isJson(bytes)) return { kind: "other" };
  const enveloped = fromEnvelope(bytes);
  if (enveloped !== undefined) return { kind: "stream", bytes: enveloped };
  return isBody(bytes) ? { kind: "body", bytes } : { kind: "stream", bytes };
}

/** The bytes of a hex text, with blanks, line ends or 0x; an odd digit at the end is half of a truncated byte. */
function unhexed(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 4 || !bytes.every(isHexText)) return undefined;
  const digits = latin1(bytes)
    .replace(/0x/gi, "")
    .replace(/[\s:,-]+/g, "");
  if (digits.length < 4 || /[^0-9a-f]/i.test(digits)) return undefined;
  return fromHex(digits.slice(0, digits.length - (digits.length % 2)));
}

const hexText = new Set(Array.from("0123456789abcdefABCDEFxX \r\n\t:,-", (character) => character.charCodeAt(0)));
const isHexText = (byte: number): boolean => hexText.has(byte);

function isJson(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x7b && bytes[0] !== 0x5b) return false;
  try {
    JSON.parse(Buffer.from(bytes).toString("utf8"));
    return true;
  } catch {
    // Not JSON: treated as bytes of a line.
    return false;
  }
}

/** Tibber Pulse: 08 01, then 12 length { 12 03 "HAN", 1A length frame } for each frame; undefined for other bytes. */
function fromEnvelope(bytes: Uint8Array): Uint8Array | undefined {
  if (!envelopeHead.every((byte, i) => bytes[i] === byte)) return undefined;
  const reader = new ByteReader(bytes, 2);
  const frames: Uint8Array[] = [];
  try {
    while (reader.remaining > 0) {
      if (reader.u8("field") !== 0x12) return undefined;
      const entry = reader.sub(variable(reader), "entry");
      while (entry.remaining > 0) {
        const field = entry.u8("field");
        if ((field & 7) !== 2) return undefined;
        const content = entry.bytes(variable(entry), "content");
        if (field === 0x1a) frames.push(content);
      }
    }
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    // A truncated envelope: returns its complete frames and treats the rest as raw bytes.
    if (frames.length === 0) return undefined;
  }
  return joinBytes(frames);
}

/** A protobuf length: seven bits a byte, lowest first. */
function variable(reader: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = reader.u8("length");
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return value;
}

/** An array or a structure that ends with the last byte, and is no longer than an APDU. */
function isBody(bytes: Uint8Array): boolean {
  if (bytes.length > maxPushBytes || (bytes[0] !== 1 && bytes[0] !== 2) || withoutLlc(bytes) !== bytes) return false;
  try {
    decodeValueBytes(bytes);
    return true;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return false;
  }
}
