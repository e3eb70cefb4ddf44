import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../../src/bytes";
import {
  type HdlcControl,
  crc16x25,
  decodeControl,
  decodeHdlcFrame,
  encodeControl,
  encodeHdlcFrame,
  frameRejectText,
  serverAddress,
} from "../../../../src/link/hdlc";

const client = { logical: 16, size: 1 } as const;

describe("HDLC check sequence", () => {
  it("is CRC-16/X.25: the catalogue's check value", () => {
    assert.equal(crc16x25(new TextEncoder().encode("123456789")), 0x906e);
  });
});

describe("HDLC control byte", () => {
  // IEC 62056-46, table of control field formats
  const rows: [number, HdlcControl][] = [
    [0x10, { type: "I", sendSequence: 0, receiveSequence: 0, pollFinal: true }],
    [0x30, { type: "I", sendSequence: 0, receiveSequence: 1, pollFinal: true }],
    [0x7e, { type: "I", sendSequence: 7, receiveSequence: 3, pollFinal: true }],
    [0x62, { type: "I", sendSequence: 1, receiveSequence: 3, pollFinal: false }],
    [0x11, { type: "RR", receiveSequence: 0, pollFinal: true }],
    [0xe1, { type: "RR", receiveSequence: 7, pollFinal: false }],
    [0x35, { type: "RNR", receiveSequence: 1, pollFinal: true }],
    [0x59, { type: "REJ", receiveSequence: 2, pollFinal: true }],
    [0x93, { type: "SNRM", pollFinal: true }],
    [0x73, { type: "UA", pollFinal: true }],
    [0x53, { type: "DISC", pollFinal: true }],
    [0x1f, { type: "DM", pollFinal: true }],
    [0x97, { type: "FRMR", pollFinal: true }],
    [0x13, { type: "UI", pollFinal: true }],
    [0x03, { type: "UI", pollFinal: false }],
    [0x1d, { type: "unknown", value: 0x1d, pollFinal: true }],
    [0xff, { type: "unknown", value: 0xff, pollFinal: true }],
  ];
  for (const [byte, control] of rows) {
    it(`${byte.toString(16)} is ${control.type}`, () => {
      assert.deepEqual(decodeControl(byte), control);
      assert.equal(encodeControl(control), byte);
    });
  }
  it("every byte survives decode and encode", () => {
    for (let byte = 0; byte < 256; byte++) assert.equal(encodeControl(decodeControl(byte)), byte);
  });
});

describe("HDLC frame", () => {
  // Published frames (u9n/dlms-cosem, MIT revision; toreamun/amshan, MIT)
  it("encodes a published SNRM", () => {
    const bytes = encodeHdlcFrame({
      destination: serverAddress(1, 17),
      source: client,
      control: { type: "SNRM", pollFinal: true },
      segmented: false,
      info: new Uint8Array(0),
    });
    assert.equal(toHex(bytes), "7ea00802232193bd647e");
  });

  it("encodes a published I frame with an AARQ", () => {
    const bytes = encodeHdlcFrame({
      destination: serverAddress(1, 17),
      source: client,
      control: { type: "I", sendSequence: 0, receiveSequence: 0, pollFinal: true },
      segmented: false,
      info: fromHex("e6e600601da109060760857405080101be10040e01000000065f1f0400001e1dffff"),
    });
    assert.equal(
      toHex(bytes),
      "7ea02c02232110af9fe6e600601da109060760857405080101be10040e01000000065f1f0400001e1dffffc5e47e",
    );
  });

  it("decodes a published UA, with and without flags", () => {
    const hex = "a01f21022373e6c781801205019a06019a070400000001080400000001cca2";
    for (const text of [hex, `7e${hex}7e`, `7e${hex}`]) {
      assert.deepEqual(decodeHdlcFrame(fromHex(text)), {
        destination: { logical: 16, size: 1 },
        source: { logical: 1, physical: 17, size: 2 },
        control: { type: "UA", pollFinal: true },
        segmented: false,
        info: fromHex("81801205019a06019a070400000001080400000001"),
      });
    }
  });

  it("treats 7E inside the information field as data", () => {
    const frame = decodeHdlcFrame(
      fromHex("a027010201105a87e6e7000f40000000090c07e4020f06011922ff8000000201060000157eea5e"),
    );
    assert.equal(toHex(frame.info).slice(-4), "157e");
  });

  it("decodes the segmentation bit and four-byte addresses", () => {
    const frame = {
      destination: serverAddress(1, 17, 4),
      source: client,
      control: { type: "I", sendSequence: 1, receiveSequence: 2, pollFinal: false },
      segmented: true,
      info: new Uint8Array(300).fill(0x7e),
    } as const;
    const bytes = encodeHdlcFrame(frame);
    assert.equal(toHex(bytes.subarray(0, 9)), "7ea93800020023214" + "2");
    assert.deepEqual(decodeHdlcFrame(bytes), frame);
  });

  const refused: [string, string, string][] = [
    ["a wrong FCS", "7ea00802232193bd657e", "DLMS_LINK_FCS"],
    ["a wrong HCS", "7ea01f21022373e6c881801205019a06019a070400000001080400000001cca27e", "DLMS_LINK_FCS"],
    [
      "octet stuffing, which this profile does not have",
      "7ea00d0102011063ab7d5e7d5d7d23932d7e",
      "DLMS_LINK_FRAME_INVALID",
    ],
    ["a length that is not there", "7ea00902232193bd647e", "DLMS_LINK_FRAME_INVALID"],
    ["another format type", "7e8008022321930000 7e", "DLMS_LINK_FRAME_INVALID"],
    ["an address of three bytes", "7ea03a0310de91e6e600", "DLMS_LINK_FRAME_INVALID"],
    ["nothing", "", "DLMS_LINK_FRAME_INVALID"],
    ["a flag", "7e", "DLMS_LINK_FRAME_INVALID"],
  ];
  for (const [what, hex, code] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => decodeHdlcFrame(fromHex(hex)), { code });
    });
  }

  it("refuses to make a frame that the length field cannot hold", () => {
    const frame = (info: number) =>
      encodeHdlcFrame({
        destination: serverAddress(1, 17, 4),
        source: client,
        control: { type: "UI", pollFinal: true },
        segmented: false,
        info: new Uint8Array(info),
      });
    assert.equal(frame(2030).length, 2 + 2042);
    assert.throws(() => frame(2040), { code: "DLMS_LINK_FRAME_INVALID" });
  });
});

describe("FRMR", () => {
  it("reports the reason, the frame and the meter's counters", () => {
    assert.equal(
      frameRejectText(fromHex("325408")),
      "invalid N(R); rejected frame: I, N(S) 1, N(R) 1, P/F; the meter's V(S) is 2, its V(R) is 2",
    );
    assert.match(frameRejectText(fromHex("93")), /no reason given; rejected frame: SNRM/);
    assert.equal(frameRejectText(new Uint8Array(0)), "no reason given");
  });
});
