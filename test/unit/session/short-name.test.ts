import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import type { VariableAccess } from "../../../src/apdu/model";
import { DlmsTimeoutError } from "../../../src/errors";
import type { Session, SessionOptions } from "../../../src/session";
import { Correlation } from "../../../src/session/steps/correlation";
import { streamDelivery } from "../../../src/session/steps/delivery";
import { drive, failure } from "./drive";
import { associated } from "./fixtures";

const what = "read FA00";
const sn = (more: { maxPduSize?: number; conformance?: number } = {}) =>
  associated({ referencing: "sn", vaaName: 0xfa00, ...more });
const objectList = { kind: "variable-name", name: 0xfa08 } as const;
const value = { kind: "variable-name", name: 0x2be8 } as const;

describe("session: Read and Write", () => {
  it("reads variables, positions kept", () => {
    const { result } = drive(sn().read([value, objectList], what), [
      { out: "050202 2be8 02 fa08", in: "0c0200060000139101 03" },
    ]);
    assert.deepEqual(result, [
      { kind: "data", data: fromHex("0600001391") },
      { kind: "error", result: 3 },
    ]);
  });

  it("reads with a selector", () => {
    const selection = { kind: "parameterized-access", name: 0x1008, selector: 2, data: fromHex("1105") } as const;
    drive(sn().read([selection], what), [{ out: "0501041008021105", in: "0c01000100" }]);
  });

  it("puts blocks together; they carry the list of results", () => {
    const { result } = drive(sn().read([value, objectList], what), [
      { out: "0502022be802fa08", in: "0c010200000104 02000600" },
      { out: "0501050001", in: "0c010201000205 0013910103".replace(/ /g, "") },
    ]);
    assert.deepEqual(result, [
      { kind: "data", data: fromHex("0600001391") },
      { kind: "error", result: 3 },
    ]);
  });

  it("puts blocks together that leave out the number of results, as Gurux' server sends them", () => {
    const one = drive(sn().read([value], what), [
      { out: "0501022be8", in: "0c010200000103010211" },
      { out: "0501050001", in: "0c0102010002030211 03".replace(/ /g, "") },
    ]);
    assert.deepEqual(one.result, [{ kind: "data", data: fromHex("010211021103") }]);
    const two = drive(sn().read([value, objectList], what), [
      { out: "0502022be802fa08", in: "0c010200000104 09024142" },
      { out: "0501050001", in: "0c010201000202 0103" },
    ]);
    assert.deepEqual(two.result, [
      { kind: "data", data: fromHex("09024142") },
      { kind: "error", result: 3 },
    ]);
  });

  it("notes bytes after results in blocks, with or without their head", () => {
    for (const raw of ["0100 0600001391 0f", "0600001391 0f"]) {
      const bytes = raw.replace(/ /g, "");
      const { result, notes } = drive(sn().read([value], what), [
        { in: `0c0102010001${(bytes.length / 2).toString(16).padStart(2, "0")}${bytes}` },
      ]);
      assert.deepEqual(result, [{ kind: "data", data: fromHex("0600001391") }]);
      assert.match(notes.join(), /1 bytes after the answer were ignored/);
    }
  });

  it("keeps a whole value when the meter continues with blocks, or refuses the next one", () => {
    const begin = { in: "0c0102000001 07 0100 0600001391" };
    const block = (n: number): string => `0c01020000${(n + 2).toString(16).padStart(2, "0")} 01 00`;
    const behind = Array.from({ length: 17 }, (_, n) => ({ in: block(n) }));
    for (const turns of [behind, [{ out: "0501050001", in: "0c01010c" }]]) {
      const { result, notes } = drive(sn().read([value], what), [begin, ...turns]);
      assert.deepEqual(result, [{ kind: "data", data: fromHex("0600001391") }]);
      assert.match(notes.join(), /the value was whole before the last block/);
    }
  });

  it("delivers the data of one variable block by block, with or without their head", () => {
    const begin = { out: "0501022be8", in: "0c010200000105 0100 010211" };
    const whole = drive(sn().readChunks(value, what), [
      begin,
      { out: "0501050001", in: "0c0102000002 02 0211" },
      { out: "0501050002", in: "0c0102010003 01 03" },
    ]);
    assert.deepEqual(whole.result, { ok: true });
    assert.deepEqual(whole.chunks, [
      { hex: "010211", blockNumber: 1, last: false },
      { hex: "0211", blockNumber: 2, last: false },
      { hex: "03", blockNumber: 3, last: true },
    ]);
    const shortened = drive(sn().readChunks(value, what), [
      { in: "0c0102000001 02 0102" },
      { in: "0c0102000002 03 110211" },
      { in: "0c0102010003 01 03" },
    ]);
    assert.deepEqual(
      shortened.chunks.map(({ hex }) => hex),
      ["0102110211", "03"],
    );
    assert.match(shortened.notes.join(), /without their number/);
    const empty = drive(sn().readChunks(value, what), [{ in: "0c0102010001 02 0100" }]);
    assert.deepEqual(empty.chunks, [{ hex: "0100", blockNumber: 1, last: true }]);
  });

  it("requests the next block after processing the previous one", () => {
    const operation = sn().readChunks(value, what);
    operation.next();
    const chunk = operation.next(fromHex("0c010200000105 0100 010211")).value;
    assert.ok(chunk !== undefined && "bytes" in chunk);
    assert.equal(chunk.kind, "chunk");
    assert.deepEqual(operation.next().value, { kind: "progress", bytes: 5 });
    const next = operation.next().value;
    assert.ok(next !== undefined && "apdu" in next);
    assert.equal(toHex(next.apdu), "0501050001");
  });

  it("delivers whole values, and reports refusals", () => {
    const at = (...turns: Parameters<typeof drive>[1]) => drive(sn().readChunks(value, what), turns);
    assert.deepEqual(at({ in: "0c01001105" }).chunks, [{ hex: "1105", blockNumber: 1, last: true }]);
    assert.deepEqual(at({ in: "0c010103" }).result, { ok: false, result: 3 });
    const refused = at({ in: "0c0102010001 03 010104" });
    assert.deepEqual([refused.result, refused.chunks], [{ ok: false, result: 4 }, []]);
    const later = at({ in: "0c0102000001 04 01000101" }, { in: "0c01010e" });
    assert.deepEqual([later.result, later.chunks.length], [{ ok: false, result: 14 }, 1]);
    assert.equal(failure(sn().readChunks(value, what), [{ in: "0c01030001" }]).code, "DLMS_DECODE_VALUE");
    assert.equal(failure(sn({ conformance: 0x080000 }).readChunks(value, what), []).code.slice(0, 10), "DLMS_ASSOC");
  });

  describe("an answer equal to that of another variable, over the wrapper", () => {
    const other = { kind: "variable-name", name: 0x1008 } as const;
    const zero = "0c01001100";
    const longer = { out: "0502 021008 021008" } as const;
    const once = { out: "0501 021008" } as const;
    const silence = new DlmsTimeoutError("TIMEOUT_RESPONSE", "no answer");
    const wrapper = (quirks: SessionOptions["quirks"] = {}) => {
      const correlation = new Correlation();
      const more = { delivery: streamDelivery({ numbered: false }), correlation, quirks };
      const session = associated({ referencing: "sn", vaaName: 0xfa00, ...more });
      return { session, correlation };
    };
    const read = (session: Session, variable: VariableAccess, ...turns: Parameters<typeof drive>[1]) =>
      drive(session.read([variable], what), turns).result;
    const isZero = [{ kind: "data", data: fromHex("1100") }];

    it("is proved by the number of results of a longer list", () => {
      const { session } = wrapper();
      read(session, value, { in: zero });
      assert.deepEqual(read(session, other, { ...once, in: zero }, { ...longer, in: "0c0200110000 1100" }), isZero);
      // a length that was asked for before is not a proof
      drive(session.read([value, objectList], what), [{ in: "0c02001105001106" }]);
      const third = { kind: "variable-name", name: 0x1010 } as const;
      read(session, third, { in: zero }, { out: `0503${" 021010".repeat(3)}`, in: `0c03${" 001100".repeat(3)}` });
    });

    it("ends the session if the answer to the list has another length", () => {
      const { session, correlation } = wrapper();
      read(session, value, { in: zero });
      const turns = [{ in: zero }, { in: "0c03001101001102001103" }];
      assert.equal(failure(session.read([other], what), turns).code, "DLMS_LINK_SEQUENCE");
      assert.equal(correlation.copiesCame, true);
    });

    it("ends the session if the list and the repetition show that answers are shifted", () => {
      const { session, correlation } = wrapper();
      read(session, value, { in: zero });
      const turns = [{ in: zero }, { ...longer, in: "0c01001107" }, { ...once, in: "0c0200110700 1107" }];
      assert.equal(failure(session.read([other], what), turns).code, "DLMS_LINK_SEQUENCE");
      assert.equal(correlation.lists, "unknown");
    });

    for (const [way, list] of [
      ["refuses the list", "0e010202"],
      ["answers the list with an exception", "d80201"],
      ["answers the first variable of the list alone", zero],
      ["sends a short list in blocks", "0c0102000001 03 020011"],
    ] as const) {
      it(`is requested again if the meter ${way}; then lists are left out`, () => {
        const { session } = wrapper();
        read(session, value, { in: zero });
        const wait = { kind: "receive", in: silence } as const;
        const first = read(session, other, { ...once, in: zero }, { ...longer, in: list }, { ...once, in: zero }, wait);
        assert.deepEqual(first, isZero);
        assert.deepEqual(read(session, value, { in: zero }, { out: "0501 022be8", in: zero }), isZero);
      });
    }

    it("is requested without a list after a list without an answer, and with the quirk noGetWithList", () => {
      const { session } = wrapper();
      read(session, value, { in: zero });
      failure(session.read([other], what), [{ in: zero }, { ...longer, in: silence }]);
      read(session, other, { in: zero });
      read(session, value, { in: zero }, { out: "0501 022be8", in: zero });
      const quirk = wrapper({ noGetWithList: true }).session;
      read(quirk, value, { in: zero });
      read(quirk, other, { ...once, in: zero }, { ...once, in: zero });
    });
  });

  describe("a request longer than the meter's PDU size", () => {
    // 01, 04 1008 02, octet-string of 20: 27 bytes after the tag
    const data = fromHex(`0914${"cd".repeat(20)}`);
    const selection = { kind: "parameterized-access", name: 0x1008, selector: 2, data } as const;
    const whole = `0104100802${toHex(data)}`;
    const ack = (n: number) => `0c01 03 000${n}`;
    const small = () => sn({ maxPduSize: 25 });

    it("is sent in blocks, and its answer arrives whole or in blocks", () => {
      const out = [
        { out: `0501 06 00 0001 10 ${whole.slice(0, 32)}`, in: ack(1) },
        { out: `0501 06 01 0002 0b ${whole.slice(32)}`, in: "0c01001105" },
      ];
      const { result, sent } = drive(small().read([selection], what), out);
      assert.deepEqual(result, [{ kind: "data", data: fromHex("1105") }]);
      for (const apdu of sent) assert.ok(apdu.length / 2 <= 25);
      const chunks = drive(small().readChunks(selection, what), [
        ...out.slice(0, 1),
        { in: "0c0102000001 04 01000902" },
        { out: "0501050001", in: "0c0102010002 02 4142" },
      ]);
      assert.equal(chunks.chunks.map(({ hex }) => hex).join(""), "09024142");
    });

    it("may be refused at any block", () => {
      const [one, two] = drive(small().read([selection, value], what), [{ in: "0c010110" }]).result;
      assert.deepEqual(
        [one, two],
        [
          { kind: "error", result: 16 },
          { kind: "error", result: 16 },
        ],
      );
      for (const wrong of [ack(2), "0c01001105"]) {
        assert.match(failure(small().read([selection], what), [{ in: wrong }]).message, /did not acknowledge/);
      }
    });

    it("is sent whole if blocks were not negotiated", () => {
      const session = sn({ maxPduSize: 25, conformance: 0x100020 });
      const { notes } = drive(session.read([selection], what), [{ out: `05${whole}`, in: "0c01001105" }]);
      assert.match(notes.join(), /28 bytes, the meter accepts 25/);
    });
  });

  it("refuses blocks out of turn, empty ones, and another number of answers", () => {
    const begin = { in: "0c010200000104 01000600" };
    const bad = ["0c01020100030200 00", "0c010200000200", "0c0100 1105", "0c0102010002020099"];
    for (const next of bad) {
      assert.match(failure(sn().read([value], what), [begin, { in: next }]).code, /DECODE/, next);
    }
    assert.match(failure(sn().read([value], what), [{ in: "0c020103 0103" }]).message, /expected 1 items, got 2/);
    assert.equal(failure(sn().read([value], what), [{ in: "0d0100" }]).code, "DLMS_DECODE_TAG");
    assert.deepEqual(drive(sn().read([value], what), [begin, { in: "0c01010e" }]).result, [
      { kind: "error", result: 14 },
    ]);
  });

  it("writes variables", () => {
    const { result } = drive(sn().write([value, objectList], [fromHex("1105"), fromHex("00")], what), [
      { out: "0602 022be8 02fa08 02 1105 00", in: "0d02 00 0103" },
    ]);
    assert.deepEqual(result, [{ kind: "success" }, { kind: "error", result: 3 }]);
  });

  it("writes in blocks if the PDU size requires them", () => {
    const long = fromHex(`0914${"cd".repeat(20)}`);
    const whole = `01022be801${toHex(long)}`;
    const { result, sent } = drive(sn({ maxPduSize: 27 }).write([value], [long], what), [
      { out: `0601 07 00 0001 01 09 10 ${whole.slice(0, 32)}`, in: "0d01020001" },
      { out: `0601 07 01 0002 01 09 0b ${whole.slice(32)}`, in: "0d0100" },
    ]);
    assert.deepEqual(result, [{ kind: "success" }]);
    for (const apdu of sent) assert.ok(apdu.length / 2 <= 27);
    assert.match(
      failure(sn({ maxPduSize: 27 }).write([value], [long], what), [{ in: "0d01020002" }]).message,
      /did not acknowledge/,
    );
    assert.equal(
      failure(sn({ maxPduSize: 27 }).write([value], [long], what), [{ in: "0d0100" }]).code,
      "DLMS_DECODE_VALUE",
    );
  });

  it("needs the services to be negotiated", () => {
    assert.match(failure(sn({ conformance: 0x080000 }).read([value], what), []).message, /"read"/);
    assert.match(failure(sn({ conformance: 0x100000 }).write([value], [fromHex("00")], what), []).message, /"write"/);
  });

  it("accepts data with wrong counts if configured", () => {
    const form = { dataToEnd: true };
    const list = "01020204"; // none of the four declared elements is present
    for (const turns of [
      [{ in: `0c0100${list}` }],
      [{ in: `0c0102000001 03 0100${list.slice(0, 2)}` }, { in: `0c0102010002 03 ${list.slice(2)}` }],
      [{ in: `0c0102000001 03 ${list.slice(0, 6)}` }, { in: `0c0102010002 01 ${list.slice(6)}` }],
    ]) {
      const { result } = drive(sn().read([value], what, form), turns);
      assert.deepEqual(result, [{ kind: "data", data: fromHex(list) }]);
      assert.match(failure(sn().read([value], what), turns).code, /DECODE/);
    }
  });

  it("sets information-reports aside", () => {
    const { notifications } = drive(sn().read([value], what), [
      { in: "180001022be8011105" },
      { kind: "receive", in: "0c01001105" },
    ]);
    assert.equal(notifications[0]?.apdu, "information-report");
  });
});
