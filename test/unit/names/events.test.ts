/** The event code tables: every code of the collected facts, its log, and the marks of the sources. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Companion, companions, eventOf } from "../../../src/names";
import { tableOf } from "../../../src/names/events/event-of";

/** log -> number of codes */
const counts: Readonly<Record<Companion, Readonly<Record<string, number>>>> = {
  idis: {
    ...{ standard: 34, fraud: 21, disconnector: 18, mbus: 39, "power-quality": 20, communication: 20 },
    ...{ "mbus-control-1": 6, "mbus-control-2": 6, "mbus-control-3": 6, "mbus-control-4": 6 },
  },
  dsmr: { standard: 33, fraud: 11, "communication-session": 7, mbus: 29, "power-quality": 17, auxiliary: 169 },
  smr5: { standard: 33, fraud: 11, "communication-session": 7, mbus: 29, "power-quality": 17, auxiliary: 169 },
  is15959: { voltage: 14, current: 24, power: 4, transaction: 33, others: 28, "non-rollover": 3, control: 2 },
  spodes: {
    ...{ voltage: 28, current: 38, switching: 29, programming: 149, external: 7, communication: 2, access: 4 },
    ...{ "self-diagnosis": 19, tangent: 2 },
  },
};

/** Two sources give different codes to one event, so both codes have its name. */
const sameEvent: ReadonlySet<string> = new Set(["is15959 non-rollover Relay welded"]);

interface FactEvent {
  readonly code: number;
  readonly id: string;
  readonly name: string;
  readonly logs: readonly string[];
}
interface FactTable {
  readonly id: string;
  readonly logs: Readonly<Record<string, { readonly profile: string; readonly code: string | null }>>;
  readonly events: readonly FactEvent[];
  readonly replacements?: { readonly smr5: readonly FactEvent[] };
}

describe("names: event codes", () => {
  for (const companion of companions) {
    it(`${companion}: has each log with its number of codes`, () => {
      const { logs } = tableOf(companion);
      const found = Object.fromEntries(logs.map(({ log, events }) => [log, Object.keys(events).length]));
      assert.deepEqual(found, counts[companion]);
    });

    it(`${companion}: has ids that are unique within a log, and each object in one log only`, () => {
      const { logs } = tableOf(companion);
      for (const { log, profile, events } of logs) {
        const names = Object.values(events).filter((name) => !sameEvent.has(`${companion} ${log} ${name}`));
        const ids = Object.keys(events).flatMap((code) => eventOf(companion, profile, Number(code)) ?? []);
        assert.equal(new Set(names).size, names.length, log);
        for (const { id } of ids) assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      }
      const objects = logs.flatMap(({ profile, code }) => [profile, ...(code === undefined ? [] : [code])]);
      assert.equal(new Set(objects).size, objects.length);
    });

    it(`${companion}: names its sources in the head of the file`, () => {
      const text = readFileSync(join("src", "names", "events", `${companion}.ts`), "utf8");
      assert.match(text.slice(0, text.indexOf("*/")), /sources?: /i);
    });
  }

  const spots: readonly (readonly [Companion, string, number, string])[] = [
    ["idis", "0-0:96.11.0", 1, "power-down"],
    ["idis", "0.0.99.98.4.255", 76, "undervoltage-l1"],
    ["idis", "0-0:99.98.0", 48, "global-keys-changed"],
    ["dsmr", "0-0:99.98.5", 77, "undervoltage-l1"],
    ["dsmr", "0-0:96.11.1.255", 48, "module-cover-opened"],
    ["dsmr", "0-0:96.11.5", 80, "voltage-sag-l1"],
    ["smr5", "0-0:96.11.5", 80, "overvoltage-l1"],
    ["smr5", "0-0:96.11.5", 85, "voltage-normal-l3"],
    ["smr5", "0-0:96.11.5", 77, "undervoltage-l1"],
    ["is15959", "0-0:96.11.0*255", 1, "voltage-missing-r-start"],
    ["is15959", "0-0:99.98.5", 253, "relay-welded"],
    ["spodes", "0-0:99.98.0", 1, "voltage-missing-a"],
  ];
  for (const [companion, logicalName, code, id] of spots) {
    it(`${companion}: ${code} of ${logicalName} is ${id}`, () => {
      assert.equal(eventOf(companion, logicalName, code)?.id, id);
    });
  }

  it("gives the id, the English text and the log", () => {
    assert.deepEqual(eventOf("idis", "0-0:99.98.0", 4), {
      id: "clock-adjusted-old-time",
      name: "Clock adjusted, old time",
      log: "standard",
    });
  });

  it("takes the log from the object: the same code has another meaning in another log", () => {
    const [voltage, current] = ["0-0:99.98.0", "0-0:99.98.1"].map((log) => eventOf("spodes", log, 1)?.id);
    assert.ok(voltage !== undefined && current !== undefined);
    assert.notEqual(voltage, current);
  });

  it("gives nothing for an unknown code, another object and a fraction", () => {
    assert.equal(eventOf("idis", "0-0:96.11.0", 249), undefined);
    assert.equal(eventOf("idis", "1-0:99.1.0", 1), undefined);
    assert.equal(eventOf("idis", "0-0:96.11.0", 1.5), undefined);
  });

  it("refuses a logical name that is not an OBIS code", () => {
    assert.throws(() => eventOf("idis", "event log", 1), { code: "DLMS_CONFIG_INVALID" });
  });

  // The collected facts are not a part of the package; where they are at hand, each code is compared.
  const path = join("..", "shared", "values", "event_codes.json");
  if (!existsSync(path)) return;
  const facts = JSON.parse(readFileSync(path, "utf8")) as { readonly tables: readonly FactTable[] };
  for (const { id: companion, logs, events, replacements } of facts.tables) {
    if (!isCompanion(companion)) continue;
    it(`${companion}: has each code of the collected facts, and no other`, () => {
      compare(companion, logs, events);
      const replaced = replacements?.smr5;
      if (replaced === undefined) return;
      const codes = new Set(replaced.map(({ code }) => code));
      const kept = events.filter(
        ({ code, logs: inLogs }) => !(codes.has(code) && inLogs.some((log) => log === "power-quality")),
      );
      compare("smr5", logs, [...kept, ...replaced]);
    });
  }
});

function isCompanion(id: string): id is Companion {
  return companions.some((companion) => companion === id);
}

function compare(companion: Companion, logs: FactTable["logs"], events: readonly FactEvent[]): void {
  let compared = 0;
  for (const { code, id, name, logs: inLogs } of events) {
    for (const log of inLogs) {
      const { profile, code: codeObject } = logs[log] ?? assert.fail(log);
      for (const object of codeObject === null ? [profile] : [profile, codeObject]) {
        assert.deepEqual(eventOf(companion, object, code), { id, name, log }, `${object} ${code}`);
      }
      compared++;
    }
  }
  const total = tableOf(companion).logs.reduce((sum, entry) => sum + Object.keys(entry.events).length, 0);
  assert.equal(compared, total);
}
