import assert from "node:assert/strict";
import type { TestLine } from "../../nodes/admin/answers";
import { connect } from "../../src/index";
import { tlsFront, type TlsFront } from "../support/tls-front";
import { allNodes, clean, failure, flowFor, helper, startMeter, value } from "./support";

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
