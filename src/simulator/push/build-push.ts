/** Builds the bytes of a push: body, APDU, protection, general blocks and frames. */
import { encodeApdu } from "../../apdu";
import { classIds } from "../../apdu/class-ids";
import { gloTag } from "../../apdu/tags";
import { ByteWriter, concatBytes } from "../../bytes";
import type { DlmsValue } from "../../codec/value";
import { encodeValueBytes } from "../../codec/encode";
import { clientAddress, encodeHdlcFrame, encodeMbusFrame, encodeWpdu, mbusSegments, serverAddress } from "../../link";
import { protect, readSecurityControl, type SecuritySuite, securityControlByte } from "../../security";
import type { PushedValue, PushMessage } from "../definition/push-message";
import type { PushProtection } from "../definition/push-setup";
import { arrayOf, longUnsigned, numeric, octets, structure } from "../objects/build";
import { telegram } from "./telegram";

const noBytes = new Uint8Array(0);
const llc = Uint8Array.of(0xe6, 0xe7, 0x00);
const defaultInfoSize = 2030;
const defaultMbusSize = 245;

/** The frames of a push, in order. */
export function buildPush(message: PushMessage): readonly Uint8Array[] {
  if (message.framing === "p1" && message.security === undefined) return [telegram(message)];
  return framed(buildPushApdus(message), message);
}

/** The APDUs of a push: one, or its general blocks. */
export function buildPushApdus(message: PushMessage): readonly Uint8Array[] {
  const plain = message.framing === "p1" ? telegram(message) : plainApdu(message);
  const { security, blockSize } = message;
  const apdu = security === undefined ? plain : sealed(plain, message, security);
  return blockSize === undefined || apdu.length <= blockSize ? [apdu] : blocks(apdu, blockSize);
}

function plainApdu(message: PushMessage): Uint8Array {
  const { date } = message;
  if (message.list === "event") return eventApdu(message);
  const writer = new ByteWriter().u8(0x0f).u32(message.longInvokeId);
  if (date === undefined) writer.u8(0);
  else writer.bytes(message.taggedDate ? Uint8Array.of(0x09, 0x0c) : Uint8Array.of(0x0c)).bytes(date);
  return writer.bytes(encodeValueBytes(bodyOf(message))).toBytes();
}

function eventApdu({ values, date }: PushMessage): Uint8Array {
  const [first] = values;
  if (first === undefined) return noBytes;
  const { classId, name, attributeId, value } = first;
  return encodeApdu({
    apdu: "event-notification",
    ...(date === undefined ? {} : { time: date }),
    attribute: { classId, instanceId: name, attributeId },
    data: encodeValueBytes(value),
  });
}

function bodyOf({ list, listId, values, setupName }: PushMessage): DlmsValue {
  const title: readonly DlmsValue[] = listId === undefined ? [] : [{ type: "visible-string", value: listId }];
  switch (list) {
    case "items":
      return arrayOf(values.map((pushed) => structureOf(namedValue(pushed, true))));
    case "pairs":
      return structureOf(title.concat(values.flatMap((pushed) => namedValue(pushed, false))));
    case "triples":
      return structureOf(title.concat(values.flatMap((pushed) => namedValue(pushed, true))));
    case "objects": {
      const itself = { classId: classIds["push-setup"], name: setupName, attributeId: 2 };
      return structureOf([objectListOf([itself], values)].concat(values.map(({ value }) => value)));
    }
    default:
      return structureOf(title.concat(values.map(({ value }) => value)));
  }
}

function structureOf(value: readonly DlmsValue[]): DlmsValue {
  return { type: "structure", value };
}

function namedValue({ name, value, scalerUnit }: PushedValue, withScaler: boolean): DlmsValue[] {
  return withScaler && scalerUnit !== undefined ? [octets(name), value, scalerUnit] : [octets(name), value];
}

type ListedObject = Pick<PushedValue, "classId" | "name" | "attributeId">;

/** An object list: class, logical name, attribute and data index of each. */
export function objectListOf(first: readonly ListedObject[], rest: readonly ListedObject[]): DlmsValue {
  return arrayOf(first.concat(rest).map(objectEntry));
}

function objectEntry(object: ListedObject): DlmsValue {
  return structure(
    longUnsigned(object.classId),
    octets(object.name),
    numeric("integer", object.attributeId),
    longUnsigned(0),
  );
}

function sealed(plain: Uint8Array, message: PushMessage, security: PushProtection): Uint8Array {
  const { suite = 0, policy = "authenticated-encrypted", encryptionKey } = security;
  const broadcast = security.broadcast === true;
  const securityControl = security.securityControl ?? securityControlByte(suite, policy, { broadcast });
  const content = protect({
    plaintext: plain,
    keys: { encryptionKey, authenticationKey: security.authenticationKey ?? noBytes, broadcastKey: encryptionKey },
    suite: readSecurityControl(securityControl).suite as SecuritySuite,
    systemTitle: message.systemTitle,
    securityControl,
    invocationCounter: message.invocationCounter,
  });
  const tag = security.ciphering === "service" ? gloTag(plain[0] ?? 0) : undefined;
  if (tag !== undefined) return encodeApdu({ apdu: "service-ciphered", tag, content });
  const systemTitle = security.withoutTitle === true ? noBytes : message.systemTitle;
  return encodeApdu({ apdu: "general-glo-ciphering", systemTitle, content });
}

function blocks(apdu: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(apdu.length / size);
  return Array.from({ length: count }, (_, index) =>
    encodeApdu({
      apdu: "general-block-transfer",
      last: index === count - 1,
      streaming: index < count - 1,
      window: 0,
      blockNumber: index + 1,
      blockNumberAck: 0,
      data: apdu.subarray(index * size, (index + 1) * size),
    }),
  );
}

function framed(apdus: readonly Uint8Array[], message: PushMessage): Uint8Array[] {
  const { source, client, segmentSize } = message;
  switch (message.framing) {
    case "wrapper":
      return apdus.map((apdu) => encodeWpdu({ source: source.logical, destination: client, apdu }));
    case "hdlc":
      return apdus.flatMap((apdu) => hdlcFrames(concatBytes(llc, apdu), message));
    case "mbus":
      return apdus.flatMap((apdu) =>
        mbusSegments(apdu, segmentSize ?? defaultMbusSize, source.logical & 0xff, client).map(encodeMbusFrame),
      );
    default:
      return [...apdus];
  }
}

/** Frames of type UI; all but the last have the segmentation bit and no final bit. */
function hdlcFrames(bytes: Uint8Array, { source, client, segmentSize = defaultInfoSize }: PushMessage): Uint8Array[] {
  const count = Math.ceil(bytes.length / segmentSize);
  return Array.from({ length: count }, (_, index) =>
    encodeHdlcFrame({
      destination: clientAddress(client),
      source: serverAddress(source.logical, source.physical),
      control: { type: "UI", pollFinal: index === count - 1 },
      segmented: index < count - 1,
      info: bytes.subarray(index * segmentSize, (index + 1) * segmentSize),
    }),
  );
}
