/** Certificates of the meter. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { fromHex } from "../../../src/bytes";
import type { ConnectOptions, SecurityOptions } from "../../../src/client/options/options";
import type { SimulatedAssociation } from "../../../src/simulator/definition/definition";
import { registerRef } from "../../support/meters";
import { meterCertificate, meterCertificateKey, otherMeterCertificate } from "../../support/meter-certificates";
import { type Secured, secured } from "./secured";

const clientPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const clientKey = clientPair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const clientPublic = clientPair.publicKey.export({ type: "spki", format: "pem" }) as string;
const account: Partial<SimulatedAssociation> = {
  suite: 1,
  signingKey: meterCertificateKey,
  clientSigningCertificate: clientPublic,
  agreementKey: meterCertificateKey,
  clientAgreementCertificate: clientPublic,
};

type Use = (certificate: string) => {
  readonly auth?: ConnectOptions["auth"];
  readonly security?: Partial<SecurityOptions>;
};
const uses: Readonly<Record<string, Use>> = {
  "mechanism 7": (certificate) => ({
    auth: { mechanism: "hls-ecdsa", signingKey: clientKey, meterSigningCertificate: certificate },
  }),
  "general-signing": (certificate) => ({
    security: { generalSigning: { signingKey: clientKey, meterSigningCertificate: certificate } },
  }),
  "one-pass": (certificate) => ({ security: { generalCiphering: agreement("one-pass", certificate) } }),
  "static-unified": (certificate) => ({ security: { generalCiphering: agreement("static-unified", certificate) } }),
};

function agreement(
  key: "one-pass" | "static-unified",
  certificate: string,
): NonNullable<SecurityOptions["generalCiphering"]> {
  return {
    key,
    signingKey: clientKey,
    agreementKey: clientKey,
    meterSigningCertificate: certificate,
    meterAgreementCertificate: certificate,
  };
}

function made(use: Use, certificate: string, warnings: string[] = []): Secured {
  const { auth, security } = use(certificate);
  const note = (text: string | (() => string)): void => void text;
  return secured({
    account: { ...account, ...(auth === undefined ? {} : { mechanism: "hls-ecdsa" }) },
    meter: { systemTitle: fromHex("53494d0000000001") },
    security: { suite: 1, ...security },
    client: {
      ...(auth === undefined ? {} : { auth }),
      logger: {
        debug: note,
        info: note,
        warn: (text) => void warnings.push(typeof text === "string" ? text : text()),
        error: note,
      },
    },
  });
}

describe("certificates of the meter", () => {
  for (const [name, use] of Object.entries(uses)) {
    it(`${name}: another meter's certificate is refused before a proof or a request goes out`, async () => {
      const { client, clock, meter } = made(use, otherMeterCertificate);
      await assert.rejects(clock.runUntil(client.open()), {
        code: "DLMS_SEC_SYSTEM_TITLE",
        message: /53494d0000000002, the other side is 53494d0000000001/,
      });
      const apdus = meter.received.flatMap((item) => (item.kind === "apdu" ? [item.apdu.apdu] : []));
      assert.deepEqual(
        apdus.filter((apdu) => apdu !== "aarq" && apdu !== "rlrq"),
        [],
      );
      await clock.runUntil(client.close());
    });

    it(`${name}: an expired certificate is used with a warning`, async () => {
      const warnings: string[] = [];
      const { client, clock } = made(use, meterCertificate, warnings);
      await clock.runUntil(client.open());
      assert.equal(typeof (await clock.runUntil(client.read(registerRef(0)))).value, "number");
      assert.ok(warnings.length > 0 && warnings.every((text) => /until 2020-01-01/.test(text)), warnings.join("\n"));
      await clock.runUntil(client.close());
    });
  }
});
