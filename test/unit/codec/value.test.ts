import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, fromHex, toHex } from "../../../src/bytes";
import {
  type DlmsValue,
  dataTags,
  decodePlainBytes,
  decodeValue,
  decodeValueBytes,
  encodeValueBytes,
  skipValue,
  sliceValue,
} from "../../../src/codec";
import { DlmsConfigError, DlmsDecodeError } from "../../../src/errors";
import { anyValue, compactArray, plainValues } from "./arbitraries";

const octets = (hex: string): DlmsValue => ({ type: "octet-string", value: fromHex(hex) });
const integers = (...list: number[]): DlmsValue[] => list.map((value) => ({ type: "integer", value }));

/** From Circutor/gosem and cjhdev/dlms_trouble (MIT): bytes, and the value that their tests state. */
const vectors: readonly (readonly [string, DlmsValue])[] = [
  ["00", { type: "null-data", value: null }],
  ["ff", { type: "dont-care", value: null }],
  ["0300", { type: "boolean", value: false }],
  ["0301", { type: "boolean", value: true }],
  ["040855", { type: "bit-string", value: "01010101" }],
  ["040754", { type: "bit-string", value: "0101010" }],
  ["0409ff00", { type: "bit-string", value: "111111110" }],
  ["04280ff0ff0155", { type: "bit-string", value: "0000111111110000111111110000000101010101" }],
  ["05ffffffd6", { type: "double-long", value: -42 }],
  ["060000002a", { type: "double-long-unsigned", value: 42 }],
  ["0742286666", { type: "floating-point", value: Math.fround(42.1) }],
  ["090568656c6c6f", octets("68656c6c6f")],
  ["0900", octets("")],
  ["0a0568656c6c6f", { type: "visible-string", value: "hello" }],
  ["0c0a61d184e19083f09d95ab", { type: "utf8-string", value: "a\u0444\u1403\u{1d56b}" }],
  ["0d2a", { type: "bcd", value: 42 }],
  ["0fd6", { type: "integer", value: -42 }],
  ["10ffd6", { type: "long", value: -42 }],
  ["112a", { type: "unsigned", value: 42 }],
  ["12002a", { type: "long-unsigned", value: 42 }],
  ["14ffffffffffffffd6", { type: "long64", value: -42n }],
  ["147fffffffffffffff", { type: "long64", value: 9223372036854775807n }],
  ["15ffffffffffffffff", { type: "long64-unsigned", value: 18446744073709551615n }],
  ["162a", { type: "enum", value: 42 }],
  ["1742286666", { type: "float32", value: Math.fround(42.1) }],
  ["1840450ccccccccccd", { type: "float64", value: 42.1 }],
  ["19270f0c1e04173b3b00000000", { type: "date-time", value: fromHex("270f0c1e04173b3b00000000") }],
  ["01030f010f020f03", { type: "array", value: integers(1, 2, 3) }],
  [
    "020412000809060000010000ff0f02120000",
    {
      type: "structure",
      value: [
        { type: "long-unsigned", value: 8 },
        octets("0000010000ff"),
        { type: "integer", value: 2 },
        { type: "long-unsigned", value: 0 },
      ],
    },
  ],
  [
    "130f062a2a2a2a2a2a",
    { type: "compact-array", description: { type: "integer" }, value: integers(42, 42, 42, 42, 42, 42) },
  ],
];

/** Types of the Blue Book's table that no public vector has; the bytes follow the table. */
const byTheTable: readonly (readonly [string, DlmsValue])[] = [
  ["1a07e7010fff", { type: "date", value: fromHex("07e7010fff") }],
  ["1b0c1e0000", { type: "time", value: fromHex("0c1e0000") }],
  ["1cd6", { type: "delta-integer", value: -42 }],
  ["1dffd6", { type: "delta-long", value: -42 }],
  ["1effffffd6", { type: "delta-double-long", value: -42 }],
  ["1f2a", { type: "delta-unsigned", value: 42 }],
  ["20002a", { type: "delta-long-unsigned", value: 42 }],
  ["210000002a", { type: "delta-double-long-unsigned", value: 42 }],
];

function failure(run: () => unknown): DlmsDecodeError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof DlmsDecodeError, String(error));
    return error;
  }
  assert.fail("no error came");
}

describe("A-XDR values", () => {
  for (const [hex, value] of [...vectors, ...byTheTable]) {
    it(`${hex} is ${value.type} both ways`, () => {
      assert.deepEqual(decodeValueBytes(fromHex(hex)), value);
      assert.equal(toHex(encodeValueBytes(value)), hex);
    });
  }

  it("has an encoder and a decoder for every type of the table", () => {
    const tried = new Set([...vectors, ...byTheTable].map(([, value]) => value.type));
    assert.deepEqual([...tried].sort(), Object.values(dataTags).sort());
  });

  it("reads nested compact-arrays (dlms_trouble)", () => {
    const hex =
      "1302020100060f092b2a2a2a2a2a2a0b68656c6c6f20776f726c642a2a2a2a2a2a0b68656c6c6f20776f726c642a2a2a2a2a2a00";
    const value = decodeValueBytes(fromHex(hex));
    assert.ok(value.type === "compact-array");
    assert.deepEqual(value.description, {
      type: "structure",
      fields: [{ type: "array", count: 6, element: { type: "integer" } }, { type: "octet-string" }],
    });
    assert.deepEqual(value.value[2], {
      type: "structure",
      value: [{ type: "array", value: integers(42, 42, 42, 42, 42, 42) }, octets("")],
    });
    assert.equal(toHex(encodeValueBytes(value)), hex);
  });

  it("decodes every non-zero byte as true: meters send 01, 1F and FF", () => {
    for (const hex of ["0301", "031f", "03ff"]) {
      assert.deepEqual(decodeValueBytes(fromHex(hex)), { type: "boolean", value: true });
    }
  });

  it("accepts lengths that are not the shortest form (Kamstrup: 82 00 nn)", () => {
    assert.deepEqual(decodeValueBytes(fromHex("098200020102")), octets("0102"));
    assert.deepEqual(decodeValueBytes(fromHex("0a81024142")), { type: "visible-string", value: "AB" });
    assert.deepEqual(decodeValueBytes(fromHex("01840000000100")).value, [{ type: "null-data", value: null }]);
  });

  it("tolerates set padding bits and broken UTF-8, and refuses them in strict mode", () => {
    assert.deepEqual(decodeValueBytes(fromHex("040755")), { type: "bit-string", value: "0101010" });
    assert.deepEqual(decodeValueBytes(fromHex("0c0241ff")), { type: "utf8-string", value: "A\ufffd" });
    for (const hex of ["040755", "0c0241ff"]) {
      const error = failure(() => decodeValueBytes(fromHex(hex), { strict: true }));
      assert.equal(error.code, "DLMS_DECODE_VALUE");
    }
  });

  it("hands out views, and plain Uint8Arrays even of a Buffer", () => {
    const buffer = Buffer.from("09020102", "hex");
    const value = decodeValueBytes(buffer);
    assert.ok(value.type === "octet-string");
    assert.equal(value.value.constructor, Uint8Array);
    buffer[2] = 9;
    assert.equal(value.value[0], 9);
  });
});

describe("A-XDR decode errors", () => {
  it("names the path, the offset and the bytes of an unknown tag", () => {
    const error = failure(() => decodeValueBytes(fromHex("02020f0102020f010b1122334455667788")));
    assert.equal(error.code, "DLMS_DECODE_TAG");
    assert.equal(error.details["path"], "data[1][1]");
    assert.equal(error.details["offset"], 8);
    assert.equal(error.details["bytes"], "0b11223344556677");
    assert.match(error.message, /data\[1\]\[1\]: tag 11 .* 0b11223344556677 .*at byte 8/);
  });

  it("reports the bytes needed and available", () => {
    const error = failure(() => decodeValueBytes(fromHex("0102060000000106000000")));
    assert.equal(error.code, "DLMS_DECODE_TRUNCATED");
    assert.deepEqual(error.details, { path: "data[1]", offset: 8, have: 3, need: 4 });
  });

  it("refuses trailing bytes, but leaves them to a reader", () => {
    assert.equal(failure(() => decodeValueBytes(fromHex("112a00"))).code, "DLMS_DECODE_TRAILING");
    const reader = new ByteReader(fromHex("112a00"));
    assert.deepEqual(decodeValue(reader), { type: "unsigned", value: 42 });
    assert.equal(reader.remaining, 1);
  });

  for (const hex of [
    "0184ffffffff",
    "0184ffffffff00",
    "0284ffffffff",
    "0984ffffffff",
    "0484ffffffff",
    "130f84ffffffff",
  ]) {
    it(`refuses the absurd count of ${hex} without allocating for it`, () => {
      const before = process.memoryUsage().arrayBuffers;
      assert.equal(failure(() => decodeValueBytes(fromHex(hex))).code, "DLMS_DECODE_TRUNCATED");
      assert.ok(process.memoryUsage().arrayBuffers - before < 1e6);
    });
  }

  it("refuses length forms above 4 bytes", () => {
    for (const hex of ["0980", "09850100000000", "0988ffffffffffffffff"]) {
      assert.equal(failure(() => decodeValueBytes(fromHex(hex))).code, "DLMS_DECODE_LENGTH");
    }
  });

  it("refuses a nesting of 10,000 levels", () => {
    for (const tag of ["0101", "0201"]) {
      assert.equal(failure(() => decodeValueBytes(fromHex(tag.repeat(10000) + "00"))).code, "DLMS_DECODE_LIMIT");
      assert.equal(
        failure(() => skipValue(new ByteReader(fromHex(tag.repeat(10000) + "00")))).code,
        "DLMS_DECODE_LIMIT",
      );
    }
    const types = "13" + "0201".repeat(10000) + "0f0101";
    assert.equal(failure(() => decodeValueBytes(fromHex(types))).code, "DLMS_DECODE_LIMIT");
  });

  it("accepts 32 levels at most, or the configured number", () => {
    const nested = (levels: number): Uint8Array => fromHex("0101".repeat(levels) + "00");
    assert.equal(decodeValueBytes(nested(32)).type, "array");
    assert.equal(failure(() => decodeValueBytes(nested(33))).code, "DLMS_DECODE_LIMIT");
    assert.equal(failure(() => decodeValueBytes(nested(3), { maxDepth: 2 })).code, "DLMS_DECODE_LIMIT");
  });

  it("limits the values of a few bytes of compact-array", () => {
    // an array of 65535 structures of 255 nulls and one integer, by its description; the contents do not have them
    const bomb = `13 01 ffff 02 ff ${"00".repeat(254)} 0f 04 01020304`;
    assert.equal(failure(() => decodeValueBytes(fromHex(bomb))).code, "DLMS_DECODE_TRUNCATED");
    // rows of 255 nulls and one integer: 1 byte each, 256 values
    const rows = `13 02 ff ${"00".repeat(254)} 0f 82 4000 ${"01".repeat(0x4000)}`;
    assert.equal(failure(() => decodeValueBytes(fromHex(rows), { maxElements: 100000 })).code, "DLMS_DECODE_LIMIT");
    assert.equal(failure(() => decodeValueBytes(fromHex("13 01 ffff 00 01 00"))).code, "DLMS_DECODE_VALUE");
    assert.equal(failure(() => decodeValueBytes(fromHex("13 00 01 00"))).code, "DLMS_DECODE_VALUE");
  });

  it("refuses a compact-array of more than 1024 values and 16 for each of its bytes, with path and offset", () => {
    const rows = (nulls: number, count: number): string =>
      `13 02 ${(nulls + 1).toString(16).padStart(2, "0")} ${"00".repeat(nulls)} 11 82 ${count.toString(16).padStart(4, "0")} ${"01".repeat(count)}`;
    // 16 values in each row, and 17 with the row itself
    const many = decodeValueBytes(fromHex(rows(14, 2000)));
    assert.equal(many.type === "compact-array" && many.value.length, 2000);
    for (const decode of [decodeValueBytes, decodePlainBytes]) {
      const error = failure(() => decode(fromHex(rows(100, 2000))));
      assert.equal(error.code, "DLMS_DECODE_LIMIT");
      assert.match(
        error.message,
        /^data\[340\]: the compact-array means more than 16 values for each of its bytes \(at byte/,
      );
    }
  });

  it("refuses a last element that exceeds the contents of a compact-array", () => {
    const error = failure(() => decodeValueBytes(fromHex("13 12 03 0001 00 02")));
    assert.equal(error.code, "DLMS_DECODE_LENGTH");
  });
});

describe("A-XDR encode errors", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ type: "unsigned", value: 256 }, /unsigned expects a whole number from 0 to 255, got 256/],
    [{ type: "integer", value: -129 }, /integer expects .* -128 to 127, got -129/],
    [{ type: "long-unsigned", value: 1.5 }, /got 1.5/],
    [{ type: "double-long-unsigned", value: NaN }, /got NaN/],
    [{ type: "long64", value: 2n ** 63n }, /long64 .*9223372036854775807, got 9223372036854775808/],
    [{ type: "long64-unsigned", value: 5 }, /expects a bigint, got 5/],
    [{ type: "float32", value: 1e39 }, /float32 .*got 1e\+39/],
    [{ type: "boolean", value: 1 }, /true or false, got 1/],
    [{ type: "bit-string", value: "012" }, /characters 0 and 1/],
    [{ type: "octet-string", value: "00" }, /expects a Uint8Array, got "00"/],
    [{ type: "date-time", value: new Uint8Array(11) }, /date-time has 12 bytes, got 11/],
    [{ type: "visible-string", value: "\u20ac" }, /up to U\+00FF/],
    [{ type: "array", value: 3 }, /expects a list/],
    [{ type: "nonsense", value: 3 }, /"nonsense" is not a data type/],
    [null, /expected \{type, value\}/],
    [
      { type: "compact-array", description: { type: "long" }, value: integers(1) },
      /requires long, the element is integer/,
    ],
  ];
  for (const [value, message] of cases) {
    it(`refuses what makes ${String(message)}`, () => {
      assert.throws(
        () => encodeValueBytes({ type: "structure", value: [value as DlmsValue] }),
        (error: unknown) =>
          error instanceof DlmsConfigError &&
          error.code === "DLMS_CONFIG_INVALID" &&
          error.message.startsWith("value[0]") &&
          message.test(error.message),
      );
    });
  }

  it("refuses a list that holds itself several times", () => {
    const items: DlmsValue[] = [];
    const itself: DlmsValue = { type: "array", value: items };
    for (let i = 0; i < 4; i++) items.push({ type: "octet-string", value: new Uint8Array(1 << 20) });
    items.push(itself, itself);
    assert.throws(() => encodeValueBytes(itself), { code: "DLMS_CONFIG_INVALID", message: /more than 16777216 bytes/ });
  });

  it("refuses a nesting that no decoder would take", () => {
    let value: DlmsValue = { type: "null-data", value: null };
    for (let i = 0; i < 40; i++) value = { type: "array", value: [value] };
    assert.throws(() => encodeValueBytes(value), /nest deeper than 32/);
  });
});

describe("A-XDR properties", () => {
  const roundTrip = (value: DlmsValue): void => {
    const bytes = encodeValueBytes(value);
    assert.deepEqual(decodeValueBytes(bytes, { strict: true }), value);
    const reader = new ByteReader(bytes);
    assert.deepEqual(sliceValue(reader), bytes);
    assert.equal(reader.remaining, 0);
  };

  for (const [type, arbitrary] of Object.entries(plainValues)) {
    it(`decode(encode(x)) is x for ${type}`, () => fc.assert(fc.property(arbitrary, roundTrip)));
  }
  it("decode(encode(x)) is x for compact-array", () => fc.assert(fc.property(compactArray, roundTrip)));
  it("decode(encode(x)) is x for nested values", () => fc.assert(fc.property(anyValue, roundTrip)));

  it("any bytes end in a value or a decode error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeValueBytes(bytes);
        } catch (error) {
          assert.ok(error instanceof DlmsDecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("skipping ends where decoding ends", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const decoding = new ByteReader(bytes);
        try {
          decodeValue(decoding);
        } catch {
          return;
        }
        const skipping = new ByteReader(bytes);
        skipValue(skipping);
        assert.equal(skipping.offset, decoding.offset);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("plain values", () => {
  const plainOf = (value: DlmsValue): unknown =>
    value.type === "array" || value.type === "structure" || value.type === "compact-array"
      ? value.value.map(plainOf)
      : value.value;

  it("are the values without their types", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encodeValueBytes(value);
        assert.deepEqual(decodePlainBytes(bytes), plainOf(decodeValueBytes(bytes)));
      }),
    );
  });

  it("fail where values fail, with the same error", () => {
    for (const hex of ["0102", "02020008", "0600", "110500", "0985"]) {
      const errorOf = (decode: () => unknown): unknown => {
        try {
          return decode();
        } catch (error) {
          return (error as Error).message;
        }
      };
      const bytes = fromHex(hex);
      assert.equal(
        errorOf(() => decodePlainBytes(bytes)),
        errorOf(() => decodeValueBytes(bytes)),
        hex,
      );
    }
  });
});

describe("long arrays", () => {
  const header = (count: number): number[] => [1, 0x83, (count >> 16) & 0xff, (count >> 8) & 0xff, count & 0xff];
  const longUnsigned = (value: number): number[] => [18, (value >> 8) & 0xff, value & 0xff];
  const indices = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  for (const count of [4095, 4096, 4097, 8192, 20_000]) {
    it(`keep their ${count} elements in order`, () => {
      const bytes = Uint8Array.from([...header(count), ...indices(count).flatMap(longUnsigned)]);
      assert.deepEqual(decodePlainBytes(bytes), indices(count));
      const { value } = decodeValueBytes(bytes) as { value: readonly DlmsValue[] };
      assert.deepEqual(
        value,
        indices(count).map((index) => ({ type: "long-unsigned", value: index })),
      );
    });
  }

  it("of arrays stay arrays of arrays", () => {
    const bytes = Uint8Array.from([...header(5000), ...indices(5000).flatMap((i) => [1, 1, ...longUnsigned(i)])]);
    assert.deepEqual(
      decodePlainBytes(bytes),
      indices(5000).map((index) => [index]),
    );
  });

  it("name the broken element", () => {
    const bytes = Uint8Array.from([...header(9000), ...indices(8999).flatMap(longUnsigned), 8, 0, 0]);
    const broken = { code: "DLMS_DECODE_TAG", message: /data\[8999\]/ };
    assert.throws(() => decodePlainBytes(bytes), broken);
    assert.throws(() => decodeValueBytes(bytes), broken);
  });
});
