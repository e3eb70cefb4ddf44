import assert from "node:assert/strict";
import fc from "fast-check";
import { isObis, obisDotted, obisPrinted, parseObis } from "../../../src/cosem";
import { DlmsConfigError } from "../../../src/errors";

describe("OBIS codes", () => {
  const energy = Uint8Array.of(1, 0, 1, 8, 0, 255);
  for (const spelling of [
    "1.0.1.8.0.255",
    "1-0:1.8.0*255",
    "1-0:1.8.0&255",
    "1-0:1.8.0.255",
    "1-0:1.8.0",
    "1.0.1.8.0",
    "0100010800ff",
    "0100010800FF",
    " 1-0:1.8.0*255 ",
    "1.8.0",
    "1.8.0*255",
  ]) {
    it(`reads ${JSON.stringify(spelling)}`, () => assert.deepEqual(parseObis(spelling), energy));
  }

  it("reads 6 bytes, and hands out a copy", () => {
    const parsed = parseObis(energy);
    assert.deepEqual(parsed, energy);
    assert.notEqual(parsed, energy);
  });

  it("keeps the sixth group", () => {
    assert.equal(obisDotted("1-0:1.8.0*101"), "1.0.1.8.0.101");
    assert.equal(obisPrinted("1.0.1.8.0.101"), "1-0:1.8.0*101");
  });

  for (const [wrong, why] of [
    ["", /empty/],
    ["1.0.1.8", /none of the known forms/],
    ["1.0.1.8.0.255.7", /none of the known forms/],
    ["1.0.1.8.0.256", /group F .*256/],
    ["300-0:1.8.0*255", /group A .*300/],
    ["1-0:1.8.0*", /none of the known forms/],
    ["energy", /none of the known forms/],
    ["0100010800f", /none of the known forms/],
    [Uint8Array.of(1, 2, 3), /6 bytes are needed, got 3/],
    [undefined as unknown as string, /got undefined/],
  ] as const) {
    it(`refuses ${JSON.stringify(wrong)} and shows an example`, () => {
      assert.throws(
        () => parseObis(wrong),
        (error: unknown) =>
          error instanceof DlmsConfigError &&
          error.code === "DLMS_CONFIG_INVALID" &&
          why.test(error.message) &&
          error.message.includes("1-0:1.8.0*255"),
      );
      assert.equal(isObis(wrong), false);
    });
  }

  it("parses its own output", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        assert.deepEqual(parseObis(obisDotted(bytes)), bytes);
        assert.deepEqual(parseObis(obisPrinted(bytes)), bytes);
        assert.deepEqual(parseObis(Buffer.from(bytes).toString("hex")), bytes);
      }),
    );
  });

  it("throws only its own error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseObis(text);
        } catch (error) {
          assert.ok(error instanceof DlmsConfigError);
        }
      }),
    );
  });
});
