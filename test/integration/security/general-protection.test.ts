/** general-ciphering, general-signing and key agreement. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { DlmsValue } from "../../../src/codec/value";
import type { ConnectOptions, SecurityOptions } from "../../../src/client/options/options";
import type { DlmsError } from "../../../src/errors";
import {
  curveOf,
  ephemeralOffer,
  ephemeralUnified,
  importPrivateKey,
  importPublicKey,
  keyIds,
  protect,
} from "../../../src/security";
import { encodeApdu, parseApdu } from "../../../src/apdu";
import type { MeterDefinition, SimulatedAssociation } from "../../../src/simulator/definition/definition";
import { registerRef, registers, requests } from "../../support/meters";
import { clientTitle, type Secured, secured } from "./secured";

const meterTitle = Buffer.from("53494d0000000001", "hex");
const bytes = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, n) => (first + 7 * n) & 0xff);

interface Pair {
  readonly own: string;
  readonly shown: string;
}
const pairOn = (namedCurve: string): Pair => {
  const pem = { type: "spki", format: "pem" } as const;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  return {
    own: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    shown: publicKey.export(pem) as string,
  };
};
const pairsOn = (
  curve: string,
): Record<"clientSigning" | "clientAgreement" | "meterSigning" | "meterAgreement", Pair> => ({
  clientSigning: pairOn(curve),
  clientAgreement: pairOn(curve),
  meterSigning: pairOn(curve),
  meterAgreement: pairOn(curve),
});
const pairs = { 1: pairsOn("P-256"), 2: pairsOn("P-384") } as const;

const keysOf = (
  suite: 0 | 1 | 2,
): { encryptionKey: Uint8Array; authenticationKey: Uint8Array; masterKey: Uint8Array } => {
  const length = suite === 2 ? 32 : 16;
  return { encryptionKey: bytes(3, length), authenticationKey: bytes(90, length), masterKey: bytes(170, length) };
};

function accountOf(suite: 0 | 1 | 2): Partial<SimulatedAssociation> {
  const pair = pairs[suite === 2 ? 2 : 1];
  return {
    suite,
    ...keysOf(suite),
    ...(suite === 0
      ? {}
      : {
          signingKey: pair.meterSigning.own,
          clientSigningCertificate: pair.clientSigning.shown,
          agreementKey: pair.meterAgreement.own,
          clientAgreementCertificate: pair.clientAgreement.shown,
        }),
  };
}

type Kind = NonNullable<SecurityOptions["generalCiphering"]>["key"];

function generalCiphering(suite: 0 | 1 | 2, key: Kind): NonNullable<SecurityOptions["generalCiphering"]> {
  const pair = pairs[suite === 2 ? 2 : 1];
  return {
    key,
    masterKey: keysOf(suite).masterKey,
    ...(suite === 0
      ? {}
      : {
          signingKey: pair.clientSigning.own,
          agreementKey: pair.clientAgreement.own,
          meterSigningCertificate: pair.meterSigning.shown,
          meterAgreementCertificate: pair.meterAgreement.shown,
        }),
  };
}

const generalSigning = (suite: 1 | 2): NonNullable<SecurityOptions["generalSigning"]> => ({
  signingKey: pairs[suite].clientSigning.own,
  meterSigningCertificate: pairs[suite].meterSigning.shown,
});

function made(
  suite: 0 | 1 | 2,
  security: Partial<SecurityOptions>,
  account: Partial<SimulatedAssociation> = {},
  more: { readonly meter?: Partial<MeterDefinition>; readonly client?: Partial<ConnectOptions> } = {},
): Secured {
  const { encryptionKey, authenticationKey } = keysOf(suite);
  return secured({
    account: { ...accountOf(suite), ...account },
    security: { suite, encryptionKey, authenticationKey, ...security },
    ...more,
  });
}

const failureOf = async (work: Promise<unknown>): Promise<DlmsError> => {
  try {
    await work;
  } catch (error) {
    return error as DlmsError;
  }
  return assert.fail("it was taken");
};

describe("general-ciphering against the simulated meter", () => {
  for (const suite of [0, 1, 2] as const) {
    const kinds: readonly Kind[] = ["identified-key", "wrapped-key", "one-pass", "static-unified"];
    for (const key of kinds.slice(0, suite === 0 ? 2 : 4)) {
      for (const policy of ["authenticated-encrypted", "authenticated", "encrypted"] as const) {
        it(`suite ${suite}, ${key}, ${policy}: association, proofs, reads, long answers`, async () => {
          const sent = new Set<number>();
          const came = new Set<number>();
          const bench = made(
            suite,
            { policy, generalCiphering: generalCiphering(suite, key) },
            { policy },
            { meter: { maxPduSize: 700 }, client: { association: { maxPduSize: 700 } } },
          );
          bench.client.on("trace", (event) => {
            if (event.kind !== "bytes" || event.layer !== "apdu") return;
            (event.direction === "out" ? sent : came).add(event.bytes[0] ?? 0);
          });
          const { client, clock } = bench;
          const readings = await clock.runUntil(client.readMany([0, 1, 2, 3, 4].map((n) => registerRef(n))));
          assert.ok(readings.every(({ ok }) => ok));
          const directory = await clock.runUntil(client.browse());
          assert.ok(directory.objects.length >= 5);
          assert.deepEqual(
            [...sent].sort((a, b) => a - b),
            [0x60, 0xdd],
          );
          assert.deepEqual(
            [...came].sort((a, b) => a - b),
            [0x61, 0xdd],
          );
          await clock.runUntil(client.close());
          assert.equal(clock.pending, 0);
        });
      }
    }
  }

  it("rejects an answer under an agreed key with any changed bit", async () => {
    const bench = made(1, { generalCiphering: generalCiphering(1, "one-pass") });
    const { client, clock, meter } = bench;
    await clock.runUntil(client.open());
    let length = 0;
    const stop = meter.use({ name: "measure", sealed: (answer) => void (length = answer.length) });
    await clock.runUntil(client.read(registerRef(0)));
    stop();
    // key agreement for every bit would take long: each byte, with a bit that moves
    for (let n = 0; n < length; n++) {
      const off = meter.use({
        name: "flip",
        sealed: (answer) =>
          answer[0] === 0xdd ? [answer.map((byte, at) => (at === n ? byte ^ (1 << (n % 8)) : byte))] : undefined,
      });
      const error = await failureOf(clock.runUntil(client.read(registerRef(0), { timeoutMs: 60_000 })));
      assert.match(error.code, /^DLMS_/, `byte ${n}`);
      off();
      await clock.tickAsync(400_000);
    }
    await clock.runUntil(client.close());
  });

  it("is refused before anything is sent when keys are missing or do not fit", () => {
    const whole = generalCiphering(1, "one-pass");
    const { signingKey: _signing, ...unsigned } = whole;
    const { meterAgreementCertificate: _certificate, ...unknown } = whole;
    const cases: readonly [0 | 1 | 2, Partial<SecurityOptions>, RegExp][] = [
      [1, { generalCiphering: unsigned }, /security\.generalCiphering\.signingKey/],
      [1, { generalCiphering: unknown }, /security\.generalCiphering\.meterAgreementCertificate/],
      [2, { generalCiphering: { ...generalCiphering(1, "one-pass"), masterKey: bytes(1, 32) } }, /P-384/],
      [0, { generalCiphering: whole }, /suite 1 or 2/],
      [1, { generalCiphering: { key: "wrapped-key" } }, /masterKey/],
      [1, { generalCiphering: { ...whole, masterKey: bytes(1, 15) } }, /masterKey: expected 16 bytes/],
      [1, { generalCiphering: whole, policy: "none" }, /generalCiphering/],
      [0, { generalSigning: generalSigning(1) }, /suite 1/],
      [2, { generalSigning: generalSigning(1) }, /generalSigning\.signingKey: .*P-384/],
      [1, { generalCiphering: { ...whole, key: "two-pass" as never } }, /generalCiphering\.key/],
    ];
    for (const [suite, security, message] of cases) {
      assert.throws(
        () => made(suite, security),
        (error: DlmsError) => {
          assert.match(error.code, /^DLMS_CONFIG_/);
          assert.match(error.message, message);
          return true;
        },
      );
    }
  });
});

describe("general-signing against the simulated meter", () => {
  for (const suite of [1, 2] as const) {
    for (const inner of ["service", "general-glo", "general-ciphering"] as const) {
      it(`suite ${suite}, around ${inner} ciphering: proofs, reads, long answers; the meter takes nothing unsigned`, async () => {
        const bench = made(
          suite,
          {
            generalSigning: generalSigning(suite),
            ...(inner === "general-glo" ? { general: true } : {}),
            ...(inner === "general-ciphering" ? { generalCiphering: generalCiphering(suite, "static-unified") } : {}),
          },
          { signed: true },
          { meter: { objects: registers(30), maxPduSize: 600 }, client: { association: { maxPduSize: 600 } } },
        );
        const { client, clock, meter } = bench;
        const outcomes = await clock.runUntil(client.readMany([0, 1, 20].map((n) => registerRef(n))));
        assert.ok(outcomes.every(({ ok }) => ok));
        assert.ok((await clock.runUntil(client.browse())).objects.length >= 30);
        await clock.runUntil(client.close());
        assert.ok(!requests(meter).includes("nonsense"));
      });
    }
  }

  it("a meter that requires signatures refuses a client without", async () => {
    const { client, clock } = made(1, {}, { signed: true });
    assert.match((await failureOf(clock.runUntil(client.open()))).code, /^DLMS_ASSOC_AUTH_FAILED$/);
    await clock.runUntil(client.close());
  });

  it("refuses answers that are not signed, signed by another, of another request, or changed", async () => {
    const other = pairOn("P-256");
    const unwrap = (answer: Uint8Array): Uint8Array => {
      const apdu = parseApdu(answer);
      return apdu.apdu === "general-signing" ? apdu.content : answer;
    };
    let replay: Uint8Array | undefined;
    const attacks: readonly [string, (answer: Uint8Array) => Uint8Array, RegExp][] = [
      ["stripped", unwrap, /^DLMS_SEC_POLICY$/],
      ["changed", (answer) => answer.map((byte, n) => (n === 30 ? byte ^ 1 : byte)), /^DLMS_(SEC|DECODE)/],
      ["last bit", (answer) => answer.map((byte, n) => (n === answer.length - 1 ? byte ^ 1 : byte)), /^DLMS_SEC_TAG$/],
      ["replayed", (answer) => (replay ??= answer), /^DLMS_SEC_REPLAY$/],
    ];
    for (const [name, attack, code] of attacks) {
      const { client, clock, meter } = made(1, { generalSigning: generalSigning(1) });
      await clock.runUntil(client.open());
      meter.use({ name, sealed: (answer) => (answer[0] === 0xdf ? [attack(answer)] : undefined) });
      if (name === "replayed") await clock.runUntil(client.read(registerRef(0)));
      const error = await failureOf(clock.runUntil(client.read(registerRef(1))));
      assert.match(error.code, code, `${name}: ${error.message}`);
      await clock.runUntil(client.close());
    }
    const { client, clock } = made(1, { generalSigning: generalSigning(1) }, { signingKey: other.own });
    const error = await failureOf(clock.runUntil(client.open()));
    assert.equal(error.code, "DLMS_SEC_TAG");
    await clock.runUntil(client.close());
  });

  it("accepts unsigned answers if configured", async () => {
    const { client, clock, meter } = made(1, { generalSigning: { ...generalSigning(1), answers: "accepted" } });
    meter.use({
      name: "strip",
      sealed: (answer) => {
        const apdu = parseApdu(answer);
        return apdu.apdu === "general-signing" ? [apdu.content] : undefined;
      },
    });
    assert.equal(typeof (await clock.runUntil(client.read(registerRef(0)))).value, "number");
    await clock.runUntil(client.close());
  });
});

describe("broadcast key", () => {
  const broadcastKey = bytes(55, 16);
  const notification = (key: Uint8Array, counter: number, suite: 0 | 1 | 2 = 0): Uint8Array => {
    const plaintext = Buffer.from("0f00000001000906010100ff00ff".replace("0906010100ff00ff", "1600"), "hex");
    const content = protect({
      plaintext,
      keys: {
        encryptionKey: keysOf(suite).encryptionKey,
        authenticationKey: keysOf(suite).authenticationKey,
        broadcastKey: key,
      },
      suite,
      systemTitle: meterTitle,
      securityControl: 0x70 | suite,
      invocationCounter: counter,
    });
    return encodeApdu({ apdu: "general-glo-ciphering", systemTitle: meterTitle, content });
  };

  it("opens broadcasts of the meter, with separate counters, and drops replays and forgeries", async () => {
    const { client, clock, meter } = made(0, { broadcastKey });
    const seen: string[] = [];
    client.on("notification", ({ apdu }) => seen.push(apdu.apdu));
    await clock.runUntil(client.read(registerRef(0)));
    meter.push(notification(broadcastKey, 1));
    await clock.tickAsync(1);
    assert.deepEqual(seen, ["data-notification"], "a counter of 1 is below the one of the unicast key, and taken");
    meter.push(notification(broadcastKey, 1));
    meter.push(notification(bytes(56, 16), 2));
    await clock.tickAsync(1);
    assert.equal(seen.length, 1);
    meter.push(notification(broadcastKey, 3));
    await clock.tickAsync(1);
    assert.equal(seen.length, 2);
    assert.equal(typeof (await clock.runUntil(client.read(registerRef(1)))).value, "number", "the session goes on");
    await clock.runUntil(client.close());
  });

  it("is dropped with a note without the key", async () => {
    const notes: string[] = [];
    const { client, clock, meter } = made(0, {});
    client.on("trace", (event) => {
      if (event.kind === "note") notes.push(event.text);
    });
    let seen = 0;
    client.on("notification", () => seen++);
    await clock.runUntil(client.read(registerRef(0)));
    meter.push(notification(broadcastKey, 1));
    await clock.tickAsync(1);
    assert.equal(seen, 0);
    assert.ok(
      notes.some((note) => /broadcast/.test(note)),
      notes.join("\n"),
    );
    assert.equal(typeof (await clock.runUntil(client.read(registerRef(1)))).value, "number");
    await clock.runUntil(client.close());
  });
});

describe("ephemeral unified model, by Security Setup's key_agreement", () => {
  it("yields the same new key in client and meter through invoke", async () => {
    const { clientSigning, meterSigning } = pairs[1];
    const curve = curveOf(1);
    const keyId = keyIds["global-unicast"];
    let counter = 0;
    const random = (count: number): Uint8Array => bytes((counter += 31), count);
    const parties = { suite: 1, originator: clientTitle, recipient: meterTitle } as const;
    let meterKey: Uint8Array | undefined;
    // the meter's side of method 3: array of { key_id, key_data } in, the same out
    const securitySetup = {
      classId: 64,
      version: 1,
      logicalName: "0.0.43.0.0.255",
      attributes: {},
      methods: {
        3: (parameter: unknown) => {
          const [agreement] = (parameter as { value: { value: [{ value: number }, { value: Uint8Array }] }[] }).value;
          const peerKeyData = agreement?.value[1].value ?? new Uint8Array();
          const offer = ephemeralOffer({
            suite: 1,
            keyId,
            signingKey: importPrivateKey(meterSigning.own, curve, "test"),
            random,
          });
          meterKey = ephemeralUnified({
            ...parties,
            keyId,
            ephemeralKey: offer.ephemeralKey,
            peerKeyData,
            peerSigningKey: importPublicKey(clientSigning.shown, curve, "test"),
          });
          return keyAgreement(keyId, offer.keyData);
        },
      },
    };
    const { client, clock } = made(1, {}, {}, { meter: { objects: [...registers(2), securitySetup] } });
    const offer = ephemeralOffer({
      suite: 1,
      keyId,
      signingKey: importPrivateKey(clientSigning.own, curve, "test"),
      random,
    });
    const answer = await clock.runUntil(
      client.invoke({ classId: 64, logicalName: "0.0.43.0.0.255", methodId: 3 }, keyAgreement(keyId, offer.keyData)),
    );
    assert.equal(answer.type, "array");
    const [structure] = answer.value;
    assert.equal(structure?.type, "structure");
    const data = structure.value[1];
    assert.equal(data?.type, "octet-string");
    const key = ephemeralUnified({
      ...parties,
      keyId,
      ephemeralKey: offer.ephemeralKey,
      peerKeyData: data.value,
      peerSigningKey: importPublicKey(meterSigning.shown, curve, "test"),
    });
    assert.equal(key.length, 16);
    assert.deepEqual(key, meterKey);
    await clock.runUntil(client.close());
  });
});

function keyAgreement(keyId: number, keyData: Uint8Array): DlmsValue {
  return {
    type: "array",
    value: [
      {
        type: "structure",
        value: [
          { type: "enum", value: keyId },
          { type: "octet-string", value: keyData },
        ],
      },
    ],
  };
}
