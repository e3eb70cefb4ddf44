import assert from "node:assert/strict";
import type { Behaviour } from "../../src/simulator";
import { registers } from "../support/meters";
import { allNodes, ask, clean, flowFor, helper, startMeter } from "./support";

/** Sends the answer with this number once more, directly before the next one, when the next request is under way. */
function doubled(number: number): Behaviour {
  let count = 0;
  let copy: Uint8Array | undefined;
  return {
    name: "doubled",
    frameOut: (frame) => {
      const before = copy;
      copy = count++ === number ? frame.slice() : undefined;
      return before === undefined ? undefined : [before, frame].map((bytes) => ({ kind: "send", bytes }));
    },
  };
}

describe("dlms-read and one doubled answer", () => {
  afterEach(clean);

  for (const referencing of ["ln", "sn"] as const) {
    it(`sends the right value 120 times (${referencing})`, async () => {
      const { meter, port } = await startMeter({
        referencing,
        associations: [{ client: 16 }],
        objects: registers(8),
      });
      await helper.load(allNodes, flowFor(port, {}, { referencing: referencing.toUpperCase() }));
      meter.use(doubled(20));
      const wrong: string[] = [];
      for (let n = 0; n < 120; n++) {
        const register = n % 8;
        const { sent, caught } = await ask({ logicalName: `1.0.1.8.${register}.255` });
        const right = sent?.payload === (1000 + register) / 10;
        if (!right) wrong.push(`${n}: ${JSON.stringify(sent?.payload ?? caught?.dlmsError?.code)}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
});
