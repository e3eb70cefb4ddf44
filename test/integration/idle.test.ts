/** The idle time-out of an association. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { DlmsConnectionError } from "../../src/errors";
import { createMeter } from "../../src/simulator";
import type { Transport } from "../../src/transport";
import { register, registerRef } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";

describe("idle time-out", () => {
  it("also releases an association after an automatic reconnect", async () => {
    const clock = new VirtualClock();
    const meter = createMeter({ associations: [{ client: 16 }], objects: [register("1.0.1.8.0.255", 1)] }, { clock });
    const line = meter.transport();
    let refusing = true;
    const transport: Transport = {
      ...line,
      open: (events, init) =>
        refusing ? Promise.reject(new DlmsConnectionError("CONN_REFUSED", "refused")) : line.open(events, init),
    };
    const client = new DlmsClient({
      transport,
      link: { kind: "wrapper" },
      client: { sap: 16 },
      server: { logical: 1 },
      timeouts: { idle: 500, reconnectMin: 1000, reconnectMax: 1000 },
      clock,
    });
    await assert.rejects(clock.runUntil(client.read(registerRef(0))), { code: "DLMS_CONN_REFUSED" });
    refusing = false;
    await clock.tickAsync(1100);
    assert.equal(client.state, "open");
    await clock.tickAsync(1000);
    assert.equal(client.state, "idle");
    assert.equal(meter.associations, 0);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });
});
