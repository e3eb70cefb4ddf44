/** Bounds of the simulated meter. */
import assert from "node:assert/strict";
import { createMeter, delayAnswers } from "../../../src/simulator";
import { VirtualClock } from "../../support/virtual-clock";
import { openLine } from "./line";
import { aarqNone, aarqWith, getRequest } from "../../support/apdus";

const long = {
  classId: 1,
  logicalName: "0.0.96.1.0.255",
  attributes: { 2: { type: "octet-string", value: new Uint8Array(60_000) } },
} as const;
const getLong = "c001c100010000600100ff0200";

describe("simulated meter: bounds against a client", () => {
  it("serves at most 256 clients on one connection", () => {
    const associations = Array.from({ length: 300 }, (_, n) => ({ client: n + 1 }));
    const meter = createMeter({ associations, objects: [] });
    const line = openLine(meter);
    const answers = associations.map(({ client }) => line.apdu(aarqNone, client).length);
    assert.equal(answers.filter((count) => count === 1).length, 256);
    assert.equal(meter.associations, 256);
    line.close();
    assert.equal(meter.associations, 0);
  });

  it("drops clients without an association first", () => {
    const meter = createMeter({ associations: [{ client: 16 }], objects: [] });
    const line = openLine(meter);
    line.apdu(aarqNone);
    for (let client = 100; client < 1000; client++) line.apdu(getRequest(), client);
    assert.equal(meter.associations, 1);
    assert.equal(line.apdu(aarqNone, 2000).length, 1);
  });

  it("keeps 4 KiB of received bytes per item of its limit", () => {
    const meter = createMeter({ associations: [{ client: 16 }], objects: [], receivedLimit: 10 });
    const line = openLine(meter);
    const nonsense = "ff".repeat(5000);
    for (let i = 0; i < 19; i++) line.apdu(nonsense);
    const bytes = meter.received.reduce((sum, item) => sum + ("bytes" in item ? item.bytes.length : 0), 0);
    assert.ok(bytes >= 10_000 && bytes <= 40_960, `${bytes} bytes`);
    assert.equal(meter.received.at(-1)?.kind, "nonsense");
  });

  it("closes the connection of a client that does not wait for delayed answers", () => {
    const clock = new VirtualClock();
    const meter = createMeter({ associations: [{ client: 16 }], objects: [long], maxPduSize: 65535 }, { clock });
    const line = openLine(meter);
    line.apdu(aarqWith(65535));
    assert.equal(line.apdu(getLong).length, 1);
    meter.use(delayAnswers(1000));
    for (let i = 0; i < 1000; i++) line.apdu(getLong);
    assert.deepEqual(line.dropped, ["the client sends requests and does not wait for the answers"]);
    assert.deepEqual(line.taken(), []);
  });
});
