import assert from "node:assert/strict";
import { allNodes, clean, flowFor, helper, next, startMeter, value } from "./support";

describe("events at the config node", () => {
  afterEach(clean);

  it("reaches the Status nodes of the flows that use it", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const seen: string[] = [];
    const connected = new Promise<void>((resolve) => {
      helper.getNode("statuses").on("input", (msg: object) => {
        const { status } = msg as { status: { text: string; source: { type: string } } };
        if (status.source.type !== "dlms-meter") return;
        seen.push(status.text);
        if (status.text === "dlms-meter.status.connected") resolve();
      });
    });
    await value();
    await connected;
    assert.ok(seen.includes("dlms-meter.status.connecting"), seen.join());
  });

  it("reaches the Catch nodes when a probed meter is gone and no message can carry it", async () => {
    const meter = await startMeter();
    const probing = { probeInterval: "50", offlineAfter: "1000", timeout: "100" };
    await helper.load(allNodes, flowFor(meter.port, {}, probing));
    await value();
    const caught = next("caught");
    await meter.close();
    const { error } = (await caught) as unknown as { error: { source: { type: string; name: string } } };
    assert.deepEqual([error.source.type, error.source.name], ["dlms-meter", "test meter"]);
  });
});
