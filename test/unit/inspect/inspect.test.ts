import assert from "node:assert/strict";
import { concatBytes, fromHex, toHex } from "../../../src/bytes";
import { encodeApdu, parseApdu } from "../../../src/apdu";
import { DlmsDecodeError, DlmsLinkError } from "../../../src/errors";
import { encodeHdlcFrame, encodeWpdu } from "../../../src/link";
import {
  decodeApdu,
  decodeData,
  decodeFrame,
  describeApdu,
  describeData,
  describeFrame,
  TraceInspector,
} from "../../../src/inspect";

/** Green Book example keys and titles, as published in u9n/dlms-cosem (MIT). */
const keys = {
  encryptionKey: "000102030405060708090A0B0C0D0E0F",
  authenticationKey: "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF",
};
const aarqLls =
  "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0";
const aarqCiphered =
  "6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a80083132333435363738be34043221303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855";
const plainInitiate = "01011000112233445566778899aabbccddeeff0000065f1f0400007e1f04b0";

describe("decodeData", () => {
  it("accepts bytes and pasted hex", () => {
    assert.deepEqual(decodeData("12 00 2A"), { type: "long-unsigned", value: 42 });
    assert.deepEqual(decodeData(fromHex("12002a")), { type: "long-unsigned", value: 42 });
    assert.throws(() => decodeData("12002a00"), { code: "DLMS_DECODE_TRAILING" });
  });

  it("is shown as a tree with hints", () => {
    assert.equal(
      describeData(decodeData("0203 0906 0100010800ff 090c 07e2020c0500000000800000 06000186a0")),
      [
        "structure (3)",
        "  octet-string (6) 0100010800ff [1-0:1.8.0*255]",
        "  octet-string (12) 07e2020c0500000000800000 [2018-02-12T00:00:00]",
        "  double-long-unsigned 100000",
      ].join("\n"),
    );
  });
});

describe("decodeApdu", () => {
  it("passes over LLC bytes and refuses trailing ones", () => {
    assert.equal(decodeApdu("E6E700 C401C100 0600001391").apdu, "get-response-normal");
    assert.throws(() => decodeApdu("c401c100060000139100"), { code: "DLMS_DECODE_TRAILING" });
  });

  it("opens the ciphered user-information of an AARQ with keys (Green Book)", () => {
    const apdu = decodeApdu(aarqCiphered, keys);
    assert.ok(apdu.apdu === "aarq" && apdu.userInformation);
    assert.equal(toHex(apdu.userInformation), plainInitiate);
  });

  it("opens glo-initiate-request with the title from the keys, with or without the authentication key", () => {
    const glo = "21303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855";
    for (const given of [keys, { encryptionKey: keys.encryptionKey }]) {
      const apdu = decodeApdu(glo, { ...given, systemTitle: "4d4d4d0000bc614e" });
      assert.equal(toHex(encodeApdu(apdu)), plainInitiate);
    }
    assert.equal(decodeApdu(glo, keys).apdu, "service-ciphered", "no title, nothing to open it with");
    assert.throws(
      () => decodeApdu(glo, { ...keys, authenticationKey: keys.encryptionKey, systemTitle: "4d4d4d0000bc614e" }),
      { code: "DLMS_SEC_TAG" },
    );
  });
});

describe("decodeFrame", () => {
  const wpdu = encodeWpdu({ source: 1, destination: 16, apdu: fromHex("c401c1000600001391") });

  it("reads a wrapper frame and the APDU in it", () => {
    const frame = decodeFrame(toHex(wpdu), "wrapper");
    assert.ok(frame.link === "wrapper");
    assert.equal(frame.source, 1);
    assert.equal(frame.destination, 16);
    assert.equal(frame.apdu?.apdu, "get-response-normal");
  });

  it("reads HDLC frames: the UA of the shared vectors' form, and an I frame", () => {
    const info = concatBytes(fromHex("e6e700"), fromHex("c401c1000600001391"));
    const bytes = encodeHdlcFrame({
      destination: { logical: 16, size: 1 },
      source: { logical: 1, physical: 17, size: 2 },
      control: { type: "I", sendSequence: 1, receiveSequence: 2, pollFinal: true },
      segmented: false,
      info,
    });
    const frame = decodeFrame(bytes, "hdlc");
    assert.ok(frame.link === "hdlc" && frame.llc === "response");
    assert.equal(frame.apdu?.apdu, "get-response-normal");
    assert.deepEqual(describeFrame(bytes, "hdlc").split("\n"), [
      "HDLC I, N(S) 1, N(R) 2, P/F, 1/17 -> 16",
      "  get-response-normal",
      "    invoke id: 1, confirmed, high priority",
      "    result",
      "      ok: true",
      "      data: double-long-unsigned 5009",
    ]);
  });

  it("refuses bytes that are not a frame, and reports it in the description", () => {
    assert.throws(() => decodeFrame("7ea0", "hdlc"), DlmsLinkError);
    assert.throws(() => decodeFrame("zz", "hdlc"), DlmsDecodeError);
    assert.match(describeFrame("00020001", "wrapper"), /^cannot be read: wrapper/);
  });
});

describe("describeApdu", () => {
  it("shows an association request in words, its password masked", () => {
    const text = describeApdu(aarqLls);
    assert.match(text, /application context: 1 \(LN\)/);
    assert.match(text, /mechanism: 1 \(LLS\)/);
    assert.match(text, /authentication value: \(8 bytes, masked\)/);
    assert.match(text, /conformance: priority-mgmt-supported, .*action/);
    assert.doesNotMatch(text, /3132333435363738|12345678/);
  });

  it("shows the content that keys open, with the dedicated key masked", () => {
    const text = describeApdu(aarqCiphered, { keys });
    assert.match(text, /suite 0, authenticated and encrypted, counter 19088743/);
    assert.match(text, /plain: initiate-request/);
    assert.match(text, /dedicated key: \(16 bytes, masked\)/);
    assert.doesNotMatch(text, /00112233445566778899aabbccddeeff/);
  });

  it("names objects, attributes and results", () => {
    assert.match(describeApdu("c001c100030100010800ff0200"), /attribute: Register \(3\) 1-0:1\.8\.0\*255\/2 value/);
    assert.match(describeApdu("c401c10103"), /result: 3 \(read-write-denied\)/);
    assert.match(describeApdu("d80106 00000005"), /service error: 6 \(invocation-counter-error\)/);
    assert.match(describeApdu("0e010601"), /value: 1 \(dlms-version-too-low\)/);
  });

  it("masks keys that are transferred, passwords that are set, and HLS passes", () => {
    const secret = "0910aabbccddeeff00112233445566778899";
    for (const hex of [
      `c301c1 0040 00002b0000ff 02 01 ${secret}`,
      `c101c1 000f 0000280000ff 07 00 ${secret}`,
      `c301c1 000f 0000280000ff 01 01 ${secret}`,
      `05 01 04 fa58 01 ${secret}`,
    ]) {
      const text = describeApdu(hex);
      assert.match(text, /masked/);
      assert.doesNotMatch(text, /aabbccdd/);
    }
  });

  it("describes unreadable bytes instead of throwing", () => {
    assert.match(describeApdu("ff00"), /cannot be read: apdu: no APDU has the tag ff/);
  });
});

describe("TraceInspector", () => {
  const link = "wrapper" as const;
  const show = (inspector: TraceInspector, direction: "in" | "out", hex: string, layer: "link" | "apdu" = "apdu") =>
    inspector.inspect({ direction, layer, link, bytes: fromHex(hex) });
  const pass = "c301c1000f0000280000ff01010911100000000102030405060708090a0b0c0d";
  const answer = "c701c10001000911100000000212131415161718191a1b1c1d";

  it("masks the password in the hex of the APDU and of the frame", () => {
    const inspector = new TraceInspector();
    assert.match(show(inspector, "out", aarqLls).hex, /80 ?08(\*\*){8}be10/);
    const frame = toHex(encodeWpdu({ source: 16, destination: 1, apdu: fromHex(aarqLls) }));
    const shown = show(inspector, "out", frame, "link");
    assert.match(shown.hex, /8008(\*\*){8}be10/);
    assert.doesNotMatch(shown.hex + shown.decoded, /3132333435/);
  });

  it("masks only the two passes of high level security", () => {
    const inspector = new TraceInspector();
    const sent = show(inspector, "out", pass);
    assert.doesNotMatch(sent.hex + sent.decoded, /0102030405/);
    const received = show(inspector, "in", answer);
    assert.doesNotMatch(received.hex + received.decoded, /1213141516/);
    assert.match(received.decoded, /masked/);
    assert.match(show(inspector, "in", answer).hex, /1213141516/);
  });

  it("masks known secrets wherever they are, in noise too", () => {
    const inspector = new TraceInspector({ secrets: [fromHex("3132333435363738")] });
    const shown = inspector.inspect({
      direction: "in",
      layer: "link",
      link: "hdlc",
      bytes: fromHex("7ea0ffff3132333435363738ff"),
    });
    assert.equal(shown.hex, "7ea0ffff****************ff");
  });

  it("masks the segments of an APDU that carries secrets", () => {
    const inspector = new TraceInspector();
    const bytes = concatBytes(fromHex("e6e600"), fromHex(aarqLls));
    const texts = [bytes.subarray(0, 40), bytes.subarray(40)].map((info, i) =>
      inspector.inspect({
        direction: "out",
        layer: "link",
        link: "hdlc",
        bytes: encodeHdlcFrame({
          destination: { logical: 1, size: 1 },
          source: { logical: 16, size: 1 },
          control: { type: "I", sendSequence: i, receiveSequence: 0, pollFinal: true },
          segmented: i === 0,
          info,
        }),
      }),
    );
    for (const { hex, decoded } of texts) assert.doesNotMatch(hex + decoded, /3334|3536/);
  });

  it("shows mode E as text", () => {
    const shown = new TraceInspector().inspect({
      direction: "out",
      layer: "link",
      link: "hdlc-mode-e",
      bytes: fromHex("2f3f210d0a"),
    });
    assert.equal(shown.decoded, 'mode E: "/?!\\r\\n"');
  });

  it("never throws for any bytes", () => {
    const inspector = new TraceInspector({ keys });
    for (const source of [aarqLls, aarqCiphered, pass, answer]) {
      const bytes = fromHex(source);
      for (let i = 0; i < bytes.length; i++) {
        for (const input of [bytes.subarray(0, i), new Uint8Array(bytes).fill(0xff, i, i + 1)]) {
          for (const layer of ["apdu", "link"] as const) {
            for (const kind of ["wrapper", "hdlc", "hdlc-mode-e"] as const) {
              inspector.inspect({ direction: "out", layer, link: kind, bytes: input });
            }
          }
          describeApdu(input);
        }
      }
    }
    assert.equal(parseApdu(fromHex(aarqLls)).apdu, "aarq");
  });
});

describe("descriptions of other bytes", () => {
  const wrong: readonly unknown[] = [null, undefined, 5, true, [], {}, { type: 1, apdu: 1 }, () => ""];
  const expected = { name: "DlmsConfigError", code: "DLMS_CONFIG_INVALID" };

  it("are refused as wrong arguments", () => {
    for (const value of wrong) {
      assert.throws(() => describeApdu(value as never), expected, `describeApdu ${String(value)}`);
      assert.throws(() => describeData(value as never), expected, `describeData ${String(value)}`);
      assert.throws(() => decodeApdu(value as never), expected, `decodeApdu ${String(value)}`);
    }
    assert.throws(() => describeApdu("c401c10103", null as never), expected);
    assert.throws(() => describeData("1105" as never), expected);
  });
});

describe("decodeFrame of pushes", () => {
  const address = { logical: 1, size: 1 } as const;
  const ui = (info: string, segmented = false): Uint8Array =>
    encodeHdlcFrame({
      destination: { logical: 16, size: 1 },
      source: address,
      control: { type: "UI", pollFinal: true },
      segmented,
      info: fromHex(info),
    });

  it("returns all APDUs of one information field", () => {
    const push = (n: number): string =>
      `e6e7000f000000${n.toString(16).padStart(2, "0")}0011${n.toString(16).padStart(2, "0")}`;
    const frame = decodeFrame(ui(push(1) + push(2) + push(3)), "hdlc");
    assert.deepEqual(
      frame.apdus?.map((apdu) => apdu.apdu === "data-notification" && apdu.longInvokeId),
      [1, 2, 3],
    );
    assert.equal(frame.apdu, frame.apdus[0]);
    assert.equal(describeFrame(ui(push(1) + push(2)), "hdlc").match(/data-notification/g)?.length, 2);
    const wpdu = encodeWpdu({
      source: 1,
      destination: 102,
      apdu: fromHex((push(1) + push(2)).replaceAll("e6e700", "")),
    });
    assert.equal(decodeFrame(wpdu, "wrapper").apdus?.length, 2);
    assert.equal(decodeFrame(ui(push(1)), "hdlc").apdus, undefined);
  });

  it("opens UI frames without LLC bytes", () => {
    assert.equal(decodeFrame(ui("0f00000001001101"), "hdlc").apdu?.apdu, "data-notification");
    assert.equal(decodeFrame(ui("e0400002000003aabbcc"), "hdlc").apdu?.apdu, "general-block-transfer");
    assert.equal(decodeFrame(ui("0f00000001001101", true), "hdlc").apdu, undefined, "a segment is a piece");
  });
});
