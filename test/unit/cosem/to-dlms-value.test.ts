/** Plain JavaScript values become A-XDR values of a given type without a loss. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { type DataType, type DlmsValue, encodeValueBytes } from "../../../src/codec";
import {
  attribute,
  attributeType,
  method,
  methodArgumentType,
  scaledValue,
  toDlmsValue,
  typeLike,
  type ValueType,
  valueTypeOf,
} from "../../../src/cosem";
import { DlmsConfigError } from "../../../src/errors";

const hex = (value: unknown, type: DataType | ValueType): string => toHex(encodeValueBytes(toDlmsValue(value, type)));

function refused(value: unknown, type: DataType | ValueType, pattern: RegExp): void {
  assert.throws(
    () => toDlmsValue(value, type),
    (error) => error instanceof DlmsConfigError && error.is("CONFIG_INVALID") && pattern.test(error.message),
    `${String(value)}`,
  );
}

function typed(cls: string, name: string): ValueType {
  const type = attributeType(attribute(cls, "0.0.1.0.0.255", name));
  assert.ok(type !== undefined);
  return type;
}

describe("toDlmsValue: numbers", () => {
  const limits: readonly (readonly [DataType, bigint, bigint])[] = [
    ["integer", -128n, 127n],
    ["long", -32768n, 32767n],
    ["double-long", -2147483648n, 2147483647n],
    ["long64", -9223372036854775808n, 9223372036854775807n],
    ["unsigned", 0n, 255n],
    ["long-unsigned", 0n, 65535n],
    ["double-long-unsigned", 0n, 4294967295n],
    ["long64-unsigned", 0n, 18446744073709551615n],
    ["enum", 0n, 255n],
    ["bcd", -128n, 127n],
    ["delta-integer", -128n, 127n],
    ["delta-long", -32768n, 32767n],
    ["delta-double-long", -2147483648n, 2147483647n],
    ["delta-unsigned", 0n, 255n],
    ["delta-long-unsigned", 0n, 65535n],
    ["delta-double-long-unsigned", 0n, 4294967295n],
  ];

  for (const [type, low, high] of limits) {
    it(`accepts the whole range of ${type} as BigInt and as text, and nothing beyond`, () => {
      for (const value of [low, high]) {
        assert.equal(BigInt(toDlmsValue(value, type).value as number | bigint), value);
        assert.equal(BigInt(toDlmsValue(String(value), type).value as number | bigint), value);
      }
      refused(low - 1n, type, new RegExp(`^value: expected ${type}, a whole number from ${low} to ${high}, got `));
      refused(high + 1n, type, new RegExp(`from ${low} to ${high}`));
      refused(1.5, type, /whole number/);
      refused("1.5", type, /whole number/);
      refused("", type, /whole number/);
      refused(Number.NaN, type, /whole number/);
      refused(true, type, /whole number/);
      refused(null, type, /whole number/);
    });
  }

  it("encodes 64-bit integers without a loss", () => {
    assert.equal(hex("18446744073709551615", "long64-unsigned"), "15ffffffffffffffff");
    assert.equal(hex(-(2n ** 63n), "long64"), "148000000000000000");
  });

  it("refuses a number beyond 2^53, because it may have lost digits", () => {
    refused(2 ** 53, "long64", /may have lost digits; give a BigInt or a decimal text/);
    assert.equal(toDlmsValue(2 ** 53 - 1, "long64").value, 9007199254740991n);
  });

  it("accepts a decimal text with zeros after the point", () => {
    assert.equal(hex(" 12.00 ", "unsigned"), "110c");
    assert.equal(hex("1.2e1", "unsigned"), "110c");
  });

  it("refuses a float32 that does not read as the same decimal", () => {
    assert.equal(hex(230.5, "float32"), "1743668000");
    assert.equal(hex("1.1", "float32"), "173f8ccccd");
    refused(230.123456789, "float32", /without a loss; the nearest one is 230\.12346/);
    refused(16777217, "float32", /without a loss/);
    refused("1e39", "float32", /without a loss/);
    assert.equal(hex(230.123456789, "float64"), "18406cc3f35ba6e72c");
    refused("0.1000000000000000055511151231257827", "float64", /without a loss/);
    refused(Number.POSITIVE_INFINITY, "float64", /expected float64, a number/);
  });

  it("answers a text of 10000 digits with an error", () => {
    refused("9".repeat(10_000), "long64", /whole number/);
    refused("1e999", "long64", /whole number/);
  });
});

describe("scaledValue", () => {
  it("stores 230.5 V with the scaler -1 as 2305", () => {
    assert.deepEqual(scaledValue(230.5, -1, "long-unsigned"), { type: "long-unsigned", value: 2305 });
  });

  it("scales decimal texts and BigInts exactly", () => {
    assert.deepEqual(scaledValue("12345678901234567.89", -2, "long64"), {
      type: "long64",
      value: 1234567890123456789n,
    });
    assert.deepEqual(scaledValue(5000n, 3, "unsigned"), { type: "unsigned", value: 5 });
    assert.deepEqual(scaledValue(1.005, -3, "long"), { type: "long", value: 1005 });
    assert.deepEqual(scaledValue(0, 3, "unsigned"), { type: "unsigned", value: 0 });
  });

  const misfits = [
    [230.55, -1, "long-unsigned", /230\.55 is no multiple of 0\.1, the step of the scaler -1/],
    [5500, 3, "unsigned", /5500 is no multiple of 1000, the step of the scaler 3/],
    [6553.6, -1, "long-unsigned", /6553\.6 with the scaler -1 is beyond long-unsigned, a whole number from 0 to 65535/],
    [-1, 0, "unsigned", /beyond unsigned/],
    ["abc", 0, "unsigned", /a number, a BigInt or a decimal text/],
    [1, 0, "visible-string", /has no scaler/],
    [1, 200, "unsigned", /scaler: expected a whole number from -128 to 127/],
  ] as const;
  for (const [value, scaler, type, pattern] of misfits) {
    it(`refuses ${value} with the scaler ${scaler} for ${type}`, () => {
      assert.throws(() => scaledValue(value, scaler, type), pattern);
    });
  }
});

describe("toDlmsValue: texts, octets, bits", () => {
  it("takes octet-strings from bytes, {hex} and {text}", () => {
    const bytes = Uint8Array.of(0x31, 0x32);
    for (const value of [
      bytes,
      Buffer.from(bytes),
      { hex: "31 32" },
      { text: "12" },
      "0x3132",
      Buffer.from("12").toJSON(),
    ])
      assert.equal(hex(value, "octet-string"), "09023132");
  });

  it("refuses a text that may be hex digits or characters", () => {
    refused("12345678", "octet-string", /may be hex digits or characters; give \{hex: \.\.\.\}, \{text: \.\.\.\}/);
    assert.equal(hex("Müller", "octet-string"), "09074dc3bc6c6c6572");
    const as = (octetStrings: "hex" | "text"): DlmsValue => toDlmsValue("3132", "octet-string", { octetStrings });
    assert.deepEqual(as("hex").value, Uint8Array.of(0x31, 0x32));
    assert.deepEqual(as("text").value, Uint8Array.of(0x33, 0x31, 0x33, 0x32));
  });

  it("does not show bytes in an error", () => {
    refused({ hex: "00112233445566778899aabbccddeef" }, "octet-string", /^value\.hex: an even number of digits/);
    assert.throws(
      () => toDlmsValue(Uint8Array.of(1, 2, 3), "unsigned"),
      (error) => error instanceof DlmsConfigError && error.message.endsWith("got 3 bytes"),
    );
  });

  it("takes visible-string as ASCII and utf8-string as any text", () => {
    assert.equal(hex("AB", "visible-string"), "0a024142");
    assert.equal(hex("ü", "utf8-string"), "0c02c3bc");
    refused("ü", "visible-string", /ASCII/);
    refused(12, "visible-string", /a text/);
  });

  it("takes a bit-string from 0 and 1, and from named bits of the class table", () => {
    assert.equal(hex("0101", "bit-string"), "040450");
    refused("012", "bit-string", /bit-string/);
    const named = { type: "bit-string", bits: ["a", "b", "c"] };
    assert.equal(hex({ b: true }, named), "040340");
    refused({ d: true }, named, /no bit has the name "d"/);
  });

  it("takes booleans and null as such only", () => {
    assert.equal(hex(true, "boolean"), "0301");
    refused(1, "boolean", /true or false/);
    assert.equal(hex(null, "null-data"), "00");
    refused(undefined, "null-data", /null/);
    refused(0, "dont-care", /null/);
  });

  it("takes dates of 12, 5 and 4 bytes", () => {
    assert.equal(hex("2024-03-01T10:20:30+01:00", "date-time"), "1907e80301050a141e00ffc400");
    assert.equal(hex("2024-03-01", "date"), "1a07e80301ff");
    assert.equal(hex("10:20", "time"), "1b0a140000");
  });
});

describe("toDlmsValue: structures by the class table", () => {
  it("encodes the special days of an array of objects", () => {
    const days = [
      { index: 1, specialdayDate: "*-12-25", dayId: 7 },
      { index: 2, specialdayDate: "2025-04-21", dayId: 8 },
    ];
    assert.equal(
      hex(days, typed("SPECIAL_DAYS_TABLE", "entries")),
      "01020203120001" + "0905ffff0c19ff" + "1107" + "0203120002" + "090507e90415ff" + "1108",
    );
  });

  it("encodes the tables of an activity calendar", () => {
    const week = {
      weekProfileName: "W1",
      monday: 1,
      tuesday: 1,
      wednesday: 1,
      thursday: 1,
      friday: 1,
      saturday: 2,
      sunday: 2,
    };
    assert.equal(
      hex([week], typed("ACTIVITY_CALENDAR", "week_profile_table_passive")),
      "0101" + "0208" + "09025731" + "1101".repeat(5) + "1102".repeat(2),
    );
    assert.equal(
      hex(
        [{ seasonProfileName: "S1", seasonStart: "*-04-01", weekName: "W1" }],
        typed("ACTIVITY_CALENDAR", "season_profile_passive"),
      ),
      "0101" + "0203" + "09025331" + "090cffff0401ffffffffff8000ff" + "09025731",
    );
    const day = {
      dayId: 1,
      daySchedule: [{ startTime: "06:00", scriptLogicalName: "0-0:10.0.100*255", scriptSelector: 2 }],
    };
    assert.equal(
      hex([day], typed("ACTIVITY_CALENDAR", "day_profile_table_passive")),
      "0101" + "0202" + "1101" + "0101" + "0203" + "090406000000" + "090600000a0064ff" + "120002",
    );
  });

  it("encodes the windows of a push setup", () => {
    const window = { startTime: "*-*-*T02:00:00", endTime: "*-*-*T03:00:00" };
    assert.equal(
      hex([window], typed("PUSH_SETUP", "communication_window")),
      "0101" + "0202" + "090cffffffffff020000008000ff" + "090cffffffffff030000008000ff",
    );
  });

  it("encodes a scaler_unit from a unit symbol or code", () => {
    const type = typed("REGISTER", "scaler_unit");
    assert.equal(hex({ scaler: -1, unit: "V" }, type), "02020fff1623");
    assert.equal(hex({ scaler: -1, unit: "V", unitCode: 35 }, type), "02020fff1623");
    assert.equal(hex([-1, 35], type), "02020fff1623");
    refused({ scaler: -1, unit: "furlong" }, type, /the symbol of one unit, or unitCode/);
  });

  it("names the path, the type and the range in an error", () => {
    const type = typed("SPECIAL_DAYS_TABLE", "entries");
    refused(
      [{ index: 1, specialdayDate: "*-12-25", dayId: 300 }],
      type,
      /^value\[0\]\.dayId: expected unsigned, a whole number from 0 to 255, got 300$/,
    );
    refused([{ index: 1, dayId: 3 }], type, /^value\[0\]: the field specialdayDate is missing/);
    refused([{ index: 1, specialdayDate: "*-12-25", dayId: 3, day: 4 }], type, /unknown field "day"/);
    refused([[1, "*-12-25"]], type, /^value\[0\]: expected structure, 3 fields/);
  });

  it("accepts the names that a reading adds to enumerations", () => {
    const type = typed("PUSH_SETUP", "send_destination_and_method");
    const read = {
      transportService: 0,
      transportServiceName: "tcp",
      destination: "h:4059",
      message: 0,
      messageName: "a-xdr",
    };
    assert.equal(hex(read, type), "020316000906683a343035391600");
    assert.equal(hex({ transportService: "tcp", destination: "h:4059", message: "A-XDR" }, type), hex(read, type));
    refused({ transportService: "pigeon", destination: "", message: 0 }, type, /one of tcp, udp/);
  });

  it("selects the form of a structure by its fields", () => {
    const type = typed("PUSH_SETUP", "push_object_list");
    const object = { classId: 3, logicalName: "1-0:1.8.0*255", attributeId: 2, dataIndex: 0 };
    assert.equal(hex([object], type), "0101" + "0204" + "120003" + "09060100010800ff" + "0f02" + "120000");
    const restricted = { ...object, restriction: { type: "by-entry", value: { from: 1, to: 2 } } };
    assert.equal(
      hex([restricted], type),
      "0101" +
        "0205" +
        "120003" +
        "09060100010800ff" +
        "0f02" +
        "120000" +
        "0202" +
        "1602" +
        "02020600000001" +
        "0600000002",
    );
  });

  it("accepts a DlmsValue of the right type anywhere, and no other", () => {
    const type = typed("SPECIAL_DAYS_TABLE", "entries");
    const day = { index: { type: "long-unsigned", value: 1 }, specialdayDate: { hex: "ffff0c19ff" }, dayId: 7 };
    assert.equal(hex([day], type), "0101" + "0203120001" + "0905ffff0c19ff" + "1107");
    refused(
      [{ ...day, index: { type: "unsigned", value: 1 } }],
      type,
      /^value\[0\]\.index: expected long-unsigned, got/,
    );
    refused({ type: "unsigned", value: 300 }, "unsigned", /value/);
  });

  it("asks for a type where the table leaves it open", () => {
    refused(5, typed("REGISTER", "value"), /the type is open; give \{type, value\}/);
  });

  it("refuses a list that contains itself", () => {
    const list: unknown[] = [];
    list.push(list);
    let type: ValueType = { type: "array" };
    for (let i = 0; i < 40; i++) type = { type: "array", element: type };
    refused(list, type, /nest deeper/);
  });

  it("refuses a value that fits several types of a CHOICE", () => {
    refused(5, { type: "unsigned | long" }, /may be unsigned or long; give \{type, value\}/);
    assert.equal(hex(300, { type: "unsigned | long" }), "10012c");
    refused(true, { type: "unsigned | long" }, /expected unsigned or long, got true/);
  });

  it("encodes the arguments of methods", () => {
    const shift = methodArgumentType(method("CLOCK", "0.0.1.0.0.255", "shift_time"));
    assert.ok(shift !== undefined);
    assert.equal(hex(-30, shift), "10ffe2");
    const execute = methodArgumentType(method("SCRIPT_TABLE", "0.0.10.0.106.255", "execute"));
    assert.ok(execute !== undefined);
    assert.equal(hex(1, execute), "120001");
    assert.equal(methodArgumentType({ classId: 8000, logicalName: "0.0.1.0.0.255", methodId: 1 }), undefined);
  });
});

describe("valueTypeOf and typeLike", () => {
  const held: DlmsValue = {
    type: "array",
    value: [
      {
        type: "structure",
        value: [
          { type: "unsigned", value: 1 },
          { type: "octet-string", value: Uint8Array.of(0xff, 0xff, 12, 25, 0xff) },
          { type: "unsigned", value: 7 },
        ],
      },
    ],
  };

  it("give the type of the value that the meter holds", () => {
    assert.equal(
      hex([[2, { hex: "07e90101ff" }, 9]], valueTypeOf(held)),
      "0101" + "02031102" + "090507e90101ff" + "1109",
    );
    assert.equal(hex(7, valueTypeOf({ type: "long64", value: 1n })), "140000000000000007");
  });

  it("join the names of the class table with the types of the meter", () => {
    const type = typeLike(typed("SPECIAL_DAYS_TABLE", "entries"), held);
    assert.equal(
      hex([{ index: 2, specialdayDate: "2025-01-01", dayId: 9 }], type),
      "0101" + "02031102" + "090507e90101ff" + "1109",
    );
  });

  it("encode the elements of a compact-array by its description", () => {
    const type = valueTypeOf({ type: "compact-array", description: { type: "unsigned" }, value: [] });
    assert.equal(hex([1, 2], type), "1311020102");
  });
});
