import assert from "node:assert/strict";
import fc from "fast-check";
import { type Apdu, conformanceMask, parseApdu, partialInitiateResponse } from "../../../src/apdu";
import { fromHex, toHex } from "../../../src/bytes";

/** A field of hex parts; each `[tag, ...parts]` gets a length byte, whose position is added to `lengths`. */
interface Field extends ReadonlyArray<Node> {
  readonly 0: string;
}
type Node = string | Field;

function build(node: Node): { readonly bytes: number[]; readonly lengths: number[] } {
  if (typeof node === "string") return { bytes: [...fromHex(node)], lengths: [] };
  const [tag, ...parts] = node as readonly [string, ...Node[]];
  const bytes: number[] = [];
  const lengths: number[] = [1];
  for (const part of parts.map(build)) {
    lengths.push(...part.lengths.map((at) => at + 2 + bytes.length));
    bytes.push(...part.bytes);
  }
  return { bytes: [...fromHex(tag), bytes.length, ...bytes], lengths };
}

const context = (n: number): Node => ["a1", ["06", `608574050801${n.toString(16).padStart(2, "0")}`]];
const result: Node = ["a2", ["02", "00"]];
const diagnostic = (code: string): Node => ["a3", ["a1", ["02", code]]];
const title: Node = ["a4", ["04", "4d4d4d0000bc614e"]];
const requirements: Node = ["88", "0780"];
const mechanism: Node = ["89", "60857405080205"];
const challenge: Node = ["aa", ["80", "503677524a323146"]];
const initiate = "0800065f1f040000501f01f40007";
const ciphered = `281f30000001${"c3".repeat(27)}`;

const associations: Readonly<Record<string, Node>> = {
  "without authentication": ["61", context(1), result, diagnostic("00"), ["be", ["04", initiate]]],
  "with HLS": [
    "61",
    context(2),
    result,
    diagnostic("0e"),
    title,
    requirements,
    mechanism,
    challenge,
    ["be", ["04", "0800065f1f04001c032001f4fa00"]],
  ],
  "with every field, ciphered": [
    "61",
    ["80", "0780"],
    context(3),
    result,
    diagnostic("00"),
    title,
    ["a5", ["04", "0102030405"]],
    ["a7", ["02", "05"]],
    requirements,
    mechanism,
    challenge,
    ["9d", "aabbcc"],
    ["be", ["04", ciphered]],
  ],
};
const releases: Readonly<Record<string, Node>> = {
  "with a reason": ["63", ["80", "00"]],
  "with user-information": ["63", ["80", "01"], ["be", ["04", initiate]]],
};

/** What an association is judged by. */
function essence(apdu: Apdu): unknown {
  const entries = Object.entries(apdu).filter(([name]) => name !== "notes");
  return Object.fromEntries(entries.map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value]));
}

describe("ACSE fields with wrong lengths", () => {
  for (const [name, node] of Object.entries({ ...associations, ...releases })) {
    const { bytes, lengths } = build(node);
    const right = essence(parseApdu(Uint8Array.from(bytes)));

    it(`${name}: reads the form of the standard without a note`, () => {
      assert.ok(!("notes" in parseApdu(Uint8Array.from(bytes))));
    });

    for (const difference of [-1, 1]) {
      it(`${name}: reads each field by its content when its length is off by ${difference}`, () => {
        for (const at of lengths) {
          const wrong = Uint8Array.from(bytes);
          wrong[at] = (wrong[at] ?? 0) + difference;
          const apdu = parseApdu(wrong, { allowTrailing: true });
          assert.deepEqual(essence(apdu), right, `length at byte ${at}`);
          assert.ok("notes" in apdu, `a note on the length at byte ${at}`);
        }
      });
    }
  }

  it("reads a challenge after an outer length of 2 (Elster EK240)", () => {
    const { bytes } = build(associations["with HLS"] ?? "");
    const right = essence(parseApdu(Uint8Array.from(bytes)));
    const wrong = fromHex(
      toHex(Uint8Array.from(bytes)).replace("aa0a8008", "aa028008").replace("be10040e", "be0f040e"),
    );
    const apdu = parseApdu(wrong);
    assert.deepEqual(essence(apdu), right);
    assert.ok("notes" in apdu && apdu.notes?.some((note) => note.includes("field aa declares 2 bytes")));
  });

  it("reads all fields for any outer length that is too short", () => {
    for (const [name, node] of Object.entries({ ...associations, ...releases })) {
      const { bytes } = build(node);
      const right = essence(parseApdu(Uint8Array.from(bytes)));
      for (let length = 0; length < bytes.length - 2; length++) {
        const wrong = Uint8Array.from(bytes);
        wrong[1] = length;
        const apdu = parseApdu(wrong, { allowTrailing: true });
        assert.deepEqual(essence(apdu), right, `${name}: outer length ${length}`);
        assert.ok("notes" in apdu, `${name}: a note on outer length ${length}`);
      }
    }
  });

  it("reads an initiate-response whose last byte directly follows the AARE", () => {
    const hex = "6128a109060760857405080101a203020100a305a103020100be0f040d0800065f1f040000501f01f40007";
    const apdu = parseApdu(fromHex(hex));
    assert.ok(apdu.apdu === "aare");
    assert.equal(toHex(apdu.userInformation ?? new Uint8Array()), initiate);
  });

  it("does not treat other bytes after the AARE as a part of it", () => {
    const hex = "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007";
    let left = "";
    parseApdu(fromHex(`${hex}0007`), { allowTrailing: true, onTrailing: (bytes) => (left = toHex(bytes)) });
    assert.equal(left, "0007");
  });

  it("keeps the result of an AARE for any change of one later byte", () => {
    const { bytes } = build(associations["with every field, ciphered"] ?? "");
    const behind = toHex(Uint8Array.from(bytes)).indexOf("a305a1") / 2 + 7;
    fc.assert(
      fc.property(fc.integer({ min: behind, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const wrong = Uint8Array.from(bytes);
        wrong[at] = value;
        const apdu = parseApdu(wrong, { allowTrailing: true });
        assert.ok(apdu.apdu === "aare" && apdu.result === 0 && apdu.diagnostic === 0 && apdu.applicationContext === 3);
      }),
    );
  });
});

describe("initiate-responses that are readable in part", () => {
  const partly = (hex: string, referencing: "ln" | "sn" = "ln"): unknown => {
    const { notes, ...parts } = partialInitiateResponse(fromHex(hex), referencing);
    assert.ok(notes.length > 0, `${hex} has no note`);
    return parts;
  };
  const rest = { dlmsVersion: 6, maxPduSize: 0x400, vaaName: 7 };

  it("reads a short conformance as the last bits for logical names, as the first for short names", () => {
    assert.deepEqual(partly("0800065f1f03007c1f04000007"), { ...rest, conformance: 0x007c1f });
    assert.deepEqual(partly("0800065f1f03001c030400fa00"), { ...rest, vaaName: 0xfa00, conformance: 0x1c0300 });
    assert.deepEqual(partly("0800065f1f02001f04000007"), { ...rest, conformance: 0x00001f });
    assert.deepEqual(partly("0800065f03007c1f04000007"), { ...rest, conformance: 0x007c1f });
    assert.deepEqual(partly("0800065e1f03007c1f04000007"), { ...rest, conformance: 0x007c1f });
  });

  it("reads 24 bits without the count of unused bits, and the service bits among more", () => {
    assert.deepEqual(partly("0800065f1f03407e1f04000007"), { ...rest, conformance: 0x407e1f });
    assert.deepEqual(partly("0800065f1f0500007e1f0004000007"), { ...rest, conformance: 0x007e1f });
    assert.deepEqual(partly("0800065f1f050000007e1f04000007"), { ...rest, conformance: 0x007e1f });
  });

  it("trusts the VAA name at the end more than a length that contradicts it", () => {
    assert.deepEqual(partly("0800065f1f04007c1f04000007"), { ...rest, conformance: 0x007c1f });
    assert.deepEqual(partly("0800065f1f06007c1f04000007"), { ...rest, conformance: 0x007c1f });
  });

  it("omits missing fields", () => {
    assert.deepEqual(partly("08"), {});
    assert.deepEqual(partly("080006"), {});
    assert.deepEqual(partly("0800065f"), { dlmsVersion: 6 });
    assert.deepEqual(partly("0800065f1f0400007e"), { dlmsVersion: 6 });
    assert.deepEqual(partly("0800065f1f040000501f"), { dlmsVersion: 6, conformance: 0x501f });
    assert.deepEqual(partly("0800065f1f040000501f01f4"), { dlmsVersion: 6, conformance: 0x501f, maxPduSize: 500 });
    assert.deepEqual(partly("0800065f1f040000501f01f400"), { dlmsVersion: 6, conformance: 0x501f, maxPduSize: 500 });
    assert.deepEqual(partly("0800065f1f0004000007"), rest);
    assert.deepEqual(partly("0800060400fa00", "sn"), { maxPduSize: 0x400, vaaName: 0xfa00 });
  });

  it("refuses a conformance without GET or READ, and a PDU size below 12, in a deviating response", () => {
    assert.deepEqual(partly("0800065f1f0300000004000007"), rest);
    assert.deepEqual(partly("0800065f1f03007c1f000b0007"), { dlmsVersion: 6, vaaName: 7, conformance: 0x007c1f });
  });

  it("never fails, for any bytes after the tag", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom("ln" as const, "sn" as const),
        (bytes, referencing) => {
          const { conformance = 0, maxPduSize = 0 } = partialInitiateResponse(Uint8Array.of(8, ...bytes), referencing);
          assert.ok(conformance >= 0 && conformance <= 0xffffff && (maxPduSize === 0 || maxPduSize >= 12));
        },
      ),
    );
  });
});

describe("ACTION responses that leave octets out", () => {
  const proof = "0910000102030405060708090a0b0c0d0e0f";
  const data = (hex: string): string | undefined => {
    const apdu = parseApdu(fromHex(hex), { allowTrailing: true });
    assert.ok(apdu.apdu === "action-response-normal");
    const { result: code, returnParameters } = apdu.response;
    return code === 0 && returnParameters?.ok === true ? toHex(returnParameters.data) : undefined;
  };

  for (const head of ["000100", "0001", "0000", "0100", "00", "01", ""]) {
    it(`finds a value after "${head}"`, () => assert.equal(data(`c701c1${head}${proof}`), proof));
  }

  it("accepts an array and a structure as data", () => {
    assert.equal(data("c701c10001020211051106"), "020211051106");
    assert.equal(data("c701c10001010111051106".slice(0, -4)), "01011105");
  });

  it("prefers the standard's form if it fits", () => {
    assert.equal(data("c701c10000"), undefined);
    assert.equal(data("c701c100010103"), undefined);
    assert.equal(data("c701c1000000"), undefined);
    assert.equal(data("c701c10300"), undefined);
    assert.equal(data("c701c100010000"), "00");
    const denied = parseApdu(fromHex("c701c10300"));
    assert.ok(denied.apdu === "action-response-normal" && denied.response.result === 3);
  });

  it("takes octets of a value that is cut short for no result", () => {
    for (const hex of ["c701c101000910", `c701c10100${proof.slice(0, -2)}`, "c703c10101000910"]) {
      assert.throws(
        () => parseApdu(fromHex(hex), { allowTrailing: true }),
        { code: "DLMS_DECODE_VALUE", message: /result octet is missing/ },
        hex,
      );
    }
    for (const hex of ["c701c101", "c701c10100", "c701c1010000", "c703c1010100"]) {
      assert.match(JSON.stringify(parseApdu(fromHex(hex), { allowTrailing: true })), /"result":1/, hex);
    }
  });

  it("accepts no value that ends before or after the last byte", () => {
    for (const hex of [`c701c10001${proof}00`, `c701c10001${proof.slice(0, -2)}`, "c701c1000100", "c701c10301"]) {
      assert.throws(() => parseApdu(fromHex(hex), { allowTrailing: true }), { name: "DlmsDecodeError" }, hex);
    }
  });
});

describe("GET and SET responses that leave octets out", () => {
  const fails = (hex: string, message: RegExp): void => {
    assert.throws(() => parseApdu(fromHex(hex), { allowTrailing: true }), { name: "DlmsDecodeError", message }, hex);
  };

  it("takes an array without its choice octet for no refusal", () => {
    fails("c401c1010211051106", /choice octet before the array is missing/);
    assert.deepEqual(parseApdu(fromHex("c401c10102"), { allowTrailing: true }), {
      apdu: "get-response-normal",
      invokeId: 0xc1,
      result: { ok: false, result: 2 },
    });
  });

  it("invents no result where it is missing", () => {
    for (const hex of ["c401c1", "c401c101", "c401c100", "c401c10910", "c501c1", "c503c100000001", "c505c101"]) {
      fails(hex, /./);
    }
  });
});

describe("conformance masks of these tests", () => {
  it("contain GET and READ", () => {
    assert.equal(conformanceMask(["get"]), 0x10);
    assert.equal(conformanceMask(["read"]), 0x100000);
  });
});
