/** Short stable English keys. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DlmsConfigError } from "../../../src/errors";
import { keyOf, keysOf } from "../../../src/names";
import { knownKeys } from "./known-keys";

const code = fc
  .tuple(
    fc.constantFrom(0, 1, 4, 5, 6, 7, 8, 9, 15),
    fc.nat(255),
    fc.nat(255),
    fc.nat(255),
    fc.nat(255),
    fc.constantFrom(255, 0, 12, 101, 126, 200),
  )
  .map((groups) => groups.join("."));

describe("short keys", () => {
  it("keeps the key of each published code", () => {
    const changed = knownKeys.filter(
      ({ obis, classId, attributeId, key }) => keyOf(obis, classId, attributeId) !== key,
    );
    assert.equal(knownKeys.length, 311);
    assert.deepEqual(changed, []);
  });

  it("gives each published value its own key", () => {
    assert.equal(new Set(knownKeys.map(({ key }) => key)).size, knownKeys.length);
  });

  it("names a code that has no words by its groups", () => {
    assert.equal(keyOf("1-0:96.50.1"), "obis_1_0_96_50_1");
    assert.equal(keyOf("1-0:96.50.1*7"), "obis_1_0_96_50_1_7");
  });

  it("names an attribute other than the usual one", () => {
    assert.equal(keyOf("1-0:1.6.0", 4, 5), "power_import_max_capture_time");
    assert.equal(keyOf("1-0:1.8.0", 3, 3), "energy_import_scaler_unit");
    assert.equal(keyOf("1-0:1.8.0", 3, 90), "energy_import_a90");
    assert.equal(keyOf("1-0:1.8.0", 8192, -1), "energy_import_am1");
  });

  it("refuses a text that is no OBIS code", () => {
    assert.throws(() => keyOf("energy"), DlmsConfigError);
  });

  it("has only characters that databases take without quotes, and at most 63 of them", () => {
    fc.assert(
      fc.property(
        code,
        fc.constantFrom(1, 3, 4, 5, 7, 8, 70, 8192),
        fc.integer({ min: -128, max: 127 }),
        (obis, c, a) => {
          assert.match(keyOf(obis, c, a), /^[a-z][a-z0-9_]{0,62}$/);
        },
      ),
    );
  });

  it("gives two codes two keys", () => {
    fc.assert(
      fc.property(code, code, (one, other) => {
        if (one !== other) assert.notEqual(keyOf(one), keyOf(other));
      }),
    );
  });

  it("tells the columns of a profile apart: a maximum and its time, elements, repeated captures", () => {
    const maximum = { logicalName: "1.0.1.6.0.255", classId: 4 };
    assert.deepEqual(
      keysOf([
        { ...maximum, attributeId: 2 },
        { ...maximum, attributeId: 5 },
        { ...maximum, attributeId: 2, dataIndex: 3 },
        { ...maximum, attributeId: 2 },
      ]),
      ["power_import_max", "power_import_max_capture_time", "power_import_max_i3", "power_import_max__2"],
    );
  });
});
