/** Selected columns of a profile. */
import assert from "node:assert/strict";
import type { ProfileRange } from "../../src";
import { type DlmsValue, encodeValueBytes } from "../../src/codec";
import { dateTimeToBytes, parseObis } from "../../src/cosem";
import type { Behaviour } from "../../src/simulator";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { type Bench, bench, number, register } from "../support/meters";

const start = Date.UTC(2024, 0, 1);
const quarter = 900_000;
const profileName = "1.0.99.1.0.255";
const clockName = "0.0.1.0.0.255";
const energy = (n: number): string => `1.0.${n}.8.0.255`;
const count = 100;

const stamp = (index: number): DlmsValue => ({
  type: "octet-string",
  value: dateTimeToBytes(start + index * quarter, { offset: 60 }),
});

const captured = (classId: number, logicalName: string): DlmsValue => ({
  type: "structure",
  value: [
    { type: "long-unsigned", value: classId },
    { type: "octet-string", value: parseObis(logicalName) },
    { type: "integer", value: 2 },
    { type: "long-unsigned", value: 0 },
  ],
});

/** Column 0 is the time, column n has n * 1000 + the number of its row, unscaled. */
function row(index: number): DlmsValue[] {
  return [stamp(index), ...[1, 2, 3, 4].map((n) => number(n * 1000 + index))];
}

function profile(sortMethod = 1, columns = [1, 2, 3, 4]): SimulatedObject[] {
  return [
    {
      classId: 7,
      version: 1,
      logicalName: profileName,
      attributes: {
        3: { type: "array", value: [captured(8, clockName), ...columns.map((n) => captured(3, energy(n)))] },
        4: number(900),
        5: { type: "enum", value: sortMethod },
        7: number(count),
        8: number(count),
      },
      rows: { count: () => count, row: (index) => row(sortMethod === 2 ? count - 1 - index : index) },
    },
    ...[1, 2, 3, 4].map((n) => register(energy(n), 1, 0)),
    { classId: 8, logicalName: clockName, attributes: { 2: stamp(count) } },
  ];
}

const range = { from: start + 10 * quarter, to: start + 59 * quarter };
const wanted = [energy(3), clockName];
const wantedRows = Array.from({ length: 50 }, (_, n) => [energy(3), 3010 + n] as const);

/** The bytes of all answers of the meter. */
function countBytes({ meter }: Bench): () => number {
  let bytes = 0;
  meter.use({
    name: "counts",
    frameOut: (frame) => {
      bytes += frame.length;
      return [{ kind: "send", bytes: frame }];
    },
  });
  return () => {
    const before = bytes;
    bytes = 0;
    return before;
  };
}

/** Selections in the requests for the buffer: the columns of selector 1, first and last column of selector 2. */
function asked({ meter }: Bench): unknown[] {
  return meter.received.flatMap((item): unknown[] => {
    if (item.kind !== "apdu" || item.apdu.apdu !== "get-request-normal") return [];
    const { classId, attributeId, access } = item.apdu.attribute;
    if (classId !== 7 || attributeId !== 2) return [];
    if (access === undefined) return ["all"];
    const fields = access.parameters.value as readonly DlmsValue[];
    if (access.selector === 2) return [fields.slice(2).map((field) => field.value)];
    const columns = fields[3]?.value as readonly DlmsValue[];
    return [columns.map((one) => ((one.value as readonly DlmsValue[])[1]?.value as Uint8Array)[2])];
  });
}

const answer = (invokeId: number, rows: readonly DlmsValue[][]): readonly Uint8Array[] => [
  Uint8Array.of(
    ...[0xc4, 1, invokeId, 0],
    ...encodeValueBytes({ type: "array", value: rows.map((value) => ({ type: "structure", value })) }),
  ),
];

/** Replaces the answer to a request that selects columns. */
function forChosenColumns(name: string, act: (invokeId: number) => readonly Uint8Array[] | undefined): Behaviour {
  return {
    name,
    request: (request) => {
      if (request.apdu !== "get-request-normal" || request.attribute.access === undefined) return undefined;
      const { selector, parameters } = request.attribute.access;
      const fields = parameters.value as readonly DlmsValue[];
      const chosen =
        selector === 1
          ? (fields[3]?.value as readonly unknown[]).length > 0
          : fields[2]?.value !== 1 || fields[3]?.value !== 0;
      return chosen ? act(request.invokeId) : undefined;
    },
  };
}

async function tableOf({ client, clock }: Bench, some: ProfileRange | undefined, columns: readonly string[]) {
  return clock.runUntil(client.profile(profileName, some, { columns }).toTable());
}

async function end({ client, clock }: Bench): Promise<void> {
  await clock.runUntil(client.close());
  assert.equal(clock.pending, 0);
}

describe("chosen columns of a profile", () => {
  for (const sortMethod of [1, 2]) {
    it(`are all that the meter sends of a range of time, besides the time (sort method ${sortMethod})`, async () => {
      const one = bench({ objects: profile(sortMethod) });
      await one.clock.runUntil(one.client.profile(profileName).columns());
      const bytes = countBytes(one);
      const all = await tableOf(one, range, []);
      const whole = bytes();
      one.meter.forgetReceived();
      const some = await tableOf(one, range, [energy(3)]);
      const part = bytes();
      assert.deepEqual(asked(one), [[1, 3]], "group C of the columns: the time, and what is wanted");
      assert.ok(part < whole / 1.6, `${part} of ${whole} bytes`);
      assert.deepEqual(
        some.rows,
        all.rows.map((each) => ({ [energy(3)]: each[energy(3)] })),
      );
      assert.deepEqual(
        some.rows.map((each) => Object.entries(each)[0]),
        wantedRows,
      );
      assert.deepEqual(
        some.columns.map(({ key }) => key),
        [energy(3)],
      );
      assert.deepEqual([some.selection, some.notes], ["range", []]);
      await end(one);
    });

    it(`are the span that the meter sends of entries by number (sort method ${sortMethod})`, async () => {
      const one = bench({ objects: profile(sortMethod) });
      const some = await tableOf(one, { last: 3 }, [energy(2), clockName]);
      assert.deepEqual(asked(one), [[1, 3]], "first and last column, from 1");
      assert.deepEqual(
        some.rows.map((each) => Object.keys(each)),
        Array.from({ length: 3 }, () => [energy(2), clockName]),
      );
      assert.deepEqual(
        some.rows.map((each) => each[energy(2)]),
        [2097, 2098, 2099],
      );
      one.meter.forgetReceived();
      await tableOf(one, { last: 3 }, [energy(4)]);
      assert.deepEqual(asked(one), [[1, 0]], "up to the last one: no choice");
      await end(one);
    });
  }

  it("are selected by the client when no range is given", async () => {
    const one = bench({ objects: profile() });
    const some = await tableOf(one, undefined, [energy(3)]);
    assert.deepEqual(asked(one), ["all"]);
    assert.deepEqual([some.rows.length, some.rows[7]], [count, { [energy(3)]: 3007 }]);
    await end(one);
  });

  const refusals: readonly (readonly [string, (invokeId: number) => readonly Uint8Array[]])[] = [
    ["refuses them", (invokeId) => [Uint8Array.of(0xc4, 1, invokeId, 1, 250)]],
    ["answers them with an exception", () => [Uint8Array.of(0xd8, 1, 2)]],
    ["sends other ones", (invokeId) => answer(invokeId, [row(10).slice(0, 4), row(11).slice(0, 4)])],
  ];
  for (const [name, act] of refusals) {
    it(`are selected by the client when the meter ${name}`, async () => {
      const one = bench({ objects: profile() }, {}, [forChosenColumns(name, act)]);
      const byTime = await tableOf(one, range, wanted);
      assert.deepEqual(asked(one), [[1, 3], []]);
      assert.deepEqual(
        byTime.rows.map((each) => Object.entries(each)[0]),
        wantedRows,
      );
      assert.equal(byTime.selection, "range");
      assert.match(byTime.notes.join(), /asking for all columns/);
      const byNumber = await tableOf(one, { entries: [11, 12] }, [energy(2)]);
      assert.deepEqual([byNumber.selection, byNumber.rows], ["entry", [{ [energy(2)]: 2010 }, { [energy(2)]: 2011 }]]);
      assert.equal(one.client.statistics.associations, 1);
      await end(one);
    });
  }

  it("are recognized when the meter accepts the selection and sends all columns", async () => {
    const rows = [row(10), row(11), row(12)];
    const one = bench({ objects: profile() }, {}, [forChosenColumns("ignores", (invokeId) => answer(invokeId, rows))]);
    const some = await tableOf(one, range, [energy(2)]);
    assert.deepEqual(some.rows, [{ [energy(2)]: 2010 }, { [energy(2)]: 2011 }, { [energy(2)]: 2012 }]);
    assert.deepEqual(asked(one), [[1, 2]]);
    await end(one);
  });

  it("are not requested when an object is captured twice, because the answer would be ambiguous", async () => {
    const one = bench({ objects: profile(1, [1, 2, 2, 4]) });
    const some = await tableOf(one, range, [`${energy(2)}/2.0#2`]);
    assert.deepEqual(asked(one), [[]]);
    assert.deepEqual(some.rows[0], { [`${energy(2)}/2.0#2`]: 3010 });
    await end(one);
  });

  it("resume by time although the time is not among them", async () => {
    const one = bench({ objects: profile() }, { association: { maxPduSize: 256 } });
    await one.clock.runUntil(one.client.profile(profileName).columns());
    let blocks = 0;
    one.meter.use({
      name: "breaks in the third block",
      frameOut: (bytes) => (++blocks === 3 ? [{ kind: "close", reason: "cable" }] : [{ kind: "send", bytes }]),
    });
    const some = await tableOf(one, range, [energy(3)]);
    assert.deepEqual(
      some.rows.map((each) => Object.entries(each)[0]),
      wantedRows,
    );
    assert.match(some.notes.join(), /the connection broke after \d+ rows; went on by time/);
    await end(one);
  });

  it("are those of the streamed rows and of the columns alone, by any spelling", async () => {
    const one = bench({ objects: profile() });
    const reader = one.client.profile(profileName, { last: 1 }, { columns: ["1-0:3.8.0*255/2"] });
    assert.deepEqual(
      (await one.clock.runUntil(reader.columns())).map(({ key }) => key),
      [energy(3)],
    );
    const { value } = await one.clock.runUntil(reader[Symbol.asyncIterator]().next());
    assert.deepEqual(value, { [energy(3)]: 3099 });
    await end(one);
  });

  it("that the profile lacks are an error that names the existing ones", async () => {
    const one = bench({ objects: profile() });
    await assert.rejects(tableOf(one, range, [energy(9)]), (error: Error & { code?: string }) => {
      assert.equal(error.code, "DLMS_CONFIG_INVALID");
      assert.match(error.message, /^columns: "1\.0\.9\.8\.0\.255" is no column .*1\.0\.4\.8\.0\.255/);
      return true;
    });
    assert.deepEqual(asked(one), [], "no row is asked for");
    assert.throws(() => one.client.profile(profileName, range, { columns: "all" as never }), {
      code: "DLMS_CONFIG_INVALID",
    });
    await end(one);
  });
});
