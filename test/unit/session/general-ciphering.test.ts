import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { encodeApdu, parseApdu } from "../../../src/apdu";
import type { GeneralCiphering, KeyInfo } from "../../../src/apdu/model";
import { fromHex, toHex } from "../../../src/bytes";
import {
  type EcPrivateKey,
  importPrivateKey,
  importPublicKey,
  KeySet,
  onePassOriginate,
  onePassReceive,
  protect,
  type SecuritySuite,
  staticUnified,
  unprotect,
  unwrapKey,
  wrapKey,
} from "../../../src/security";
import { Session, type SessionSecurity } from "../../../src/session";
import type { GeneralCipheringOptions } from "../../../src/session/steps/options";
import { Driver, failure } from "./drive";
import { energy, energyHex, options } from "./fixtures";
import { CipheringMeter, clientTitle, gak, guek, meterTitle } from "./meter";

const what = "read 1-0:1.8.0*255/2";
const answer = "c401c1000600001391";
const masterKeyOf = (suite: SecuritySuite): Uint8Array => new Uint8Array(suite === 2 ? 32 : 16).fill(0x11);

const curve = { 1: "P-256", 2: "P-384" } as const;
function pair(suite: 1 | 2): { secret: string; open: string; key: EcPrivateKey } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve[suite] });
  const secret = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  return {
    secret,
    open: publicKey.export({ type: "spki", format: "pem" }) as string,
    key: importPrivateKey(secret, curve[suite], "test"),
  };
}

/** One meter, with all the keys that its client may use. */
class GeneralMeter {
  readonly client: { signing: ReturnType<typeof pair>; agreement: ReturnType<typeof pair> };
  readonly own: { signing: ReturnType<typeof pair>; agreement: ReturnType<typeof pair> };
  readonly keys: KeySet;
  readonly plain: CipheringMeter;
  counter = 500;

  constructor(readonly suite: SecuritySuite) {
    const asymmetric = suite === 0 ? 1 : suite;
    this.client = { signing: pair(asymmetric), agreement: pair(asymmetric) };
    this.own = { signing: pair(asymmetric), agreement: pair(asymmetric) };
    const size = suite === 2 ? 32 : 16;
    this.keys = new KeySet(suite, {
      encryptionKey: suite === 2 ? new Uint8Array(size).fill(3) : guek,
      authenticationKey: suite === 2 ? new Uint8Array(size).fill(4) : gak,
    });
    this.plain = new CipheringMeter();
    this.plain.suite = suite;
    this.plain.encryptionKey = this.keys.encryptionKey;
  }

  security(key: GeneralCipheringOptions["key"]): SessionSecurity {
    return {
      suite: this.suite,
      policy: "authenticated-encrypted",
      keys: this.keys,
      generalCiphering: {
        key,
        masterKey: masterKeyOf(this.suite),
        signingKey: this.client.signing.secret,
        agreementKey: this.client.agreement.secret,
        meterSigningCertificate: this.own.signing.open,
        meterAgreementCertificate: this.own.agreement.open,
      },
    };
  }

  /** Contents of a client request. */
  open(sent: string): string {
    const apdu = parseApdu(fromHex(sent)) as GeneralCiphering;
    const encryptionKey = this.#keyOf(apdu);
    const { plaintext } = unprotect({
      content: apdu.content,
      keys: this.keys.withEncryptionKey(encryptionKey),
      systemTitle: apdu.originatorSystemTitle,
      extraAad: header(apdu),
    });
    return toHex(plaintext);
  }

  #keyOf(apdu: GeneralCiphering): Uint8Array {
    const { keyInfo, transactionId } = apdu;
    const parties = { suite: this.suite === 0 ? 1 : this.suite, originator: clientTitle, recipient: meterTitle };
    if (keyInfo?.kind === "wrapped-key") return unwrapKey(masterKeyOf(this.suite), keyInfo.wrappedKey);
    if (keyInfo?.kind !== "agreed-key") return this.keys.encryptionKey;
    const name = this.suite === 2 ? "P-384" : "P-256";
    if (keyInfo.parameters[0] === 1) {
      return onePassReceive({
        ...parties,
        agreementKey: this.own.agreement.key,
        originatorSigningKey: importPublicKey(this.client.signing.open, name, "test"),
        keyCipheredData: keyInfo.cipheredData,
      });
    }
    const peerKey = importPublicKey(this.client.agreement.open, name, "test");
    return staticUnified({ ...parties, ownKey: this.own.agreement.key, peerKey, transactionId });
  }

  /** An answer to a request, or an answer of another transaction. */
  answer(sent: string, kind: GeneralCipheringOptions["key"], change: Partial<GeneralCiphering> = {}): string {
    const request = parseApdu(fromHex(sent)) as GeneralCiphering;
    const fields = {
      transactionId: request.transactionId,
      originatorSystemTitle: meterTitle,
      recipientSystemTitle: clientTitle,
      dateTime: new Uint8Array(),
      otherInformation: new Uint8Array(),
      ...change,
    };
    const { key, keyInfo } = this.#answerKey(kind, fields.transactionId);
    const content = protect({
      plaintext: fromHex(answer),
      keys: this.keys.withEncryptionKey(key),
      suite: this.suite,
      systemTitle: meterTitle,
      securityControl: 0x30 | this.suite,
      invocationCounter: (this.counter += 1),
      extraAad: header(fields),
    });
    return toHex(encodeApdu({ apdu: "general-ciphering", ...fields, keyInfo, content }));
  }

  #answerKey(kind: GeneralCipheringOptions["key"], transactionId: Uint8Array): { key: Uint8Array; keyInfo: KeyInfo } {
    const name = this.suite === 2 ? "P-384" : "P-256";
    const parties = { suite: this.suite === 0 ? 1 : this.suite, originator: meterTitle, recipient: clientTitle };
    const peerKey = importPublicKey(this.client.agreement.open, name, "test");
    switch (kind) {
      case "identified-key":
        return { key: this.keys.encryptionKey, keyInfo: { kind, keyId: 0 } };
      case "wrapped-key": {
        const key = new Uint8Array(this.keys.encryptionKey.length).fill(9);
        return { key, keyInfo: { kind, kekId: 0, wrappedKey: wrapKey(masterKeyOf(this.suite), key) } };
      }
      case "one-pass": {
        const random = (count: number): Uint8Array => new Uint8Array(count).fill(0x21);
        const made = onePassOriginate({ ...parties, recipientKey: peerKey, signingKey: this.own.signing.key, random });
        const parameters = Uint8Array.of(1);
        return { key: made.key, keyInfo: { kind: "agreed-key", parameters, cipheredData: made.keyCipheredData } };
      }
      case "static-unified": {
        const key = staticUnified({ ...parties, ownKey: this.own.agreement.key, peerKey, transactionId });
        const parameters = Uint8Array.of(2);
        return { key, keyInfo: { kind: "agreed-key", parameters, cipheredData: new Uint8Array() } };
      }
    }
  }
}

/** Each field after its length, as in the APDU. */
function header(apdu: Omit<GeneralCiphering, "apdu" | "keyInfo" | "content">): Uint8Array {
  const fields = [
    apdu.transactionId,
    apdu.originatorSystemTitle,
    apdu.recipientSystemTitle,
    apdu.dateTime,
    apdu.otherInformation,
  ];
  return fromHex(fields.map((field) => toHex(Uint8Array.of(field.length)) + toHex(field)).join(""));
}

/** Runs a GET against the meter; `reply` makes the answer from the request. */
function read(meter: GeneralMeter, key: GeneralCipheringOptions["key"], reply: (sent: string) => string): string {
  const session = new Session(
    options({ security: meter.security(key), clientSystemTitle: clientTitle, maxPduSize: 1200 }),
  );
  const driver = new Driver();
  const authenticated = meter.suite === 2 ? meter.keys.authenticationKey : gak;
  const initiate = meter.plain.content("0800065f1f0400007e1f04000007", 1, authenticated);
  const body = `a109060760857405080103a203020100a305a103020100a40a0408${toHex(meterTitle)}be230421281f${initiate}`;
  driver.run(session.associate(), [{ in: `61${(body.length / 2).toString(16)}${body}` }]);
  const operation = session.get(energy, what);
  let step = operation.next();
  let sent = "";
  while (step.done !== true) {
    const { value } = step;
    if (value.kind === "reserve-counter") step = operation.next(driver.counter++);
    else if (value.kind === "exchange") {
      sent = toHex(value.apdu);
      step = operation.next(fromHex(reply(sent)));
    } else step = operation.next();
  }
  assert.ok(step.value.ok);
  assert.equal(meter.open(sent), `c001c1${energyHex}`);
  return toHex(step.value.data);
}

describe("session: general-ciphering", () => {
  const kinds = ["identified-key", "wrapped-key", "one-pass", "static-unified"] as const;
  for (const suite of [0, 1, 2] as const) {
    for (const kind of kinds.slice(0, suite === 0 ? 2 : 4)) {
      it(`suite ${suite}, ${kind}`, () => {
        const meter = new GeneralMeter(suite);
        assert.equal(
          read(meter, kind, (sent) => meter.answer(sent, kind)),
          "0600001391",
        );
      });
    }
  }

  it("accepts answers with another kind of key", () => {
    const meter = new GeneralMeter(1);
    for (const kind of kinds) {
      assert.equal(
        read(meter, "one-pass", (sent) => meter.answer(sent, kind)),
        "0600001391",
      );
    }
  });

  it("refuses an answer of another transaction, from or for another title, and a changed header", () => {
    const meter = new GeneralMeter(1);
    const other = fromHex("4D4D4D0000BC6150");
    const refused = (
      change: Partial<GeneralCiphering>,
      code: string,
      kind: (typeof kinds)[number] = "wrapped-key",
    ): void => {
      assert.throws(() => read(meter, "wrapped-key", (sent) => meter.answer(sent, kind, change)), { code });
    };
    refused({ transactionId: fromHex("0102030405060708") }, "DLMS_SEC_REPLAY");
    refused({ transactionId: fromHex("0102030405060708") }, "DLMS_SEC_REPLAY", "static-unified");
    refused({ originatorSystemTitle: other }, "DLMS_SEC_SYSTEM_TITLE");
    refused({ recipientSystemTitle: other }, "DLMS_SEC_SYSTEM_TITLE");
    assert.throws(
      () =>
        read(meter, "identified-key", (sent) => {
          const apdu = parseApdu(fromHex(meter.answer(sent, "identified-key"))) as GeneralCiphering;
          return toHex(encodeApdu({ ...apdu, otherInformation: Uint8Array.of(1) }));
        }),
      { code: "DLMS_SEC_TAG" },
    );
  });

  it("needs its keys", () => {
    const meter = new GeneralMeter(0);
    const withoutKey = { ...meter.security("wrapped-key"), generalCiphering: { key: "wrapped-key" } } as const;
    assert.throws(() => new Session(options({ security: withoutKey, clientSystemTitle: clientTitle })), {
      code: "DLMS_CONFIG_MISSING",
    });
    const driver = new Driver();
    const plain = new Session(
      options({ security: { suite: 0, policy: "authenticated", keys: meter.keys }, clientSystemTitle: clientTitle }),
    );
    driver.run(plain.associate(), [{ in: meter.plain.aare() }]);
    const sent = toHex(
      encodeApdu({
        apdu: "general-ciphering",
        transactionId: new Uint8Array(8),
        originatorSystemTitle: clientTitle,
        recipientSystemTitle: meterTitle,
        dateTime: new Uint8Array(),
        otherInformation: new Uint8Array(),
        content: new Uint8Array(17),
      }),
    );
    const error = failure(plain.get(energy, what), [{ in: meter.answer(sent, "identified-key") }], driver);
    assert.equal(error.code, "DLMS_SEC_KEY_MISSING");
  });
});
