/** Fuzz targets for the decoders of values and APDUs. */
import assert from "node:assert/strict";
import { bytesEqual, fromHex } from "../../../src/bytes";
import { type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../../src/codec";
import { decodeApdu, decodeData, decodeFrame, describeApdu, describeData, describeFrame } from "../../../src/inspect";
import { TraceInspector } from "../../../src/inspect";
import { checkNodes, checkText, onlyDlmsErrors, type Target } from "./target";

const keys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
  dedicatedKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  systemTitle: fromHex("4d4d4d0000000001"),
};
/** 16 values for each byte in compact-arrays; a value is an object, its type and its content. */
const nodesPerByte = 64;
/** in characters: 8192, and a few lines that count the omitted parts */
const maxDescriptionBytes = 12_288;

/** Encodes a decoded value again and compares the bytes: the decoder must not lose or invent anything. */
function checkRoundTrip(value: DlmsValue): void {
  const encoded = onlyDlmsErrors(() => encodeValueBytes(value));
  if (encoded === undefined) return;
  const again = encodeValueBytes(decodeValueBytes(encoded));
  assert.ok(bytesEqual(encoded, again), "the value changes when it is encoded and decoded again");
}

export const decodeTargets: readonly Target[] = [
  {
    name: "data",
    seeds: ["data"],
    run: (input) => {
      const value = onlyDlmsErrors(() => decodeData(input));
      if (value === undefined) return;
      checkNodes(value, input, nodesPerByte);
      checkRoundTrip(value);
      checkText(describeData(value), maxDescriptionBytes);
    },
  },
  {
    name: "apdu",
    seeds: ["apdu"],
    run: (input) => {
      const apdu = onlyDlmsErrors(() => decodeApdu(input));
      if (apdu !== undefined) checkNodes(apdu, input, nodesPerByte);
    },
  },
  {
    name: "apdu-keys",
    seeds: ["apdu"],
    run: (input) => {
      onlyDlmsErrors(() => decodeApdu(input, keys));
      const { encryptionKey, systemTitle } = keys;
      onlyDlmsErrors(() => decodeApdu(input, { encryptionKey, systemTitle }));
    },
  },
  ...(["hdlc", "wrapper"] as const).map((link): Target => ({
    name: `frame-${link}`,
    seeds: [link],
    run: (input) => {
      const frame = onlyDlmsErrors(() => decodeFrame(input, link, keys));
      if (frame !== undefined) checkNodes(frame, input, nodesPerByte);
    },
  })),
  {
    name: "describe",
    seeds: ["apdu", "hdlc", "wrapper"],
    // never throws, whatever the bytes contain
    run: (input) => {
      checkText(describeApdu(input, { keys }), maxDescriptionBytes);
      for (const link of ["hdlc", "wrapper"] as const) {
        checkText(describeFrame(input, link, { keys }), maxDescriptionBytes);
      }
    },
  },
  {
    name: "trace",
    seeds: ["apdu", "hdlc", "wrapper", "mode-e"],
    run: (input) => {
      const inspector = new TraceInspector({ keys, secrets: [fromHex("70617373776f7264")] });
      const half = input.length >> 1;
      for (const link of ["hdlc", "wrapper", "hdlc-mode-e"] as const) {
        for (const layer of ["link", "apdu"] as const) {
          for (const direction of ["out", "in"] as const) {
            for (const bytes of [input.subarray(0, half), input.subarray(half), input]) {
              const { hex, decoded } = inspector.inspect({ direction, layer, link, bytes });
              checkText(hex, maxDescriptionBytes + 200);
              checkText(decoded, maxDescriptionBytes);
            }
          }
        }
      }
    },
  },
];
