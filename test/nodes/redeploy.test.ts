import assert from "node:assert/strict";
import { allNodes, clean, failure, flowFor, helper, type Message, startMeter, value } from "./support";

describe("redeploys", () => {
  afterEach(clean);

  for (const type of ["full", "flows", "nodes"] as const) {
    it(`${type}, in the middle of a read: closes in time, releases the association, reads again`, async () => {
      const { meter, port } = await startMeter();
      const flow = flowFor(port);
      await helper.load(allNodes, flow);
      await value();
      assert.equal(meter.associations, 1);
      const stop = meter.use({ name: "silence", request: () => [] });
      helper.getNode("read").receive({ _msgid: "lost" });
      await meter.waitFor((item) => item.kind === "apdu");
      stop();
      const changed = flow.map((node) => (node.id === "read" ? { ...node, name: `after ${type}` } : node));
      const begun = performance.now();
      await helper.setFlows(changed, type);
      assert.ok(performance.now() - begun < 3000, "within the bound of a deploy");
      assert.equal(typeof (await value()).payload, "number");
      assert.equal(meter.associations, 1, "one association, not two");
    });
  }

  it("answers the message of a read that a deploy ends, so that queues can send it again", async () => {
    const { meter, port } = await startMeter();
    const flow = flowFor(port);
    await helper.load(allNodes, flow);
    await value();
    const stop = meter.use({ name: "silence", request: () => [] });
    const asked = failure({ _msgid: "ended" });
    await meter.waitFor((item) => item.kind === "apdu");
    stop();
    const changed = flow.map((node) => (node.id === "read" ? { ...node, name: "changed" } : node));
    await helper.setFlows(changed, "nodes");
    const { _msgid, dlmsError } = await asked;
    assert.equal(_msgid, "ended");
    assert.equal(dlmsError.code, "DLMS_STATE_CLOSED");
    assert.equal(dlmsError.retry, "same-session");
    assert.match(dlmsError.message, /closed by a deploy/);
  });

  it("does not report the read of an own interval that a deploy ends", async () => {
    const { meter, port } = await startMeter();
    meter.use({ name: "silence", request: () => [] });
    const flow = flowFor(port, { interval: "1", spread: "0" });
    await helper.load(allNodes, flow);
    const caught: Message[] = [];
    helper.getNode("caught").on("input", (msg: Message) => caught.push(msg));
    await meter.waitFor((item) => item.kind === "apdu");
    const changed = flow.map((node) => (node.id === "read" ? { ...node, name: "changed", interval: "0" } : node));
    await helper.setFlows(changed, "nodes");
    assert.deepEqual(caught, []);
  });

  it("keeps the session for the others when one of its users is redeployed", async () => {
    const { meter, port } = await startMeter();
    const flow = flowFor(port);
    const second = { ...flow.find(({ id }) => id === "read"), id: "read2" };
    await helper.load(allNodes, [...flow, second]);
    await value();
    const { connections } = meter.counters;
    await helper.setFlows([...flow, { ...second, name: "changed" }], "nodes");
    await value();
    assert.equal(meter.counters.connections, connections);
  });

  it("releases the association when the last user is removed", async () => {
    const { meter, port } = await startMeter();
    const flow = flowFor(port);
    await helper.load(allNodes, flow);
    await value();
    await helper.setFlows(
      flow.filter(({ id }) => id !== "read"),
      "nodes",
    );
    assert.equal(meter.associations, 0);
    assert.equal(meter.counters.openConnections, 0);
  });

  it("sends no request to the meter before the first message", async () => {
    const { meter, port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    assert.equal(meter.counters.connections, 0);
  });
});
