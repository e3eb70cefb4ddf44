import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import {
  certificateDatesWarning,
  checkCertificateTitle,
  importPrivateKey,
  importPublicKey,
  onePassOriginate,
  onePassReceive,
  publicKeyOf,
  systemRandom,
} from "../../../src/security";
import {
  meterCertificate,
  meterCertificateKey,
  otherMeterCertificate,
  untitledCertificate,
} from "../../support/meter-certificates";

const imported = (pem: string): ReturnType<typeof importPublicKey> => importPublicKey(pem, "P-256", "certificate");
const meterTitle = fromHex("53494d0000000001");
const clientTitle = fromHex("4752580000000001");

describe("security: the owner of a certificate", () => {
  it("accepts the meter's own, a certificate without a system title, and a bare key", () => {
    checkCertificateTitle(imported(meterCertificate), meterTitle, "general-signing");
    checkCertificateTitle(imported(untitledCertificate), meterTitle, "general-signing");
    checkCertificateTitle(publicKeyOf(importPrivateKey(meterCertificateKey, "P-256", "key")), meterTitle, "x");
    checkCertificateTitle(imported(otherMeterCertificate), undefined, "general-signing");
  });

  it("another meter's is refused, with both titles in the sentence", () => {
    assert.throws(() => checkCertificateTitle(imported(otherMeterCertificate), meterTitle, "general-signing"), {
      code: "DLMS_SEC_SYSTEM_TITLE",
      message: /^general-signing: the certificate belongs to system title 53494d0000000002, .* 53494d0000000001;/,
    });
  });

  it("key agreement: neither a key for another meter is derived, nor one from it taken", () => {
    const signingKey = importPrivateKey(meterCertificateKey, "P-256", "key");
    const parties = { suite: 1, originator: clientTitle, recipient: meterTitle } as const;
    const originate = (certificate: string): ReturnType<typeof onePassOriginate> =>
      onePassOriginate({ ...parties, recipientKey: imported(certificate), signingKey, random: systemRandom });
    assert.throws(() => originate(otherMeterCertificate), { code: "DLMS_SEC_SYSTEM_TITLE" });

    const { key, keyCipheredData } = originate(meterCertificate);
    const received = { ...parties, agreementKey: signingKey, keyCipheredData };
    const withCertificate = { ...received, originatorSigningKey: imported(meterCertificate) };
    assert.throws(() => onePassReceive(withCertificate), { code: "DLMS_SEC_SYSTEM_TITLE" });
    assert.deepEqual(onePassReceive({ ...received, originatorSigningKey: publicKeyOf(signingKey) }), key);
  });
});

describe("security: the dates of a certificate", () => {
  const at = (day: string): number => Date.parse(`${day}T12:00:00Z`);

  it("is silent within the period of validity and for a bare key", () => {
    assert.equal(certificateDatesWarning(imported(meterCertificate), at("2015-06-01"), "c"), undefined);
    assert.equal(certificateDatesWarning(imported(otherMeterCertificate), at("2099-06-01"), "c"), undefined);
    const bare = publicKeyOf(importPrivateKey(meterCertificateKey, "P-256", "key"));
    assert.equal(certificateDatesWarning(bare, at("2099-06-01"), "c"), undefined);
  });

  it("reports an expired or not yet valid certificate with the date", () => {
    assert.match(
      certificateDatesWarning(imported(meterCertificate), at("2020-01-02"), "auth.meterSigningCertificate") ?? "",
      /^auth\.meterSigningCertificate: .* past its validity \(until 2020-01-01\); it is used all the same$/,
    );
    assert.match(
      certificateDatesWarning(imported(meterCertificate), at("2009-12-31"), "c") ?? "",
      /not valid yet \(from 2010-01-01\).*clock/,
    );
  });
});
