/** GET, SET and ACTION of the simulated meter. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { decodeValueBytes } from "../../../src/codec";
import { fromHex } from "../../../src/bytes";
import { createMeter, type MeterDefinition } from "../../../src/simulator";
import { longOctets, objects, plain } from "./definitions";
import { openLine, type HandLine } from "./line";
import {
  aarqNone,
  aarqWith,
  actionBlockTaken,
  actionNext,
  actionResult,
  getBlockRefused,
  getData,
  getNext,
  getRefused,
  setBlockTaken,
  setLastBlockTaken,
  setResult,
} from "../../support/apdus";

function associated(definition: MeterDefinition = plain, aarq = aarqNone): HandLine {
  const line = openLine(createMeter(definition));
  assert.match(line.apdu(aarq)[0] ?? "", /^61.*a203020100/);
  return line;
}

/** obis in hex, class in two digits: get-request-normal */
const get = (cls: string, obis: string, attribute: string, access = "00"): string =>
  `c001c100${cls}${obis}${attribute}${access}`;

const energy = "0100010800ff";
const serial = "0000600100ff";
const writable = "0000600101ff";

describe("simulated meter: GET", () => {
  it("answers value, scaler and logical name", () => {
    const line = associated();
    assert.deepEqual(line.apdu(get("03", energy, "02")), [getData("06000003ed")]);
    assert.deepEqual(line.apdu(get("03", energy, "03")), [getData("02020ffd161e")]);
    assert.deepEqual(line.apdu(get("03", energy, "01")), [`c401c1000906${energy}`]);
  });

  it("echoes the invoke-id", () => {
    assert.deepEqual(associated().apdu(get("03", energy, "02").replace("c001c1", "c00147")), [
      getData("06000003ed", 0x47),
    ]);
  });

  it("answers each access error with its own code", () => {
    const line = associated();
    const code = (hex: string): string | undefined => line.apdu(hex)[0];
    assert.equal(code(get("03", "0100630000ff", "02")), getRefused(4));
    assert.equal(code(get("01", energy, "02")), getRefused(9));
    assert.equal(code(get("03", energy, "09")), getRefused(13));
    assert.equal(code(get("01", writable, "03")), getRefused(3));
  });

  it("answers a list with a result per item, in order", () => {
    const line = associated();
    const items = [`0003${energy}0200`, `0003${energy}0900`, `0003${energy}0300`].join("");
    assert.deepEqual(line.apdu(`c003c203${items}`), ["c403c203" + "0006000003ed" + "010d" + "0002020ffd161e"]);
  });

  it("splits a long value into blocks that fit the client's PDU size, numbered from 1", () => {
    const line = associated(plain, aarqWith(30));
    // room 30 - 12 of a block's header: 18 octets each
    const whole = `0928${toHex(longOctets)}`;
    const [first = ""] = line.apdu(get("01", serial, "02"));
    assert.equal(first, `c402c1000000000100${"12"}${whole.slice(0, 36)}`);
    assert.deepEqual(line.apdu(getNext(1)), [`c402c1000000000200${"12"}${whole.slice(36, 72)}`]);
    assert.deepEqual(line.apdu(getNext(2)), [`c402c1010000000300${"06"}${whole.slice(72)}`]);
    // no further block of the long get
    assert.deepEqual(line.apdu(getNext(3)), [getBlockRefused(3, 16)]);
  });

  it("aborts a long answer at a wrong block number", () => {
    const line = associated(plain, aarqWith(30));
    line.apdu(get("01", serial, "02"));
    assert.deepEqual(line.apdu(getNext(7)), [getBlockRefused(7, 19)]);
    assert.deepEqual(line.apdu(getNext(1)), [getBlockRefused(1, 16)]);
  });

  it("sends no blocks to a client that did not negotiate them", () => {
    const line = associated(plain, aarqWith(30, "000010"));
    assert.deepEqual(line.apdu(get("01", serial, "02")), [getRefused(14)]);
  });

  it("sends a blocked list as count and results", () => {
    const line = associated(plain, aarqWith(40));
    const items = [`0001${serial}0200`, `0003${energy}0900`, `0003${energy}0200`].join("");
    let answer = line.apdu(`c003c103${items}`)[0] ?? "";
    let content = "";
    for (let block = 1; ; block++) {
      assert.match(answer, new RegExp(`^c402c10[01]0000000${block}00`));
      content += answer.slice(20);
      if (answer.startsWith("c402c101")) break;
      answer = line.apdu(`c002c10000000${block}`)[0] ?? "";
    }
    assert.equal(content, `03000928${toHex(longOctets)}010d0006000003ed`);
  });

  it("generates the association object, its object list, SAP assignment and device name", () => {
    const line = associated({ ...plain, maxPduSize: 4096, logicalDeviceName: "ABC123" }, aarqWith(4096));
    assert.deepEqual(line.apdu(get("01", "00002a0000ff", "02")), [getData("0906414243313233")]);
    assert.deepEqual(line.apdu(get("11", "0000290000ff", "02")), [getData("010102021200010906414243313233")]);
    const [answer = ""] = line.apdu(get("0f", "0000280000ff", "02"));
    const list = decodeValueBytes(fromHex(answer.slice(8)));
    assert.equal(list.type, "array");
    const rows = list.type === "array" ? list.value : [];
    assert.equal(rows.length, objects.length + 3);
    const names = rows.map((row) =>
      row.type === "structure" && row.value[2]?.type === "octet-string" ? toHex(row.value[2].value) : "",
    );
    assert.ok(names.includes(energy) && names.includes("0000280000ff") && names.includes(serial));
    // class 3, version 0, name, attributes 1..3 read only, no method
    assert.ok(
      answer.includes(
        `0204120003110009${"06"}${energy}0202` +
          "0103" +
          "02030f01160100" +
          "02030f02160100" +
          "02030f03160100" +
          "0100",
      ),
    );
    // writable and denied attributes
    assert.ok(answer.includes(`${writable}02020103` + "02030f01160100" + "02030f02160300" + "02030f03160000"));
  });

  it("shows a client only the objects of its account", () => {
    const line = associated({
      ...plain,
      associations: [{ client: 16, visible: ["0-0:96.1.0*255"] }],
    });
    assert.match(line.apdu(get("01", serial, "02"))[0] ?? "", /^c401c1000928/);
    assert.deepEqual(line.apdu(get("03", energy, "02")), [getRefused(3)]);
    assert.ok(!(line.apdu(get("0f", "0000280000ff", "02"))[0] ?? "").includes(energy));
  });
});

describe("simulated meter: SET", () => {
  const set = (obis: string, attribute: string, data: string, cls = "01"): string =>
    `c101c100${cls}${obis}${attribute}00${data}`;

  it("writes a writable attribute and reads it back", () => {
    const line = associated();
    assert.deepEqual(line.apdu(set(writable, "02", "0600000009")), [setResult(0)]);
    assert.deepEqual(line.apdu(get("01", writable, "02")), [getData("0600000009")]);
  });

  it("rejects a write of a read-only, mistyped or missing attribute", () => {
    const line = associated();
    assert.deepEqual(line.apdu(set(energy, "02", "0600000009", "03")), [setResult(3)]);
    assert.deepEqual(line.apdu(set(writable, "03", "0600000009")), [setResult(3)]);
    assert.deepEqual(line.apdu(set(writable, "02", "1109")), [setResult(12)]);
    assert.deepEqual(line.apdu(set("0000600109ff", "02", "1109")), [setResult(4)]);
  });

  it("accepts a clock in the form of the standard", () => {
    const line = associated();
    assert.deepEqual(line.apdu("c101c100080000010000ff0200090c07e50118ff0e303950ffc400"), [setResult(0)]);
    assert.deepEqual(line.apdu(get("08", "0000010000ff", "02")), [getData("090c07e50118ff0e303950ffc400")]);
  });

  it("executes an unconfirmed request without an answer", () => {
    const line = associated();
    assert.deepEqual(line.apdu(set(writable, "02", "060000000b").replace("c101c1", "c10181")), []);
    assert.deepEqual(line.apdu(get("01", writable, "02")), [getData("060000000b")]);
  });

  it("accepts a value in blocks", () => {
    const line = associated();
    assert.deepEqual(line.apdu(`c102c10001${writable}0200` + "00" + "00000001" + "03" + "060000"), [setBlockTaken(1)]);
    assert.deepEqual(line.apdu("c103c1" + "01" + "00000002" + "02" + "0102"), [setLastBlockTaken(2, 0)]);
    assert.deepEqual(line.apdu(get("01", writable, "02")), [getData("0600000102")]);
    assert.deepEqual(line.apdu("c103c1" + "01" + "00000003" + "02" + "0102"), [setLastBlockTaken(3, 18)]);
  });

  it("rejects a block out of order", () => {
    const line = associated();
    line.apdu(`c102c10001${writable}0200` + "00" + "00000001" + "03" + "060000");
    assert.deepEqual(line.apdu("c103c1" + "01" + "00000003" + "02" + "0102"), [setLastBlockTaken(3, 19)]);
  });

  it("writes lists, plain and in blocks", () => {
    const line = associated();
    const items = `0001${writable}0200` + `0003${energy}0200`;
    assert.deepEqual(line.apdu(`c104c102${items}02` + "0600000001" + "0600000002"), ["c505c1020003"]);
    assert.deepEqual(line.apdu(`c105c102${items}` + "00" + "00000001" + "03" + "020600"), [setBlockTaken(1)]);
    assert.deepEqual(line.apdu("c103c1" + "01" + "00000002" + "08" + "0000040600000002"), ["c504c102000300000002"]);
    assert.deepEqual(line.apdu(get("01", writable, "02")), [getData("0600000004")]);
  });
});

describe("simulated meter: ACTION", () => {
  const calls: string[] = [];
  const definition: MeterDefinition = {
    ...plain,
    objects: [
      ...objects,
      {
        classId: 9,
        logicalName: "0.0.10.0.0.255",
        attributes: { 2: { type: "array", value: [] } },
        methods: {
          1: (parameter) => {
            calls.push(JSON.stringify(parameter));
            return undefined;
          },
          2: () => ({ type: "octet-string", value: longOctets }),
        },
      },
    ],
  };
  const act = (method: string, parameter: string): string => `c301c100090000${"0a0000ff"}${method}${parameter}`;

  beforeEach(() => {
    calls.length = 0;
  });

  it("runs a method with its parameter", () => {
    const line = associated(definition);
    assert.deepEqual(line.apdu(act("01", "01120001")), [actionResult(0)]);
    assert.deepEqual(calls, ['{"type":"long-unsigned","value":1}']);
  });

  it("returns data, in blocks where they are needed", () => {
    assert.deepEqual(associated(definition).apdu(act("02", "00")), [`c701c10001000928${toHex(longOctets)}`]);
    const line = associated(definition, aarqWith(35));
    const whole = `0928${toHex(longOctets)}`;
    assert.deepEqual(line.apdu(act("02", "00")), [`c702c1000000000118${whole.slice(0, 48)}`]);
    assert.deepEqual(line.apdu(actionNext(1)), [`c702c1010000000212${whole.slice(48)}`]);
  });

  it("accepts a parameter in blocks", () => {
    const line = associated(definition);
    assert.deepEqual(line.apdu("c304c100090000" + "0a0000ff01" + "00" + "00000001" + "01" + "12"), [
      actionBlockTaken(1),
    ]);
    assert.deepEqual(line.apdu("c306c1" + "01" + "00000002" + "02" + "0005"), [actionResult(0)]);
    assert.deepEqual(calls, ['{"type":"long-unsigned","value":5}']);
    assert.deepEqual(line.apdu("c306c1" + "01" + "00000003" + "02" + "0005"), [actionResult(16)]);
  });

  it("runs lists and rejects missing methods", () => {
    const line = associated(definition);
    const methods = "00090000" + "0a0000ff01" + "00090000" + "0a0000ff07";
    assert.deepEqual(line.apdu(`c303c102${methods}02` + "120001" + "00"), ["c703c102" + "0000" + "0d00"]);
    assert.deepEqual(line.apdu("c301c100460000" + "60030aff0100"), [actionResult(4)]);
  });
});
