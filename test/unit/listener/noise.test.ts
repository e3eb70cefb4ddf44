import assert from "node:assert/strict";
import { foreignProtocol, NoiseStatistics } from "../../../src/listener/noise";
import { withEvenParity } from "../../../src/bytes";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const kindOf = (bytes: Uint8Array, serial = true): string => {
  const noise = new NoiseStatistics();
  noise.add(bytes);
  return noise.hint(serial).kind;
};
/** Bytes of all values in no order, always the same. */
const noise = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, at) => (at * 167 + (at >> 3) * 29) & 0xff);

describe("diagnosis of bytes without a push", () => {
  it("recognises a missing supply or an inverted signal if all bytes are 00 or FF", () => {
    assert.equal(kindOf(new Uint8Array(300)), "signal");
    assert.equal(kindOf(new Uint8Array(300).fill(0xff)), "signal");
  });

  it("recognises wired M-Bus by its start bytes and acknowledgements", () => {
    const frame = Uint8Array.of(0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0x00, 0x01, 0x67);
    assert.equal(kindOf(Uint8Array.of(...frame, ...noise(200))), "mbus");
    assert.equal(kindOf(Uint8Array.of(...new Uint8Array(20).fill(0xe5), ...noise(200))), "mbus");
    assert.notEqual(kindOf(Uint8Array.of(0xe5, ...noise(200))), "mbus", "one E5 is an accident");
  });

  it("recognises 7E1 by the even parity of every byte", () => {
    const sent = withEvenParity(text("/KFM5MA304\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n".repeat(8)));
    assert.equal(kindOf(sent), "parity");
  });

  it("recognises a telegram, and a lost eighth bit", () => {
    assert.equal(kindOf(text("/KFM5MA304\r\n\r\n1-0:1.8.0(000123.456*kWh)\r\n".repeat(8))), "text");
    assert.equal(kindOf(noise(400).map((byte) => byte & 0x7f)), "seven-bits");
  });

  it("names the speed of a serial line otherwise, and no speed for other lines", () => {
    assert.equal(kindOf(noise(400).map((byte) => (byte === 0xe5 ? 1 : byte))), "speed");
    assert.equal(
      kindOf(
        noise(400).map((byte) => (byte === 0xe5 ? 1 : byte)),
        false,
      ),
      "foreign",
    );
  });

  it("recognises HTTP, TLS and SSH by the first bytes, and mistakes no frame for them", () => {
    assert.equal(foreignProtocol(text("GET / HTTP/1.1\r\n"))?.kind, "http");
    assert.equal(foreignProtocol(text("PRI * HTTP/2.0\r\n"))?.kind, "http");
    assert.equal(foreignProtocol(Uint8Array.of(0x16, 3, 1, 2, 0, 1))?.kind, "tls");
    assert.equal(foreignProtocol(text("SSH-2.0-x"))?.kind, "foreign");
    assert.equal(foreignProtocol(Uint8Array.of(0, 1, 0, 1, 0, 0x66, 0, 5)), undefined);
    assert.equal(foreignProtocol(Uint8Array.of(0x7e, 0xa0, 0x10)), undefined);
  });
});
