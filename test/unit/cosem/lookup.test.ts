import assert from "node:assert/strict";
import {
  attribute,
  attributeName,
  className,
  classTitle,
  findAttribute,
  findClass,
  findMethod,
  listClasses,
  method,
  scalerSource,
  units,
  unitSymbol,
} from "../../../src/cosem";
import { DlmsConfigError } from "../../../src/errors";

const invalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof DlmsConfigError && error.code === "DLMS_CONFIG_INVALID" && pattern.test(error.message);

describe("interface classes", () => {
  it("have the names that settings use", () => {
    // names that the node's contract lists, with the class ids of the Blue Book
    for (const [name, id] of [
      ["DATA", 1],
      ["REGISTER", 3],
      ["EXTENDED_REGISTER", 4],
      ["DEMAND_REGISTER", 5],
      ["PROFILE_GENERIC", 7],
      ["CLOCK", 8],
      ["SCRIPT_TABLE", 9],
      ["ASSOCIATION_SN", 12],
      ["ASSOCIATION_LN", 15],
      ["SAP_ASSIGNMENT", 17],
      ["IMAGE_TRANSFER", 18],
      ["ACTIVITY_CALENDAR", 20],
      ["PUSH_SETUP", 40],
      ["SECURITY_SETUP", 64],
      ["DISCONNECT_CONTROL", 70],
      ["LIMITER", 71],
    ] as const) {
      assert.equal(findClass(name)?.id, id);
      assert.equal(className(id), name);
    }
  });

  it("are found in any spelling, by id and by version", () => {
    for (const spelling of [
      "EXTENDED_REGISTER",
      "Extended register",
      "extended-register",
      " extended_REGISTER ",
      "4",
      4,
    ]) {
      assert.equal(findClass(spelling)?.id, 4);
    }
    assert.equal(findClass(15, 0)?.attributes.length, 8);
    assert.equal(findClass(15, 1)?.attributes.length, 9);
    assert.equal(findClass(15, 2)?.attributes.length, 11);
    assert.equal(findClass(15)?.version, 3);
    assert.equal(findClass(15, 99)?.version, 3);
    assert.equal(findClass("AUTO_ANSWER", 1)?.version, 0);
    assert.equal(findClass("AUTO_ANSWER")?.version, 2);
    assert.equal(findClass("WIRELESS_MODE_Q_CHANNEL", 0)?.version, 1);
    assert.equal(findClass(8192), undefined);
    assert.equal(findClass("NOTHING"), undefined);
    assert.equal(className(8192), "8192");
    assert.equal(classTitle(8192), "class 8192");
  });

  /** class id/versions */
  const known =
    "1/0 3/0 4/0 5/0 6/0 7/0,1 8/0 9/0 10/0 11/0 12/0,1,2,3,4 15/0,1,2,3 17/0 18/0 19/0,1 20/0 21/0 22/0 23/0,1 " +
    "24/0,1 25/0 26/0 27/0,1 28/0,2 29/0,1,2 30/0 40/0,1,2,3 41/0 42/0 43/0 44/0 45/0 46/0 47/0,1,2 48/0 50/0,1 " +
    "51/0 52/0 53/0 55/0,1 56/0 57/0 58/0 59/0 61/0 62/0,1 63/0 64/0,1 65/0,1 66/0 67/0 68/0 70/0 71/0 72/0,1 73/1 " +
    "74/0 76/0 77/0 80/0 81/0 82/0 83/0 84/0 85/0 86/0 90/1 91/1,2,3,4 92/0,1,2,3,4 95/0 96/0 97/0 98/0 100/0 101/0 " +
    "102/0 103/0 104/0 105/0 111/0 112/0 113/0 115/0 116/0 122/0 123/0 124/0 126/0 127/0 128/0 129/0 130/0 131/0 " +
    "132/0 133/0 140/0 141/0 142/0 143/0 151/0,1 152/0 153/0 161/1 162/1";

  it("hold each class and version once, and all of them", () => {
    const versions = new Map<number, number[]>();
    for (const { id, version } of listClasses()) versions.set(id, [...(versions.get(id) ?? []), version]);
    assert.equal([...versions].map(([id, list]) => `${id}/${list.join()}`).join(" "), known);
  });

  it("are well formed: one row a version, ids in order, unique names, a source", () => {
    const seen = new Set<string>();
    const idOfName = new Map<string, number>();
    for (const cls of listClasses()) {
      const key = `${cls.id}/${cls.version}`;
      assert.ok(!seen.has(key), key);
      seen.add(key);
      assert.match(cls.name, /^[A-Z0-9]+(_[A-Z0-9]+)*$/);
      assert.equal(idOfName.get(cls.name) ?? cls.id, cls.id, cls.name);
      idOfName.set(cls.name, cls.id);
      assert.ok((cls.source ?? "") !== "", key);
      assert.deepEqual(
        cls.attributes.map(({ id }) => id),
        cls.attributes.map((_, i) => i + 1),
      );
      assert.deepEqual(
        cls.methods.map(({ id }) => id),
        cls.methods.map((_, i) => i + 1),
      );
      assert.equal(cls.attributes[0]?.name, "logical_name");
      for (const list of [cls.attributes, cls.methods]) {
        const names = list.map(({ name }) => name.toUpperCase());
        assert.equal(new Set(names).size, names.length, `${key} ${names.join()}`);
      }
    }
  });

  // class id, version -> attributes and methods, counted in the tables of IEC 62056-6-2 and in another implementation
  for (const [id, version, attributes, methods] of [
    [1, 0, 2, 0],
    [3, 0, 3, 1],
    [4, 0, 5, 1],
    [5, 0, 9, 2],
    [6, 0, 4, 3],
    [8, 0, 9, 6],
    [9, 0, 2, 1],
    [10, 0, 2, 3],
    [11, 0, 2, 2],
    [12, 2, 4, 8],
    [15, 2, 11, 6],
    [17, 0, 2, 1],
    [18, 0, 7, 4],
    [19, 1, 9, 0],
    [20, 0, 10, 1],
    [21, 0, 4, 0],
    [22, 0, 4, 0],
    [23, 1, 9, 0],
    [24, 0, 5, 0],
    [25, 0, 5, 0],
    [26, 0, 4, 0],
    [27, 0, 4, 0],
    [28, 0, 6, 0],
    [29, 2, 6, 1],
    [40, 0, 7, 1],
    [40, 2, 13, 2],
    [41, 0, 6, 0],
    [42, 0, 10, 3],
    [43, 0, 2, 0],
    [44, 0, 5, 0],
    [45, 0, 4, 0],
    [47, 0, 8, 0],
    [47, 1, 8, 0],
    [48, 0, 10, 2],
    [62, 0, 6, 2],
    [64, 0, 5, 2],
    [64, 1, 6, 8],
    [65, 0, 4, 2],
    [66, 0, 9, 2],
    [70, 0, 4, 2],
    [71, 0, 11, 0],
    [72, 0, 12, 8],
    [72, 1, 14, 8],
    [74, 0, 2, 0],
    [80, 0, 3, 1],
    [81, 0, 5, 1],
    [82, 0, 8, 0],
    [83, 0, 14, 0],
    [84, 0, 7, 1],
    [85, 0, 6, 1],
    [86, 0, 4, 0],
    [90, 1, 10, 1],
    [91, 3, 26, 2],
    [92, 0, 16, 0],
    [92, 3, 23, 0],
    [100, 0, 7, 3],
    [111, 0, 19, 3],
    [112, 0, 11, 3],
    [113, 0, 13, 5],
    [115, 0, 6, 1],
    [122, 0, 3, 3],
    [123, 0, 2, 5],
    [124, 0, 10, 1],
  ] as const) {
    it(`class ${id} version ${version} has ${attributes} attributes and ${methods} methods`, () => {
      const cls = findClass(id, version);
      assert.equal(cls?.version, version);
      assert.equal(cls?.attributes.length, attributes);
      assert.equal(cls?.methods.length, methods);
    });
  }

  it("contain the short-name offsets of methods", () => {
    const offset = (id: number, name: string, version?: number) => {
      const cls = findClass(id, version);
      return cls === undefined ? undefined : findMethod(cls, name)?.shortNameOffset;
    };
    assert.equal(offset(3, "reset"), 0x28);
    assert.equal(offset(4, "reset"), 0x38);
    assert.equal(offset(5, "next_period"), 0x50);
    assert.equal(offset(7, "reset"), 0x58);
    assert.equal(offset(8, "shift_time"), 0x88);
    assert.equal(offset(12, "reply_to_HLS_authentication"), 0x58);
    assert.equal(offset(70, "remote_reconnect"), 0x28);
    assert.equal(offset(100, "synchronize"), 0x38);
    // as in jDLMS's list of short names
    assert.equal(offset(64, "security_activate", 0), 0x28);
    assert.equal(offset(64, "global_key_transfer", 0), 0x30);
    assert.equal(offset(64, "security_activate", 1), 0x30);
  });

  it("have no short name for members removed from the Association SN", () => {
    const offsets = (version: number) => findClass(12, version)?.methods.map((row) => row.shortNameOffset);
    assert.deepEqual(offsets(0)?.slice(0, 3), [0x20, 0x28, 0x30]);
    for (const version of [1, 2, 3, 4]) {
      assert.deepEqual(offsets(version)?.slice(0, 4), [undefined, undefined, 0x30, 0x38], String(version));
    }
  });

  it("never have one short name for two members", () => {
    for (const cls of listClasses()) {
      const attributes = cls.attributes.map(({ id, shortNameOffset }) => shortNameOffset ?? 8 * (id - 1));
      const methods = cls.methods.flatMap(({ shortNameOffset }) => shortNameOffset ?? []);
      const all = [...attributes, ...methods];
      assert.equal(new Set(all).size, all.length, `${cls.id}/${cls.version}`);
    }
  });

  it("name every attribute, even if the table does not", () => {
    assert.equal(attributeName(3, 2), "value");
    assert.equal(attributeName(3, 9), "attribute 9");
    assert.equal(attributeName(8192, 2), "attribute 2");
    const clock = findClass("CLOCK");
    assert.ok(clock);
    assert.equal(findAttribute(clock, "TIME_ZONE")?.id, 3);
  });

  it("state where scaled values get their scaler", () => {
    assert.equal(scalerSource(3, 0, 2), 3);
    assert.equal(scalerSource(4, 0, 2), 3);
    assert.equal(scalerSource(5, 0, 2), 4);
    assert.equal(scalerSource(5, 0, 3), 4);
    assert.equal(scalerSource(61, 0, 2), 4);
    assert.equal(scalerSource(4, 0, 5), undefined);
    assert.equal(scalerSource(1, 0, 2), undefined);
    assert.equal(scalerSource(8192, 0, 2), undefined);
  });
});

describe("references", () => {
  it("are made from user input", () => {
    const expected = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 };
    assert.deepEqual(attribute("register", "1-0:1.8.0*255", "VALUE"), expected);
    assert.deepEqual(attribute("REGISTER", "1-0:1.8.0", 2), expected);
    assert.deepEqual(attribute(3, "0100010800ff", "2"), expected);
    assert.deepEqual(attribute("3", Uint8Array.of(1, 0, 1, 8, 0, 255), "value"), expected);
    assert.deepEqual(method("disconnect control", "0-0:96.3.10", "remote_disconnect"), {
      classId: 70,
      logicalName: "0.0.96.3.10.255",
      methodId: 1,
    });
  });

  it("accept ids that the table lacks", () => {
    assert.equal(attribute(8192, "1-0:1.8.0", -3).attributeId, -3);
    assert.equal(attribute("REGISTER", "1-0:1.8.0", 40).attributeId, 40);
  });

  it("suggest similar names", () => {
    assert.throws(() => attribute("REGSTER", "1-0:1.8.0", 2), invalid(/"REGSTER".*did you mean REGISTER/));
    assert.throws(() => attribute("PROFILE", "1-0:1.8.0", 2), invalid(/did you mean PROFILE_GENERIC/));
    assert.throws(() => attribute("REGISTER", "1-0:1.8.0", "vlaue"), invalid(/"vlaue".*Register.*did you mean value/));
    assert.throws(
      () => attribute("REGISTER", "1-0:1.8.0", "xyzzy12345"),
      invalid(/it has logical_name, value, scaler_unit/),
    );
    assert.throws(() => method("DATA", "1-0:1.8.0", "reset"), invalid(/"reset" is no method of Data/));
    assert.throws(() => attribute("REGISTER", "nonsense", 2), invalid(/logical name/));
    assert.throws(() => attribute(-1, "1-0:1.8.0", 2), invalid(/class id/));
    assert.throws(() => attribute("REGISTER", "1-0:1.8.0", 300), invalid(/-128 to 127, got 300/));
    assert.throws(() => attribute("", "1-0:1.8.0", 2), invalid(/object type/));
  });
});

describe("units", () => {
  it("have the codes of the Blue Book", () => {
    for (const [code, symbol] of [
      [8, "°"],
      [9, "°C"],
      [13, "m³"],
      [24, "bar"],
      [27, "W"],
      [28, "VA"],
      [29, "var"],
      [30, "Wh"],
      [31, "VAh"],
      [32, "varh"],
      [33, "A"],
      [35, "V"],
      [44, "Hz"],
      [56, "%"],
      [72, "dB"],
      [145, "ft²/s"],
      [152, "ft/s"],
      [153, "ft³/s"],
      [154, "ft³/min"],
      [155, "ft³/h"],
      [156, "ft³/d"],
    ] as const) {
      assert.equal(unitSymbol(code), symbol);
    }
    assert.equal(unitSymbol(255), null);
    for (const code of [99, 151, 161, 166, 253]) assert.equal(unitSymbol(code), `unit ${code}`);
    assert.ok(Object.values(units).every(({ quantity }) => quantity.length > 0));
  });
});
