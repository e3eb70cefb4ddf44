import assert from "node:assert/strict";
import type { MeterDefinition } from "../../src/index";
import { allNodes, ask, clean, flowFor, helper, type RunningMeter, startMeter } from "./support";

const encryptionKey = Uint8Array.from({ length: 16 }, (_, n) => 0x40 + n);
const authenticationKey = Uint8Array.from({ length: 16 }, (_, n) => 0xb0 + n);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const definition = (account: Partial<MeterDefinition["associations"][number]>): MeterDefinition => ({
  associations: [{ client: 16 }, { client: 17, ...account }],
  objects: [
    {
      classId: 3,
      logicalName: "1.0.1.7.0.255",
      attributes: { 2: { type: "double-long-unsigned", value: 7 }, 3: { type: "null-data", value: null } },
    },
  ],
});
const gmac = { mechanism: "hls-gmac", policy: "authenticated-encrypted", encryptionKey, authenticationKey } as const;
const gmacNode = {
  authentication: "HIGH_GMAC",
  securityPolicy: "AUTHENTICATED_ENCRYPTED",
  invocationCounterSource: "STORED",
};
const keys = { encryptionKey: hex(encryptionKey), authenticationKey: hex(authenticationKey) };
const other = "0123456789abcdef0123456789abcdef";

interface Case {
  readonly name: string;
  readonly account: Partial<MeterDefinition["associations"][number]>;
  readonly node: object;
  readonly credentials: object;
  /** behaviour of the meter besides refusing wrong secrets */
  readonly prepare?: (running: RunningMeter) => void;
  readonly code: RegExp;
}

/** An answer to the association request: permanent refusal, with the diagnostic of a service-user or -provider. */
const refusal = (source: "a2" | "a1", diagnostic: string): Uint8Array =>
  Buffer.from(`611fa109060760857405080101a203020101a305${source}030201${diagnostic}be0604040e010600`, "hex");

const cases: readonly Case[] = [
  {
    name: "a wrong password",
    account: { mechanism: "lls", secret: "right" },
    node: { authentication: "LOW" },
    credentials: { password: "wrong" },
    code: /^DLMS_ASSOC_AUTH_FAILED$/,
  },
  {
    name: "a wrong HLS secret",
    account: { mechanism: "hls-sha256", secret: "right-right-right" },
    node: { authentication: "HIGH_SHA256" },
    credentials: { password: "wrong-wrong-wrong" },
    code: /^DLMS_ASSOC_AUTH_FAILED$/,
  },
  {
    name: "a wrong authentication key",
    account: gmac,
    node: gmacNode,
    credentials: { ...keys, authenticationKey: other },
    code: /^DLMS_/,
  },
  {
    name: "a wrong encryption key",
    account: gmac,
    node: gmacNode,
    credentials: { ...keys, encryptionKey: other },
    code: /^DLMS_/,
  },
  {
    name: "a meter that answers under another key",
    account: gmac,
    node: gmacNode,
    credentials: keys,
    prepare: ({ meter }) => {
      // one bit of the tag around the initiate-response
      meter.use({
        name: "bit",
        sealed: (bytes) =>
          bytes[0] === 0x61 ? [bytes.map((byte, n) => (n === bytes.length - 1 ? byte ^ 1 : byte))] : undefined,
      });
    },
    code: /^DLMS_SEC_TAG$/,
  },
  {
    name: "a meter whose proof is wrong",
    account: { mechanism: "hls-sha1", secret: "shared-secret" },
    node: { authentication: "HIGH_SHA1" },
    credentials: { password: "shared-secret" },
    prepare: ({ meter }) => {
      meter.use({
        name: "proof",
        answer: (bytes) =>
          bytes[0] === 0xc7 ? [bytes.map((byte, n) => (n === bytes.length - 1 ? byte ^ 1 : byte))] : undefined,
      });
    },
    code: /^DLMS_ASSOC_SERVER_UNPROVEN$/,
  },
  ...(["01", "02", "0b"] as const).map((diagnostic): Case => ({
    name: `a permanent refusal with diagnostic ${diagnostic}`,
    account: { mechanism: "lls", secret: "right" },
    node: { authentication: "LOW" },
    credentials: { password: "right" },
    prepare: ({ meter }) => {
      meter.use({
        name: "refuse",
        request: (apdu) => (apdu.apdu === "aarq" ? [refusal("a1", diagnostic)] : undefined),
      });
    },
    code: /^DLMS_ASSOC_/,
  })),
];

const attempts = ({ meter }: RunningMeter): number =>
  meter.received.filter((item) => item.kind === "apdu" && item.apdu.apdu === "aarq").length;

describe("a secret that was refused is sent once", () => {
  afterEach(clean);

  for (const { name, account, node, credentials, prepare, code } of cases) {
    it(`${name}: one association for twenty triggers, two nodes and a redeploy of one of them`, async () => {
      const running = await startMeter(definition(account));
      prepare?.(running);
      const flow = flowFor(running.port, {}, { clientAddress: "17", ...node });
      const second = { ...flow.find(({ id }) => id === "read"), id: "read2" };
      await helper.load(allNodes, [...flow, second], { meter: credentials });
      for (let n = 0; n < 20; n++) {
        const { caught } = await ask({}, n % 3 === 2 ? "read2" : "read");
        assert.match(caught?.dlmsError?.code ?? "", code, caught?.dlmsError?.message);
        if (n > 0) assert.match(caught?.dlmsError?.message ?? "", /not retried/);
      }
      await helper.setFlows([...flow, { ...second, name: "changed" }], "nodes");
      const { caught } = await ask({}, "read2");
      assert.match(caught?.dlmsError?.message ?? "", /not retried/);
      assert.equal(attempts(running), 1);
    });
  }

  it("is not remembered if no secret was sent", async () => {
    const running = await startMeter(definition({}));
    running.meter.use({
      name: "refuse",
      request: (apdu) => (apdu.apdu === "aarq" ? [refusal("a1", "01")] : undefined),
    });
    await helper.load(allNodes, flowFor(running.port, {}, { clientAddress: "17" }));
    const { caught } = await ask();
    assert.match(caught?.dlmsError?.code ?? "", /^DLMS_ASSOC_/);
    // it retries automatically
    await running.meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu === "aarq");
    assert.doesNotMatch((await ask()).caught?.dlmsError?.message ?? "", /not retried/);
  });
});
