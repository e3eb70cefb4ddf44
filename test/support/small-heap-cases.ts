/** Hostile inputs that must not exhaust a heap of 128 MB. */
import { encodeApdu, parseApdu } from "../../src/apdu";
import { ArrayElementStream } from "../../src/codec";
import { decodePlainBytes, decodeValueBytes } from "../../src/codec/decode";
import { concatBytes } from "../../src/bytes";
import { decodeData, describeApdu, describeData } from "../../src/inspect";
import type { Behaviour } from "../../src/simulator";
import { valueText } from "../../nodes/meters/status";
import { bench } from "./meters";

/** A compact-array of 14 kB: 7,000 rows of one byte, 514 values in each of them: 3.6 million values. */
export const nullRows: Uint8Array = compact(2, 255, 7000);
/** The same with 8,000 values in each row. */
const wideNullRows: Uint8Array = compact(32, 250, 7000);

/** Structures of null-data and one unsigned at the end: `structures` of `nulls` each, in `rows` rows. */
function compact(structures: number, nulls: number, rows: number): Uint8Array {
  const inner = Uint8Array.from([2, nulls, ...new Array<number>(nulls).fill(0)]);
  const parts = Array.from({ length: structures }, () => inner);
  const header = [19, 2, structures + 1];
  const size = [0x82, rows >> 8, rows & 0xff];
  return concatBytes(
    Uint8Array.from(header),
    ...parts,
    Uint8Array.of(17),
    Uint8Array.from(size),
    new Uint8Array(rows).fill(1),
  );
}

/** An array of `count` values of one byte each: null-data. */
function arrayOfNulls(count: number): Uint8Array {
  const bytes = new Uint8Array(count + 6);
  bytes.set([1, 0x84, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff]);
  return bytes;
}

/** An APDU with lists of this many entries of two bytes, and of a byte where there is a list before. */
function listed(start: readonly number[], count: number, before = false): Uint8Array {
  const length = [0x84, count >>> 24, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff];
  const first = before ? [Uint8Array.from(length), new Uint8Array(count)] : [];
  return concatBytes(Uint8Array.from(start), ...first, Uint8Array.from(length), new Uint8Array(2 * count));
}

/** As many as fit a result of 4 MB, the largest that is reassembled. */
const maxPairs = 2_000_000;

/** An array of 4 MB whose elements have a tag and a length of 0. */
const pairs = (tag: number): Uint8Array => listed([1], maxPairs).map((byte, i) => (i >= 6 && i % 2 === 0 ? tag : byte));

const response = (data: Uint8Array): Uint8Array =>
  encodeApdu({ apdu: "get-response-normal", invokeId: 0xc1, result: { ok: true, data } });

/** A meter that answers each GET with these data. */
function answering(data: Uint8Array): Behaviour {
  return {
    name: "answers with what it is told",
    request: (request) => {
      if (request.apdu !== "get-request-normal") return undefined;
      const { invokeId } = request;
      return [encodeApdu({ apdu: "get-response-normal", invokeId, result: { ok: true, data } })];
    },
  };
}

async function read(data: Uint8Array, listens: boolean): Promise<unknown> {
  const { client, clock } = bench({ maxPduSize: 65535 }, {}, [answering(data)]);
  let longest = 0;
  if (listens) {
    client.on("trace", (event) => {
      if (event.kind === "bytes") longest = Math.max(longest, event.decoded.length, event.hex.length);
    });
  }
  try {
    const { value } = await clock.runUntil(client.read({ classId: 1, logicalName: "0.0.96.1.9.255", attributeId: 2 }));
    return { status: valueText(value, null), longest };
  } catch (error) {
    return { code: (error as { code?: string }).code, longest };
  } finally {
    await clock.runUntil(client.close());
  }
}

/** The cases for a heap of 128 MB. */
export const smallHeapCases: Readonly<Record<string, () => unknown>> = {
  decode: () => decodeValueBytes(nullRows).type,
  "decode-plain": () => decodePlainBytes(nullRows),
  "decode-wide": () => decodeValueBytes(wideNullRows).type,
  stream: () => new ArrayElementStream().push(nullRows).elements.length,
  describe: () => describeApdu(response(nullRows)).length,
  "describe-long": () => describeData(decodeData(arrayOfNulls(4_000_000))).length,
  "describe-octets": () => describeData({ type: "octet-string", value: new Uint8Array(4_000_000) }).length,
  "describe-text": () => describeData({ type: "visible-string", value: "\0".repeat(4_000_000) }).length,
  "describe-bits": () => describeData({ type: "bit-string", value: "01".repeat(4_000_000) }).length,
  "empty-structures": () => decodeValueBytes(pairs(2)).type,
  "empty-octet-strings": () => decodeValueBytes(pairs(9)).type,
  "empty-octet-strings-plain": () => decodePlainBytes(pairs(9)),
  "empty-octet-strings-stream": () => new ArrayElementStream().push(pairs(9)).elements.length,
  "list-get": () => parseApdu(listed([0xc4, 3, 0xc1], maxPairs)).apdu,
  "list-read": () => parseApdu(listed([0x0c], maxPairs)).apdu,
  "list-action": () => parseApdu(listed([0xc7, 3, 0xc1], maxPairs)).apdu,
  "list-access": () => parseApdu(listed([0xda, 0x40, 0, 0, 1, 0, 0], 1_333_333, true)).apdu,
  read: () => read(nullRows, false),
  "read-with-trace": () => read(nullRows, true),
  "read-long-with-trace": () => read(arrayOfNulls(60_000), true),
  "status-of-rows": () => valueText(new Array<object>(2_000_000).fill({ a: [1, 2, 3], b: "x".repeat(1000) }), "kWh"),
};
