/** `dlms decode` and the words of `dlms write` that need no meter. */
import assert from "node:assert/strict";
import { demoKeys, toHex } from "../../../src/index";
import { commandLine, errorOf } from "../../support/command-line";

/** SNRM of client 16 to server 1 */
const snrm = "7ea0070321930f017e";
const apdu = "c4014100120fa0";
const wpdu = `0001001000010007${apdu}`;

describe("command line: decode", () => {
  it("recognises a frame, a WPDU, an APDU and data by their bytes, and takes a kind that is named", async () => {
    for (const [hex, kind] of [
      [snrm, "HDLC"],
      [wpdu, "WRAPPER"],
      [apdu, "APDU"],
      ["120fa0", "DATA"],
    ] as const) {
      for (const args of [[hex], [hex, "--as", kind], [`0x${hex}`]]) {
        const { code, out } = await commandLine(["decode", ...args, "--json"]);
        assert.equal(code, 0, args.join(" "));
        assert.equal((JSON.parse(out) as { kind: string }).kind, kind);
        assert.ok((await commandLine(["decode", ...args])).out.length > 0);
      }
    }
  });

  it("says what is wrong with its input", async () => {
    const nothing = await commandLine(["decode", "--json"], { input: "\n \n" });
    assert.equal(errorOf(nothing).code, "DLMS_CONFIG_MISSING");
    assert.notEqual(nothing.code, 0);
    assert.equal((await commandLine(["decode", "xyz"])).code, 2);
    assert.match((await commandLine(["decode", "xyz"])).err, /input: /);
    const neither = await commandLine(["decode", "ff0102", "--json"]);
    assert.equal(neither.code, 1);
    assert.match(errorOf(neither).code, /^DLMS_DECODE_/);
    const none = await commandLine(["decode", "--as", "PUSH", "00"]);
    assert.equal(none.code, 1);
    assert.ok(none.err.length > 0);
  });

  it("takes keys from the environment, and the system title from an option", async () => {
    const environment = {
      DLMS_ENCRYPTION_KEY: toHex(demoKeys.encryptionKey),
      DLMS_AUTHENTICATION_KEY: toHex(demoKeys.authenticationKey),
      DLMS_BROADCAST_KEY: toHex(demoKeys.encryptionKey),
    };
    const { code, out } = await commandLine(["decode", apdu, "--system-title", "4D4D4D0000000A03"], { environment });
    assert.equal(code, 0);
    assert.ok(!out.toLowerCase().includes(toHex(demoKeys.encryptionKey)));
    const wrong = await commandLine(["decode", apdu, "--system-title", "4D"], { environment });
    assert.match(wrong.err, /--system-title/);
  });
});

describe("command line: write without a meter", () => {
  const target = "tcp://127.0.0.1:1";
  for (const [name, args, message] of [
    ["without an object", [], /no object/],
    ["without a value", ["1.8.0"], /no value/],
    ["with too much", ["1.8.0", "1", "2"], /unexpected argument "2"/],
    ["with broken JSON", ["1.8.0", "{broken", "--yes"], /begins like JSON/],
    ["without --yes", ["1.8.0", "1"], /--yes/],
    ["of a method without --yes", ["--method", "REGISTER/1.8.0/reset"], /--yes|--dangerous/],
    ["of a method with too much", ["--method", "REGISTER/1.8.0/reset", "1", "2"], /unexpected argument "2"/],
    ["of a dangerous method", ["--method", "DISCONNECT_CONTROL/0-0:96.3.10*255/1", "--yes"], /--dangerous/],
  ] as const) {
    it(`${name} is a usage error, and sends nothing`, async () => {
      const { code, err } = await commandLine(["write", target, ...args]);
      assert.equal(code, 2);
      assert.match(err, message);
    });
  }
});
