/** The ACCESS service as a replacement for GET with list. */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import type { Behaviour, SimulatedMeter } from "../../src/simulator";
import { bench, registerRef, registers, requests as allRequests } from "../support/meters";

const conformance = ["get", "access", "block-transfer-with-get-or-read", "selective-access"];
const requests = (meter: SimulatedMeter): string[] => allRequests(meter).filter((name) => name !== "aarq");
const refs = (count: number) => Array.from({ length: count }, (_, n) => registerRef(n));

function answers(name: string, answer: Uint8Array): Behaviour {
  return { name, request: (request) => (request.apdu === "access-request" ? [answer] : undefined) };
}

describe("several attributes of a meter with ACCESS but without GET with list", () => {
  it("are read in one request with their scalers, and their errors keep their positions", async () => {
    const { client, clock, meter } = bench({ conformance });
    const wanted = [...refs(3), registerRef(99), registerRef(4)];
    const outcomes = await clock.runUntil(client.readMany(wanted));
    assert.deepEqual(
      outcomes.map((one) => (one.ok ? [one.value.value, one.value.unit] : one.error.code)),
      [[100, "Wh"], [100.1, "Wh"], [100.2, "Wh"], "DLMS_ACCESS_OBJECT_UNDEFINED", [100.4, "Wh"]],
    );
    assert.deepEqual(requests(meter), ["access-request"]);
    await clock.runUntil(client.close());
  });

  it("are packed to the PDU size of the meter", async () => {
    const { client, clock, meter } = bench({ conformance, objects: registers(60), maxPduSize: 256 });
    const outcomes = await clock.runUntil(client.readMany(refs(60)));
    assert.deepEqual(
      outcomes.map((one) => (one.ok ? one.value.value : one.error.code)),
      Array.from({ length: 60 }, (_, n) => (1000 + n) / 10),
    );
    const lengths = meter.received.flatMap((item) =>
      item.kind === "apdu" && item.apdu.apdu === "access-request" ? [10 + 11 * item.apdu.specifications.length] : [],
    );
    assert.ok(lengths.length > 1 && lengths.every((length) => length <= 256), lengths.join());
    await clock.runUntil(client.close());
  });

  it("a single attribute is a GET, and so is everything by the option that leaves lists out", async () => {
    const one = bench({ conformance });
    await one.clock.runUntil(one.client.readMany([registerRef(0, 3)]));
    assert.deepEqual(requests(one.meter), ["get-request-normal"]);
    await one.clock.runUntil(one.client.close());
    const two = bench({ conformance }, { quirks: { noGetWithList: true } });
    await two.clock.runUntil(two.client.readMany(refs(2)));
    assert.ok(requests(two.meter).every((name) => name === "get-request-normal"));
    await two.clock.runUntil(two.client.close());
  });

  it("GET with list is preferred if both were agreed", async () => {
    const { client, clock, meter } = bench();
    await clock.runUntil(client.readMany(refs(2)));
    assert.deepEqual(requests(meter), ["get-request-with-list"]);
    await clock.runUntil(client.close());
  });

  const unusable: readonly [string, Uint8Array][] = [
    ["an exception-response", fromHex("d80102")],
    ["fewer results than were asked for", fromHex("dac00000010000010001010000".slice(0, 26))],
    // per item null-data and read-write-denied
    ["a refusal of every item", fromHex("dac0000001000004000000000401030103010301 03".replaceAll(" ", ""))],
  ];
  for (const [name, answer] of unusable) {
    it(`${name}: one by one, then and later`, async () => {
      const { client, clock, meter } = bench({ conformance }, {}, [answers(name, answer)]);
      for (let round = 0; round < 2; round++) {
        const outcomes = await clock.runUntil(client.readMany(refs(2)));
        assert.deepEqual(
          outcomes.map((one) => (one.ok ? one.value.value : one.error.code)),
          [100, 100.1],
        );
      }
      assert.equal(requests(meter).filter((request) => request === "access-request").length, 1);
      assert.equal(allRequests(meter).filter((request) => request === "aarq").length, 1);
      await clock.runUntil(client.close());
    });
  }

  it("a value too long for the answer is read separately, in blocks", async () => {
    // null-data with long-get-aborted, then 1, 1, and their scalers
    const answer = fromHex(
      "dac00000010000 04 00 0600000001 0202 0f00 161e 0202 0f00 161e 04 010f 0100 0100 0100".replaceAll(" ", ""),
    );
    const { client, clock, meter } = bench({ conformance }, {}, [answers("too long", answer)]);
    const outcomes = await clock.runUntil(client.readMany(refs(2)));
    assert.deepEqual(
      outcomes.map((one) => (one.ok ? one.value.value : one.error.code)),
      [1000, 1],
    );
    assert.deepEqual(requests(meter), ["access-request", "get-request-normal"]);
    await clock.runUntil(client.close());
  });
});
