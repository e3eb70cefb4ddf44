import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex } from "../../../src/bytes";
import type { DlmsValue } from "../../../src/codec/value";
import { listClasses, presentAttribute, type PresentOptions, readScalerUnit } from "../../../src/cosem";
import { DlmsError } from "../../../src/errors";

const octets = (hex: string): DlmsValue => ({ type: "octet-string", value: fromHex(hex) });
const text = (ascii: string): DlmsValue => ({ type: "octet-string", value: new TextEncoder().encode(ascii) });
const structure = (...value: DlmsValue[]): DlmsValue => ({ type: "structure", value });
const array = (...value: DlmsValue[]): DlmsValue => ({ type: "array", value });
const u8 = (value: number): DlmsValue => ({ type: "unsigned", value });
const u16 = (value: number): DlmsValue => ({ type: "long-unsigned", value });
const enumerated = (value: number): DlmsValue => ({ type: "enum", value });
const none: DlmsValue = { type: "null-data", value: null };

/** JSON has one zero only. */
const positiveZero = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => {
      assert.notEqual(typeof part, "bigint");
      assert.ok(typeof part !== "number" || Number.isFinite(part));
      assert.notEqual(part, undefined);
      return part;
    }),
  );

const show = (
  data: DlmsValue,
  classId: number,
  attributeId: number,
  options: PresentOptions = {},
  scaler?: number,
  version?: number,
) =>
  presentAttribute(
    data,
    version === undefined ? { classId, attributeId } : { classId, attributeId, version },
    scaler === undefined ? undefined : { scaler, unitCode: 30 },
    options,
  );

describe("presentAttribute", () => {
  it("scales only the attributes that the class table scales", () => {
    const value: DlmsValue = { type: "double-long-unsigned", value: 1005 };
    assert.deepEqual(show(value, 3, 2, {}, -3), { value: 1.005, type: "double-long-unsigned" });
    assert.equal(show(value, 4, 2, {}, -3).value, 1.005);
    assert.equal(show(value, 5, 2, {}, -3).value, 1.005);
    assert.equal(show(value, 5, 3, {}, -3).value, 1.005);
    assert.equal(show(value, 5, 8, {}, -3).value, 1005);
    assert.equal(show(value, 1, 2, {}, -3).value, 1005);
    assert.equal(show(value, 3, 2).value, 1005);
  });

  it("shows a string without content as null in place of a time, a name, a list or a structure", () => {
    const empty: DlmsValue[] = [octets(""), { type: "visible-string", value: "" }];
    for (const absent of empty) {
      // time, capture_time, scaler_unit, capture_objects, logical_name, object_list, entries of a schedule
      for (const [classId, attributeId] of [
        [8, 2],
        [4, 5],
        [3, 3],
        [7, 3],
        [3, 1],
        [15, 2],
        [10, 2],
      ] as const) {
        const { value } = show(absent, classId, attributeId);
        assert.ok(value === null || (Array.isArray(value) && value.length === 0), `${classId}/${attributeId}`);
      }
      assert.equal(show(absent, 1, 2).value, "");
      const captured = show(array(structure(u16(0), absent, u8(0), u16(0))), 7, 3).value;
      assert.deepEqual(captured, [{ classId: 0, logicalName: null, attributeId: 0, dataIndex: 0 }]);
    }
  });

  it("scales the cells of a register table", () => {
    const cells: DlmsValue[] = [u16(12345), { type: "long64-unsigned", value: 5n }, none];
    assert.deepEqual(show(array(...cells), 61, 2, {}, -3).value, [12.345, 0.005, null]);
    const compact: DlmsValue = { type: "compact-array", description: { type: "long-unsigned" }, value: [u16(12345)] };
    assert.deepEqual(show(compact, 61, 2, {}, -3).value, [12.345]);
    assert.deepEqual(show(array(u16(12345)), 1, 2, {}, -3).value, [12345]);
  });

  it("keeps 64 bits", () => {
    assert.equal(
      show({ type: "long64-unsigned", value: 18446744073709551615n }, 3, 2, {}, -2).value,
      "184467440737095516.15",
    );
    assert.equal(show({ type: "long64", value: -5n }, 3, 2, {}, 0).value, -5);
  });

  it("shows floats in their shortest decimal", () => {
    assert.equal(show({ type: "float32", value: Math.fround(230.1) }, 3, 2, {}, 0).value, 230.1);
    assert.equal(show({ type: "floating-point", value: Math.fround(42.1) }, 1, 2).value, 42.1);
    assert.equal(show({ type: "float64", value: 3.14 }, 3, 2, {}, -1).value, 0.314);
  });

  it("converts scaler_unit to {scaler, unit, unitCode}", () => {
    const pair = structure({ type: "integer", value: -3 }, enumerated(30));
    assert.deepEqual(show(pair, 3, 3).value, { scaler: -3, unit: "Wh", unitCode: 30 });
    assert.deepEqual(show(structure({ type: "integer", value: 0 }, enumerated(255)), 3, 3).value, {
      scaler: 0,
      unit: null,
      unitCode: 255,
    });
    assert.deepEqual(show(structure({ type: "integer", value: 0 }, enumerated(200)), 5, 4).value, {
      scaler: 0,
      unit: "unit 200",
      unitCode: 200,
    });
    assert.deepEqual(readScalerUnit(structure(u8(253), enumerated(30))), { scaler: -3, unitCode: 30 });
    assert.equal(readScalerUnit(structure(u8(1))), undefined);
    assert.equal(readScalerUnit(none), undefined);
  });

  describe("octet-strings", () => {
    it("are logical names if the table specifies them", () => {
      assert.equal(show(octets("0100010800ff"), 3, 1).value, "1.0.1.8.0.255");
      assert.equal(show(octets("0100010800"), 3, 1).value, "0100010800");
    });
    it("are dates only if the table specifies them", () => {
      const clock = octets("07e40106ff00030000ffc400");
      assert.equal(show(clock, 8, 2).value, "2020-01-06T00:03:00+01:00");
      assert.equal(show(clock, 8, 2).dateTime?.deviation, -60);
      assert.equal(show(clock, 1, 2).value, "07e40106ff00030000ffc400");
      assert.equal(show(clock, 4, 5).value, "2020-01-06T00:03:00+01:00");
      assert.equal(show(clock, 3, 2).value, "07e40106ff00030000ffc400");
    });
    it("are text in class Data when all octets are printable", () => {
      assert.equal(show(text("ABC 123~"), 1, 2).value, "ABC 123~");
      assert.equal(show(octets("414243"), 3, 2).value, "414243");
      assert.equal(show(octets("41427f"), 1, 2).value, "41427f");
      assert.equal(show(octets("41421f"), 1, 2).value, "41421f");
      assert.equal(show(octets(""), 1, 2).value, "");
      assert.deepEqual(show(structure(text("A"), octets("00")), 1, 2).value, ["A", "00"]);
    });
    it("follow the option if the table leaves it open", () => {
      assert.equal(show(text("ABC"), 1, 2, { octetStrings: "hex" }).value, "414243");
      assert.equal(show(text("ABC"), 3, 2, { octetStrings: "text" }).value, "ABC");
      assert.equal(show(text("Zähler\0\0"), 3, 2, { octetStrings: "text" }).value, "Zähler");
      assert.equal(show(octets("ff00"), 1, 2, { octetStrings: "text" }).value, "ff00");
      assert.equal(show(octets("0100010800ff"), 3, 1, { octetStrings: "text" }).value, "1.0.1.8.0.255");
    });
    it("can be long", () => {
      assert.equal(
        String(show({ type: "octet-string", value: new Uint8Array(300_000).fill(65) }, 1, 2).value).length,
        300_000,
      );
    });
  });

  it("shows the name of an enumeration with its number", () => {
    assert.deepEqual(show(enumerated(1), 70, 3), { value: 1, type: "enum", valueName: "connected" });
    assert.deepEqual(show(enumerated(99), 70, 3), { value: 99, type: "enum" });
    assert.equal(show(enumerated(2), 64, 2, {}, undefined, 0).valueName, "encrypted");
  });

  it("names the medium of an M-Bus device and the bits of the clock's status", () => {
    for (const version of [0, 1]) assert.equal(show(u8(3), 72, 9, {}, undefined, version).valueName, "gas");
    assert.equal(show(u8(200), 72, 9).valueName, undefined);
    const { bits = {} } = show(u8(0x82), 8, 4);
    assert.deepEqual(
      Object.keys(bits).filter((name) => bits[name] === true),
      ["doubtful-value", "daylight-saving-active"],
    );
  });

  it("shows the names of bits with the string", () => {
    const shown = show({ type: "bit-string", value: "10100000" }, 111, 4);
    assert.equal(shown.value, "10100000");
    assert.deepEqual(shown.bits, {
      "in-credit": true,
      "low-credit": false,
      "next-credit-enabled": true,
      "next-credit-selectable": false,
      "next-credit-selected": false,
      "selectable-credit-in-use": false,
      "out-of-credit": false,
      reserved: false,
    });
    assert.equal(show({ type: "bit-string", value: "0101" }, 1, 2).bits, undefined);
    assert.deepEqual(show({ type: "bit-string", value: "00011" }, 112, 7).bits, {
      visual: false,
      confirmation: false,
      "paid-back": false,
      resettable: true,
      tokens: true,
    });
    assert.deepEqual(show({ type: "bit-string", value: "01" }, 113, 9).bits, {
      "percentage-based": false,
      continuous: true,
    });
  });

  it("shows the names of an integer's flags with the number", () => {
    // security_policy of version 1: 04, 08, 10 for requests and 20, 40, 80 for responses; gurux_dlms has the same
    const flags = (value: number, version?: number): string[] =>
      Object.entries(show(enumerated(value), 64, 2, {}, undefined, version).bits ?? {})
        .filter(([, set]) => set)
        .map(([name]) => name);
    assert.deepEqual(flags(0x04, 1), ["authenticated-request"]);
    assert.deepEqual(flags(0x6c, 1), [
      "authenticated-request",
      "encrypted-request",
      "authenticated-response",
      "encrypted-response",
    ]);
    assert.deepEqual(flags(0x90), ["signed-request", "signed-response"]);
    assert.equal(show(enumerated(0), 64, 2, {}, undefined, 1).valueName, "nothing");
    // without a version: 1 to 3 can only be a version 0's
    assert.equal(show(enumerated(3), 64, 2).valueName, "authenticated-encrypted");
    assert.equal(show(enumerated(0x6c), 64, 2).value, 0x6c);
  });

  it("names the fields of known structures", () => {
    const calendar = array(
      structure(text("SUMMER"), octets("fffffefe07020000ff800000"), text("WEEK1")),
      structure(text("WINTER"), octets("07e80101ff000000ff800000"), text("WEEK2")),
    );
    const [first, second] = show(calendar, 20, 3).value as Record<string, unknown>[];
    assert.equal(first?.["seasonProfileName"], "SUMMER");
    assert.equal((first?.["seasonStart"] as Record<string, unknown>)["month"], "daylight-saving-begin");
    assert.equal(second?.["seasonStart"], "2024-01-01T00:00:00");
    const day = array(structure(u8(1), array(structure(octets("06000000"), octets("00000a0064ff"), u16(2)))));
    assert.deepEqual(show(day, 20, 5).value, [
      { dayId: 1, daySchedule: [{ startTime: "06:00:00", scriptLogicalName: "0.0.10.0.100.255", scriptSelector: 2 }] },
    ]);
    assert.deepEqual(show(array(structure(octets("08000000"), octets("ffffff01ff"))), 22, 4).value, [
      { time: "08:00:00", date: { year: null, month: null, day: 1, weekday: null } },
    ]);
    assert.deepEqual(
      show(structure(u16(8), octets("0000010000ff"), { type: "integer", value: 2 }, u16(0)), 7, 6).value,
      { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 },
    );
  });

  it("shows the names of nested enumerations and bits with them", () => {
    const context = structure(
      { type: "bit-string", value: "000000000000000000010000" },
      u16(1024),
      u16(1024),
      u8(6),
      u8(0),
      octets("0102"),
    );
    const shown = show(context, 15, 5).value as Record<string, unknown>;
    assert.equal(shown["maxReceivePduSize"], 1024);
    assert.equal(shown["cypheringInfo"], "0102");
    assert.equal((shown["conformanceBits"] as Record<string, boolean>)["get"], true);
    assert.equal((shown["conformanceBits"] as Record<string, boolean>)["set"], false);
    const scripts = array(
      structure(
        u16(1),
        array(structure(enumerated(2), u16(70), octets("000060030aff"), { type: "integer", value: 1 }, none)),
      ),
    );
    const [script] = show(scripts, 9, 2).value as { actions: Record<string, unknown>[] }[];
    assert.deepEqual(script?.actions[0], {
      serviceId: 2,
      serviceIdName: "execute-method",
      classId: 70,
      logicalName: "0.0.96.3.10.255",
      index: 1,
      parameter: null,
    });
  });

  it("determines the version of a structure by its fields if the value does not state it", () => {
    const zero = (n: number) => structure(...Array.from({ length: n }, () => u16(0)));
    assert.deepEqual(Object.keys(show(zero(4), 47, 6).value as object), [
      "cellId",
      "locationId",
      "signalQuality",
      "ber",
    ]);
    assert.equal(Object.keys(show(zero(7), 47, 6).value as object).length, 7);
    assert.deepEqual(show(zero(4), 47, 6, {}, undefined, 2).value, [0, 0, 0, 0]);
    // LTE monitoring: version 0 has 5 fields in attribute 2, version 1 has 9, ESMR 5 meters send 11
    const lte = (n: number) => Object.keys(show(zero(n), 151, 2).value as object);
    assert.deepEqual(lte(5), ["t3402", "t3412", "rsrq", "rsrp", "qRxlevMin"]);
    assert.deepEqual(lte(9).slice(4, 7), ["teDRX", "tPTW", "qRxlevMin"]);
    assert.deepEqual(lte(11).slice(5, 9), ["tPTW", "rsrq", "rsrp", "qRxlevMin"]);
    assert.equal(Object.keys(show(zero(11), 151, 2, {}, undefined, 1).value as object).length, 11);
    assert.equal((show(zero(4), 151, 3).value as Record<string, unknown>)["coverageEnhancementName"], "level-0");
  });

  it("determines the version of an array of structures by the fields of the first", () => {
    const pair = (...more: DlmsValue[]) => array(structure(text("ATZ"), text("OK"), ...more));
    assert.deepEqual(show(pair(), 27, 3).value, [{ request: "ATZ", response: "OK" }]);
    assert.deepEqual(show(pair(u16(500)), 27, 3).value, [{ request: "ATZ", response: "OK", delayAfterResponse: 500 }]);
    assert.deepEqual(show(array(none, ...(pair().value as DlmsValue[])), 27, 3).value, [
      null,
      { request: "ATZ", response: "OK" },
    ]);
    assert.deepEqual(show(pair(u8(1), u8(2)), 27, 3).value, [["41545a", "4f4b", 1, 2]]);
    assert.deepEqual(show(pair(), 27, 3, {}, undefined, 1).value, [["41545a", "4f4b"]]);
  });

  it("names the four, five or six fields of pushed and compact objects", () => {
    const object = [u16(3), octets("0100010800ff"), { type: "integer", value: 2 }, u16(0)] as const;
    const named = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2, dataIndex: 0 };
    const span = structure(octets("07e40106ff00030000ffc400"), octets("07e40107ff00030000ffc400"));
    const byDate = structure(enumerated(1), span);
    const restriction = {
      type: 1,
      typeName: "by-date",
      value: { from: "2020-01-06T00:03:00+01:00", to: "2020-01-07T00:03:00+01:00" },
    };
    const list = (...more: DlmsValue[]) => array(structure(...object, ...more));
    for (const version of [undefined, 0, 2, 3]) {
      assert.deepEqual(show(list(), 40, 2, {}, undefined, version).value, [named]);
    }
    assert.deepEqual(show(list(byDate), 40, 2).value, [{ ...named, restriction }]);
    assert.deepEqual(show(list(structure(enumerated(0), none)), 40, 2, {}, undefined, 1).value, [
      { ...named, restriction: { type: 0, typeName: "none", value: null } },
    ]);
    const six = list(byDate, array(structure(...object)));
    for (const [classId, attributeId] of [
      [40, 2],
      [62, 3],
    ] as const) {
      assert.deepEqual(show(six, classId, attributeId).value, [{ ...named, restriction, columns: [named] }]);
    }
  });

  it("names the references of an account", () => {
    const [credit, charge] = [octets("0000130a00ff"), octets("0000131400ff")];
    const collection = array(structure(credit, charge, { type: "bit-string", value: "101" }));
    assert.deepEqual(show(collection, 111, 11).value, [
      {
        creditReference: "0.0.19.10.0.255",
        chargeReference: "0.0.19.20.0.255",
        collectionConfiguration: "101",
        collectionConfigurationBits: { disconnected: true, "load-limiting": false, "friendly-credit": true },
      },
    ]);
    assert.deepEqual(show(array(structure(credit, u8(100))), 111, 12).value, [
      { creditReference: "0.0.19.10.0.255", tokenProportion: 100 },
    ]);
  });

  // names as gurux_dlms has them, in other words
  for (const [what, classId, attributeId, value, name] of [
    ["times of a single action", 22, 3, 4, "different-times-no-wildcards"],
    ["a twisted pair's mode", 24, 2, 1, "active"],
    ["automatic connecting", 29, 2, 101, "permanent"],
    ["a push's transport", 40, 3, 9, "reliable-coap"],
    ["a packet-switched network", 47, 5, 8, "lte-cat-nb1"],
    ["a later packet-switched network", 47, 5, 9, "lte-cat-nb2"],
    ["an M-Bus key's state", 72, 14, 3, "set-and-transferred"],
    ["a G3-PLC device", 92, 19, 1, "pan-coordinator"],
  ] as const) {
    it(`names ${what}`, () => {
      const data = classId === 40 ? structure(enumerated(value), text("x"), enumerated(0)) : enumerated(value);
      const shown = show(data, classId, attributeId);
      const field = (shown.value as Record<string, unknown>)["transportServiceName"];
      assert.equal(shown.valueName ?? field, name);
    });
  }

  it("converts object_list to a directory, by logical and by short names", () => {
    const rights = structure(array(structure({ type: "integer", value: 2 }, enumerated(1), none)), array());
    const byName = array(structure(u16(3), u8(0), octets("0100010800ff"), rights));
    const [object] = show(byName, 15, 2).value as Record<string, unknown>[];
    assert.equal(object?.["objectType"], "REGISTER");
    assert.equal(object?.["logicalName"], "1.0.1.8.0.255");
    const short = array(structure({ type: "long", value: -1536 }, u16(12), u8(1), octets("0000280000ff")));
    const [association] = show(short, 12, 2).value as Record<string, unknown>[];
    assert.equal(association?.["shortName"], 0xfa00);
    assert.deepEqual(show(array(u8(1)), 15, 2).value, [1]);
    assert.deepEqual(show(array(), 15, 2).value, []);
  });

  it("leaves unknown structures, and known ones of another length, as arrays", () => {
    assert.deepEqual(show(structure(u8(1), text("x")), 8192, 5).value, [1, "78"]);
    assert.deepEqual(show(structure(u8(1)), 3, 3).value, [1]);
    assert.deepEqual(show(structure(u8(1), u8(2), u8(3)), 7, 6).value, [1, 2, 3]);
  });

  it("shows capture_objects by name, and keeps unknown extra fields", () => {
    const entry = structure(u16(3), octets("0100010800ff"), { type: "integer", value: 2 }, u16(0));
    assert.deepEqual(show(array(entry, none), 7, 3).value, [
      { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2, dataIndex: 0 },
      null,
    ]);
    const seven = structure(...Array.from({ length: 7 }, (_, i) => u8(i)));
    assert.deepEqual(show(array(seven), 7, 3).value, [[0, 1, 2, 3, 4, 5, 6]]);
  });

  it("shows the date types, compact arrays and the simple types", () => {
    assert.equal(
      show({ type: "date-time", value: fromHex("07e40106ff00030000ffc400") }, 1, 2).value,
      "2020-01-06T00:03:00+01:00",
    );
    assert.equal(show({ type: "date", value: fromHex("07e40106ff") }, 1, 2).value, "2020-01-06");
    assert.equal(show({ type: "time", value: fromHex("0a0b0c00") }, 1, 2).value, "10:11:12");
    assert.deepEqual(
      show({ type: "compact-array", description: { type: "unsigned" }, value: [u8(1), u8(2)] }, 1, 2).value,
      [1, 2],
    );
    assert.equal(show({ type: "boolean", value: true }, 70, 2).value, true);
    assert.equal(show(none, 3, 2, {}, -3).value, null);
    assert.equal(show({ type: "dont-care", value: null }, 3, 2).value, null);
    assert.equal(show({ type: "visible-string", value: "AIDON_V0001" }, 1, 2).value, "AIDON_V0001");
  });

  it("throws only a DlmsError, and returns JSON values", () => {
    const bytes = fc.uint8Array({ maxLength: 14 });
    const leaf: fc.Arbitrary<DlmsValue> = fc.oneof(
      fc.constant<DlmsValue>(none),
      fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
      fc.record({ type: fc.constant("octet-string" as const), value: bytes }),
      fc.record({ type: fc.constantFrom("date-time" as const, "date" as const, "time" as const), value: bytes }),
      fc.record({ type: fc.constantFrom("visible-string" as const, "utf8-string" as const), value: fc.string() }),
      fc.record({ type: fc.constant("bit-string" as const), value: fc.stringMatching(/^[01]{0,24}$/) }),
      fc.record({
        type: fc.constantFrom("enum" as const, "unsigned" as const, "bcd" as const),
        value: fc.integer({ min: 0, max: 255 }),
      }),
      fc.record({ type: fc.constant("double-long" as const), value: fc.integer() }),
      fc.record({
        type: fc.constantFrom("float32" as const, "float64" as const, "floating-point" as const),
        value: fc.double(),
      }),
      fc.record({ type: fc.constant("long64" as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    );
    const { value } = fc.letrec<{ value: DlmsValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.record({
          type: fc.constantFrom("array" as const, "structure" as const),
          value: fc.array(tie("value"), { maxLength: 6 }),
        }),
      ),
    }));
    const attributes = listClasses().flatMap((cls) =>
      cls.attributes.map(({ id }) => ({ classId: cls.id, version: cls.version, attributeId: id })),
    );
    fc.assert(
      fc.property(
        value,
        fc.constantFrom(...attributes),
        fc.option(fc.record({ scaler: fc.integer({ min: -128, max: 127 }), unitCode: fc.nat(255) }), {
          nil: undefined,
        }),
        fc.record({ octetStrings: fc.constantFrom("auto", "hex", "text"), dates: fc.constantFrom("iso", "epoch") }),
        (data, ref, scalerUnit, options) => {
          try {
            const shown = presentAttribute(data, ref, scalerUnit, options);
            assert.deepEqual(JSON.parse(JSON.stringify(shown.value)), positiveZero(shown.value));
          } catch (error) {
            assert.ok(error instanceof DlmsError, String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
