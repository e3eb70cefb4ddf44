import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import type { NodeInitializer } from "node-red";
import type { TestLine } from "../../nodes/admin/answers";
import { connect } from "../../src/index";
import { testCertificate, testKey } from "../support/test-certificate";
import { tlsFront, type TlsFront } from "../support/tls-front";
import { allNodes, clean, failure, flowFor, helper, startMeter, value } from "./support";

// eslint-disable-next-line @typescript-eslint/no-require-imports
const tlsConfig = require("@node-red/nodes/core/network/05-tls.js") as NodeInitializer;

const warnings = (): string[] =>
  helper
    .log()
    .args.map(([event]) => event as { level: number; id?: string; msg?: unknown })
    .filter(({ level, id }) => level === 30 && id === "meter")
    .map(({ msg }) => String(msg));

const steps = async (properties: object): Promise<TestLine[]> => {
  const { text } = await helper.request().post("/dlms/test-connection").send({ id: "meter", properties });
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TestLine);
};

describe("a dlms-meter over TLS", () => {
  let front: TlsFront;
  beforeEach(async () => {
    front = await tlsFront((await startMeter()).port);
  });
  afterEach(async () => {
    await front.close();
    await clean();
  });

  it("refuses a certificate without a known issuer, and suggests a remedy", async () => {
    await helper.load(allNodes, flowFor(front.port, {}, { transportType: "TLS" }));
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONN_TLS");
    assert.match(dlmsError.message, /transport\.ca/);
    assert.deepEqual(
      warnings().filter((text) => text.includes("unverified")),
      [],
    );
  });

  it("skips the check if configured, and warns in the log and in the test", async () => {
    const flow = flowFor(front.port, {}, { transportType: "TLS", tlsUnverified: true });
    await helper.load(allNodes, flow);
    assert.equal(typeof (await value()).payload, "number");
    assert.deepEqual(warnings(), ["dlms-meter.log.unverified"]);
    const [line] = await steps({ ...flow[1] });
    assert.deepEqual([line?.ok, line?.facts?.found === "lineOpen" && line.facts.unverified], [true, true]);
    assert.match(line?.text ?? "", /certificate was not checked/);
  });

  it("ignores a message that switches the check off", async () => {
    await helper.load(allNodes, flowFor(front.port, {}, { transportType: "TLS" }));
    const { dlmsError } = await failure({ meter: { tlsUnverified: true } });
    assert.equal(dlmsError.code, "DLMS_CONFIG_INVALID");
    assert.match(dlmsError.message, /msg\.meter\.tlsUnverified: a message cannot set this/);
  });

  it("warns through the library's logger when the client is made", async () => {
    const lines: string[] = [];
    const note = (text: string | (() => string)): void => void lines.push(typeof text === "string" ? text : text());
    const nothing = (): void => undefined;
    const client = await connect({
      transport: { kind: "tls", host: "127.0.0.1", port: front.port, verify: false },
      client: { sap: 16 },
      server: { logical: 1 },
      logger: { debug: nothing, info: nothing, warn: note, error: nothing },
    });
    await client.close();
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^tls 127\.0\.0\.1:\d+: the server's certificate is not checked .*transport\.ca/);
  });
});

describe("a dlms-meter with a TLS configuration", () => {
  const passphrase = "correct horse";
  const encryptedKey = createPrivateKey(testKey)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase })
    .toString();
  const client = { certdata: testCertificate, keydata: encryptedKey, passphrase };
  let front: TlsFront;
  beforeEach(async () => {
    const { port } = await startMeter();
    front = await tlsFront(port, { ca: testCertificate, requestCert: true, rejectUnauthorized: true });
  });
  afterEach(async () => {
    await front.close();
    await clean();
  });

  async function load(secrets: object, config: object = {}, meter: object = {}): Promise<object> {
    const flow = [
      { id: "tls", type: "tls-config", cert: "", key: "", ca: "", verifyservercert: true, ...config },
      ...flowFor(front.port, {}, { transportType: "TLS", tls: "tls", ...meter }),
    ];
    await helper.load([tlsConfig, ...allNodes] as never, flow, { tls: secrets });
    return { ...flow[2] };
  }

  it("uses its CA, server name, client certificate and key with passphrase, in the flow and in the dialog", async () => {
    const properties = await load({ ...client, cadata: testCertificate }, { servername: "meter.test" });
    assert.equal(typeof (await value()).payload, "number");
    const lines = await steps(properties);
    assert.ok(lines.length > 1);
    assert.deepEqual(
      lines.filter(({ ok }) => !ok),
      [],
    );
  });

  it("uses the meter's CA and server name if the configuration has none", async () => {
    await load(client, {}, { tlsCa: testCertificate, tlsServerName: "meter.test" });
    assert.equal(typeof (await value()).payload, "number");
  });

  it("refuses a certificate that it does not trust, whatever the meter's own field says", async () => {
    await load(client, { servername: "meter.test" }, { tlsUnverified: true });
    assert.equal((await failure()).dlmsError.code, "DLMS_CONN_TLS");
  });

  it("skips the check if the configuration says so, and warns", async () => {
    await load(client, { verifyservercert: false });
    assert.equal(typeof (await value()).payload, "number");
    assert.deepEqual(warnings(), ["dlms-meter.log.unverified"]);
  });

  it("reports a wrong passphrase without it, and a configuration that is not there", async () => {
    await load({ ...client, passphrase: "battery staple" });
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONFIG_INVALID");
    assert.match(dlmsError.message, /^tls: the passphrase does not decrypt the private key/);
    assert.doesNotMatch(JSON.stringify(dlmsError), /battery|PRIVATE/);
    await helper.unload();
    await load({}, {}, { tls: "gone" });
    assert.equal((await failure()).dlmsError.code, "DLMS_CONFIG_MISSING");
  });
});
