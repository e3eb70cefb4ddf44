/** Lists over HDLC with small information fields and windows: as few turns on the line as possible. */
import assert from "node:assert/strict";
import type { Behaviour, MeterDefinition } from "../../src/simulator";
import { bench, registers, requests } from "../support/meters";

/** Counts the frames of the client; with a window of 1 each is a round trip. */
function countsFrames(count: { frames: number }): Behaviour {
  return {
    name: "counts frames",
    frameIn: () => {
      count.frames += 1;
      return undefined;
    },
  };
}

/** Drops I frames that arrive together with one before. */
function takesOneOfSeveral(now: () => number): Behaviour {
  let taken = Number.NaN;
  return {
    name: "takes one of several frames",
    frameIn: ({ frame }) => {
      if (taken === now()) return "drop";
      if (frame === "I") taken = now();
      return undefined;
    },
  };
}

const list = Array.from({ length: 20 }, (_, n) => ({ classId: 3, logicalName: `1.0.1.8.${n}.255`, attributeId: 2 }));

async function framesFor(
  hdlc: NonNullable<MeterDefinition["hdlc"]>,
  more: Partial<MeterDefinition> = {},
): Promise<{ readonly frames: number; readonly lists: number }> {
  const count = { frames: 0 };
  const { client, clock, meter } = bench({ framing: "HDLC", hdlc, objects: registers(20), ...more }, {});
  await clock.runUntil(client.open());
  meter.use(countsFrames(count));
  const results = await clock.runUntil(client.readMany(list));
  results.forEach((result, n) => {
    assert.ok(result.ok);
    assert.equal(result.value.value, (1000 + n) / 10);
    assert.equal(result.value.unit, "Wh");
  });
  const sent = count.frames;
  await clock.runUntil(client.close());
  return { frames: sent, lists: requests(meter).filter((name) => name === "get-request-with-list").length };
}

describe("lists over HDLC", () => {
  it("20 registers with units take 4 round trips in frames of 128 bytes and a window of 1", async () => {
    const frames = { maxInfoTransmit: 128, maxInfoReceive: 128, windowTransmit: 1, windowReceive: 1 };
    assert.deepEqual(await framesFor(frames), { frames: 4, lists: 4 });
  });

  it("the meter's window limits the length of a list", async () => {
    const frames = { maxInfoTransmit: 128, maxInfoReceive: 128, windowTransmit: 7, windowReceive: 7 };
    // 40 attributes are four frames, which go out together
    assert.deepEqual(await framesFor(frames), { frames: 4, lists: 1 });
  });

  it("reads a meter that accepts only one frame of the negotiated window, after one time-out", async () => {
    const frames = { maxInfoTransmit: 128, maxInfoReceive: 128 };
    const { client, clock, meter } = bench({ framing: "HDLC", hdlc: frames, objects: registers(20) });
    const notes: string[] = [];
    client.on("trace", (event) => {
      if (event.kind === "note") notes.push(event.text);
    });
    await clock.runUntil(client.open());
    meter.use(takesOneOfSeveral(() => clock.now()));
    for (let i = 0; i < 2; i++) {
      const results = await clock.runUntil(client.readMany(list));
      assert.ok(results.every(({ ok }) => ok));
    }
    assert.equal(notes.filter((text) => text.includes("one frame at a time")).length, 1);
    await clock.runUntil(client.close());
  });
});
