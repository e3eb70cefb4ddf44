/** Definitions in JSON. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { createMeter, parseDefinition } from "../../../src/simulator";
import { openLine } from "./line";
import { aarqNone, getData, getRequest } from "../../support/apdus";

const register = {
  classId: 3,
  logicalName: "1-0:1.8.0",
  attributes: {
    "2": { type: "long64-unsigned", value: "18446744073709551615" },
    "3": {
      type: "structure",
      value: [
        { type: "integer", value: -3 },
        { type: "enum", value: 30 },
      ],
    },
  },
};
const minimal = { associations: [{ client: 16 }], objects: [register] };

/** A change of the minimal definition, and the path that its error names. */
const refused: readonly [string, unknown, RegExp][] = [
  ["text that is no JSON", "{", /^definition: not JSON/],
  ["something else than an object", 7, /^definition: expected an object, got a number/],
  ["no account", { ...minimal, associations: [] }, /^definition\.associations: expected at least one account/],
  ["an unknown field", { ...minimal, serverAdress: 1 }, /^definition\.serverAdress: .*unknown field/],
  ["a framing that is none", { ...minimal, framing: "TCP" }, /^definition\.framing: expected one of WRAPPER, HDLC/],
  [
    "a port-like address",
    { ...minimal, serverAddress: 40590 },
    /^definition\.serverAddress: .*from 0 to 16383, got 40590/,
  ],
  ["a bad title", { ...minimal, systemTitle: "00" }, /^definition\.systemTitle: expected 8 bytes in hex, got 1/],
  ["an account without client", { ...minimal, associations: [{}] }, /^definition\.associations\[0\]\.client/],
  [
    "a mechanism that is none",
    { ...minimal, associations: [{ client: 1, mechanism: "low" }] },
    /^definition\.associations\[0\]\.mechanism: expected one of none, lls/,
  ],
  [
    "GMAC without keys",
    { ...minimal, associations: [{ client: 1, mechanism: "hls-gmac" }] },
    /^definition\.associations\[0\]\.encryptionKey: expected 16 bytes, got nothing/,
  ],
  [
    "a push setup without objects",
    { ...minimal, pushSetups: [{}] },
    /^definition\.pushSetups\[0\]\.objects: expected a list of objects to push, got undefined/,
  ],
  [
    "a push key of the wrong length",
    { ...minimal, pushSetups: [{ objects: [{ logicalName: "1-0:1.8.0" }], security: { encryptionKey: "00ff" } }] },
    /^definition\.pushSetups\[0\]\.security\.encryptionKey: expected 16 bytes for suite 0, got 2 bytes$/,
  ],
  [
    "an unknown field of a push target",
    { ...minimal, pushSetups: [{ objects: [{ logicalName: "1-0:1.8.0" }], to: { kind: "tcp", hots: "a" } }] },
    /^definition\.pushSetups\[0\]\.to\.hots: expected one of/,
  ],
  ["a conformance bit that is none", { ...minimal, conformance: ["gett"] }, /^definition\.conformance: .*"gett"/],
  [
    "a malformed OBIS code",
    { ...minimal, objects: [{ ...register, logicalName: "1.8" }] },
    /^definition\.objects\[0\]\.logicalName: /,
  ],
  [
    "an attribute id that is none",
    { ...minimal, objects: [{ ...register, attributes: { value: { type: "unsigned", value: 1 } } }] },
    /^definition\.objects\[0\]\.attributes\.value: expected an id from -128 to 127/,
  ],
  [
    "an attribute id that no object list can hold",
    { ...minimal, objects: [{ ...register, attributes: { 300: { type: "unsigned", value: 1 } } }] },
    /^definition\.objects\[0\]\.attributes\.300: expected an id from -128 to 127, got 300/,
  ],
  [
    "a denied id that no object list can hold",
    { ...minimal, objects: [{ ...register, denied: [200] }] },
    /^definition\.objects\[0\]\.denied\[0\]: expected an id from -128 to 127, got 200/,
  ],
  [
    "a type that is none",
    { ...minimal, objects: [{ ...register, attributes: { 2: { type: "u32", value: 1 } } }] },
    /^definition\.objects\[0\]\.attributes\.2\.type: .*got "u32"/,
  ],
  [
    "a number out of range, deep inside",
    {
      ...minimal,
      objects: [{ ...register, attributes: { 3: { type: "structure", value: [{ type: "unsigned", value: 256 }] } } }],
    },
    /^definition\.objects\[0\]\.attributes\.3\.value\[0\]: expected a value that fits unsigned/,
  ],
  [
    "bytes that are not hex",
    { ...minimal, objects: [{ ...register, attributes: { 2: { type: "octet-string", value: "xy" } } }] },
    /^definition\.objects\[0\]\.attributes\.2\.value: expected hex digits/,
  ],
];

describe("simulated meter: definition in JSON", () => {
  it("creates a meter that answers with the defined values", () => {
    const line = openLine(createMeter(parseDefinition(JSON.stringify(minimal))));
    line.apdu(aarqNone);
    assert.deepEqual(line.apdu(getRequest()), [getData("15ffffffffffffffff")]);
    assert.deepEqual(line.apdu("c001c100030100010800ff0300"), [getData("02020ffd161e")]);
  });

  it("accepts every kind of value", () => {
    const values = [
      [{ type: "null-data" }, "00"],
      [{ type: "boolean", value: true }, "0301"],
      [{ type: "bit-string", value: "101" }, "0403a0"],
      [{ type: "double-long", value: -1 }, "05ffffffff"],
      [{ type: "octet-string", value: "01 02" }, "09020102"],
      [{ type: "octet-string", text: "AB" }, "09024142"],
      [{ type: "visible-string", value: "AB" }, "0a024142"],
      [{ type: "long64", value: "-1" }, "14ffffffffffffffff"],
      [{ type: "float32", value: 1.5 }, "173fc00000"],
      [{ type: "date-time", value: "07ea0b16070c071e00ffc400" }, "1907ea0b16070c071e00ffc400"],
      [{ type: "array", value: [{ type: "unsigned", value: 1 }] }, "01011101"],
    ] as const;
    const objects = values.map(([value], index) => ({
      classId: 1,
      logicalName: `0.0.96.1.${index}.255`,
      attributes: { 2: value },
    }));
    const line = openLine(createMeter(parseDefinition({ ...minimal, objects })));
    line.apdu(aarqNone);
    values.forEach(([, hex], index) => {
      const name = `00006001${index.toString(16).padStart(2, "0")}ff`;
      assert.deepEqual(line.apdu(`c001c10001${name}0200`), [`c401c100${hex}`]);
    });
  });

  it("imports accounts, keys and link settings", () => {
    const parsed = parseDefinition({
      ...minimal,
      framing: "HDLC",
      physicalAddress: 17,
      hdlc: { maxInfoTransmit: 154, addressSize: 4 },
      associations: [
        { client: 17, mechanism: "lls", secret: "12345678" },
        {
          client: 18,
          mechanism: "hls-gmac",
          policy: "authenticated",
          encryptionKey: "00".repeat(16),
          authenticationKey: "11 ".repeat(16),
        },
      ],
    });
    assert.deepEqual(parsed.hdlc, { maxInfoTransmit: 154, addressSize: 4 });
    assert.equal(parsed.associations[0]?.secret, "12345678");
    assert.equal(toHex(parsed.associations[1]?.authenticationKey ?? new Uint8Array(0)), "11".repeat(16));
  });

  for (const [title, json, message] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(() => parseDefinition(json), { code: "DLMS_CONFIG_INVALID", message });
    });
  }

  it("never repeats a key in its message", () => {
    const key = "c0ffee00c0ffee00c0ffee00c0ffee";
    const account = { client: 1, mechanism: "hls-gmac", encryptionKey: key, authenticationKey: key };
    assert.throws(
      () => parseDefinition({ ...minimal, associations: [account] }),
      (error: Error) => error.message.includes("16 bytes") && !JSON.stringify(error).includes("c0ffee"),
    );
  });

  it("rejects values that nest too deep or contain themselves, with the path", () => {
    const withValue = (value: unknown): unknown => ({
      ...minimal,
      objects: [{ ...register, attributes: { 2: value } }],
    });
    const path = /^definition\.objects\[0\]\.attributes\.2(\.value\[0\])+: expected values that nest at most 32 deep/;
    const nested = (levels: number): string =>
      `${'{"type":"structure","value":['.repeat(levels)}{"type":"null-data"}${"]}".repeat(levels)}`;
    const deep = JSON.stringify(withValue("HERE")).replace('"HERE"', nested(3000));
    assert.throws(() => parseDefinition(deep), { code: "DLMS_CONFIG_INVALID", message: path });
    const itself: Record<string, unknown> = { type: "structure" };
    itself["value"] = Array.from({ length: 10 }, () => itself);
    assert.throws(() => parseDefinition(withValue(itself)), { code: "DLMS_CONFIG_INVALID", message: path });
    assert.doesNotThrow(() => parseDefinition(JSON.stringify(withValue("HERE")).replace('"HERE"', nested(32))));
  });

  it("rejects a definition with more than a million values or more than 16 MiB", () => {
    const nulls = { type: "array", value: new Array<unknown>(1_000_000).fill({ type: "null-data" }) };
    const many = { ...minimal, objects: [{ ...register, attributes: { 2: nulls } }] };
    assert.throws(() => parseDefinition(many), {
      code: "DLMS_CONFIG_INVALID",
      message: /^definition\.objects\[0\]\.attributes\.2\.value\[999999\]: expected at most 1000000 values/,
    });
    assert.throws(() => parseDefinition(" ".repeat(16 * 1024 * 1024 + 1)), {
      code: "DLMS_CONFIG_INVALID",
      message: /^definition: expected at most 16777216 characters of JSON, got 16777217/,
    });
  });

  it("rejects a duplicate object", () => {
    assert.throws(() => createMeter(parseDefinition({ ...minimal, objects: [register, register] })), {
      code: "DLMS_CONFIG_INVALID",
    });
  });

  it("reads push setups, keys as hex digits", () => {
    const key = "000102030405060708090a0b0c0d0e0f";
    const objects = [{ logicalName: "1-0:1.8.0" }];
    const to = { kind: "udp", host: "127.0.0.1", port: 4059 };
    const security = { policy: "encrypted", encryptionKey: key };
    const definition = parseDefinition({
      ...minimal,
      pushSetups: [{ objects, to, every: 1000, list: "items", security }],
    });
    const [setup] = definition.pushSetups ?? [];
    assert.deepEqual(setup?.to, to);
    assert.equal(toHex(setup?.security?.encryptionKey ?? new Uint8Array(0)), key);
    assert.equal(createMeter(definition).counters.connections, 0);
  });
});
