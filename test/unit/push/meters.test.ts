/** Settings of single meters, learned names, and list tables of the user. */
import assert from "node:assert/strict";
import {
  decodePush,
  parsePushList,
  PushDecoder,
  type PushMeter,
  type PushSetupObject,
  pushValues,
} from "../../../src/push";
import {
  dataNotification,
  double32,
  generalGlo,
  guek,
  gak,
  item,
  octets,
  structure,
  text,
  title,
  word16,
  wrapped,
} from "../../support/pushes";

const keys = { encryptionKey: guek, authenticationKey: gak };
const localTime = "07ea071e030c0005ff800000";
const energy = dataNotification(structure(item("1.0.1.8.0.255", double32(1005), -3, 30)), 1, localTime);
const setup: readonly PushSetupObject[] = [
  { classId: 1, logicalName: "0-0:96.1.0", attributeId: 2 },
  { classId: 8, logicalName: "0-0:1.0.0", attributeId: 2 },
  { classId: 3, logicalName: "1-0:1.8.0", attributeId: 2, scaler: 1, unit: "Wh" },
  { classId: 3, logicalName: "1-0:32.7.0", attributeId: 2, scaler: -1, unit: 35 },
];
const positional = dataNotification(structure(text("8000001"), octets(localTime), double32(412), word16(2303)));

describe("PushDecoder: settings of a meter", () => {
  const house: PushMeter = { name: "House", timeZone: "Europe/Vienna", standardTime: true };
  const meters = (systemTitle: Uint8Array | null): PushMeter | undefined =>
    systemTitle !== null && Buffer.from(systemTitle).toString("hex") === title ? house : undefined;

  it("names the meter of a system title and takes its time zone", () => {
    const { pushes } = decodePush(wrapped(generalGlo(energy)), { keys, meters });
    assert.equal(pushes[0]?.meter, "House");
    assert.equal(pushes[0].time, "2026-07-30T12:00:05+01:00");
  });

  it("keeps the settings of the decoder for other meters", () => {
    const other = generalGlo(energy, { title: "4d4d4d0000000001" });
    const { pushes } = decodePush(wrapped(other), { keys, meters, timeZone: "Europe/Vienna" });
    assert.equal(pushes[0]?.meter, null);
    assert.equal(pushes[0].time, "2026-07-30T12:00:05+02:00");
  });

  it("asks with the peer for a push without a system title", () => {
    const asked: unknown[] = [];
    const { pushes } = decodePush(wrapped(energy), {
      peer: "192.0.2.1:50024",
      meters: (...args) => {
        asked.push(args);
        return { name: "Cellar" };
      },
    });
    assert.equal(pushes[0]?.meter, "Cellar");
    assert.deepEqual(asked[0], [null, "192.0.2.1:50024"]);
  });

  it("opens a push without a system title by the title in the settings", () => {
    const push = wrapped(generalGlo(energy, { sentTitle: "" }));
    const found = decodePush(push, { keys, meters: () => ({ name: "House", systemTitle: title }) });
    assert.equal(found.pushes[0]?.systemTitle, title.toUpperCase());
    assert.equal(found.pushes[0].meter, "House");
    assert.equal(decodePush(push, { keys }).problems[0]?.code, "DLMS_SEC_SYSTEM_TITLE");
  });

  it("turns the deviation of a meter that sends it reversed", () => {
    const reversed = dataNotification("00", 1, "07ea011e030c0005ff003c00");
    const { pushes } = decodePush(wrapped(reversed), { meters: () => ({ reversedDeviation: true }) });
    assert.equal(pushes[0]?.time, "2026-01-30T12:00:05+01:00");
  });

  it("refuses wrong settings with their path, and only the pushes of that meter", () => {
    const decoder = new PushDecoder({
      keys,
      framing: "wrapper",
      meters: (systemTitle) => (systemTitle?.[7] === 1 ? { timeZone: "Mars/Olympus" } : undefined),
      onProblem: (problem) => problems.push(problem.message),
    });
    const problems: string[] = [];
    assert.equal(decoder.add(wrapped(generalGlo(energy, { title: "4d4d4d0000000001" }))).length, 0);
    assert.equal(decoder.add(wrapped(generalGlo(energy))).length, 1);
    assert.match(problems.join(), /^meter\.timeZone: expected an IANA time zone/);
  });

  it("refuses a push if the function throws, and continues", () => {
    const failing = (): PushMeter => {
      throw new Error("database is away");
    };
    const { pushes, problems } = decodePush(wrapped(energy), { meters: failing });
    assert.equal(pushes.length, 0);
    assert.equal(problems[0]?.code, "DLMS_CONFIG_INVALID");
    assert.equal((problems[0].cause as Error).message, "database is away");
  });

  it("uses the counter policy of the meter", () => {
    const bytes = Buffer.concat([5, 4].map((counter) => wrapped(generalGlo(energy, { counter }))));
    assert.equal(decodePush(bytes, { keys }).pushes.length, 1);
    assert.equal(decodePush(bytes, { keys, meters: () => ({ counters: "off" }) }).pushes.length, 2);
  });
});

describe("PushDecoder: names that were read from the push setup", () => {
  const decode = (body: Uint8Array, objects: PushMeter["objects"]): ReturnType<typeof decodePush> =>
    decodePush(wrapped(body), { meters: () => ({ ...(objects !== undefined && { objects }) }) });

  it("names and scales a push that has as many values", () => {
    const [push] = decode(positional, setup).pushes;
    assert.ok(push);
    assert.deepEqual(pushValues(push), {
      "0.0.96.1.0.255": "8000001",
      "0.0.1.0.0.255": "2026-07-30T12:00:05",
      "1.0.1.8.0.255": 4120,
      "1.0.32.7.0.255": 230.3,
    });
    assert.deepEqual(push.items.map(({ unit, scalerFrom }) => `${unit} ${scalerFrom}`).slice(2), [
      "Wh meter",
      "V meter",
    ]);
    assert.equal(push.meterId, "8000001");
    assert.deepEqual(push.notes, ["names were read from the meter's push setup"]);
  });

  it("leaves values without names where their number or their types differ", () => {
    const short = decode(positional, setup.slice(1)).pushes[0];
    assert.deepEqual(
      short?.items.map(({ logicalName }) => logicalName),
      [null, null, null, null],
    );
    const swapped = decode(positional, [...setup.slice(2), ...setup.slice(0, 2)]).pushes[0];
    assert.equal(swapped?.items[0]?.logicalName, null);
    assert.match(swapped?.notes[0] ?? "", /read the push setup again/);
  });

  it("chooses among several push setups by number and types, and never by chance", () => {
    const other = setup.slice(0, 3);
    assert.equal(decode(positional, [other, setup]).pushes[0]?.items[3]?.logicalName, "1.0.32.7.0.255");
    const twice = decode(positional, [setup, setup.map((each) => ({ ...each, dataIndex: 1 }))]).pushes[0];
    assert.equal(twice?.items[3]?.logicalName, null);
    assert.match(twice?.notes[0] ?? "", /2 push setups/);
  });

  it("scales values that the frame names without a scaler", () => {
    const pairs = dataNotification(
      structure(
        ...["1.0.1.8.0.255", "1.0.32.7.0.255"].flatMap((name, i) => [
          octets(Buffer.from(name.split(".").map(Number)).toString("hex")),
          i === 0 ? double32(412) : word16(2303),
        ]),
      ),
    );
    const [push] = decode(pairs, setup).pushes;
    assert.deepEqual(push?.values, { "1.0.1.8.0.255": 4120, "1.0.32.7.0.255": 230.3 });
    assert.deepEqual(push?.notes, ["scalers and units were read from the meter, the frame has none"]);
  });

  it("refuses an object list with the path of the error", () => {
    const wrong = { classId: 3, logicalName: "1-0:1.8.0", attributeId: 2, scaler: 1, unit: "kWhh" };
    assert.match(
      decode(positional, [wrong]).problems[0]?.message ?? "",
      /^meter\.objects\[0\]\.unit: expected the symbol/,
    );
  });
});

describe("list tables of Swiss operators", () => {
  const push = (setup: string, ...values: readonly string[]): Buffer =>
    wrapped(dataNotification(structure(octets(setup), ...values)));

  it("name the values of the push setups 0-8 and 0-9 that come without an object list, by the user's choice", () => {
    const powers = Array.from({ length: 11 }, (_, i) => double32(i + 1));
    const eight = decodePush(push("0008190900ff", ...powers), { lists: "ch-0-8", framing: "wrapper" }).pushes[0];
    assert.equal(eight?.table, "ch-0-8");
    assert.deepEqual(
      eight.items.slice(1, 4).map(({ logicalName, value, unit }) => [logicalName, value, unit]),
      [
        ["1.0.1.7.0.255", 1, "W"],
        ["1.0.2.7.0.255", 2, "W"],
        ["1.1.1.8.0.255", 3, "Wh"],
      ],
    );
    const nine = decodePush(push("0009190900ff", ...powers.slice(0, 4)), { lists: "ch-0-9", framing: "wrapper" });
    assert.deepEqual(Object.keys(nine.pushes[0]?.values ?? {}), [
      ...["#0", "1.1.1.8.1.255", "1.1.1.8.2.255", "1.1.2.8.1.255", "1.1.2.8.2.255"],
    ]);
  });

  it("are not taken without the user's choice", () => {
    const [given] = decodePush(push("0009190900ff", double32(1), double32(2), double32(3), double32(4))).pushes;
    assert.equal(given?.table, null);
    assert.match(given?.notes[0] ?? "", /ch-0-9/);
  });
});

describe("list tables of the user", () => {
  const table = {
    id: "workshop",
    count: 4,
    entries: [
      { obis: "0-0:96.1.0" },
      { obis: "0-0:1.0.0", types: ["octet-string"], length: 12 },
      { obis: "1-0:1.8.0", scaler: 1 },
      { obis: "1-0:32.7.0", scaler: -1, unit: "V" },
    ],
  };

  it("names a push when it is chosen, for all meters or for one", () => {
    for (const options of [{ lists: "workshop" }, { meters: () => ({ lists: "workshop" }) }]) {
      const [push] = decodePush(wrapped(positional), { customLists: [table], ...options }).pushes;
      assert.equal(push?.table, "workshop");
      assert.deepEqual(push.items.map(({ value, unit }) => [value, unit]).slice(2), [
        [4120, "Wh"],
        [230.3, "V"],
      ]);
      assert.equal(push.items[3]?.scalerFrom, "table");
    }
  });

  it("is not taken by its length alone", () => {
    const [push] = decodePush(wrapped(positional), { customLists: [table] }).pushes;
    assert.equal(push?.table, null);
    assert.match(push?.notes[0] ?? "", /tables with this number of values: workshop/);
  });

  it("is taken by the list id that the push begins with", () => {
    const own = { ...table, listId: "8000001" };
    assert.equal(decodePush(wrapped(positional), { customLists: [own] }).pushes[0]?.table, "workshop");
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["no id", { ...table, id: "" }, /^list\.id: expected a text/],
    ["an unknown property", { ...table, obis: 1 }, /^list\.obis: expected one of id/],
    ["a count that is not that of the entries", { ...table, count: 5 }, /^list\.count: expected 4/],
    ["as many types as entries", { ...table, types: ["long"] }, /^list\.types: expected 4 types/],
    [
      "an unknown type",
      { id: "x", entries: [{ obis: null, types: ["word"] }] },
      /^list\.entries\[0\]\.types\[0\]: expected a data type/,
    ],
    ["no OBIS code", { id: "x", entries: [{ obis: "1.8" }] }, /^list\.entries\[0\]\.obis: expected an OBIS code/],
    [
      "a scaler that is no number",
      { id: "x", entries: [{ obis: null, scaler: "1" }] },
      /^list\.entries\[0\]\.scaler: expected an integer/,
    ],
    ["neither entries nor scalers", { id: "x" }, /^list: expected entries, scalers or both/],
    [
      "scalers by another name",
      { id: "x", scalers: { "1.0.31.7.0.255": -2 } },
      /^list\.scalers: expected names such as 31\.7\.0/,
    ],
    ["an array", [], /^list: expected an object/],
  ];
  for (const [what, value, message] of wrong) {
    it(`is refused with the path: ${what}`, () => {
      assert.throws(
        () => parsePushList(value),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "DLMS_CONFIG_INVALID");
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it("is refused under an id that another table has", () => {
    assert.throws(
      () => new PushDecoder({ customLists: [{ ...table, id: "kelag" }] }),
      /customLists\[0\]\.id: expected an id/,
    );
    assert.throws(() => new PushDecoder({ lists: "workshop" }), /lists: expected one of/);
  });
});
