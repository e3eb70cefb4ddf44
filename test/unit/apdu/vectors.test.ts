import assert from "node:assert/strict";
import { type Apdu, conformanceMask, encodeApdu, parseApdu } from "../../../src/apdu";
import { fromHex, toHex } from "../../../src/bytes";
import { encodeValueBytes } from "../../../src/codec";

const hex = fromHex;
const obis = (...groups: number[]): Uint8Array => Uint8Array.from(groups);
const services = conformanceMask([
  "priority-mgmt-supported",
  "attribute0-supported-with-get",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "get",
  "set",
  "selective-access",
  "event-notification",
  "action",
]);
const entries = {
  selector: 2,
  parameters: {
    type: "structure",
    value: [
      { type: "double-long-unsigned", value: 0 },
      { type: "double-long-unsigned", value: 5 },
      { type: "long-unsigned", value: 0 },
      { type: "long-unsigned", value: 0 },
    ],
  },
} as const;
const first = { classId: 1, instanceId: obis(1, 0, 0, 3, 0, 255) };
const second = { classId: 1, instanceId: obis(0, 0, 8, 0, 0, 255) };
const block = { last: true, blockNumber: 1, raw: hex("0102030405") };

/** Bytes with their meaning and source. Each is read and written. */
const published: readonly (readonly [string, string, Apdu])[] = [
  [
    "Green Book example, AARQ with LLS (u9n/dlms-cosem, MIT)",
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0",
    {
      apdu: "aarq",
      applicationContext: 1,
      acseRequirements: true,
      mechanism: 1,
      authenticationValue: hex("3132333435363738"),
      userInformation: hex("01000000065f1f0400007e1f04b0"),
    },
  ],
  [
    "Green Book example, ciphered AARQ (u9n/dlms-cosem, MIT)",
    "6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855",
    {
      apdu: "aarq",
      applicationContext: 3,
      callingApTitle: hex("4d4d4d0000bc614e"),
      acseRequirements: true,
      mechanism: 1,
      authenticationValue: hex("3132333435363738"),
      userInformation: hex(
        "21303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855",
      ),
    },
  ],
  [
    "Green Book example, AARE with GMAC challenge (u9n/dlms-cosem, MIT)",
    "6142a109060760857405080101a203020100a305a10302010e88020780890760857405080205aa0a8008503677524a323146be10040e0800065f1f040000501f01f40007",
    {
      apdu: "aare",
      applicationContext: 1,
      result: 0,
      diagnosticSource: "service-user",
      diagnostic: 14,
      acseRequirements: true,
      mechanism: 5,
      authenticationValue: hex("503677524a323146"),
      userInformation: hex("0800065f1f040000501f01f40007"),
    },
  ],
  [
    "Circutor/gosem (MIT), AARE after a wrong password",
    "611fa109060760857405080101a203020101a305a10302010dbe0604040e010600",
    {
      apdu: "aare",
      applicationContext: 1,
      result: 1,
      diagnosticSource: "service-user",
      diagnostic: 13,
      userInformation: hex("0e010600"),
    },
  ],
  ["u9n/dlms-cosem (MIT), RLRQ", "6203800100", { apdu: "rlrq", reason: 0 }],
  ["Circutor/gosem (MIT), empty RLRE", "6300", { apdu: "rlre" }],
  [
    "Green Book example, initiate request with dedicated key (u9n/dlms-cosem, MIT)",
    "01011000112233445566778899aabbccddeeff0000065f1f0400007e1f04b0",
    {
      apdu: "initiate-request",
      dedicatedKey: hex("00112233445566778899aabbccddeeff"),
      responseAllowed: true,
      dlmsVersion: 6,
      conformance: services,
      maxPduSize: 1200,
    },
  ],
  [
    "Circutor/gosem (MIT), initiate response with quality of service",
    "080103065f1f040000101d00800007",
    {
      apdu: "initiate-response",
      qualityOfService: 3,
      dlmsVersion: 6,
      conformance: conformanceMask(["block-transfer-with-get-or-read", "get", "set", "selective-access", "action"]),
      maxPduSize: 128,
      vaaName: 7,
    },
  ],
  [
    "u9n/dlms-cosem (MIT), DLMS version too low",
    "0e010601",
    { apdu: "confirmed-service-error", service: 1, errorType: 6, value: 1 },
  ],
  ["u9n/dlms-cosem (MIT), exception", "d80203", { apdu: "exception-response", stateError: 2, serviceError: 3 }],
  [
    "u9n/dlms-cosem (MIT), GET of an invocation counter",
    "c001c1000100002b0100ff0200",
    {
      apdu: "get-request-normal",
      invokeId: 0xc1,
      attribute: { classId: 1, instanceId: obis(0, 0, 43, 1, 0, 255), attributeId: 2 },
    },
  ],
  ["u9n/dlms-cosem (MIT), GET next", "c002c100000001", { apdu: "get-request-next", invokeId: 0xc1, blockNumber: 1 }],
  [
    "Circutor/gosem (MIT), GET with list and selective access",
    "c003450200010100000300ff02010202040600000000060000000512000012000000010000080000ff020102020406000000000600000005120000120000",
    {
      apdu: "get-request-with-list",
      invokeId: 0x45,
      attributes: [
        { ...first, attributeId: 2, access: entries },
        { ...second, attributeId: 2, access: entries },
      ],
    },
  ],
  [
    "u9n/dlms-cosem (MIT), GET response",
    "c401c1000600001391",
    {
      apdu: "get-response-normal",
      invokeId: 0xc1,
      result: { ok: true, data: encodeValueBytes({ type: "double-long-unsigned", value: 5009 }) },
    },
  ],
  [
    "u9n/dlms-cosem (MIT), GET error",
    "c401c10101",
    { apdu: "get-response-normal", invokeId: 0xc1, result: { ok: false, result: 1 } },
  ],
  [
    "Circutor/gosem (MIT), GET block",
    "c402510100000001000c07d20c04030a060bff007800",
    {
      apdu: "get-response-with-datablock",
      invokeId: 0x51,
      last: true,
      blockNumber: 1,
      result: { ok: true, data: hex("07d20c04030a060bff007800") },
    },
  ],
  [
    "u9n/dlms-cosem (MIT), error in the last GET block",
    "c402c101000000130101",
    {
      apdu: "get-response-with-datablock",
      invokeId: 0xc1,
      last: true,
      blockNumber: 19,
      result: { ok: false, result: 1 },
    },
  ],
  [
    "Circutor/gosem (MIT), GET list with a result and data",
    "c40345020100000500000001",
    {
      apdu: "get-response-with-list",
      invokeId: 0x45,
      results: [
        { ok: false, result: 0 },
        { ok: true, data: hex("0500000001") },
      ],
    },
  ],
  [
    "u9n/dlms-cosem (MIT), SET of the clock",
    "c101c100080000010000ff0200090c07e50118ff0e303950ffc400",
    {
      apdu: "set-request-normal",
      invokeId: 0xc1,
      attribute: { classId: 8, instanceId: obis(0, 0, 1, 0, 0, 255), attributeId: 2 },
      data: hex("090c07e50118ff0e303950ffc400"),
    },
  ],
  [
    "Circutor/gosem (MIT), SET first block",
    "c1025100010100000300ff02000100000001050102030405",
    { apdu: "set-request-with-first-datablock", invokeId: 0x51, attribute: { ...first, attributeId: 2 }, block },
  ],
  [
    "Circutor/gosem (MIT), SET block",
    "c103510100000001050102030405",
    { apdu: "set-request-with-datablock", invokeId: 0x51, block },
  ],
  [
    "Circutor/gosem (MIT), SET list and first block",
    "c105450200010100000300ff02010202040600000000060000000512000012000000010000080000ff0201020204060000000006000000051200001200000100000001050102030405",
    {
      apdu: "set-request-with-list-and-first-datablock",
      invokeId: 0x45,
      attributes: [
        { ...first, attributeId: 2, access: entries },
        { ...second, attributeId: 2, access: entries },
      ],
      block,
    },
  ],
  [
    "Circutor/gosem (MIT), SET last block of a list",
    "c50451030001fa00000001",
    { apdu: "set-response-last-datablock-with-list", invokeId: 0x51, results: [0, 1, 250], blockNumber: 1 },
  ],
  [
    "u9n/dlms-cosem (MIT), ACTION that carries f(StoC)",
    "c301c0000f0000280000ff010109111000001a90e6d2221fa2fd85eed61acc22",
    {
      apdu: "action-request-normal",
      invokeId: 0xc0,
      method: { classId: 15, instanceId: obis(0, 0, 40, 0, 0, 255), methodId: 1 },
      parameters: hex("09111000001a90e6d2221fa2fd85eed61acc22"),
    },
  ],
  [
    "Circutor/gosem (MIT), ACTION list",
    "c303510200010100000300ff0200010000080000ff0202090501020304050500000045",
    {
      apdu: "action-request-with-list",
      invokeId: 0x51,
      methods: [
        { ...first, methodId: 2 },
        { ...second, methodId: 2 },
      ],
      parameters: [hex("09050102030405"), hex("0500000045")],
    },
  ],
  [
    "Circutor/gosem (MIT), ACTION list and first block",
    "c305510200010100000300ff0200010000080000ff020100000001050102030405",
    {
      apdu: "action-request-with-list-and-first-pblock",
      invokeId: 0x51,
      methods: [
        { ...first, methodId: 2 },
        { ...second, methodId: 2 },
      ],
      block,
    },
  ],
  [
    "u9n/dlms-cosem (MIT), ACTION response with f(CtoS)",
    "c701c000010009111000001afde8857b728a3499106aa665d1",
    {
      apdu: "action-response-normal",
      invokeId: 0xc0,
      response: { result: 0, returnParameters: { ok: true, data: hex("09111000001afde8857b728a3499106aa665d1") } },
    },
  ],
  [
    "u9n/dlms-cosem (MIT), ACTION response with an error inside",
    "c701c0000101fa",
    {
      apdu: "action-response-normal",
      invokeId: 0xc0,
      response: { result: 0, returnParameters: { ok: false, result: 250 } },
    },
  ],
  [
    "cjhdev/dlms_trouble (MIT), event notification with its time",
    "c2010c05dc0101010000000000000000010100000300ff0203ff",
    {
      apdu: "event-notification",
      time: hex("05dc01010100000000000000"),
      attribute: { ...first, attributeId: 2 },
      data: hex("03ff"),
    },
  ],
  [
    "cjhdev/dlms_trouble (MIT), data notification with its time",
    "0f0063d76a0c07e7011f021222170000000003ff",
    {
      apdu: "data-notification",
      longInvokeId: 6543210,
      dateTime: hex("07e7011f0212221700000000"),
      data: hex("03ff"),
    },
  ],
];

describe("published APDUs", () => {
  for (const [source, text, apdu] of published) {
    it(`${source}: ${apdu.apdu}`, () => {
      assert.deepEqual(parseApdu(hex(text)), apdu);
      assert.equal(toHex(encodeApdu(apdu)), text);
    });
  }
});

/**
 * Forms that no public vector shows, written down from the ASN.1 of IEC 62056-5-3, clause 8: short names, ACCESS,
 * general block transfer, general ciphering and signing.
 */
const fromAsn1: readonly (readonly [string, Apdu])[] = [
  ["050102fa08", { apdu: "read-request", variables: [{ kind: "variable-name", name: 0xfa08 }] }],
  [
    "050104fa58010904aabbccdd",
    {
      apdu: "read-request",
      variables: [{ kind: "parameterized-access", name: 0xfa58, selector: 1, data: hex("0904aabbccdd") }],
    },
  ],
  ["05010500 02", { apdu: "read-request", variables: [{ kind: "block-number-access", blockNumber: 2 }] }],
  [
    "0c 03 00 1105 01 03 02 01 0001 02 0102",
    {
      apdu: "read-response",
      results: [
        { kind: "data", data: hex("1105") },
        { kind: "error", result: 3 },
        { kind: "data-block", block: { last: true, blockNumber: 1, raw: hex("0102") } },
      ],
    },
  ],
  [
    "06 01 02 0608 01 1105",
    { apdu: "write-request", variables: [{ kind: "variable-name", name: 0x0608 }], values: [hex("1105")] },
  ],
  [
    "0d 03 00 01 0c 02 0001",
    {
      apdu: "write-response",
      results: [{ kind: "success" }, { kind: "error", result: 12 }, { kind: "block-number", blockNumber: 1 }],
    },
  ],
  [
    "16 01 02 0608 01 00",
    { apdu: "unconfirmed-write-request", variables: [{ kind: "variable-name", name: 0x0608 }], values: [hex("00")] },
  ],
  [
    "18 00 01 02 0608 01 1105",
    { apdu: "information-report", variables: [{ kind: "variable-name", name: 0x0608 }], values: [hex("1105")] },
  ],
  [
    "18 01 12 32303236303130323033303430352e30305a 00 00",
    { apdu: "information-report", currentTime: "20260102030405.00Z", variables: [], values: [] },
  ],
  [
    "da 40000001 00 00 02 00 1105 02 01 03 02 00",
    {
      apdu: "access-response",
      longInvokeId: 0x40000001,
      data: [hex("00"), hex("1105")],
      results: [
        { kind: "get", result: 3 },
        { kind: "set", result: 0 },
      ],
    },
  ],
  [
    "e0 c5 0102 0304 03 aabbcc",
    {
      apdu: "general-block-transfer",
      last: true,
      streaming: true,
      window: 5,
      blockNumber: 0x0102,
      blockNumberAck: 0x0304,
      data: hex("aabbcc"),
    },
  ],
  ["cc 03 300000", { apdu: "service-ciphered", tag: 0xcc, content: hex("300000") }],
  ["db 00 01 30", { apdu: "general-glo-ciphering", systemTitle: hex(""), content: hex("30") }],
  [
    "dd 01 01 02 0202 02 0303 00 00 01 02 01 02 01 ff 01 30",
    {
      apdu: "general-ciphering",
      transactionId: hex("01"),
      originatorSystemTitle: hex("0202"),
      recipientSystemTitle: hex("0303"),
      dateTime: hex(""),
      otherInformation: hex(""),
      keyInfo: { kind: "agreed-key", parameters: hex("02"), cipheredData: hex("ff") },
      content: hex("30"),
    },
  ],
  [
    "df 01 01 02 0202 02 0303 00 00 02 c000 01 ee",
    {
      apdu: "general-signing",
      transactionId: hex("01"),
      originatorSystemTitle: hex("0202"),
      recipientSystemTitle: hex("0303"),
      dateTime: hex(""),
      otherInformation: hex(""),
      content: hex("c000"),
      signature: hex("ee"),
    },
  ],
];

describe("APDUs written down from the standard's ASN.1", () => {
  for (const [text, apdu] of fromAsn1) {
    it(`${apdu.apdu}: ${text}`, () => {
      assert.deepEqual(parseApdu(hex(text)), apdu);
      assert.deepEqual(encodeApdu(apdu), hex(text));
    });
  }
});
