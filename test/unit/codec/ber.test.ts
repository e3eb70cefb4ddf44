import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, fromHex, toHex } from "../../../src/bytes";
import {
  ber,
  berBits,
  berBitsContents,
  berInteger,
  berIntegerValue,
  dlmsOid,
  dlmsOidNumber,
  readBer,
  readBerTolerant,
} from "../../../src/codec";

describe("BER subset", () => {
  it("writes and reads the application context and mechanism names", () => {
    assert.equal(toHex(ber(0xa1, ber(0x06, dlmsOid(1, 1)))), "a109060760857405080101");
    assert.equal(dlmsOidNumber(fromHex("60857405080205"), 2), 5);
    assert.equal(dlmsOidNumber(fromHex("60857405080205"), 1), undefined);
    assert.equal(dlmsOidNumber(fromHex("2a864886f70d01"), 2), undefined);
    assert.equal(dlmsOidNumber(fromHex("6085740508"), 2), undefined);
  });

  it("reads and writes bit-strings with unused bits", () => {
    assert.equal(berBits(fromHex("0780")), "1");
    assert.equal(toHex(berBitsContents("1")), "0780");
    assert.equal(toHex(berBitsContents("100001")), "0284");
    assert.equal(berBits(fromHex("")), "");
  });

  it("integers keep their sign and their shortest form", () => {
    assert.equal(toHex(berInteger(0x02, 0)), "020100");
    assert.equal(toHex(berInteger(0x02, 128)), "02020080");
    assert.equal(toHex(berInteger(0x02, -1)), "0201ff");
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const { contents } = readBer(new ByteReader(berInteger(0x02, value)), "integer");
        assert.equal(berIntegerValue(contents), value);
      }),
    );
    assert.equal(berIntegerValue(new Uint8Array(0)), undefined);
  });

  it("truncates a field whose length is too long at the end of the bytes, if configured", () => {
    assert.throws(() => readBer(new ByteReader(fromHex("04080102")), "field"), { code: "DLMS_DECODE_TRUNCATED" });
    const field = readBerTolerant(new ByteReader(fromHex("04080102")), "field");
    assert.deepEqual(field, { tag: 4, contents: fromHex("0102"), complete: false });
  });
});
