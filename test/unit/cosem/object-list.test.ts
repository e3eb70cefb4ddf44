import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import type { DlmsValue } from "../../../src/codec/value";
import {
  attributeAccess,
  readObjectList,
  readObjectListBytes,
  readShortNameList,
  readShortNameListBytes,
  withShortNameAccess,
  withShortNameAccessBytes,
} from "../../../src/cosem";
import { describeObis } from "../../../src/names";
import { DlmsDecodeError } from "../../../src/errors";

const structure = (...value: DlmsValue[]): DlmsValue => ({ type: "structure", value });
const array = (...value: DlmsValue[]): DlmsValue => ({ type: "array", value });
const u8 = (value: number): DlmsValue => ({ type: "unsigned", value });
const u16 = (value: number): DlmsValue => ({ type: "long-unsigned", value });
const i8 = (value: number): DlmsValue => ({ type: "integer", value });
const mode = (value: number): DlmsValue => ({ type: "enum", value });
const yes: DlmsValue = { type: "boolean", value: true };
const none: DlmsValue = { type: "null-data", value: null };
const name = (hex: string): DlmsValue => ({ type: "octet-string", value: fromHex(hex) });

const right = (id: DlmsValue, access: DlmsValue, selectors: DlmsValue = none) => structure(id, access, selectors);
const entry = (classId: number, version: number, hex: string, attributes: DlmsValue[], methods: DlmsValue[] = []) =>
  structure(u16(classId), u8(version), name(hex), structure(array(...attributes), array(...methods)));

const access = (data: DlmsValue, version?: number) =>
  readObjectList(data, version).objects.map((object) => object.attributes.map((a) => a.access));

describe("object list of Association LN", () => {
  it("becomes a directory", () => {
    const { objects, skipped } = readObjectList(
      array(
        entry(
          15,
          1,
          "0000280000ff",
          [right(i8(1), mode(1)), right(i8(2), mode(1), array(i8(1), i8(2)))],
          [structure(i8(1), mode(1)), structure(i8(2), mode(0))],
        ),
        entry(3, 0, "0100010800ff", [right(i8(1), mode(1)), right(i8(2), mode(4)), right(i8(3), mode(0))]),
      ),
      undefined,
      describeObis,
    );
    assert.equal(skipped, 0);
    assert.deepEqual(objects, [
      {
        classId: 15,
        version: 1,
        logicalName: "0.0.40.0.0.255",
        objectType: "ASSOCIATION_LN",
        description: "Current association",
        attributes: [
          { attributeId: 1, attribute: "logical_name", access: "read", accessMode: 1 },
          { attributeId: 2, attribute: "object_list", access: "read", accessMode: 1, selectors: [1, 2] },
        ],
        methods: [
          { methodId: 1, method: "reply_to_HLS_authentication", access: "execute", accessMode: 1 },
          { methodId: 2, method: "change_HLS_secret", access: "none", accessMode: 0 },
        ],
      },
      {
        classId: 3,
        version: 0,
        logicalName: "1.0.1.8.0.255",
        objectType: "REGISTER",
        description: "Active energy import (+A), total",
        attributes: [
          { attributeId: 1, attribute: "logical_name", access: "read", accessMode: 1 },
          { attributeId: 2, attribute: "value", access: "read", accessMode: 4 },
          { attributeId: 3, attribute: "scaler_unit", access: "none", accessMode: 0 },
        ],
        methods: [],
      },
    ]);
  });

  it("reads an enumeration below version 3 and a bit mask from there on", () => {
    const rights = [0, 1, 2, 3, 4, 5, 6].map((m) => right(i8(2), mode(m)));
    const list = array(entry(3, 0, "0100010800ff", rights));
    assert.deepEqual(access(list, 2), [["none", "read", "write", "read-write", "read", "write", "read-write"]]);
    assert.deepEqual(access(list, 3), [["none", "read", "write", "read-write", "none", "read", "write"]]);
    assert.equal(attributeAccess(0b11111101, true), "read");
    assert.equal(attributeAccess(99, false), null);
  });

  it("learns the encoding from the association in the list", () => {
    const register = entry(3, 0, "0100010800ff", [right(i8(2), mode(5))]);
    const own = (version: number) => entry(15, version, "0000280000ff", []);
    const other = (version: number) => entry(15, version, "0000280001ff", []);
    assert.deepEqual(access(array(own(3), register)).at(-1), ["read"]);
    assert.deepEqual(access(array(own(1), register)).at(-1), ["write"]);
    assert.deepEqual(access(array(other(3), own(1), register)).at(-1), ["write"]);
    assert.deepEqual(access(array(register)).at(-1), ["write"]);
  });

  it("a list without its association has masks if the enumeration has no word for a mode", () => {
    const modes = (...of: number[]) =>
      array(
        entry(
          3,
          0,
          "0100010800ff",
          of.map((m) => right(i8(2), mode(m))),
        ),
      );
    assert.deepEqual(access(modes(0x19, 3, 4)), [["read", "read-write", "none"]]);
    assert.deepEqual(access(modes(1, 3, 4)), [["read", "read-write", "read"]]);
    const [method] = readObjectList(
      array(entry(3, 0, "0100010800ff", [right(i8(2), mode(4))], [structure(i8(1), mode(0x31))])),
    ).objects;
    assert.deepEqual([method?.attributes[0]?.access, method?.methods[0]?.access], ["none", "execute"]);
  });

  it("a version later than 3 has masks, too", () => {
    const rights = [right(i8(2), mode(0x19))];
    const association = entry(15, 4, "0000280000ff", []);
    assert.deepEqual(access(array(association, entry(3, 0, "0100010800ff", rights))), [[], ["read"]]);
  });

  it("has no word for a mode that the enumeration of an old version does not have", () => {
    const list = array(entry(3, 0, "0100010800ff", [right(i8(2), mode(0x19))], [structure(i8(1), mode(3))]));
    const [object] = readObjectList(list, 2).objects;
    assert.deepEqual(object?.attributes[0], { attributeId: 2, attribute: "value", access: null, accessMode: 0x19 });
    assert.deepEqual([object.methods[0]?.access, object.methods[0]?.accessMode], [null, 3]);
  });

  it("keeps manufacturer classes and ids below 0, and has a name for each", () => {
    const { objects } = readObjectList(
      array(
        entry(8192, 0, "0100c70101ff", [right(i8(-1), mode(1)), right(u8(254), mode(3))], [structure(i8(-3), yes)]),
      ),
      undefined,
      describeObis,
    );
    assert.equal(objects[0]?.objectType, "8192");
    assert.equal(objects[0]?.description, "Electricity: Manufacturer specific object 199.1.1");
    assert.deepEqual(
      objects[0]?.attributes.map((a) => [a.attributeId, a.attribute, a.access]),
      [
        [-1, "attribute -1", "read"],
        [-2, "attribute -2", "read-write"],
      ],
    );
    assert.deepEqual(objects[0]?.methods, [{ methodId: -3, method: "method -3", access: "execute", accessMode: 1 }]);
  });

  it("leaves odd entries out, counts them, and keeps the rest", () => {
    const { objects, skipped } = readObjectList(
      array(
        none,
        structure(u16(3)),
        structure(u16(3), u8(0), name("0100")),
        structure(u16(3), u8(0), name("0100010800ff")),
        structure(u16(3), u8(0), name("0100020800ff"), structure(array(none, structure(i8(2), none)), none)),
        entry(1, 0, "0000600100ff", [right(i8(2), mode(1))]),
      ),
    );
    assert.equal(skipped, 3);
    assert.deepEqual(
      objects.map((object) => [object.logicalName, object.attributes.map((a) => a.access)]),
      [
        ["1.0.1.8.0.255", []],
        ["1.0.2.8.0.255", [null]],
        ["0.0.96.1.0.255", ["read"]],
      ],
    );
  });

  it("refuses a value that is not a list", () => {
    assert.throws(() => readObjectList(u8(1)), DlmsDecodeError);
    assert.throws(() => readShortNameList(u8(1)), DlmsDecodeError);
  });

  it("has no objects where it is null-data or an empty string", () => {
    for (const absent of [none, { type: "octet-string", value: new Uint8Array(0) } as const]) {
      assert.deepEqual(readObjectList(absent), { objects: [], skipped: 0 });
      assert.deepEqual(readShortNameList(absent), { objects: [], skipped: 0 });
    }
  });
});

describe("object list of Association SN", () => {
  const base = (value: number): DlmsValue => ({ type: "long", value });
  const list = array(
    structure(base(-1536), u16(12), u8(2), name("0000280000ff")),
    structure(base(0x2710), u16(3), u8(0), name("0100010800ff")),
    structure(base(0x2720)),
  );

  it("has short names, and the attributes of the class table without a word on access", () => {
    const { objects, skipped } = readShortNameList(list);
    assert.equal(skipped, 1);
    assert.deepEqual(
      objects.map(({ shortName, objectType }) => [shortName, objectType]),
      [
        [0xfa00, "ASSOCIATION_SN"],
        [0x2710, "REGISTER"],
      ],
    );
    assert.deepEqual(objects[1]?.attributes, [
      { attributeId: 1, attribute: "logical_name", access: null, accessMode: null },
      { attributeId: 2, attribute: "value", access: null, accessMode: null },
      { attributeId: 3, attribute: "scaler_unit", access: null, accessMode: null },
    ]);
  });

  it("reads access from access_rights_list", () => {
    const rights = array(structure(base(0x2710), array(right(i8(2), mode(1))), array(structure(i8(1), mode(1)))), none);
    const { objects } = withShortNameAccess(readShortNameList(list), rights);
    assert.equal(objects[0]?.attributes[0]?.access, null);
    assert.deepEqual(objects[1]?.attributes, [{ attributeId: 2, attribute: "value", access: "read", accessMode: 1 }]);
    assert.deepEqual(objects[1]?.methods, [{ methodId: 1, method: "reset", access: "execute", accessMode: 1 }]);
  });
});

describe("object list with wrong counts", () => {
  const ln = (n: number, rights = "0202 0101 02030f011601 00 0100") =>
    `0204 12 0003 11 00 09 06 0100010800${hex(n)} ${rights}`;
  const sn = (n: number) => `0204 10 10${hex(n)} 12 0003 11 00 09 06 0100010800${hex(n)}`;
  const list = (count: number, entries: readonly string[]) => fromHex(`01${hex(count)}${entries.join("")}`);
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  const names = ({ directory }: { directory: { objects: readonly { logicalName: string }[] } }) =>
    directory.objects.map(({ logicalName }) => Number(logicalName.split(".")[5]));
  const read = { LN: readObjectListBytes, SN: readShortNameListBytes };
  const entry = { LN: ln, SN: sn };

  for (const kind of ["LN", "SN"] as const) {
    const three = [1, 2, 3].map((n) => entry[kind](n));

    it(`${kind}: reads a correct list without a note`, () => {
      const found = read[kind](list(3, three));
      assert.deepEqual([names(found), found.directory.skipped, found.notes], [[1, 2, 3], 0, []]);
    });

    it(`${kind}: keeps all entries if more or fewer are declared, with a note`, () => {
      const more = read[kind](list(4, three));
      assert.deepEqual([names(more), more.directory.skipped], [[1, 2, 3], 1]);
      assert.match(more.notes.join(), /4 entries are declared, 3 were read/);
      const fewer = read[kind](list(2, three));
      assert.deepEqual([names(fewer), fewer.directory.skipped], [[1, 2, 3], 0]);
      assert.match(fewer.notes.join(), /2 entries are declared, 3 were read/);
    });

    it(`${kind}: skips an unreadable entry and continues with the next one`, () => {
      for (const odd of ["0204 12 0003 ff", "08", "0203 11 01", "00 00", "0905 41"]) {
        const found = read[kind](list(4, [three[0] ?? "", odd, three[1] ?? "", three[2] ?? ""]));
        assert.deepEqual([names(found), found.directory.skipped], [[1, 2, 3], 1], odd);
        assert.match(found.notes.join(), /1 passage was passed over/);
      }
    });

    it(`${kind}: ignores bytes after the last entry, with a note`, () => {
      const found = read[kind](list(3, [...three, "0000 ee"]));
      assert.deepEqual([names(found), found.directory.skipped], [[1, 2, 3], 0]);
      assert.match(found.notes.join(), /3 bytes after the entries were ignored/);
    });

    it(`${kind}: a list cut anywhere keeps the entries before the cut`, () => {
      const whole = list(3, three);
      const size = (whole.length - 2) / 3;
      for (let length = 2 + size; length <= whole.length; length++) {
        const complete = Math.floor((length - 2) / size);
        const found = read[kind](whole.subarray(0, length));
        assert.deepEqual(names(found), [1, 2, 3].slice(0, complete));
        assert.equal(found.directory.skipped, 3 - complete);
      }
      for (let length = 0; length < 2 + size; length++) {
        assert.throws(() => read[kind](whole.subarray(0, length)), DlmsDecodeError, String(length));
      }
    });

    it(`${kind}: refuses a value that is not a list`, () => {
      for (const bytes of ["1105", "01", "0103", "0103 08", ""]) {
        assert.throws(() => read[kind](fromHex(bytes)), DlmsDecodeError, bytes);
      }
    });
  }

  it("LN: drops only the entry that has a wrong count", () => {
    const tooMany = ln(9, "0202 0102 02030f011601 00 0100");
    for (let place = 0; place < 3; place++) {
      const entries = [ln(1), ln(2), ln(3)];
      entries[place] = tooMany;
      const found = readObjectListBytes(list(3, entries));
      assert.deepEqual(
        names(found),
        [1, 2, 3].filter((n) => n !== place + 1),
        `entry ${place}`,
      );
      assert.equal(found.directory.skipped, 1);
      assert.match(found.notes.join(), /passed over/);
    }
  });

  it("LN: ends a list that has only the beginnings of entries", () => {
    // each begins an array that takes in thousands of nulls and is never complete
    const hostile = ln(1, "0202 01820fff").replace(/ /g, "").repeat(5000) + "00".repeat(5000);
    const { directory } = readObjectListBytes(fromHex(`01821388${ln(1)}${hostile}`));
    assert.equal(directory.objects.length, 1);
    assert.ok(directory.skipped >= 1000);
  });

  it("SN: access rights with a wrong count keep the entries present", () => {
    const { directory } = readShortNameListBytes(list(2, [sn(1), sn(2)]));
    const rights = "0203 10 1001 0101 02030f021601 00 0100";
    const { directory: filled, notes } = withShortNameAccessBytes(directory, list(2, [rights]));
    assert.equal(filled.objects[0]?.attributes[0]?.access, "read");
    assert.equal(filled.objects[1]?.attributes[0]?.access, null);
    assert.match(notes.join(), /access_rights_list: 2 entries are declared, 1 were read/);
  });
});
