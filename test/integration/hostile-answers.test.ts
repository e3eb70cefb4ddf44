/** Malformed and endless answers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, fromHex } from "../../src/bytes";
import { DlmsError, isDlmsError } from "../../src/errors";
import type { Behaviour } from "../../src/simulator";
import { bench, number, register, registerRef, registers } from "../support/meters";

const profileName = "1.0.99.1.0.255";
const dataRef = { classId: 1, logicalName: "0.0.96.1.9.255", attributeId: 2 };

/** A load profile of registers and a long text, which need blocks. */
const definition = {
  maxPduSize: 1024,
  objects: [
    ...registers(5),
    { classId: 1, logicalName: dataRef.logicalName, attributes: { 2: number(77) } },
    {
      classId: 7,
      version: 1,
      logicalName: profileName,
      attributes: {
        3: { type: "array", value: [] },
        4: number(0),
        5: { type: "enum", value: 1 },
        7: number(9),
        8: number(9),
      },
    },
    register("1.0.99.8.0.255", 1),
  ],
} as const;

const word = (value: number): string => value.toString(16).padStart(8, "0");
const byte = (value: number): string => value.toString(16).padStart(2, "0");
const block = (id: number, last: boolean, number_: number, raw: string): Uint8Array =>
  fromHex(`c402${byte(id)}${last ? "01" : "00"}${word(number_)}00${byte(raw.length / 2)}${raw}`);

/** `say` answers requests for attribute 2 of one object in blocks; it receives the requested block number. */
function inBlocks(classId: number, say: (id: number, next: number) => Uint8Array | undefined): Behaviour {
  let on = false;
  return {
    name: "blocks of its own",
    request: (request) => {
      if (request.apdu === "get-request-normal") {
        on = request.attribute.classId === classId && request.attribute.attributeId === 2;
        const answer = on ? say(request.invokeId, 1) : undefined;
        return answer === undefined ? undefined : [answer];
      }
      if (request.apdu === "get-request-next" && on) {
        const answer = say(request.invokeId, request.blockNumber + 1);
        return answer === undefined ? [] : [answer];
      }
      return undefined;
    },
  };
}

async function failing(classId: number, say: (id: number, next: number) => Uint8Array | undefined): Promise<DlmsError> {
  const error = await outcome(classId, say);
  assert.ok(error instanceof DlmsError, String(error));
  return error;
}

/** The error of the read; undefined if it succeeds. The next read has to work in either case. */
async function outcome(classId: number, say: (id: number, next: number) => Uint8Array | undefined): Promise<unknown> {
  const { client, clock, meter } = bench(definition, { timeouts: { response: 500, reconnectMin: 1, reconnectMax: 1 } });
  await clock.runUntil(client.open());
  const off = meter.use(inBlocks(classId, say));
  const work =
    classId === 7
      ? (async () => {
          for await (const row of client.profile(profileName)) assert.ok(row);
        })()
      : client.read({ ...dataRef, classId });
  const error = await clock.runUntil(
    work.then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  off();
  await clock.tickAsync(10_000);
  assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100, "the next read works");
  await clock.runUntil(client.close());
  assert.equal(clock.pending, 0);
  return error;
}

describe("a malformed long answer", () => {
  // the first block begins an octet-string that is longer than all blocks together
  const filler = (next: number): string => (next === 1 ? "0983ffffff" : "") + "00".repeat(100);
  const cases: readonly [string, (id: number, next: number) => Uint8Array | undefined][] = [
    ["the same block again", (id, next) => block(id, false, Math.min(next, 3), filler(next))],
    ["a block is left out", (id, next) => block(id, false, next > 2 ? next + 1 : next, filler(next))],
    ["numbers that go down", (id, next) => block(id, false, 0xffffffff - next, filler(next))],
    ["the last block never comes", (id, next) => block(id, false, next, filler(next))],
    ["empty blocks for ever", (id, next) => block(id, false, next, "")],
    [
      "another service in the middle",
      (id, next) => (next > 2 ? fromHex(`c501${byte(id)}00`) : block(id, false, next, filler(next))),
    ],
    ["silence in the middle", (id, next) => (next > 2 ? undefined : block(id, false, next, filler(next)))],
    [
      "a whole answer in the middle",
      (id, next) => (next > 2 ? fromHex(`c401${byte(id)}001105`) : block(id, false, next, filler(next))),
    ],
  ];
  for (const [what, say] of cases) {
    it(`${what}: a typed error, and the next read works`, async function () {
      this.timeout(20_000);
      const error = await failing(1, say);
      assert.match(error.message, /0-0:96\.1\.9\*255/);
    });
  }

  it("a profile that has all its rows and continues in blocks without end is read, and the blocks are left", async function () {
    this.timeout(20_000);
    const error = await outcome(7, (id, next) => block(id, false, next, next === 1 ? "0100" : "00".repeat(100)));
    assert.equal(error, undefined);
  });

  it("an empty profile that continues is read too", async function () {
    this.timeout(20_000);
    assert.equal(await outcome(7, (id, next) => block(id, false, next, "00")), undefined);
  });
});

describe("an answer that a faulty meter has changed", () => {
  it("a list with more or fewer results is refused, and read singly: no value lands at another place", async () => {
    for (const change of [-1, 1, 2]) {
      const { client, clock, meter } = bench();
      await clock.runUntil(client.open());
      meter.use({
        name: "miscounts",
        answer: (answer) => {
          if (answer[0] !== 0xc4 || answer[1] !== 0x03) return undefined;
          const count = (answer[3] ?? 0) + change;
          const more = change > 0 ? fromHex("0006000000ff".repeat(change)) : new Uint8Array(0);
          const changed = concatBytes(answer.subarray(0, 3), Uint8Array.of(count), more, answer.subarray(4));
          return [changed];
        },
      });
      const outcomes = await clock.runUntil(client.readMany([0, 1, 2, 3].map((n) => registerRef(n))));
      assert.deepEqual(
        outcomes.map((one) => one.ok && one.value.value),
        [100, 100.1, 100.2, 100.3],
      );
      await clock.runUntil(client.close());
    }
  });

  it("turns an answer with one changed byte, or truncated anywhere, into a value of that type or a typed error, without hanging", async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("aare", "get", "list"),
        fc.nat(200),
        fc.integer({ min: -1, max: 255 }),
        async (which, at, value) => {
          const { client, clock, meter } = bench(
            { objects: registers(3) },
            { timeouts: { response: 200, reconnectMin: 1, reconnectMax: 1 } },
          );
          const tags = { aare: "61", get: "c401", list: "c403" } as const;
          const start = fromHex(tags[which]);
          let left = 1;
          meter.use({
            name: "spoils one answer",
            answer: (answer) => {
              if (left === 0 || !start.every((one, i) => answer[i] === one)) return undefined;
              left--;
              const index = at % answer.length;
              if (value < 0) return [answer.subarray(0, index)];
              const changed = Uint8Array.from(answer);
              changed[index] = value;
              return [changed];
            },
          });
          for (let n = 0; n < 3; n++) {
            const work =
              which === "list" ? client.readMany([registerRef(0), registerRef(1)]) : client.read(registerRef(n));
            const outcome = await clock.runUntil(
              work.catch((error: unknown) => error),
              60_000,
            );
            assert.ok(!(outcome instanceof Error) || isDlmsError(outcome), String(outcome));
            await clock.tickAsync(1000);
          }
          left = 0;
          await clock.tickAsync(120_000);
          const { value: right } = await clock.runUntil(client.read(registerRef(2)));
          // a scaler that was spoilt stays for the association; anything else is over
          if (which !== "get") assert.equal(right, 100.2);
          await clock.runUntil(client.close());
          assert.equal(clock.pending, 0);
        },
      ),
      { numRuns: 150, seed: 20261122 },
    );
  });
});
