import assert from "node:assert/strict";
import type { SearchLine, TrialLine } from "../../nodes/admin/answers";
import sinon from "sinon";
import { AccessRegistry } from "../../src/fleet/exclusive-access";
import { createMeter, householdDefinition, type MeterDefinition } from "../../src";
import { createBus } from "../../src/simulator";
import { allNodes, clean, flowFor, helper, value } from "./support";

const definition = (more: Partial<MeterDefinition>): MeterDefinition => ({
  ...householdDefinition(),
  framing: "HDLC",
  ...more,
});

async function search(body: object): Promise<SearchLine[]> {
  const { status, text } = await helper.request().post("/dlms/find-address").send(body);
  assert.equal(status, 200);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as SearchLine);
}

describe("Find the address", function () {
  this.timeout(30_000);
  let close: (() => Promise<void>) | undefined;

  afterEach(async () => {
    sinon.restore();
    await clean();
    await close?.();
    close = undefined;
  });

  async function gateway(...definitions: readonly Partial<MeterDefinition>[]): Promise<string> {
    const listener = await createBus(definitions.map((one) => createMeter(definition(one)))).listen();
    close = () => listener.close();
    return String(listener.port);
  }

  it("reports the address that answered, before the first deploy, and stops there", async () => {
    const port = await gateway({ physicalAddress: 6678 });
    await helper.load(allNodes, []);
    const properties = { transportType: "TCP", host: "127.0.0.1", port, framing: "HDLC" };
    const lines = await search({ id: "new", properties, serialNumber: "12345678" });
    const found = lines.at(-1) as TrialLine;
    assert.deepEqual(
      { logical: found.logical, physical: found.physical, size: found.addressSize, answered: found.answered },
      { logical: 1, physical: 6678, size: "4", answered: true },
    );
    assert.equal(lines.filter((line) => "index" in line && line.answered).length, 1);
  });

  it("needs no secret and ignores those of the dialog", async () => {
    const port = await gateway({});
    await helper.load(allNodes, []);
    const properties = {
      ...{ transportType: "TCP", host: "127.0.0.1", port, framing: "HDLC" },
      ...{ authentication: "HIGH_GMAC", securityPolicy: "AUTHENTICATED_ENCRYPTED", serverAddress: "nonsense" },
    };
    const [line] = await search({ id: "new", properties });
    assert.equal((line as TrialLine).result, "accepted");
  });

  it("reports the error of a line that does not open", async () => {
    await helper.load(allNodes, []);
    const port = await gateway({});
    await close?.();
    close = undefined;
    const [line] = await search({
      id: "new",
      properties: { transportType: "TCP", host: "127.0.0.1", port, framing: "HDLC" },
    });
    assert.ok(line !== undefined && !("index" in line));
    assert.equal(line.error.code, "DLMS_CONN_REFUSED");
    const [bad] = await search({ properties: { port: "no number" } });
    assert.ok(bad !== undefined && !("index" in bad));
    assert.match(bad.error.message, /^port: /);
    assert.deepEqual(bad.error.details, { property: "port", min: 1, max: 65535 });
  });

  it("reports an unexpected error without quoting it", async () => {
    await helper.load(allNodes, []);
    sinon.stub(AccessRegistry.prototype, "to").throws(new RangeError("quotes a secret"));
    const message = "the search for the address failed inside Node-RED (RangeError); see Node-RED's log for details";
    assert.deepEqual(await search({ properties: {} }), [{ error: { code: "INTERNAL", message } }]);
  });

  it("leaves a deployed meter working", async () => {
    const port = await gateway({});
    const flow = flowFor(port, {}, { framing: "HDLC" });
    await helper.load(allNodes, flow);
    assert.equal(typeof (await value()).payload, "number");
    const lines = await search({ id: "meter", properties: flow[1] });
    assert.ok(lines.some((line) => "answered" in line && line.answered));
    assert.equal(typeof (await value()).payload, "number");
  });
});
