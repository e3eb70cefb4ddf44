/** A meter that sends one of its general blocks once more, later: the right value or an error, never another value. */
import assert from "node:assert/strict";
import { isDlmsError } from "../../src/errors";
import type { Behaviour } from "../../src/simulator";
import { bench } from "../support/meters";

const texts = ["value 0 ", "value 1 ", "equal ", "equal ", "value 4 "].map((text) => text.repeat(40));
const order = [0, 1, 0, 2, 3, 4, 1];
const logicalName = (n: number): string => `0.0.96.1.${n}.255`;

/** Sends the general block with number `at`, counted over all answers, again before the block `later` blocks later. */
function copied(at: number, later: number): Behaviour {
  let count = 0;
  let copy: Uint8Array | undefined;
  return {
    name: "copied block",
    sealed: (answer) => {
      if (answer[0] !== 0xe0) return undefined;
      const number = count++;
      if (number === at) copy = answer.slice();
      return number === at + later && copy !== undefined ? [copy, answer] : undefined;
    },
  };
}

const ownInvokeId: Behaviour = {
  name: "own invoke-id",
  answer: (answer) =>
    answer[0] === 0xc4 ? [Uint8Array.from(answer, (byte, i) => (i === 2 ? 0xc1 : byte))] : undefined,
};

async function outcomes(
  framing: "WRAPPER" | "HDLC",
  window: number,
  behaviours: readonly Behaviour[],
): Promise<{ readonly values: unknown[]; readonly right: number }> {
  const { client, clock } = bench(
    {
      framing,
      maxPduSize: 128,
      generalBlockTransferWindow: window,
      objects: texts.map((value, n) => ({
        classId: 1,
        version: 0,
        logicalName: logicalName(n),
        attributes: { 2: { type: "visible-string", value } },
      })),
    },
    {
      association: { maxPduSize: 128, blockWindow: window, conformance: ["get", "general-block-transfer"] },
      timeouts: { response: 1000, retries: 1, reconnectMin: 10, reconnectMax: 10 },
    },
    behaviours,
  );
  const values: unknown[] = [];
  let right = 0;
  for (const n of order) {
    try {
      const { value } = await clock.runUntil(client.read({ classId: 1, logicalName: logicalName(n), attributeId: 2 }));
      values.push(value);
      if (value === texts[n]) right += 1;
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      values.push(texts[n]);
      await clock.tickAsync(50);
    }
  }
  await clock.runUntil(client.close());
  return { values, right };
}

for (const framing of ["WRAPPER", "HDLC"] as const) {
  describe(`a copied general block over ${framing}`, () => {
    for (const window of [1, 3]) {
      for (const [name, more] of [
        ["that echoes the invoke-id", []],
        ["with its own invoke-id", [ownInvokeId]],
      ] as const) {
        it(`gives no wrong value of a meter ${name}, window ${window}`, async () => {
          for (let at = 0; at < 9; at++) {
            for (const later of [1, 2, 3, 4]) {
              const { values, right } = await outcomes(framing, window, [...more, copied(at, later)]);
              const place = `copy of block ${at}, ${later} blocks later`;
              assert.deepEqual(
                values,
                order.map((n) => texts[n]),
                place,
              );
              assert.ok(right >= order.length - 1, `${place}: only ${right} values`);
            }
          }
        });
      }
    }
  });
}
