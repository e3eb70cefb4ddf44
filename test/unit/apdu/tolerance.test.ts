import assert from "node:assert/strict";
import { type Aare, type Apdu, encodeApdu, parseApdu } from "../../../src/apdu";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsConfigError, DlmsDecodeError } from "../../../src/errors";

const parse = (hex: string): Apdu => parseApdu(fromHex(hex));

function aare(hex: string): Aare {
  const apdu = parse(hex);
  assert.ok(apdu.apdu === "aare");
  return apdu;
}

function failure(run: () => unknown): DlmsDecodeError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DlmsDecodeError, String(error));
    return error;
  }
  assert.fail("no error came");
}

const accepted = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007";
const initiateResponse = "0800065f1f040000501f01f40007";

describe("association responses that are not as they should be", () => {
  it("a refusal is reported without user-information", () => {
    const apdu = aare("6117a109060760857405080101a203020101a305a10302010d");
    assert.equal(apdu.result, 1);
    assert.equal(apdu.diagnostic, 13);
    assert.equal(apdu.userInformation, undefined);
    assert.equal(apdu.notes, undefined);
  });

  it("reports a refusal with unreadable user-information", () => {
    for (const tail of ["be00", "be020400", "be0604040e", "beff", "be", "be0401020304"]) {
      const body = `a109060760857405080101a203020102a305a20302010${"2"}${tail}`;
      const apdu = aare(`61${(body.length / 2).toString(16)}${body}`);
      assert.equal(apdu.result, 2);
      assert.equal(apdu.diagnosticSource, "service-provider");
      assert.equal(apdu.diagnostic, 2);
    }
  });

  it("keeps the user-information when an inner length is one short (Landis+Gyr)", () => {
    const apdu = aare(accepted.replace("be10040e", "be0f040e"));
    assert.equal(toHex(apdu.userInformation ?? new Uint8Array()), initiateResponse);
    assert.deepEqual(apdu.notes, ["user-information: the lengths inside and outside differ"]);
  });

  it("lengths that are too long are cut at the end of the bytes", () => {
    for (const [right, wrong] of [
      ["6129", "617f"],
      ["be10040e", "be30040e"],
      ["be10040e", "be10041e"],
    ] as const) {
      const apdu = aare(accepted.replace(right, wrong));
      assert.equal(toHex(apdu.userInformation ?? new Uint8Array()), initiateResponse);
      assert.ok(apdu.notes && apdu.notes.length > 0);
    }
  });

  it("keeps result and diagnostic when any later byte is cut off", () => {
    const bytes = fromHex(accepted);
    const behind = accepted.indexOf("be10") / 2;
    for (let length = behind; length < bytes.length; length++) {
      const apdu = parseApdu(bytes.subarray(0, length));
      assert.ok(apdu.apdu === "aare");
      assert.equal(apdu.result, 0);
      assert.equal(apdu.diagnostic, 0);
    }
  });

  it("a response without a result is an error, not an acceptance", () => {
    const error = failure(() => parse("610ba109060760857405080101"));
    assert.equal(error.code, "DLMS_DECODE_VALUE");
    assert.equal(error.details["path"], "aare.result");
  });

  it("unknown fields are skipped", () => {
    const apdu = aare("611b" + "9e021122" + accepted.slice(4, -36));
    assert.equal(apdu.result, 0);
  });

  it("reports a context outside the DLMS UA's as unknown", () => {
    assert.equal(aare("6114a10906072a864886f70d01a203020101a305a103020102").applicationContext, undefined);
    const aarq = parse("600ba10906072a864886f70d01");
    assert.ok(aarq.apdu === "aarq");
    assert.equal(aarq.applicationContext, 0);
  });
});

describe("releases of every form", () => {
  for (const hex of ["63", "6300", "630380", "63038001", "638001", "630a800100", "63ff", "6303800100", "6380"]) {
    it(`${hex} is an RLRE`, () => assert.equal(parse(hex).apdu, "rlre"));
  }
  for (const hex of ["62", "6200", "6203800100"]) {
    it(`${hex} is an RLRQ`, () => assert.equal(parse(hex).apdu, "rlrq"));
  }
  for (const [hex, reason] of [
    ["6303800100", 0],
    ["63058003020100", 0],
    ["6305800302011e", 30],
    ["630480020101", 257],
  ] as const) {
    it(`${hex} has the reason ${reason}: a whole INTEGER inside the field is read as one`, () => {
      assert.deepEqual(parse(hex), { apdu: "rlre", reason });
    });
  }
});

describe("initiate", () => {
  it("accepts the conformance tag 5F 04 without 1F (Landis+Gyr)", () => {
    assert.deepEqual(parse("0800065f040000501f01f40007"), parse(initiateResponse));
  });

  it("passes on a server PDU size of 0, which means no limit", () => {
    const apdu = parse("0800065f1f040000501f00000007");
    assert.ok(apdu.apdu === "initiate-response");
    assert.equal(apdu.maxPduSize, 0);
  });

  it("refuses another tag, and a cut end", () => {
    assert.equal(failure(() => parse("0800065b1f040000101d00800007")).code, "DLMS_DECODE_TAG");
    assert.equal(failure(() => parse("0800065f1f040000101d008000")).code, "DLMS_DECODE_TRUNCATED");
  });

  it("decodes that a response is not allowed", () => {
    const apdu = parse("010001 00 00 06 5f1f04 00007e1f 04b0");
    assert.ok(apdu.apdu === "initiate-request");
    assert.equal(apdu.responseAllowed, false);
  });
});

describe("exception responses", () => {
  it("reads an expected counter of 4 or of 8 bytes", () => {
    const expected = { apdu: "exception-response", stateError: 1, serviceError: 6, invocationCounter: 0x01020304 };
    assert.deepEqual(parse("d8010601020304"), expected);
    assert.deepEqual(parse("d801060000000001020304"), expected);
    assert.deepEqual(parse("d80106"), { apdu: "exception-response", stateError: 1, serviceError: 6 });
    assert.equal(toHex(encodeApdu(expected as Apdu)), "d8010601020304");
  });
});

describe("notifications", () => {
  it("reads an empty octet-string with its data tag as no date-time", () => {
    assert.deepEqual(parse("0f400000000900020106000016dc"), parse("0f4000000000020106000016dc"));
  });

  it("accepts the date-time with a data tag before its length (Kaifa)", () => {
    assert.deepEqual(
      parse("0f40000000090c07e3020401173416ff800000020106000016dc"),
      parse("0f400000000c07e3020401173416ff800000020106000016dc"),
    );
  });

  it("refuses a date-time of another length", () => {
    assert.equal(failure(() => parse("0f0063d76a0103ff")).code, "DLMS_DECODE_LENGTH");
  });

  it("accepts an event's time with and without its length", () => {
    const event = "000101000003 00ff 02 03ff".replace(/ /g, "");
    assert.deepEqual(parse(`c20107e7011f0212221700000000${event}`), parse(`c2010c07e7011f0212221700000000${event}`));
    assert.deepEqual(
      parse(`c201090c07e7011f0212221700000000${event}`),
      parse(`c2010c07e7011f0212221700000000${event}`),
    );
  });
});

describe("parsing an APDU", () => {
  it("accepts an ACTION response without its presence byte", () => {
    assert.deepEqual(parse("c701c103"), { apdu: "action-response-normal", invokeId: 0xc1, response: { result: 3 } });
  });

  it("refuses trailing bytes, or reports them", () => {
    assert.equal(failure(() => parse("c401c1001105dead")).code, "DLMS_DECODE_TRAILING");
    let left = "";
    const options = { allowTrailing: true, onTrailing: (bytes: Uint8Array) => (left = toHex(bytes)) };
    assert.equal(parseApdu(fromHex("c401c1001105dead"), options).apdu, "get-response-normal");
    assert.equal(left, "dead");
  });

  it("names a tag that no APDU has, and a form that the service does not have", () => {
    const tag = failure(() => parse("e6e700c401"));
    assert.equal(tag.code, "DLMS_DECODE_TAG");
    assert.match(tag.message, /tag e6; bytes e6e700c401/);
    assert.match(failure(() => parse("c409c1")).message, /get-response: choice 09/);
    assert.equal(failure(() => parse("")).code, "DLMS_DECODE_TRUNCATED");
  });

  it("reports the path of an error in a list", () => {
    const error = failure(() => parse("c403c10200110500060000"));
    assert.equal(error.details["path"], "get-response.results[1].data");
    assert.equal(error.details["offset"], 9);
  });

  for (const hex of [
    "c403c184ffffffff",
    "c003c184ffffffff",
    "0584ffffffff",
    "d9400000000084ffffffff",
    "c804",
    "c884ffffffff00",
  ]) {
    it(`refuses the absurd count of ${hex}`, () => {
      assert.equal(failure(() => parse(hex)).code, "DLMS_DECODE_TRUNCATED");
    });
  }

  it("hands out plain Uint8Arrays of a Buffer", () => {
    const apdu = parseApdu(Buffer.from("c401c1001105", "hex"));
    assert.ok(apdu.apdu === "get-response-normal" && apdu.result.ok);
    assert.equal(apdu.result.data.constructor, Uint8Array);
  });
});

describe("encoding an APDU", () => {
  const attribute = { classId: 1, instanceId: new Uint8Array(6), attributeId: 2 };
  const wrong: readonly (readonly [Apdu, RegExp])[] = [
    [{ apdu: "get-request-normal", invokeId: 256, attribute }, /invoke-id-and-priority: .* 0 to 255, got 256/],
    [{ apdu: "get-request-normal", invokeId: 1, attribute: { ...attribute, classId: -1 } }, /class-id/],
    [{ apdu: "get-request-normal", invokeId: 1, attribute: { ...attribute, attributeId: 128 } }, /attribute-id/],
    [
      { apdu: "get-request-normal", invokeId: 1, attribute: { ...attribute, instanceId: new Uint8Array(5) } },
      /instance-id: expected 6 bytes, got 5/,
    ],
    [{ apdu: "data-notification", longInvokeId: 1, dateTime: new Uint8Array(5), data: new Uint8Array(1) }, /12 bytes/],
    [
      { apdu: "initiate-response", dlmsVersion: 6, conformance: 0x1000000, maxPduSize: 0, vaaName: 7 },
      /conformance: expected 24 bits/,
    ],
    [{ apdu: "nonsense" } as unknown as Apdu, /"nonsense" is not an APDU/],
  ];
  for (const [apdu, message] of wrong) {
    it(`refuses what makes ${String(message)}`, () => {
      assert.throws(
        () => encodeApdu(apdu),
        (error: unknown) => error instanceof DlmsConfigError && message.test(error.message),
      );
    });
  }
});
