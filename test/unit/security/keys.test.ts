import assert from "node:assert/strict";
import { inspect } from "node:util";
import { toHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import {
  checkSystemTitle,
  KeySet,
  makeSystemTitle,
  parseKey,
  parseSecret,
  parseSystemTitle,
} from "../../../src/security";

const hex = "00112233445566778899aabbccddeeff";
const failure = (task: () => unknown): DlmsError => {
  try {
    task();
  } catch (error) {
    assert.ok(error instanceof DlmsError, String(error));
    return error;
  }
  assert.fail("nothing was thrown");
};

describe("security: keys as people type them", () => {
  for (const typed of [
    hex,
    hex.toUpperCase(),
    "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF",
    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
    `0x${hex}`,
    "0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF",
    `  ${hex}\r\n`,
    "00112233-44556677-8899AABB-CCDDEEFF",
  ]) {
    it(`hex: ${JSON.stringify(typed)}`, () => assert.equal(toHex(parseKey(typed, "hex", 0, "key")), hex));
  }

  it("text: the bytes of all characters", () => {
    assert.equal(toHex(parseKey("MYDUMMYGLOBALKEY", "text", 0, "key")), "4d5944554d4d59474c4f42414c4b4559");
    assert.equal(toHex(parseSecret(" 0x", "text", "password")), "203078");
    assert.equal(parseSecret("", "text", "password").length, 0);
  });

  it("names the setting, the expected and the actual length", () => {
    const error = failure(() => parseKey(hex.slice(2), "hex", 0, "security.encryptionKey"));
    assert.equal(error.code, "DLMS_CONFIG_INVALID");
    assert.equal(error.message, "security.encryptionKey: expected 16 bytes for suite 0, got 15");
    assert.match(failure(() => parseKey(hex, "hex", 2, "k")).message, /expected 32 bytes for suite 2, got 16/);
    assert.match(
      failure(() => parseKey(new Uint8Array(3), "hex", 1, "k")).message,
      /expected 16 bytes for suite 1, got 3/,
    );
    assert.equal(failure(() => parseKey("", "hex", 0, "k")).code, "DLMS_CONFIG_MISSING");
    assert.equal(failure(() => parseKey(undefined, "hex", 0, "k")).code, "DLMS_CONFIG_MISSING");
  });

  it("suggests the other format if it fits", () => {
    assert.match(failure(() => parseKey(hex, "text", 0, "k")).message, /would fit as hex/);
    assert.match(failure(() => parseKey("abcdefabcdefabcd", "hex", 0, "k")).message, /would fit as text/);
    assert.match(failure(() => parseKey("MYDUMMYGLOBALKEY", "hex", 0, "k")).message, /choose the text format/);
  });

  it("does not show the secret in an error", () => {
    for (const secret of ["5ecre7zz5ecre7zz", "5ec4e75ec4e75", "ZQ"]) {
      const error = failure(() => parseSecret(secret, "hex", "password"));
      const all = `${error.message} ${JSON.stringify(error)}`;
      assert.ok(!all.includes(secret));
      assert.ok(!/zz|ZQ|5ec/i.test(all), all);
    }
  });
});

describe("security: KeySet", () => {
  const secrets = {
    encryptionKey: "GUEK-is-a-secret",
    authenticationKey: "GAK-is-a-secret!",
    broadcastKey: "GBEK-is-a-secret",
  };
  const bytes = Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, Buffer.from(text)]));
  const keys = new KeySet(0, bytes as unknown as ConstructorParameters<typeof KeySet>[1]);

  it("is a copy with the keys in it", () => {
    assert.equal(Buffer.from(keys.encryptionKey).toString(), secrets.encryptionKey);
    assert.equal(Buffer.from(keys.broadcastKey ?? []).toString(), secrets.broadcastKey);
    const dedicated = keys.withEncryptionKey(new Uint8Array(16).fill(7));
    assert.equal(toHex(dedicated.encryptionKey), "07".repeat(16));
    assert.equal(Buffer.from(dedicated.authenticationKey).toString(), secrets.authenticationKey);
    assert.equal(dedicated.broadcastKey, undefined);
  });

  it("shows no key to inspect, JSON, console or string conversion", () => {
    const holder = { nested: { keys, list: [keys] } };
    const shown = [
      inspect(holder, { depth: 9, showHidden: true, getters: true }),
      inspect(keys, { depth: 9, showHidden: true, customInspect: false }),
      JSON.stringify(holder),
      `${Object.values(keys).join()} ${Object.keys(keys).join()}`,
    ].join("\n");
    for (const text of Object.values(secrets)) {
      for (const form of [text, Buffer.from(text).toString("hex"), Buffer.from(text).toString("base64")]) {
        assert.ok(!shown.includes(form), shown);
      }
      assert.ok(!shown.includes([...Buffer.from(text)].slice(0, 4).join(", ")), shown);
      assert.ok(
        !shown.includes(
          Buffer.from(text)
            .toString("hex")
            .slice(0, 10)
            .replace(/(..)(?=.)/g, "$1 "),
        ),
        shown,
      );
    }
  });

  it("refuses a key of the wrong length by its role", () => {
    const right = new Uint8Array(16);
    const wrong = new Uint8Array(32);
    const make = (change: object) =>
      failure(() => new KeySet(1, { encryptionKey: right, authenticationKey: right, ...change }));
    assert.match(
      make({ encryptionKey: wrong }).message,
      /^security.encryptionKey: expected 16 bytes for suite 1, got 32$/,
    );
    assert.match(make({ authenticationKey: wrong }).message, /^security.authenticationKey/);
    assert.match(make({ broadcastKey: wrong }).message, /^security.broadcastKey/);
  });
});

describe("security: system titles", () => {
  it("reads 16 hex digits in the usual spellings, or 8 bytes", () => {
    for (const typed of ["4D4D4D0000BC614E", "4d 4d 4d 00 00 bc 61 4e", "0x4D4D4D0000BC614E"]) {
      assert.equal(toHex(parseSystemTitle(typed)), "4d4d4d0000bc614e");
    }
    assert.equal(parseSystemTitle(new Uint8Array(8)).length, 8);
    assert.match(
      failure(() => parseSystemTitle("4D4D4D", "meterSystemTitle")).message,
      /^meterSystemTitle: expected 8 bytes/,
    );
    assert.equal(failure(() => parseSystemTitle(new Uint8Array(9))).code, "DLMS_CONFIG_INVALID");
  });

  it("derives one for the client from given randomness", () => {
    const title = makeSystemTitle((count) => new Uint8Array(count).fill(0xab));
    assert.equal(toHex(title), "4e5244ababababab");
  });

  it("names the party whose title is missing", () => {
    const error = failure(() => checkSystemTitle(new Uint8Array(0), "the meter's"));
    assert.equal(error.code, "DLMS_SEC_SYSTEM_TITLE");
    assert.match(error.message, /^the meter's system title: expected 8 bytes, got none/);
  });
});
