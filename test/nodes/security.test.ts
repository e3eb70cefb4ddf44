import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type PersistentState, parseMeterSettings } from "../../nodes/meters/parse-settings";
import { memoryCounterStore, type MeterDefinition } from "../../src";
import { allNodes, ask, clean, flowFor, helper, startMeter, value } from "./support";

type Account = MeterDefinition["associations"][number];

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" }) as string;
const der = (key: KeyObject): Buffer => key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "der" });
/** A key as it can be pasted into a field. */
const spellings: Readonly<Record<string, (key: KeyObject) => string>> = {
  PEM: pem,
  "PEM in one line": (key) => pem(key).replaceAll("\n", " "),
  "DER as base64": (key) => der(key).toString("base64"),
  "DER as hex": (key) => der(key).toString("hex"),
};
const pairOn = (namedCurve: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve });
const allOn = (
  curve: string,
): Record<"client" | "meter" | "clientAgreement" | "meterAgreement", ReturnType<typeof pairOn>> => ({
  client: pairOn(curve),
  meter: pairOn(curve),
  clientAgreement: pairOn(curve),
  meterAgreement: pairOn(curve),
});
const keysOn = { "P-256": allOn("P-256"), "P-384": allOn("P-384") } as const;

const bytes = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, n) => (first + 11 * n) & 0xff);
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

const definition = (account: Partial<Account>): MeterDefinition => ({
  associations: [{ client: 16 }, { client: 17, ...account }],
  objects: [
    {
      classId: 3,
      logicalName: "1.0.1.7.0.255",
      attributes: { 2: { type: "double-long-unsigned", value: 4711 }, 3: { type: "null-data", value: null } },
    },
  ],
});

async function reads(account: Partial<Account>, node: object, credentials: object): Promise<void> {
  const { meter, port } = await startMeter(definition(account));
  await helper.load(allNodes, flowFor(port, {}, { clientAddress: "17", ...node }), { meter: credentials });
  assert.equal((await value()).payload, 4711);
  assert.equal(meter.associations, 1);
}

/** The error of a read from a meter with these settings. */
async function refusal(
  node: object,
  credentials: object,
  account: Partial<Account> = {},
): Promise<{ code: string; message: string }> {
  const { meter, port } = await startMeter(definition(account));
  await helper.load(allNodes, flowFor(port, {}, { clientAddress: "17", ...node }), { meter: credentials });
  const { caught } = await ask();
  assert.ok(caught?.dlmsError);
  if (caught.dlmsError.layer === "config") assert.equal(meter.counters.connections, 0, "nothing was sent");
  return caught.dlmsError;
}

describe("security of dlms-meter", () => {
  afterEach(clean);

  for (const curve of ["P-256", "P-384"] as const) {
    const { client, meter } = keysOn[curve];
    const account: Partial<Account> = {
      mechanism: "hls-ecdsa",
      signingKey: pem(meter.privateKey),
      clientSigningCertificate: pem(client.publicKey),
    };
    for (const [name, spelling] of Object.entries(spellings)) {
      it(`HIGH_ECDSA on ${curve}, ${name}, without ciphering: the curve follows the keys`, async () => {
        await reads(
          account,
          { authentication: "HIGH_ECDSA" },
          { signingKey: spelling(client.privateKey), meterSigningCertificate: spelling(meter.publicKey) },
        );
      });
    }

    const suite = curve === "P-256" ? 1 : 2;
    const length = suite === 2 ? 32 : 16;
    const symmetric = {
      encryptionKey: bytes(5, length),
      authenticationKey: bytes(77, length),
      masterKey: bytes(130, length),
    };
    const ciphered = { suite, policy: "authenticated-encrypted", ...symmetric } as const;
    const node = {
      authentication: "HIGH_ECDSA",
      securityPolicy: "AUTHENTICATED_ENCRYPTED",
      securitySuite: String(suite),
      invocationCounterSource: "METER",
    };
    const { clientAgreement, meterAgreement } = keysOn[curve];
    const credentials = {
      encryptionKey: hex(symmetric.encryptionKey),
      authenticationKey: hex(symmetric.authenticationKey),
      masterKey: hex(symmetric.masterKey),
      signingKey: pem(client.privateKey),
      meterSigningCertificate: pem(meter.publicKey),
      agreementKey: pem(clientAgreement.privateKey),
      meterAgreementCertificate: pem(meterAgreement.publicKey),
    };
    const whole: Partial<Account> = {
      ...account,
      ...ciphered,
      agreementKey: pem(meterAgreement.privateKey),
      clientAgreementCertificate: pem(clientAgreement.publicKey),
    };
    for (const ciphering of [
      "SERVICE",
      "GENERAL",
      "IDENTIFIED_KEY",
      "WRAPPED_KEY",
      "ONE_PASS",
      "STATIC_UNIFIED",
    ] as const) {
      it(`HIGH_ECDSA in suite ${suite}, ciphering ${ciphering}, unsigned and signed`, async () => {
        await reads(whole, { ...node, ciphering }, credentials);
        await clean();
        await reads({ ...whole, signed: true }, { ...node, ciphering, signMessages: true }, credentials);
      });
    }
  }

  it("names a missing or unsuitable key before the first frame", async () => {
    const { client, meter } = keysOn["P-256"];
    const other = keysOn["P-384"];
    const ecdsa = { authentication: "HIGH_ECDSA" };
    const own = { signingKey: pem(client.privateKey), meterSigningCertificate: pem(meter.publicKey) };
    const ciphered = { ...ecdsa, securityPolicy: "AUTHENTICATED_ENCRYPTED", securitySuite: "1" };
    const keys = { ...own, encryptionKey: hex(bytes(5, 16)), authenticationKey: hex(bytes(77, 16)) };
    const cases: readonly [object, object, RegExp][] = [
      [ecdsa, {}, /^signingKey: /],
      [ecdsa, { signingKey: own.signingKey }, /^meterSigningCertificate: /],
      [
        ecdsa,
        { ...own, meterSigningCertificate: pem(other.meter.publicKey) },
        /meterSigningCertificate: .*P-256.*P-384/,
      ],
      [ecdsa, { ...own, signingKey: "what is this" }, /signingKey: expected an EC private key/],
      [
        { ...ciphered, securitySuite: "2" },
        { ...keys, encryptionKey: hex(bytes(1, 32)), authenticationKey: hex(bytes(2, 32)) },
        /P-384/,
      ],
      [{ ...ciphered, ciphering: "WRAPPED_KEY" }, keys, /^masterKey: /],
      [{ ...ciphered, ciphering: "ONE_PASS" }, keys, /^meterAgreementCertificate: /],
      [{ ...ciphered, ciphering: "STATIC_UNIFIED" }, keys, /^agreementKey: /],
      [{ ...ciphered, ciphering: "OTHER" }, keys, /^ciphering: /],
      [{ ...ciphered, broadcastKey: "" }, { ...keys, broadcastKey: "1234" }, /^broadcastKey: expected 16 bytes/],
      [
        { securityPolicy: "AUTHENTICATED", signMessages: true },
        { encryptionKey: keys.encryptionKey, authenticationKey: keys.authenticationKey },
        /^signingKey: /,
      ],
    ];
    for (const [node, credentials, message] of cases) {
      const error = await refusal(node, credentials);
      assert.match(error.code, /^DLMS_CONFIG_/, error.message);
      assert.match(error.message, message);
      await clean();
    }
  });

  it("refuses short names with the counter of the meter, and suggests another choice", async () => {
    const keys = { encryptionKey: hex(bytes(5, 16)), authenticationKey: hex(bytes(77, 16)) };
    const node = { securityPolicy: "AUTHENTICATED_ENCRYPTED", referencing: "SN" };
    const error = await refusal(node, keys);
    assert.equal(error.code, "DLMS_CONFIG_UNSUPPORTED");
    assert.match(error.message, /^invocationCounterSource: .*choose STORED/);
    const persistentState: PersistentState = {
      systemTitle: () => new Uint8Array(8),
      counter: () => memoryCounterStore(),
    };
    const { connect } = parseMeterSettings({ ...node, invocationCounterSource: "STORED" }, keys, persistentState);
    assert.equal(connect.security?.counterSource, undefined);
    // without ciphering there is no counter, whatever its setting
    assert.doesNotThrow(() => parseMeterSettings({ referencing: "SN" }, {}, persistentState));
  });
});
