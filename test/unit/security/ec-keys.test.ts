import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import { importPrivateKey, importPublicKey, publicKeyOf, publicPoint, signRaw, verifyRaw } from "../../../src/security";

const failure = (task: () => unknown): DlmsError => {
  try {
    task();
  } catch (error) {
    assert.ok(error instanceof DlmsError, String(error));
    return error;
  }
  assert.fail("nothing was thrown");
};

/** Self-signed for this test, P-256, subject CN=4D4D4D0000BC614E. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBjDCCATOgAwIBAgIUNgkbMvpwxZhvsS+dU7aENL6gchcwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQNEQ0RDREMDAwMEJDNjE0RTAgFw0yNjExMjIxMjMzMjhaGA8y
MTI2MTAyOTEyMzMyOFowGzEZMBcGA1UEAwwQNEQ0RDREMDAwMEJDNjE0RTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABCP6xJNCsszw5gSt3KNKxYplKkv/LhBt/EzQ
cv1II0oeWSJnv/M4fCAW16qihIl7jvZJBzodC7KzaPswBpMDoYGjUzBRMB0GA1Ud
DgQWBBRy91OB1JII0+6pb0uba3tXBirm8jAfBgNVHSMEGDAWgBRy91OB1JII0+6p
b0uba3tXBirm8jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIB5+
T4Ui2E47u2iD/l1vljb5auhNUp6deoQ4T4CFND6rAiA5b8ZTaRp9o89UpKWJa0ng
xQJmi3Q02WhWSEbOAp4Klw==
-----END CERTIFICATE-----
`;
const certificatePoint =
  "23fac49342b2ccf0e604addca34ac58a652a4bff2e106dfc4cd072fd48234a1e592267bff3387c2016d7aaa284897b8ef649073a1d0bb2b368fb30069303a181";

const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");

for (const [curve, openssl, size] of [
  ["P-256", "prime256v1", 32],
  ["P-384", "secp384r1", 48],
] as const) {
  describe(`security: keys on ${curve}`, () => {
    const pair = generateKeyPairSync("ec", { namedCurve: openssl });
    const pkcs8 = pair.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    const sec1 = pair.privateKey.export({ format: "pem", type: "sec1" }) as string;
    const spki = pair.publicKey.export({ format: "pem", type: "spki" }) as string;
    const scalar = Buffer.from(pair.privateKey.export({ format: "jwk" }).d ?? "", "base64url");
    const point = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-2 * size);

    const privateForms: Record<string, Uint8Array | string> = {
      "PKCS#8 PEM": pkcs8,
      "SEC1 PEM": sec1,
      "SEC1 PEM behind its parameters": `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1}`,
      "PEM on one line": pkcs8.replace(/\n/g, " "),
      "PEM without any line end": pkcs8.replace(/\n/g, ""),
      "PEM with escaped line ends": pkcs8.replace(/\n/g, "\\n"),
      "PEM with CR LF and text around it": `key of the client\r\n${pkcs8.replace(/\n/g, "\r\n")}\r\nend`,
      "PEM as bytes": Buffer.from(pkcs8),
      "PKCS#8 DER": der(pkcs8),
      "SEC1 DER": der(sec1),
      "DER as hex": der(pkcs8).toString("hex"),
      "DER as base64": der(pkcs8).toString("base64"),
      "the bare number": scalar,
      "the bare number in hex": `0x${scalar.toString("hex")}`,
    };
    for (const [form, input] of Object.entries(privateForms)) {
      it(`private: ${form}`, () => {
        const key = importPrivateKey(input, curve, "auth.signingKey");
        assert.equal(key.curve, curve);
        assert.equal(toHex(publicPoint(key)), point.toString("hex"));
      });
    }

    const publicForms: Record<string, Uint8Array | string> = {
      "SPKI PEM": spki,
      "SPKI PEM on one line": spki.replace(/\n/g, " "),
      "SPKI DER": der(spki),
      "SPKI DER in hex": der(spki).toString("hex"),
      "the bare point": point,
      "the bare point in hex": point.toString("hex"),
      "the point with 04 in front": Buffer.concat([Uint8Array.of(4), point]),
    };
    for (const [form, input] of Object.entries(publicForms)) {
      it(`public: ${form}`, () => {
        const key = importPublicKey(input, [curve], "auth.meterSigningCertificate");
        assert.equal(toHex(publicPoint(key)), point.toString("hex"));
        assert.equal(key.systemTitle, undefined);
      });
    }

    it("signs raw r || s, which fits its data and key only", () => {
      const key = importPrivateKey(pkcs8, curve, "k");
      const data = fromHex("0102");
      const signature = signRaw(key, data);
      assert.equal(signature.length, 2 * size);
      assert.ok(verifyRaw(publicKeyOf(key), data, signature));
      assert.ok(!verifyRaw(publicKeyOf(key), fromHex("0103"), signature));
      assert.ok(!verifyRaw(publicKeyOf(key), data, signature.subarray(1)));
      assert.ok(!verifyRaw(publicKeyOf(key), data, new Uint8Array(2 * size)));
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: openssl });
      const other = importPublicKey(publicKey.export({ format: "der", type: "spki" }), curve, "k");
      assert.ok(!verifyRaw(other, data, signature));
    });

    it("refuses the other curve and names the expected one", () => {
      const wanted = curve === "P-256" ? "P-384" : "P-256";
      const error = failure(() => importPrivateKey(pkcs8, wanted, "auth.signingKey"));
      assert.equal(error.code, "DLMS_CONFIG_INVALID");
      assert.match(
        error.message,
        new RegExp(`auth.signingKey: expected an EC key on ${wanted} \\(suite .\\), got ${curve}`),
      );
    });

    it("shows no private key in inspect, JSON or errors", () => {
      const key = importPrivateKey(pkcs8, curve, "k");
      const errors = [
        failure(() => importPublicKey(pkcs8, curve, "k")),
        failure(() => importPrivateKey(pkcs8, curve === "P-256" ? "P-384" : "P-256", "k")),
        failure(() => importPrivateKey(der(pkcs8).subarray(0, -1), curve, "k")),
        failure(() => importPrivateKey(`${scalar.toString("hex")}00`, curve, "k")),
      ];
      const all = [key, { key }, ...errors]
        .map((it) => `${inspect(it, { depth: 9, showHidden: true })} ${JSON.stringify(it)}`)
        .join("\n");
      for (const form of [scalar.toString("hex"), scalar.toString("base64"), scalar.toString("base64url")]) {
        assert.ok(!all.includes(form.slice(0, 20)));
      }
      assert.ok(!all.includes(der(pkcs8).toString("base64").slice(60, 90)));
      assert.ok(!all.includes([...scalar].slice(0, 6).join(", ")));
    });
  });
}

describe("security: certificates and wrong input", () => {
  it("reads the key and the system title from a certificate", () => {
    for (const input of [certificate, der(certificate), certificate.replace(/\n/g, " ")]) {
      const key = importPublicKey(input, "P-256", "auth.meterSigningCertificate");
      assert.equal(toHex(publicPoint(key)), certificatePoint);
      assert.equal(toHex(key.systemTitle ?? new Uint8Array(0)), "4d4d4d0000bc614e");
    }
  });

  it("selects the right block in a bundle", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const bundle = `${privateKey.export({ format: "pem", type: "pkcs8" }) as string}${certificate}`;
    assert.equal(toHex(publicPoint(importPublicKey(bundle, "P-256", "k"))), certificatePoint);
    assert.equal(importPrivateKey(bundle, "P-256", "k").kind, "private");
  });

  it("verifies published signatures", () => {
    // P-384: Suite B implementer's guide to FIPS 186-3; P-256: Green Book annex, key_id || ephemeral public key
    const p384 = importPublicKey(
      "1fbac8eebd0cbf35640b39efe0808dd774debff20a2a329e91713baf7d7f3c3e81546d883730bee7e48678f857b02ca0eb213103bd68ce343365a8a4c3d4555fa385f5330203bdd76ffad1f3affb95751c132007e1b240353cb0a4cf1693bdf9",
      "P-384",
      "k",
    );
    const text = new TextEncoder().encode("This is only a test message. It is 48 bytes long");
    const signature = fromHex(
      "a0c27ec893092dea1e1bd2ccfed3cf945c8134ed0c9f81311a0f4a05942db8dbed8dd59f267471d5462aa14fe72de85620ab3f45b74f10b6e11f96a2c8eb694d206b9dda86d3c7e331c26b22c987b7537726577667adadf168ebbe803794a402",
    );
    assert.ok(verifyRaw(p384, text, signature));
    const guide = importPrivateKey(
      "c838b85253ef8dc7394fa5808a5183981c7deef5a69ba8f4f2117ffea39cfcd90e95f6cbc854abacab701d50c1f3cf24",
      "P-384",
      "k",
    );
    assert.equal(toHex(publicPoint(guide)), toHex(publicPoint(p384)));
    const p256 = importPublicKey(
      "BAAFFDE06A8CB1C9DAE8D94023C601DBBB249254BA22EDD827E820BCA2BCC64362FBB83D86A82B87BB8B7161D2AAB5521911A946B97A284A90F7785CD9047D25",
      "P-256",
      "k",
    );
    const data = fromHex(
      "002914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF987941372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894",
    );
    const ofBook = fromHex(
      "06F0607702AA0E2435A183E2F6B1ECD19629712E389A213610C03F77B2590860EA840AF5C3FA1F2BCDF055D4744E9A01CE9A0E55026BCAA4EEBEB764CED64BB3",
    );
    assert.ok(verifyRaw(p256, data, ofBook));
  });

  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const encrypted = privateKey.export({
    format: "pem",
    type: "pkcs8",
    cipher: "aes-256-cbc",
    passphrase: "x",
  }) as string;
  const publicPem = publicKey.export({ format: "pem", type: "spki" }) as string;
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const p521 = generateKeyPairSync("ec", { namedCurve: "secp521r1" });

  it("an encrypted private key: explains how to decrypt it", () => {
    const error = failure(() => importPrivateKey(encrypted, "P-256", "auth.signingKey"));
    assert.equal(error.code, "DLMS_CONFIG_UNSUPPORTED");
    assert.match(error.message, /passphrase.*openssl pkey/);
  });

  it("a certificate in place of a private key, and the reverse: names both", () => {
    assert.match(
      failure(() => importPrivateKey(certificate, "P-256", "auth.signingKey")).message,
      /expected PEM with PRIVATE KEY or EC PRIVATE KEY, got CERTIFICATE/,
    );
    assert.match(
      failure(() => importPublicKey(privateKey.export({ format: "pem", type: "pkcs8" }), "P-256", "meterCertificate"))
        .message,
      /expected PEM with CERTIFICATE or PUBLIC KEY, got PRIVATE KEY/,
    );
    assert.match(failure(() => importPrivateKey(der(publicPem), "P-256", "k")).message, /expected an EC private key/);
    const bare = privateKey.export({ format: "der", type: "pkcs8" });
    assert.match(
      failure(() => importPublicKey(bare, "P-256", "k")).message,
      /expected a certificate or an EC public key/,
    );
  });

  it("a certificate with one damaged byte is read or refused, without an error of the platform", () => {
    const whole = der(certificate);
    const codes = new Set<string>();
    for (let at = 0; at < whole.length; at++) {
      const damaged = Uint8Array.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      try {
        importPublicKey(damaged, "P-256", "auth.meterSigningCertificate");
      } catch (error) {
        assert.ok(error instanceof DlmsError, `byte ${at}: ${String(error)}`);
        codes.add(error.code);
      }
    }
    assert.deepEqual([...codes], ["DLMS_CONFIG_INVALID"]);
  });

  it("a text that is far longer than a key is refused before it is searched", () => {
    for (const read of [importPublicKey, importPrivateKey]) {
      const error = failure(() => read("-----BEGIN A-----".repeat(30_000), "P-256", "k"));
      assert.equal(error.code, "DLMS_CONFIG_INVALID");
      assert.match(error.message, /^k: expected .* got 510000 bytes; at most 65536 are read/);
    }
  });

  it("skips a block with the end of another one, and reads the next complete block", () => {
    const cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    assert.equal(importPublicKey(`${cut}${certificate}`, "P-256", "k").curve, "P-256");
    const many = `${"-----BEGIN A-----".repeat(1000)}${"-----END B-----".repeat(1000)}`;
    assert.match(failure(() => importPublicKey(many, "P-256", "k")).message, /incomplete PEM block/);
  });

  it("another kind of key or curve, a cut PEM, rubbish, nothing", () => {
    const pem = rsa.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    assert.match(
      failure(() => importPrivateKey(pem, "P-256", "k")).message,
      /expected an EC key on P-256 .suite 1., got rsa/,
    );
    const big = p521.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    assert.match(
      failure(() => importPrivateKey(big, ["P-256", "P-384"], "k")).message,
      /P-256.*or P-384.*got secp521r1/,
    );
    assert.match(failure(() => importPublicKey(publicPem.slice(0, 80), "P-256", "k")).message, /incomplete PEM block/);
    for (const rubbish of ["hello", "00", new Uint8Array(5), new Uint8Array(64), "zz".repeat(32)]) {
      assert.equal(failure(() => importPublicKey(rubbish, "P-256", "k")).code, "DLMS_CONFIG_INVALID");
      assert.equal(failure(() => importPrivateKey(rubbish, "P-256", "k")).code, "DLMS_CONFIG_INVALID");
    }
    for (const nothing of ["", undefined, new Uint8Array(0)]) {
      assert.equal(failure(() => importPrivateKey(nothing, "P-256", "k")).code, "DLMS_CONFIG_MISSING");
      assert.equal(failure(() => importPublicKey(nothing, "P-256", "k")).code, "DLMS_CONFIG_MISSING");
    }
  });
});
