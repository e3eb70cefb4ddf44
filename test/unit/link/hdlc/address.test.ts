import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../../src/bytes";
import {
  type HdlcAddressSize,
  addressLength,
  addressMatches,
  addressText,
  clientAddress,
  decodeAddress,
  encodeAddress,
  serialNumberAddress,
  serverAddress,
} from "../../../../src/link/hdlc";

describe("HDLC server address", () => {
  // Logical 1, physical 17: IEC 62056-46; the rest follows from 7 bits a byte, LSB 1 on the last.
  const rows: [number, number | undefined, HdlcAddressSize, string][] = [
    [1, undefined, "auto", "03"],
    [127, undefined, "auto", "ff"],
    [128, undefined, "auto", "02000001"],
    [1, 17, "auto", "0223"],
    [1, 0, "auto", "0201"],
    [1, 17, 4, "00020023"],
    [1, 127, "auto", "02ff"],
    [1, 128, "auto", "00020201"],
    [1, 9999, "auto", "00029c1f"],
    [1, 0x3fff, "auto", "0002feff"],
    [0x3fff, 1, "auto", "fefe0003"],
    [1, undefined, 2, "0201"],
    [1, undefined, 4, "00020001"],
    [0, undefined, "auto", "01"],
  ];
  for (const [logical, physical, size, hex] of rows) {
    it(`logical ${logical}, physical ${physical ?? "none"}, size ${size} is ${hex}`, () => {
      const address = serverAddress(logical, physical, size);
      const bytes = encodeAddress(address);
      assert.equal(toHex(bytes), hex);
      const length = addressLength(bytes, 0, bytes.length);
      assert.equal(length, bytes.length);
      assert.deepEqual(decodeAddress(bytes, 0, address.size), address);
    });
  }

  const wrong: [number, number | undefined, HdlcAddressSize, RegExp][] = [
    [1, 17, 1, /no room for physical address 17/],
    [128, undefined, 1, /server\.logical: 128 does not fit a 1-byte/],
    [128, 1, 2, /server\.logical: 128 does not fit a 2-byte/],
    [1, 128, 2, /server\.physical: 128 does not fit a 2-byte/],
    [0x4000, undefined, "auto", /server\.logical: expected an integer from 0 to 16383/],
    [1, 0x4000, "auto", /server\.physical/],
    [-1, undefined, "auto", /server\.logical/],
    [1.5, undefined, "auto", /server\.logical/],
    [Number.NaN, undefined, "auto", /server\.logical/],
  ];
  for (const [logical, physical, size, message] of wrong) {
    it(`refuses logical ${logical}, physical ${physical ?? "none"}, size ${size}`, () => {
      assert.throws(() => serverAddress(logical, physical, size), { code: "DLMS_CONFIG_INVALID", message });
    });
  }

  it("is unfinished, or no address at all", () => {
    assert.equal(addressLength(fromHex("02"), 0, 1), 0);
    assert.equal(addressLength(fromHex("000203"), 0, 3), -1);
    assert.equal(addressLength(fromHex("0002000001"), 0, 5), -1);
    assert.equal(addressLength(fromHex("000200"), 0, 3), 0);
  });
});

describe("HDLC address comparison", () => {
  const station = (hex: string) => decodeAddress(fromHex(hex), 0, (hex.length / 2) as 1 | 2 | 4);
  const rows: [string, string, boolean, string][] = [
    ["03", "03", true, "the same"],
    ["03", "0223", true, "wider: physical was not asked for"],
    ["03", "00020023", true, "four bytes wide"],
    ["0223", "00020023", true, "the same station, four bytes wide"],
    ["00020023", "0223", true, "the same station, narrower"],
    ["0201", "03", true, "physical 0 and none are the same"],
    ["0223", "0225", false, "another physical address"],
    ["0223", "03", false, "no physical address where one was asked"],
    ["03", "05", false, "another logical address"],
    ["02ff", "0223", true, "all-station physical"],
    ["0002feff", "00020023", true, "all-station physical, four bytes"],
  ];
  for (const [asked, got, same, why] of rows) {
    it(`${asked} answered as ${got}: ${same ? "taken" : "refused"} (${why})`, () => {
      assert.equal(addressMatches(station(asked), station(got)), same);
    });
  }
  it("names stations as people do", () => {
    assert.equal(addressText(serverAddress(1, 17)), "1/17");
    assert.equal(addressText(clientAddress(16)), "16");
  });
});

describe("HDLC client address", () => {
  it("is one byte, 0 to 127", () => {
    assert.equal(toHex(encodeAddress(clientAddress(16))), "21");
    assert.equal(toHex(encodeAddress(clientAddress(0))), "01");
    for (const sap of [128, 1.5, -1]) assert.throws(() => clientAddress(sap), { code: "DLMS_CONFIG_INVALID" });
  });
});

describe("serial number rule", () => {
  it("is the last four digits plus 1000", () => {
    assert.equal(serialNumberAddress(12345678), 6678);
    assert.equal(serialNumberAddress("00 000 005"), 1005);
    assert.equal(serialNumberAddress("12345678901234567890"), 8890);
    assert.throws(() => serialNumberAddress("KFM12"), { code: "DLMS_CONFIG_INVALID" });
    assert.throws(() => serialNumberAddress(""), { code: "DLMS_CONFIG_INVALID" });
  });
});
