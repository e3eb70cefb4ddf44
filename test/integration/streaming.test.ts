/** How many rows of a long profile are in memory. */
import assert from "node:assert/strict";
import type { DlmsValue } from "../../src/codec";
import { dateTimeToBytes, parseObis } from "../../src/cosem";
import { memoryCounterStore } from "../../src/security";
import { demoKeys } from "../../src/simulator";
import { bench, number, register, requests } from "../support/meters";

/** These tests count the rows of a long profile in memory, which does not depend on garbage collection. */
const profileName = "1.0.99.1.0.255";
const rows = 5000;
const blockSize = 512;
const rowBytes = 2 + 14 + 5;

const capture = (classId: number, logicalName: string): DlmsValue => ({
  type: "structure",
  value: [
    { type: "long-unsigned", value: classId },
    { type: "octet-string", value: parseObis(logicalName) },
    { type: "integer", value: 2 },
    { type: "long-unsigned", value: 0 },
  ],
});

function setup(ciphered: boolean, conformance?: readonly string[]) {
  /** rows that the meter has put into answers */
  const made = { rows: 0 };
  const account = ciphered
    ? ({ client: 16, suite: 0, policy: "authenticated-encrypted", ...demoKeys } as const)
    : { client: 16 };
  const security = {
    suite: 0,
    policy: "authenticated-encrypted",
    ...demoKeys,
    invocationCounter: memoryCounterStore(1),
  } as const;
  const all = bench(
    {
      associations: [account],
      receivedLimit: 10_000,
      ...(conformance && { generalBlockTransferWindow: 4 }),
      objects: [
        register("1.0.1.8.0.255", 1),
        {
          classId: 7,
          version: 1,
          logicalName: profileName,
          attributes: {
            3: { type: "array", value: [capture(8, "0.0.1.0.0.255"), capture(3, "1.0.1.8.0.255")] },
            4: number(60),
            5: { type: "enum", value: 1 },
            7: number(rows),
            8: number(rows),
          },
          rows: {
            count: () => rows,
            row: (i) => {
              made.rows = Math.max(made.rows, i + 1);
              return [
                { type: "octet-string", value: dateTimeToBytes(Date.UTC(2024, 0, 1) + i * 60_000, { offset: 0 }) },
                number(i),
              ];
            },
          },
        },
      ],
    },
    {
      client: { sap: 16, systemTitle: Uint8Array.of(0x54, 0x53, 0x54, 0, 0, 0, 0, 1) },
      association: { maxPduSize: blockSize, ...(conformance && { conformance }) },
      ...(ciphered ? { security } : {}),
    },
  );
  return { ...all, made };
}

for (const ciphered of [false, true]) {
  describe(`a long profile in ${ciphered ? "ciphered" : "plain"} blocks`, () => {
    it("holds at most three blocks, and needs one round trip per block plus two the first time", async () => {
      const { client, clock, meter, made } = setup(ciphered);
      await clock.runUntil(client.open());
      const extra: number[] = [];
      for (let round = 0; round < 2; round++) {
        meter.forgetReceived();
        const before = client.statistics.roundTrips;
        let blocks = 0;
        let taken = 0;
        let ahead = 0;
        made.rows = 0;
        const reader = client.profile(profileName, undefined, { onProgress: (progress) => (blocks = progress.blocks) });
        const iterator = reader[Symbol.asyncIterator]();
        for (;;) {
          const one = await clock.runUntil(iterator.next());
          if (one.done === true) break;
          assert.equal(one.value["1.0.1.8.0.255"], taken / 10);
          taken++;
          ahead = Math.max(ahead, made.rows - taken);
        }
        assert.equal(taken, rows);
        assert.ok(blocks > (rows * rowBytes) / blockSize, `${blocks} blocks`);
        assert.ok(ahead <= (3 * blockSize) / rowBytes, `${ahead} rows were made by the meter and not taken`);
        extra.push(client.statistics.roundTrips - before - blocks);
        assert.equal(requests(meter).length, blocks + (extra[round] ?? 0));
      }
      assert.deepEqual(extra, [2, 0]);
      await clock.runUntil(client.close());
      assert.equal(clock.pending, 0);
    }).timeout(30_000);
  });
}

describe("a long profile in plain general blocks", () => {
  const conformance = ["get", "selective-access", "general-block-transfer"];

  it("arrives window by window and may be aborted between two windows", async () => {
    const { client, clock, meter } = setup(false, conformance);
    await clock.runUntil(client.open());
    const progress: number[] = [];
    const onProgress = ({ bytes }: { bytes: number }): number => progress.push(bytes);
    const reader = client.profile(profileName, undefined, { onProgress });
    let taken = 0;
    const all = reader[Symbol.asyncIterator]();
    for (;;) {
      const one = await clock.runUntil(all.next());
      if (one.done === true) break;
      assert.equal(one.value["1.0.1.8.0.255"], taken++ / 10);
    }
    assert.equal(taken, rows);
    const steps = progress.map((bytes, i) => bytes - (progress[i - 1] ?? 0));
    assert.ok(Math.max(...steps) <= blockSize, `${Math.max(...steps)} bytes at once`);
    assert.ok(progress.length > (rows * rowBytes) / blockSize);

    meter.forgetReceived();
    const iterator = reader[Symbol.asyncIterator]();
    await clock.runUntil(iterator.next());
    await iterator.return?.();
    assert.equal(
      (await clock.runUntil(client.read({ classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 }))).value,
      0.1,
    );
    assert.equal(client.statistics.associations, 1);
    assert.ok(client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  }).timeout(30_000);
});
