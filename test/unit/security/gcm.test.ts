import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { inspect } from "node:util";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import {
  gmac,
  KeySet,
  protect,
  type ProtectInput,
  readSecurityHeader,
  type SecurityPolicy,
  type SecuritySuite,
  securityControlByte,
  unprotect,
} from "../../../src/security";

const clientTitle = fromHex("4D4D4D0000000001");
const meterTitle = fromHex("4D4D4D0000BC614E");
const bookKeys = {
  encryptionKey: fromHex("000102030405060708090A0B0C0D0E0F"),
  authenticationKey: fromHex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
};
const keysOf = (suite: SecuritySuite): KeySet => {
  const length = suite === 2 ? 32 : 16;
  return new KeySet(suite, {
    encryptionKey: Uint8Array.from({ length }, (_, i) => i + 1),
    authenticationKey: Uint8Array.from({ length }, (_, i) => 0xa0 + i),
    broadcastKey: Uint8Array.from({ length }, (_, i) => 0x55 ^ i),
  });
};
const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;

const published = [
  {
    // Green Book worked example of glo-initiateRequest; as in Circutor/gosem cipher_test
    name: "glo-initiateRequest with a dedicated key",
    keys: bookKeys,
    title: meterTitle,
    content: "3001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855",
    plaintext: "01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0",
  },
  {
    // u9n/dlms-cosem tests/test_asce/test_rlre.py (MIT revision)
    name: "glo-initiateResponse",
    keys: bookKeys,
    title: meterTitle,
    content: "3001234567891214a0845e475714383f65bc19745ca235906525e4f3e1c893",
    plaintext: "0800065f1f0400007c1f04000007",
  },
  {
    // Circutor/gosem pkg/dlms/aarq_test.go (MIT)
    name: "glo-initiateRequest of another stack",
    keys: {
      encryptionKey: fromHex("00112233445566778899AABBCCDDEEFF"),
      authenticationKey: fromHex("00112233445566778899AABBCCDDEEFF"),
    },
    title: fromHex("4349520000000001"),
    content: "30000001078e6341442275404c816c6bed3e33ae809ec51e1d0e428be8f5f643e26c3dd89fd2e3f2220097124f58e0f4",
    plaintext: "010110e803739dbe338c3a790d8d1b12c63fe20000065f1f040000181f0200",
  },
  {
    // u9n/dlms-cosem tests/test_general_global_cipher.py (MIT revision 0747b15)
    name: "general-glo-ciphering of a data-notification",
    keys: {
      encryptionKey: fromHex("4d5944554d4d59474c4f42414c4b4559"),
      authenticationKey: fromHex("4d5944554d4d59474c4f42414c4b4559"),
    },
    title: fromHex("2F19229199164103"),
    content:
      "30000001e5025ce9d2271fd78be8c204211a916a9d7f587e0a7a814cadea89e9593f01f92ea8c087b5bdfdefeab6becf282dfe49c08f5be6dc8400",
    plaintext: "0f000001db000922125a8591360000000049000000110000000a5a8513d014800000000d0000000a0100",
  },
] as const;

describe("security: AES-GCM", () => {
  describe("published contents, byte for byte in both directions", () => {
    for (const { name, keys, title, content, plaintext } of published) {
      it(name, () => {
        const { invocationCounter } = readSecurityHeader(fromHex(content));
        const made = protect({
          plaintext: fromHex(plaintext),
          keys,
          suite: 0,
          systemTitle: title,
          securityControl: 0x30,
          invocationCounter,
        });
        assert.equal(toHex(made), content);
        const opened = unprotect({
          content: fromHex(content),
          keys,
          suite: 0,
          systemTitle: title,
          policy: "authenticated-encrypted",
        });
        assert.equal(toHex(opened.plaintext), plaintext.toLowerCase());
        assert.equal(opened.invocationCounter, invocationCounter);
        assert.equal(opened.securityControl, 0x30);
      });
    }

    it("GMAC of the standard's HLS example, client and server", () => {
      const mac = (systemTitle: Uint8Array, invocationCounter: number, challenge: string): string =>
        toHex(gmac({ keys: bookKeys, suite: 0, systemTitle, invocationCounter, data: fromHex(challenge) }));
      assert.equal(mac(clientTitle, 1, "503677524A323146"), "10000000011a52fe7dd3e72748973c1e28");
      assert.equal(mac(meterTitle, 0x01234567, "4B35366956616759"), "1001234567fe1466afb3dbcd4f9389e2b7");
    });
  });

  it("encrypted only: AES-GCM without additional data and without a tag (McGrew-Viega test case 3)", () => {
    // The IV cafebabefacedbad decaf888 read as system title and invocation counter; the case has no additional data,
    // so its ciphertext is that of the policy "encrypted". Its published 128-bit tag is checked over the same call.
    const key = fromHex("feffe9928665731c6d6a8f9467308308");
    const plaintext = fromHex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
    );
    const content = protect({
      plaintext,
      keys: { encryptionKey: key, authenticationKey: new Uint8Array(16) },
      suite: 0,
      systemTitle: fromHex("cafebabefacedbad"),
      securityControl: 0x20,
      invocationCounter: 0xdecaf888,
    });
    assert.equal(toHex(content.subarray(0, 5)), "20decaf888");
    const judge = createDecipheriv("aes-128-gcm", key, fromHex("cafebabefacedbaddecaf888"));
    judge.setAuthTag(fromHex("4d5c2af327cd64a62cf35abd2ba6fab4"));
    const opened = Buffer.concat([judge.update(content.subarray(5)), judge.final()]);
    assert.equal(toHex(opened), toHex(plaintext));
  });

  const suites: readonly SecuritySuite[] = [0, 1, 2];
  const policies: readonly SecurityPolicy[] = ["authenticated", "encrypted", "authenticated-encrypted"];
  const plaintext = fromHex("c401c10006000004d2");
  const inputFor = (suite: SecuritySuite, policy: SecurityPolicy): ProtectInput => ({
    plaintext,
    keys: keysOf(suite),
    suite,
    systemTitle: meterTitle,
    securityControl: securityControlByte(suite, policy),
    invocationCounter: 0xfffffffe,
  });

  for (const suite of suites) {
    for (const policy of policies) {
      describe(`suite ${suite}, ${policy}`, () => {
        const input = inputFor(suite, policy);
        const content = protect(input);
        const open = (change: Partial<Parameters<typeof unprotect>[0]> = {}): Uint8Array =>
          unprotect({ content, keys: input.keys, systemTitle: meterTitle, suite, policy, ...change }).plaintext;

        it("opens its own protected APDUs, which contain plain text only without encryption", () => {
          assert.deepEqual(open(), plaintext);
          assert.equal(toHex(content).includes(toHex(plaintext)), policy === "authenticated");
          assert.equal(content.length, 5 + plaintext.length + (policy === "encrypted" ? 0 : 12));
        });

        it("opens an empty APDU", () => {
          const empty = protect({ ...input, plaintext: new Uint8Array(0) });
          assert.equal(open({ content: empty }).length, 0);
        });

        it("ends in a DlmsError or a plain text for every truncation, and never opens a part under a tag", () => {
          for (let length = 0; length < content.length; length++) {
            let opened: Uint8Array | undefined;
            try {
              opened = open({ content: content.subarray(0, length) });
            } catch (error) {
              assert.ok(error instanceof DlmsError, String(error));
            }
            if (policy !== "encrypted") assert.equal(opened, undefined);
          }
        });

        if (policy !== "encrypted") {
          it("refuses every single flipped bit", () => {
            for (let bit = 0; bit < content.length * 8; bit++) {
              const flipped = Uint8Array.from(content);
              flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
              assert.throws(() => open({ content: flipped }), DlmsError, `bit ${bit}`);
            }
          });

          it("refuses another title, another encryption key, another authentication key", () => {
            const other = keysOf(suite).encryptionKey.map((byte) => byte ^ 0x80);
            const { encryptionKey, authenticationKey } = input.keys;
            assert.throws(() => open({ systemTitle: clientTitle }), code("SEC_TAG"));
            assert.throws(() => open({ keys: { encryptionKey: other, authenticationKey } }), code("SEC_TAG"));
            assert.throws(() => open({ keys: { encryptionKey, authenticationKey: other } }), code("SEC_TAG"));
            assert.throws(() => open({ extraAad: Uint8Array.of(0) }), code("SEC_TAG"));
          });
        }

        it("refuses another suite than the association's", () => {
          const configured: SecuritySuite = suite === 0 ? 1 : 0;
          assert.throws(() => open({ suite: configured }), code("SEC_POLICY"));
        });
      });
    }
  }

  it("refuses a content that is weaker than the policy, before it opens it", () => {
    const weaker = protect(inputFor(0, "encrypted"));
    const input = { content: weaker, keys: keysOf(0), systemTitle: meterTitle };
    assert.throws(() => unprotect({ ...input, policy: "authenticated-encrypted" }), code("SEC_POLICY"));
    assert.throws(() => unprotect({ ...input, policy: "authenticated" }), code("SEC_POLICY"));
    assert.deepEqual(unprotect({ ...input, policy: "encrypted" }).plaintext, plaintext);
  });

  it("refuses a content with neither authentication nor encryption, whatever the policy", () => {
    const content = fromHex("0000000001c401c10006000004d2");
    assert.throws(
      () => unprotect({ content, keys: keysOf(0), systemTitle: meterTitle, policy: "none" }),
      code("SEC_POLICY"),
    );
  });

  it("refuses compression and unknown suites by name", () => {
    const open = (sc: number) => () =>
      unprotect({
        content: Uint8Array.of(sc, ...new Uint8Array(30)),
        keys: keysOf(0),
        systemTitle: meterTitle,
      });
    assert.throws(open(0xb0), (error: Error) => code("CONFIG_UNSUPPORTED")(error) && /compression/.test(error.message));
    assert.throws(open(0x33), (error: Error) => code("CONFIG_UNSUPPORTED")(error) && /suite 3/.test(error.message));
  });

  it("uses the broadcast key when the key set bit is set, and asks for it when it is not configured", () => {
    const content = protect({ ...inputFor(0, "authenticated-encrypted"), securityControl: 0x70 });
    const input = { content, systemTitle: meterTitle };
    assert.deepEqual(unprotect({ ...input, keys: keysOf(0) }).plaintext, plaintext);
    const asUnicast = protect({
      ...inputFor(0, "authenticated-encrypted"),
      securityControl: 0x70,
      keys: { ...bookKeys, broadcastKey: bookKeys.encryptionKey },
    });
    assert.throws(() => unprotect({ ...input, content: asUnicast, keys: keysOf(0) }), code("SEC_TAG"));
    assert.throws(() => unprotect({ ...input, keys: bookKeys }), code("SEC_KEY_MISSING"));
  });

  it("puts general-ciphering's fields after the authentication key into the additional data", () => {
    const extraAad = fromHex("080102030405060708084d4d4d0000bc614e084d4d4d00000000010000");
    const content = protect({ ...inputFor(1, "authenticated-encrypted"), extraAad });
    const keys = keysOf(1);
    const judge = createCipheriv("aes-128-gcm", keys.encryptionKey, fromHex("4D4D4D0000BC614Efffffffe"), {
      authTagLength: 12,
    });
    judge.setAAD(Buffer.concat([Uint8Array.of(0x31), keys.authenticationKey, extraAad]));
    const ciphertext = Buffer.concat([judge.update(plaintext), judge.final()]);
    assert.equal(toHex(content.subarray(5)), toHex(Buffer.concat([ciphertext, judge.getAuthTag()])));
  });

  it("names key role, counter and title in a tag error, and no key in any form", () => {
    const input = inputFor(0, "authenticated-encrypted");
    const content = protect(input);
    const wrong = {
      encryptionKey: fromHex("5ec4e7".padEnd(32, "5")),
      authenticationKey: fromHex("a117".padEnd(32, "6")),
    };
    try {
      unprotect({ content, keys: wrong, systemTitle: meterTitle, keyRole: "dedicated" });
      assert.fail("opened");
    } catch (error) {
      assert.ok(error instanceof DlmsError);
      assert.match(error.message, /dedicated key.*authentication key \(GAK\)/);
      assert.match(error.message, /4d4d4d0000bc614e/);
      assert.match(error.message, /4294967294/);
      const all = `${error.message} ${JSON.stringify(error)} ${inspect(error, { depth: 9, showHidden: true })}`;
      for (const key of Object.values(wrong)) {
        assert.ok(!all.includes(toHex(key)));
        assert.ok(!all.includes(Buffer.from(key).toString("base64")));
        assert.ok(!all.includes([...key].join(", ")));
      }
    }
  });

  it("refuses keys of the wrong length, titles of the wrong length, counters beyond 32 bits", () => {
    const input = inputFor(0, "authenticated-encrypted");
    const short = { encryptionKey: new Uint8Array(15), authenticationKey: new Uint8Array(16) };
    assert.throws(() => protect({ ...input, keys: short }), {
      code: "DLMS_CONFIG_INVALID",
      message: "security.encryptionKey: expected 16 bytes for suite 0, got 15",
    });
    assert.throws(() => protect({ ...input, systemTitle: new Uint8Array(7) }), code("SEC_SYSTEM_TITLE"));
    assert.throws(() => protect({ ...input, invocationCounter: 2 ** 32 }), code("CONFIG_INVALID"));
    assert.throws(() => protect({ ...input, securityControl: 0 }), code("CONFIG_INVALID"));
    assert.throws(() => protect({ ...input, securityControl: 0x31 }), code("CONFIG_INVALID"));
  });

  it("reads the header of a content without keys", () => {
    const header = readSecurityHeader(fromHex("7180000001aabb"));
    assert.equal(header.invocationCounter, 0x80000001);
    assert.deepEqual(header.control, {
      byte: 0x71,
      suite: 1,
      authenticated: true,
      encrypted: true,
      broadcast: true,
      compressed: false,
    });
    assert.throws(() => readSecurityHeader(fromHex("30000000")), code("DECODE_TRUNCATED"));
  });
});
