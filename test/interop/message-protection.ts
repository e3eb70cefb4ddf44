/** general-ciphering and general-signing against Gurux, cell by cell. */
import assert from "node:assert/strict";
import { attribute, connect, type ConnectOptions, createMeter, fromHex, type MeterDefinition, toHex } from "../../src";
import { parseApdu } from "../../src/apdu";
import type { GeneralCiphering } from "../../src/apdu/model";
import { headerBytes, KeySet, type SecurityPolicy, unprotect } from "../../src/security";
import { MessageKeys } from "../../src/session/protection/message-keys";
import { longText } from "./held-values";
import { type JavaFleet, needsJava, type PeerOptions, startJavaFleet } from "./peers";
import {
  type Cell,
  clientOptions,
  clientTitle,
  javaClient,
  javaMeter,
  meterDefinition,
  meterTitle,
  readable,
  signingOf,
} from "./security-cells";

/** general-signing, or a kind of key of general-ciphering, in suite 1. */
export interface MessageCell {
  readonly protection: "general-signing" | "static-unified" | "one-pass";
  readonly policy: Exclude<SecurityPolicy, "none">;
}

/** C, M: as in the table of associations. O: opened by Gurux' code. S: made by it, and opened by ours. */
export interface JudgedMessage {
  readonly cell: MessageCell;
  readonly judge: "C" | "M" | "O" | "S";
}

const policies = ["authenticated", "encrypted", "authenticated-encrypted"] as const;
export const messageCells: readonly MessageCell[] = (
  ["general-signing", "static-unified", "one-pass"] as const
).flatMap((protection) => policies.map((policy): MessageCell => ({ protection, policy })));

export const messageFaults: readonly string[] = [
  "Inside general-signing and under authentication alone, the Java library sends the tag without the APDU, and does not " +
    "take one that has both. IEC 62056-5-3, protection of APDUs: authenticated only is the APDU and then the tag.",
  "The Java library leaves the header of general-ciphering (transaction-id, titles, date-time, other-information) out of " +
    "what is authenticated: its tags fit when the header is left out, and only then. IEC 62056-5-3, general-ciphering: " +
    "the header is part of the additional authenticated data.",
  "For one-pass Diffie-Hellman the Java library signs the ephemeral key with the key-id in front, as Security Setup's " +
    "key_agreement has it, and derives from the key in its configuration instead of the ephemeral one that came. The " +
    "Green Book's example signs the key alone (its signature fits).",
  "The Java client never sends general-ciphering, and the Java meter answers it with an APDU that is none, so what they " +
    "open and make is judged APDU by APDU. Wrapped and identified keys it does not know.",
];

const associationOf = ({ policy }: MessageCell): Cell => ({ mechanism: "none", policy, suite: 1, ciphering: "glo" });
const hex = (bytes: Buffer): string => bytes.toString("hex");

/** `theirs` is the public key of the other side, for signing and for the agreement alike. */
function javaKeys(own: Buffer, theirs: Buffer): PeerOptions {
  return {
    "signing-private": hex(own),
    "signing-public": hex(theirs),
    "agreement-private": hex(own),
    "agreement-public": hex(theirs),
  };
}

function ourOptions(cell: MessageCell, port: number): ConnectOptions {
  const { client, meter } = signingOf(1);
  const options = clientOptions(associationOf(cell), port);
  assert.ok(options.security);
  const protection: Partial<typeof options.security> =
    cell.protection === "general-signing"
      ? { generalSigning: { signingKey: client.own, meterSigningCertificate: meter.shown } }
      : {
          generalCiphering: {
            key: cell.protection,
            signingKey: client.own,
            agreementKey: client.own,
            meterSigningCertificate: meter.shown,
            meterAgreementCertificate: meter.shown,
          },
        };
  return { ...options, security: { ...options.security, ...protection } };
}

function ourMeter(cell: MessageCell): MeterDefinition {
  const { client, meter } = signingOf(1);
  const definition = meterDefinition(associationOf(cell));
  const keys = {
    signingKey: meter.own,
    clientSigningCertificate: client.shown,
    agreementKey: meter.own,
    clientAgreementCertificate: client.shown,
  };
  return { ...definition, associations: definition.associations.map((account) => ({ ...account, ...keys })) };
}

const javaPolicy = (cell: MessageCell): PeerOptions => {
  const { client, meter } = signingOf(1);
  const { suite, security, ...rest } = javaClient(associationOf(cell), 0);
  return {
    ...javaKeys(meter.own, client.shown),
    "encryption-key": rest["encryption-key"] ?? "",
    "authentication-key": rest["authentication-key"] ?? "",
    suite: suite ?? "",
    security: security ?? "",
    "client-title": meterTitle,
    "other-title": clientTitle,
  };
};

async function ourClientReads(cell: MessageCell, port: number): Promise<void> {
  const client = await connect(ourOptions(cell, port));
  const tags = new Set<number | undefined>();
  client.on("trace", (event) => {
    if (event.kind === "bytes" && event.layer === "apdu") tags.add(event.bytes[0]);
  });
  try {
    assert.equal((await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2))).value, 12345678);
    assert.equal((await client.read(attribute("DATA", "0.0.96.50.0.255", 2))).value, longText);
    assert.deepEqual([...tags], [0xdf], "requests and answers are signed");
  } finally {
    await client.close();
  }
}

/** The first request of our client in general-ciphering, and its content. */
async function ourRequest(cell: MessageCell): Promise<{ readonly apdu: string; readonly plain: string }> {
  const meter = createMeter(ourMeter(cell));
  const listener = await meter.listen();
  try {
    const client = await connect(ourOptions(cell, listener.port));
    assert.equal((await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2))).value, 12345678);
    await client.close();
  } finally {
    await listener.close();
  }
  const sealed = meter.received.findIndex((item) => item.kind === "frame" && item.bytes[8] === 0xdd);
  const frame = meter.received[sealed];
  const inside = meter.received.slice(sealed).find((item) => item.kind === "apdu");
  assert.ok(frame?.kind === "frame" && inside?.kind === "apdu");
  return { apdu: toHex(frame.bytes.subarray(8)), plain: toHex(inside.bytes) };
}

const generalSigningTests = (judged: JudgedMessage[], fleetOf: () => JavaFleet): void => {
  for (const cell of messageCells.filter(({ protection }) => protection === "general-signing")) {
    const wrong = cell.policy === "authenticated";
    const { client, meter } = signingOf(1);
    const note = wrong ? ": the peer is wrong" : "";
    it(`our client and Gurux' meter, general-signing, ${cell.policy}${note}`, async () => {
      const options = { ...javaMeter(associationOf(cell)), ...javaKeys(meter.own, client.shown) };
      const reading = ourClientReads(cell, await fleetOf().meter(options));
      if (wrong) {
        await assert.rejects(reading, { name: /^Dlms/ });
        return;
      }
      await reading;
      judged.push({ cell, judge: "C" });
    });

    it(`Gurux' client and our meter, general-signing, ${cell.policy}${note}`, async () => {
      const simulated = createMeter(ourMeter(cell));
      const listener = await simulated.listen();
      try {
        const options = javaClient(associationOf(cell), listener.port);
        const keys = javaKeys(client.own, meter.shown);
        const report = await fleetOf().read({
          ...options,
          ...keys,
          "client-title": clientTitle,
          "sign-messages": true,
        });
        assert.equal(report.associated, true, report.error);
        const signed = simulated.received.some((item) => item.kind === "frame" && item.bytes[8] === 0xdf);
        assert.ok(signed, "the requests came signed");
        if (wrong) {
          assert.deepEqual(report.values, {});
          return;
        }
        assert.deepEqual(report.errors, {});
        const text = Buffer.from(longText).toString("hex");
        assert.deepEqual(report.values, { [readable[0] ?? ""]: "12345678", [readable[1] ?? ""]: text });
        judged.push({ cell, judge: "M" });
      } finally {
        await listener.close();
      }
    });
  }
};

const plain = "c001c100030100010800ff0200";
const schemes = { "static-unified": "STATIC_UNIFIED_MODEL", "one-pass": "ONE_PASS_DIFFIE_HELLMAN" } as const;

const generalCipheringTests = (judged: JudgedMessage[], fleetOf: () => JavaFleet): void => {
  it("static-unified, encrypted: Gurux' code opens our client's APDUs", async () => {
    const cell: MessageCell = { protection: "static-unified", policy: "encrypted" };
    const sent = await ourRequest(cell);
    assert.deepEqual(await fleetOf().open({ ...javaPolicy(cell), apdu: sent.apdu }), { plain: sent.plain });
    judged.push({ cell, judge: "O" });
  });

  for (const policy of ["encrypted", "authenticated-encrypted"] as const) {
    const fault = policy === "encrypted" ? "" : ", once the header is left out of what is authenticated";
    it(`static-unified, ${policy}: our code opens the APDUs of Gurux' code${fault}`, async () => {
      const cell: MessageCell = { protection: "static-unified", policy };
      const { apdu, agreed } = await sealedByJava(cell, fleetOf());
      const opened = (extraAad: Uint8Array): string =>
        toHex(
          unprotect({
            content: apdu.content,
            keys: agreed(),
            suite: 1,
            systemTitle: apdu.originatorSystemTitle,
            extraAad,
          }).plaintext,
        );
      if (policy === "encrypted") {
        assert.equal(opened(headerBytes(apdu)), plain);
        judged.push({ cell, judge: "S" });
        return;
      }
      assert.equal(opened(new Uint8Array(0)), plain);
      assert.throws(() => opened(headerBytes(apdu)), { code: "DLMS_SEC_TAG" });
    });
  }

  it("one-pass: our code refuses the wrong signature of Gurux' code", async () => {
    const { agreed } = await sealedByJava({ protection: "one-pass", policy: "encrypted" }, fleetOf());
    assert.throws(agreed, { code: "DLMS_SEC_TAG" });
  });
};

async function sealedByJava(
  cell: MessageCell,
  fleet: JavaFleet,
): Promise<{ readonly apdu: GeneralCiphering; readonly agreed: () => KeySet }> {
  assert.ok(cell.protection !== "general-signing");
  const { client, meter } = signingOf(1);
  const options = javaPolicy(cell);
  const scheme = schemes[cell.protection];
  const sealed = await fleet.seal({ ...options, scheme, plain, transaction: "0102030405060708" });
  const apdu = parseApdu(fromHex(sealed.apdu));
  assert.equal(apdu.apdu, "general-ciphering");
  const global = new KeySet(1, {
    encryptionKey: fromHex(String(options["encryption-key"])),
    authenticationKey: fromHex(String(options["authentication-key"])),
  });
  const keys = new MessageKeys(
    {
      key: cell.protection,
      agreementKey: client.own,
      signingKey: client.own,
      meterSigningCertificate: meter.shown,
      meterAgreementCertificate: meter.shown,
    },
    1,
    global,
    () => assert.fail("nothing is random in what is received"),
  );
  return { apdu, agreed: () => keys.ofReceived(apdu, apdu.keyInfo).keys };
}

/** The tests of keys and signatures of single messages; each adds its result to the list. */
export function describeMessageProtection(judged: JudgedMessage[]): void {
  describe("keys and signatures of single messages, and Gurux' Java library", () => {
    let fleet: JavaFleet;
    before(function () {
      needsJava(this);
      fleet = startJavaFleet();
    });
    after(async () => {
      await fleet?.close();
    });
    generalSigningTests(judged, () => fleet);
    generalCipheringTests(judged, () => fleet);
  });
}
