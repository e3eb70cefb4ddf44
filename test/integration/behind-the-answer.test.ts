/** Data after a complete answer: bytes, further blocks, refusals and silence. */
import assert from "node:assert/strict";
import { encodeValueBytes } from "../../src/codec";
import type { Behaviour } from "../../src/simulator";
import { bench } from "../support/meters";
import { counted, energies, profileName, profileOf, quarter, stampOf } from "../support/profiles";
import { number } from "../support/meters";

const start = Date.UTC(2024, 0, 1);
const rowsOf = (count: number): ReturnType<typeof profileOf> =>
  profileOf(Array.from({ length: count }, (_, n) => [stampOf(start + n * quarter, 60), number(n + 1)]));

/** Marks no block of a Read as the last one, and continues with blocks of one byte. */
function endlessReads(): Behaviour {
  let next = 0;
  return {
    name: "endless blocks",
    request: (request) => {
      const [variable] = request.apdu === "read-request" ? request.variables : [];
      if (next === 0 || variable?.kind !== "block-number-access") return undefined;
      if (variable.blockNumber !== next) return undefined;
      next += 1;
      return [Uint8Array.of(0x0c, 1, 2, 0, next >> 8, next & 0xff, 1, 0)];
    },
    answer: (answer) => {
      const [tag, count, choice, last, high = 0, low = 0] = answer;
      if (tag !== 0x0c || count !== 1 || choice !== 2 || last !== 1) return undefined;
      next = high * 256 + low;
      const changed = answer.slice();
      changed[3] = 0;
      return [changed];
    },
  };
}

/** Marks no block of a GET as the last one, and answers the request for one more with `next`. */
function goesOn(next: (invokeId: number, blockNumber: number) => readonly Uint8Array[]): Behaviour {
  let last: number | undefined;
  return {
    name: "goes on behind the last block",
    request: (request) => {
      if (request.apdu !== "get-request-next" || last === undefined || request.blockNumber < last) return undefined;
      return next(request.invokeId, request.blockNumber);
    },
    answer: (answer) => {
      if (answer[0] !== 0xc4 || answer[1] !== 2 || answer[3] !== 1) return undefined;
      const changed = answer.slice();
      changed[3] = 0;
      last = new DataView(changed.buffer).getUint32(4);
      return [changed];
    },
  };
}

const emptyBlock = (invokeId: number, blockNumber: number): readonly Uint8Array[] => [
  Uint8Array.of(0xc4, 2, invokeId, 0, 0, 0, 0, blockNumber + 1, 0, 0),
];

describe("bytes after a complete answer", () => {
  it("keep the rows of a profile by short names when the meter continues with blocks", async () => {
    const { client, clock, meter } = bench(
      { referencing: "sn", objects: rowsOf(40), maxPduSize: 200 },
      { association: { referencing: "sn", maxPduSize: 200 } },
    );
    await clock.runUntil(client.browse());
    meter.use(endlessReads());
    for (const range of [{ entries: [1, 40] as const }, undefined]) {
      const { rows, notes } = await clock.runUntil(client.profile(profileName, range as never).toTable());
      assert.deepEqual(energies(rows), counted(1, 40));
      assert.match(notes.join(), /all rows have arrived and the meter continues with blocks/);
    }
    await clock.runUntil(client.close());
  });

  const others: readonly (readonly [string, Behaviour, RegExp])[] = [
    ["empty blocks follow", goesOn(emptyBlock), /continues with blocks/],
    [
      "the next block is refused",
      goesOn((invokeId) => [Uint8Array.of(0xc4, 1, invokeId, 1, 16)]),
      /all rows had arrived before the answer was interrupted/,
    ],
    [
      "the meter answers with an exception",
      goesOn(() => [Uint8Array.of(0xd8, 2, 2)]),
      /all rows had arrived before the answer was interrupted/,
    ],
    ["the meter says nothing more", goesOn(() => []), /all rows had arrived before the answer was interrupted/],
  ];
  for (const [what, behaviour, note] of others) {
    it(`keep the rows when ${what}, and the next request is answered`, async () => {
      const { client, clock, meter } = bench({ objects: rowsOf(40) }, { association: { maxPduSize: 300 } });
      meter.use(behaviour);
      const { rows, notes } = await clock.runUntil(client.profile(profileName).toTable());
      assert.deepEqual(energies(rows), counted(1, 40));
      assert.match(notes.join(), note);
      assert.equal(
        (await clock.runUntil(client.read({ classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 }))).value,
        1,
      );
      await clock.runUntil(client.close());
    });
  }

  it("affect neither capture_objects nor an empty buffer, in blocks", async () => {
    const { client, clock, meter } = bench({ objects: rowsOf(0) });
    meter.use({
      name: "a surplus byte in blocks",
      answer: (answer, request) => {
        if (request?.apdu !== "get-request-normal" || answer[0] !== 0xc4 || answer[1] !== 1 || answer[3] !== 0)
          return undefined;
        const isBuffer = request.attribute.classId === 7 && request.attribute.attributeId === 2;
        const raw = isBuffer ? Uint8Array.of(1, 0, 1, 0) : Uint8Array.of(...answer.subarray(4), 0);
        return [
          Uint8Array.of(
            0xc4,
            2,
            answer[2] ?? 0,
            1,
            0,
            0,
            0,
            1,
            0,
            ...encodeValueBytes({ type: "octet-string", value: raw }).subarray(1),
          ),
        ];
      },
    });
    const quirky = client.profile(profileName);
    const { rows, columns } = await clock.runUntil(quirky.toTable());
    assert.deepEqual(rows, []);
    assert.equal(columns.length, 2);
    await clock.runUntil(client.close());
  });
});
