/** General block transfer that fails, and the fallback without it. */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import type { Behaviour } from "../../src/simulator";
import { bench, number, registerRef, requests } from "../support/meters";

const definition = { generalBlockTransferWindow: 4 };

/** In the first association, the same block is the answer to everything. */
function repeatsOneBlock(hex: string): Behaviour {
  let associations = 0;
  return {
    name: "repeats one block",
    // acknowledgements do not come as requests
    bytesIn: (bytes, line) => {
      if (associations === 1 && bytes[8] === 0xe0) line.notify(fromHex(hex));
      return bytes;
    },
    request: ({ apdu }) => {
      if (apdu === "aarq") associations++;
      else if (associations === 1 && apdu !== "rlrq") return [fromHex(hex)];
      return undefined;
    },
  };
}

/** After `answered` requests, the line loses all that the meter sends for `lost` requests. */
function loses(answered: number, lost: number): Behaviour {
  let count = 0;
  return {
    name: "a line that loses answers in general blocks",
    request: ({ apdu }) => {
      if (!apdu.startsWith("get-request")) return undefined;
      count++;
      // the first block comes, and the others do not
      return count > answered && count <= answered + lost ? [fromHex("e00100010000040001c401")] : undefined;
    },
  };
}

describe("general block transfer that has worked before", () => {
  const text = { type: "visible-string", value: "x".repeat(400) } as const;
  const long = { classId: 1, logicalName: "0.0.96.1.9.255", attributeId: 2 };
  const meter = { ...definition, objects: [{ classId: 1, logicalName: long.logicalName, attributes: { 2: text } }] };
  const options = { association: { maxPduSize: 128 }, timeouts: { response: 500, retries: 0, reconnectMin: 10 } };

  it("continues after one lost answer", async () => {
    const { client, clock } = bench(meter, options, [loses(1, 1)]);
    for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(long))).value, text.value);
    assert.equal(client.statistics.associations, 2);
    assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
  });

  it("is given up after two lost answers in a row, and the value is read without it", async () => {
    const { client, clock } = bench(meter, options, [loses(1, 2)]);
    for (let i = 0; i < 3; i++) assert.equal((await clock.runUntil(client.read(long))).value, text.value);
    assert.equal(client.statistics.associations, 3);
    assert.ok(!client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
  });
});

describe("general block transfer that fails", () => {
  const faults: readonly [string, string][] = [
    ["the same block again and again", "e00100010000040001c401"],
    ["a last block, and what came makes no sense", "e0810001000004ffffffff"],
  ];
  for (const [name, hex] of faults) {
    it(`${name}: the value is read without it from then on`, async () => {
      const { client, clock } = bench(definition, {}, [repeatsOneBlock(hex)]);
      const notes: string[] = [];
      client.on("trace", (event) => {
        if (event.kind === "note") notes.push(event.text);
      });
      await clock.runUntil(client.open());
      assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
      const reading = await clock.runUntil(client.read(registerRef(0)));
      assert.equal(reading.value, 100);
      assert.ok(!client.association.conformanceNames.includes("general-block-transfer"));
      assert.ok(notes.some((text) => /general block transfer is not used with this meter any more/.test(text)));
      assert.ok(client.statistics.roundTrips < 15, String(client.statistics.roundTrips));
      await clock.runUntil(client.read(registerRef(1)));
      assert.equal(client.statistics.associations, 2);
      await clock.runUntil(client.close());
    });
  }

  it("is not proposed any more by named conformance bits, either", async () => {
    const conformance = ["get", "block-transfer-with-get-or-read", "general-block-transfer"];
    const { client, clock } = bench(definition, { association: { conformance } }, [
      repeatsOneBlock("e00100010000040001c401"),
    ]);
    assert.equal((await clock.runUntil(client.read(registerRef(0, 3)))).type, "structure");
    assert.deepEqual(client.association.conformanceNames, ["block-transfer-with-get-or-read", "get"]);
    await clock.runUntil(client.close());
  });

  it("never sends a write a second time", async () => {
    const { client, clock, meter } = bench(definition, {}, [repeatsOneBlock("e00100010000040001c501")]);
    await assert.rejects(clock.runUntil(client.write(registerRef(0), number(1))), { code: "DLMS_DECODE_LIMIT" });
    assert.equal(requests(meter).filter((name) => name.startsWith("set-request")).length, 1);
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
    await clock.runUntil(client.close());
  });
});
