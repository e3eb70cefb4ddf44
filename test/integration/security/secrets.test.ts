/** Secrets appear in no log, trace, error or event. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { fromHex } from "../../../src/bytes";
import { DlmsClient, transferKeys } from "../../../src/client";
import type { ConnectOptions, Logger } from "../../../src/client/options/options";
import { SharedLines } from "../../../src/driver/shared-line";
import { testConnection } from "../../../src/client/diagnosis/test-connection";
import { resolveSettings } from "../../../src/client/options/resolve-options";
import { makeSession } from "../../../src/client/connection/factories";
import { memoryCounterStore } from "../../../src/security";
import { createMeter, type MeterDefinition, type SimulatedObject } from "../../../src/simulator";
import type { SimulatedAssociation } from "../../../src/simulator/definition/definition";
import { registerRef, registers, silentWhen } from "../../support/meters";
import { VirtualClock } from "../../support/virtual-clock";
import { clientTitle } from "./secured";

/** Values that occur nowhere else; the symmetric keys are not text, the passwords not hex. */
const password = "Zx9-Quagga-Winter";
const hlsSecret = "Okapi~7731~Sommer";
const encryptionKey = fromHex("91e7b35c0d4f6a28c8f1035ed47b9a62");
const authenticationKey = fromHex("e05a9c6d3b7f1482d6c09e517a2b3f84");
const broadcastKey = fromHex("5d81f30b6ec7924ab1702cdf938e6458");
const pair = (): { privateKey: Buffer; publicKey: Buffer } =>
  generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { format: "der", type: "pkcs8" },
    publicKeyEncoding: { format: "der", type: "spki" },
  });
const own = pair();
const meterPair = pair();
const masterKey = fromHex("2f86c01be97d5a43b812f6cc07359ea4");
// PKCS#8 of a P-256 key: the scalar follows 36 bytes
const scalar = own.privateKey.subarray(36, 68);

const secrets: readonly Uint8Array[] = [
  Buffer.from(password),
  Buffer.from(hlsSecret),
  encryptionKey,
  authenticationKey,
  broadcastKey,
  masterKey,
  scalar,
];

/** How bytes can turn up in a text: as such, hex in several forms, base64 at any offset, arrays of numbers. */
function forms(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const hex = buffer.toString("hex");
  const pairs = hex.match(/../g) ?? [];
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), buffer, Buffer.alloc(2)]).toString("base64");
    // without the characters that neighbours decide
    return text.slice(offset === 0 ? 0 : offset + 2, -5 - offset);
  });
  const numbers = [...bytes].join(",");
  return [
    buffer.toString("latin1"),
    hex,
    pairs.join(" "),
    pairs.join(":"),
    ...base64,
    numbers,
    numbers.replaceAll(",", ", "),
  ];
}

function assertClean(text: string, where: string): void {
  const lower = text.toLowerCase();
  for (const [n, secret] of secrets.entries()) {
    for (const form of forms(secret)) {
      assert.ok(!lower.includes(form.toLowerCase()), `secret ${n} appears in ${where} as ${form}`);
    }
  }
}

/** All that a person or a log could get to see, as one text. */
class Seen {
  readonly #pieces: string[] = [];
  readonly logger: Logger;

  constructor() {
    const take = (text: string | (() => string)): void => {
      this.add(typeof text === "string" ? text : text());
    };
    this.logger = { debug: take, info: take, warn: take, error: take };
  }

  add(thing: unknown): void {
    const options = { depth: 12, showHidden: true, maxArrayLength: null, maxStringLength: null, breakLength: Infinity };
    this.#pieces.push(typeof thing === "string" ? thing : inspect(thing, { ...options, showHidden: false }));
    if (thing instanceof Error) this.#pieces.push(String(thing.stack), inspect(thing, options), JSON.stringify(thing));
    else if (typeof thing === "object" && thing !== null) {
      try {
        this.#pieces.push(
          JSON.stringify(thing, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
        );
      } catch (error) {
        // circular: inspect has shown it
        assert.ok(error instanceof TypeError);
      }
    }
  }

  get text(): string {
    return this.#pieces.join("\n").replace(/\s+/g, " ");
  }
}

const account = (change: Partial<SimulatedAssociation>): SimulatedAssociation => ({
  client: 1,
  encryptionKey,
  authenticationKey,
  ...change,
});
const security = {
  suite: 0,
  policy: "authenticated-encrypted",
  encryptionKey,
  authenticationKey,
  broadcastKey,
} as const;

type Way = readonly [string, Partial<SimulatedAssociation>, Pick<ConnectOptions, "auth" | "security">];
const withCounter = (): NonNullable<ConnectOptions["security"]> => ({
  ...security,
  invocationCounter: memoryCounterStore(),
});
const ways: readonly Way[] = [
  ["lls", { mechanism: "lls", secret: password }, { auth: { mechanism: "lls", secret: password } }],
  ...(["hls-2", "hls-md5", "hls-sha1", "hls-sha256"] as const).map((mechanism): Way => {
    const secret = mechanism === "hls-2" ? hlsSecret.slice(0, 16) : hlsSecret;
    return [mechanism, { mechanism, secret }, { auth: { mechanism, secret } }];
  }),
  [
    "hls-gmac, ciphered",
    { mechanism: "hls-gmac", policy: "authenticated-encrypted" },
    { auth: { mechanism: "hls-gmac" }, security: withCounter() },
  ],
  [
    "hls-gmac, authenticated only, dedicated key",
    { mechanism: "hls-gmac", policy: "authenticated" },
    { auth: { mechanism: "hls-gmac" }, security: { ...withCounter(), policy: "authenticated", dedicatedKey: true } },
  ],
  [
    "lls, ciphered",
    { mechanism: "lls", secret: password, policy: "authenticated-encrypted" },
    { auth: { mechanism: "lls", secret: password }, security: withCounter() },
  ],
  ...(["wrapped-key", "one-pass", "static-unified"] as const).map((key): Way => [
    `hls-gmac, general-ciphering ${key}, signed`,
    {
      ...{ mechanism: "hls-gmac", suite: 1, policy: "authenticated-encrypted", masterKey, signed: true },
      ...{ signingKey: meterPair.privateKey, clientSigningCertificate: own.publicKey },
      ...{ agreementKey: meterPair.privateKey, clientAgreementCertificate: own.publicKey },
    },
    {
      auth: { mechanism: "hls-gmac" },
      security: {
        ...withCounter(),
        suite: 1,
        generalCiphering: {
          ...{ key, masterKey, signingKey: own.privateKey, agreementKey: own.privateKey },
          ...{ meterSigningCertificate: meterPair.publicKey, meterAgreementCertificate: meterPair.publicKey },
        },
        generalSigning: { signingKey: own.privateKey, meterSigningCertificate: meterPair.publicKey },
      },
    },
  ]),
  [
    "hls-ecdsa",
    { mechanism: "hls-ecdsa", signingKey: meterPair.privateKey, clientSigningCertificate: own.publicKey },
    { auth: { mechanism: "hls-ecdsa", signingKey: own.privateKey, meterSigningCertificate: meterPair.publicKey } },
  ],
];

describe("no secret appears in a log, trace, error, event or inspection", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    for (const [name, accountOf, way] of ways) {
      for (const outcome of ["success", "wrong secret", "silence", "refused answer"] as const) {
        it(`${name} over ${framing}: ${outcome}`, async () => {
          const seen = new Seen();
          const clock = new VirtualClock();
          const right = account(accountOf);
          const other = outcome !== "wrong secret" ? {} : wrong(right);
          const definition: MeterDefinition = {
            framing,
            associations: [{ client: 16 }, { ...right, ...other }],
            objects: registers(3),
          };
          const meter = createMeter(definition, { clock });
          if (outcome === "silence") meter.use(silentWhen((request) => request !== "aarq"));
          if (outcome === "refused answer") {
            meter.use({
              name: "plain",
              sealed: (bytes) => (bytes[0] === 0x61 ? undefined : [Uint8Array.of(0xd8, 1, 1)]),
            });
          }
          let next = 0;
          const options: ConnectOptions = {
            transport: meter.transport(),
            client: { sap: 1, systemTitle: clientTitle },
            server: { logical: 1 },
            ...(framing === "HDLC" ? { link: { kind: "hdlc" } } : {}),
            ...way,
            clock,
            logger: seen.logger,
            timeouts: { response: 300, retries: 0 },
            random: (count) => Uint8Array.from({ length: count }, () => (next += 41) & 0xff),
          };
          const client = new DlmsClient(options, { lines: new SharedLines() });
          for (const event of ["state", "notification", "trace", "retry"] as const)
            client.on(event, (one) => seen.add(one));
          let answered = 0;
          for (let n = 0; n < 2; n++) {
            const results = await clock.runUntil(
              Promise.allSettled([
                client.read(registerRef(n)),
                client.readMany([registerRef(0), registerRef(9)]),
                client.write(registerRef(0), { type: "unsigned", value: 1 }),
                client.invoke({ classId: 3, logicalName: "1.0.1.8.0.255", methodId: 1 }),
              ]),
            );
            for (const result of results) {
              if (result.status === "fulfilled") answered++;
              seen.add(result.status === "fulfilled" ? result.value : result.reason);
            }
            seen.add(client);
            seen.add(client.statistics);
          }
          assert.equal(answered > 0, outcome === "success", `${answered} requests were answered`);
          await clock.runUntil(client.close());
          const run = async (): Promise<void> => {
            for await (const step of testConnection(options, {}, { lines: new SharedLines() })) seen.add(step);
          };
          await clock.runUntil(run());
          seen.add(makeSession(resolveSettings(options)));
          assertClean(seen.text, name);
          assert.ok(seen.text.length > 2000, "the trace was taken");
        });
      }
    }
  }

  for (const outcome of ["success", "refusal", "lost answer", "short key"] as const) {
    it(`keys that are transferred: ${outcome}`, async () => {
      const seen = new Seen();
      const clock = new VirtualClock();
      const setup: SimulatedObject = {
        ...{ classId: 64, version: 1, logicalName: "0.0.43.0.0.255" },
        attributes: { 2: { type: "enum", value: 0 } },
        methods: { 2: () => undefined },
        denied: outcome === "refusal" ? [-2] : [],
      };
      const meter = createMeter({ associations: [{ client: 16 }], objects: [setup] }, { clock });
      if (outcome === "lost answer") meter.use(silentWhen((request) => request === "action-request-normal"));
      const client = new DlmsClient(
        {
          ...{ transport: meter.transport(), client: { sap: 16 }, server: { logical: 1 } },
          ...{ clock, logger: seen.logger, timeouts: { response: 300, retries: 0 } },
        },
        { lines: new SharedLines() },
      );
      for (const event of ["state", "trace", "retry"] as const) client.on(event, (one) => seen.add(one));
      const states: string[] = [];
      const store = { keep: (state: string) => Promise.resolve(void states.push(state)) };
      const encryption = outcome === "short key" ? encryptionKey.subarray(1) : encryptionKey;
      const keys = { encryption, authentication: authenticationKey, broadcast: broadcastKey };
      const [result] = await clock.runUntil(Promise.allSettled([transferKeys(client, { keys, masterKey, store })]));
      if (result.status === "rejected") seen.add(result.reason);
      seen.add(client);
      await clock.runUntil(client.close());
      assert.deepEqual(
        states,
        {
          success: ["pending", "active"],
          refusal: ["pending", "refused"],
          "lost answer": ["pending"],
          "short key": [],
        }[outcome],
      );
      assertClean(seen.text, outcome);
      assert.ok(seen.text.length > 500, "the trace was taken");
    });
  }

  it("finds a secret if there is one", () => {
    for (const form of forms(encryptionKey)) assert.throws(() => assertClean(`x${form}y`, "a text"));
    const seen = new Seen();
    seen.add({ key: encryptionKey });
    assert.throws(() => assertClean(seen.text, "an object"));
  });

  it("refused settings name the setting, not its value", () => {
    const bad: Partial<ConnectOptions>[] = [
      { security: { ...withCounter(), encryptionKey: encryptionKey.subarray(1) } },
      { security: { ...withCounter(), suite: 2 } },
      { security: withCounter(), client: { sap: 1 } },
      { auth: { mechanism: "hls-gmac", secret: password } as never },
      {
        auth: {
          mechanism: "hls-ecdsa",
          signingKey: own.privateKey.subarray(1),
          meterSigningCertificate: own.publicKey,
        },
      },
    ];
    for (const options of bad) {
      const seen = new Seen();
      const transport = createMeter({ associations: [{ client: 16 }], objects: [] }).transport();
      try {
        const settings = resolveSettings({
          transport,
          client: { sap: 1, systemTitle: clientTitle },
          server: { logical: 1 },
          ...options,
        });
        makeSession(settings);
        assert.fail("accepted");
      } catch (error) {
        seen.add(error);
      }
      assertClean(seen.text, "a refused setting");
    }
  });
});

/** The meter's side of an account with another secret. */
function wrong({ mechanism }: SimulatedAssociation): Partial<SimulatedAssociation> {
  if (mechanism === "hls-ecdsa") return { clientSigningCertificate: meterPair.publicKey };
  if (mechanism === "hls-gmac") return { authenticationKey: fromHex("00112233445566778899aabbccddeeff") };
  return { secret: "another-one-16ch" };
}
