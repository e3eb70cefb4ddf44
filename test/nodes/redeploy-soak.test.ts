import assert from "node:assert/strict";
import type { MeterNode } from "../../nodes/shared/meter-node";
import { allNodes, clean, flowFor, helper, startMeter, value } from "./support";

/** What keeps a process alive, by kind. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const rounds = 100;

describe("hundreds of redeploys in the middle of reads", function () {
  this.timeout(170_000);
  afterEach(clean);

  it("grow nothing: no socket, timer, listener, association", async () => {
    const { meter, port } = await startMeter();
    const flow = flowFor(port);
    await helper.load(allNodes, flow);
    await value();
    let before: Record<string, number> | undefined;
    let most = 0;
    for (let round = 0; round < rounds; round++) {
      for (const type of ["nodes", "flows", "full"] as const) {
        const since = (meter.received.at(-1)?.sequence ?? 0) + 1;
        const asked = meter.waitFor((item) => item.kind === "apdu", { since });
        helper.getNode("read").receive({ _msgid: `${round}` });
        await asked;
        most = Math.max(most, meter.associations);
        const changed = flow.map((node) => (node.id === "read" ? { ...node, name: `${type} ${round}` } : node));
        await helper.setFlows(changed, type);
        assert.ok(meter.associations <= 1, "one association, never two");
      }
      if (round === 4) before = resources();
    }
    await value();
    assert.ok(meter.counters.connections > 2 * rounds, `${meter.counters.connections} connections were made`);
    assert.equal(most, 1);
    const after = resources();
    for (const kind of ["TCPSocketWrap", "Timeout", "TCPServerWrap"]) {
      assert.ok((after[kind] ?? 0) <= (before?.[kind] ?? 0) + 3, `${kind}: ${JSON.stringify({ before, after })}`);
    }
    const node = helper.getNode("meter") as unknown as MeterNode;
    assert.deepEqual(Object.keys(node.users), ["read"]);
    assert.equal(node.meter.session?.userCount, 1);
    assert.equal(meter.counters.openConnections, 1);
  });
});
