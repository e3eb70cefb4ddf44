import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../../src/bytes";
import { decodeParameters, defaultParameters, encodeParameters, negotiate } from "../../../../src/link/hdlc";

describe("HDLC parameters", () => {
  it("encodes a published UA's field", () => {
    const field = { maxInfoTransmit: 154, maxInfoReceive: 154, windowTransmit: 1, windowReceive: 1 };
    assert.equal(toHex(encodeParameters(field)), "81801205019a06019a070400000001080400000001");
    assert.deepEqual(decodeParameters(encodeParameters(field)), field);
  });

  it("uses two bytes for lengths above 255", () => {
    const field = { maxInfoTransmit: 2030, maxInfoReceive: 256, windowTransmit: 7, windowReceive: 3 };
    assert.equal(toHex(encodeParameters(field)), "818014050207ee06020100070400000007080400000003");
    assert.deepEqual(decodeParameters(encodeParameters(field)), field);
  });

  // Forms of the UA seen in the field.
  const tolerated: [string, string, Partial<typeof defaultParameters>][] = [
    ["no field at all", "", {}],
    ["another format", "0102030405", {}],
    ["zero-length values", "818008050006000700 0800", {}],
    ["an empty group", "818000", {}],
    ["windows of one byte", "81800c 050180 060180 070103 080102", { windowTransmit: 3, windowReceive: 2 }],
    [
      "lengths of four bytes",
      "818018 0504000000f0 0604000000f8 070400000001 080400000001",
      { maxInfoTransmit: 240, maxInfoReceive: 248 },
    ],
    ["a wrong group length", "8180ff 0501f0 0601f0", { maxInfoTransmit: 240, maxInfoReceive: 240 }],
    ["a group length that is too short", "818003 0501f0 0601f8", { maxInfoTransmit: 240, maxInfoReceive: 248 }],
    ["an unknown identifier", "818009 0901ff 0501f0 0601f0", { maxInfoTransmit: 240, maxInfoReceive: 240 }],
    ["a cut field", "818012 0501f0 0602", { maxInfoTransmit: 240 }],
    ["values of 0", "81800c 050100 060100 070100 080100", {}],
    [
      "absurd values",
      "81800e 0502ffff 0602ffff 0701ff 0801ff",
      {
        maxInfoTransmit: 2030,
        maxInfoReceive: 2030,
        windowTransmit: 7,
        windowReceive: 7,
      },
    ],
  ];
  for (const [what, hex, expected] of tolerated) {
    it(`accepts ${what}`, () => {
      assert.deepEqual(decodeParameters(fromHex(hex)), { ...defaultParameters, ...expected });
    });
  }

  it("limits our receive by the meter's transmit, and the reverse", () => {
    const own = { maxInfoTransmit: 2030, maxInfoReceive: 2030, windowTransmit: 7, windowReceive: 7 };
    const meter = { maxInfoTransmit: 500, maxInfoReceive: 128, windowTransmit: 3, windowReceive: 1 };
    assert.deepEqual(negotiate(own, meter), {
      maxInfoTransmit: 128,
      maxInfoReceive: 500,
      windowTransmit: 1,
      windowReceive: 3,
    });
  });
});
