/** ACCESS, general blocks and short names of the simulated meter. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { decodeValueBytes } from "../../../src/codec";
import { createMeter, dropAnswers, type MeterDefinition } from "../../../src/simulator";
import { longOctets, plain } from "./definitions";
import { openLine, type HandLine } from "./line";
import { aarqWith, exceptionResponse, getData, setResult } from "../../support/apdus";

const energy = "0100010800ff";
const serial = "0000600100ff";
const writable = "0000600101ff";

function associated(definition: MeterDefinition, aarq: string): HandLine {
  const line = openLine(createMeter(definition));
  assert.match(line.apdu(aarq)[0] ?? "", /^61.*a203020100/);
  return line;
}

describe("simulated meter: ACCESS", () => {
  // bit 17 is 000040; with get, set, action
  const proposal = aarqWith(1200, "00005d");

  it("answers each item with data and result, in order", () => {
    const line = associated(plain, proposal);
    const specifications =
      `04` + `010003${energy}02` + `010003${energy}09` + `020001${writable}02` + `010001${writable}02`;
    const data = "04" + "00" + "00" + "060000002a" + "00";
    assert.deepEqual(line.apdu(`d940000007` + "00" + specifications + data), [
      "da40000007" +
        "00" +
        "00" +
        "04" +
        "06000003ed" +
        "00" +
        "00" +
        "060000002a" +
        "04" +
        "0100" +
        "010d" +
        "0200" +
        "0100",
    ]);
  });

  it("reports that an answer is too long", () => {
    const line = associated(plain, aarqWith(40, "00005d"));
    assert.deepEqual(line.apdu(`d940000007` + "00" + `01010001${serial}02` + "0100"), [exceptionResponse(1, 4)]);
  });
});

describe("simulated meter: short names", () => {
  const definition: MeterDefinition = {
    ...plain,
    referencing: "sn",
    objects: [
      { ...plain.objects[0]!, shortName: 0x0200 },
      { ...plain.objects[1]!, shortName: 0x0300 },
      { ...plain.objects[2]!, shortName: 0x0400 },
    ],
  };
  // context 2; read 3, write 4, unconfirmed-write 5, blocks 11 and 12, multiple-references 14, parameterized 18
  const aarq = (pdu: number): string => aarqWith(pdu, "1c1a20").replace("60857405080101", "60857405080102");

  it("accepts context 2 with VAA FA00 and the services of short names", () => {
    const line = openLine(createMeter(definition));
    assert.deepEqual(line.apdu(aarq(1200)), [
      "6129a109060760857405080102a203020100a305a103020100be10040e0800065f1f0400" + "1c1a20" + "0400" + "fa00",
    ]);
    assert.match(line.apdu(aarqWith(1200))[0] ?? "", /a109060760857405080102a203020101a305a103020102/);
  });

  it("reads attributes at base + 8(n-1), several at a time", () => {
    const line = associated(definition, aarq(1200));
    assert.deepEqual(line.apdu("0501020208"), ["0c0100" + "06000003ed"]);
    assert.deepEqual(line.apdu("0504" + "020200" + "020210" + "020218" + "020008"), [
      "0c04" + `000906${energy}` + "0002020ffd161e" + "0104" + "0104",
    ]);
  });

  it("writes, confirmed or not", () => {
    const line = associated(definition, aarq(1200));
    assert.deepEqual(line.apdu("0601020408" + "01" + "0600000009"), ["0d0100"]);
    assert.deepEqual(line.apdu("0501020408"), ["0c0100" + "0600000009"]);
    assert.deepEqual(line.apdu("1601020408" + "01" + "060000000a"), []);
    assert.deepEqual(line.apdu("0501020408"), ["0c0100" + "060000000a"]);
    assert.deepEqual(line.apdu("0601020208" + "01" + "0600000009"), ["0d010103"]);
  });

  it("sends a long answer in blocks", () => {
    const line = associated(definition, aarq(30));
    // room 30 - 9: 21 octets after the tag
    const whole = `01000928${toHex(longOctets)}`;
    assert.deepEqual(line.apdu("0501020308"), [`0c0102` + `00` + `0001` + `15${whole.slice(0, 42)}`]);
    assert.deepEqual(line.apdu("0501050001"), [`0c0102` + `00` + `0002` + `15${whole.slice(42, 84)}`]);
    assert.deepEqual(line.apdu("0501050002"), [`0c0102` + `01` + `0003` + `02${whole.slice(84)}`]);
    assert.deepEqual(line.apdu("0501050003"), ["0c01" + "0110"]);
  });

  it("accepts a write in blocks", () => {
    const line = associated(definition, aarq(1200));
    // write-request without its tag: 01 02 0408 01 06 00000063
    assert.deepEqual(line.apdu("0601" + "07000001" + "01" + "0904" + "01020408"), ["0d01" + "020001"]);
    assert.deepEqual(line.apdu("0601" + "07010002" + "01" + "0906" + "010600000063"), ["0d0100"]);
    assert.deepEqual(line.apdu("0501020408"), ["0c0100" + "0600000063"]);
  });

  it("lists its objects at FA08, Association SN included", () => {
    const line = associated(definition, aarq(1200));
    const [answer = ""] = line.apdu("050102fa08");
    const list = decodeValueBytes(fromHex(answer.slice(6)));
    const rows = list.type === "array" ? list.value : [];
    assert.equal(rows.length, 3 + 3);
    assert.ok(answer.includes(`0204100200120003110009${"06"}${energy}`), answer);
    assert.ok(answer.includes("020410fa0012000c11010906" + "0000280000ff"), answer);
  });
});

describe("simulated meter: general block transfer", () => {
  // general-block-transfer is bit 2: 200000; with get and set, without blocks of services
  const definition: MeterDefinition = { ...plain, generalBlockTransferWindow: 2 };
  const proposal = aarqWith(30, "200018");
  const whole = `c401c1000928${toHex(longOctets)}`;
  const get = `c001c10001${serial}0200`;
  // a block holds 30 - 9 octets
  const piece = (index: number): string => whole.slice(42 * index, 42 * (index + 1));
  const block = (control: string, number: number, acknowledged: number, data: string): string => {
    const word = (value: number): string => value.toString(16).padStart(4, "0");
    return `e0${control}${word(number)}${word(acknowledged)}${(data.length / 2).toString(16).padStart(2, "0")}${data}`;
  };

  it("splits a long answer and continues after each acknowledgement", () => {
    const line = associated(definition, proposal);
    assert.deepEqual(line.apdu(get), [block("02", 1, 0, piece(0))]);
    assert.deepEqual(line.apdu(block("81", 1, 1, "")), [block("02", 2, 1, piece(1))]);
    assert.deepEqual(line.apdu(block("81", 2, 2, "")), [block("82", 3, 2, piece(2))]);
    assert.equal(piece(2), whole.slice(84));
    assert.deepEqual(line.apdu(block("81", 3, 3, "")), []);
  });

  it("streams a window, all but its last block announcing the next", () => {
    const line = associated(definition, proposal);
    line.apdu(get);
    assert.deepEqual(line.apdu(block("83", 1, 1, "")), [block("42", 2, 1, piece(1)), block("82", 3, 1, piece(2))]);
  });

  it("sends lost blocks again", () => {
    const meter = createMeter(definition);
    const line = openLine(meter);
    line.apdu(proposal);
    line.apdu(get);
    const undo = meter.use(dropAnswers({ times: 1 }));
    assert.deepEqual(line.apdu(block("83", 1, 1, "")), [block("82", 3, 1, piece(2))]);
    undo();
    assert.deepEqual(line.apdu(block("83", 2, 1, "")), [block("42", 2, 2, piece(1)), block("82", 3, 2, piece(2))]);
  });

  it("accepts a request in blocks", () => {
    const line = associated(definition, proposal);
    const set = `c101c10001${writable}0200` + "0600000011";
    assert.deepEqual(line.apdu(block("01", 1, 0, set.slice(0, 20))), [block("02", 1, 1, "")]);
    assert.deepEqual(line.apdu(block("81", 2, 1, set.slice(20))), [block("82", 2, 2, setResult(0))]);
    line.apdu("6203800100");
    line.apdu(proposal);
    assert.deepEqual(line.apdu(`c001c10001${writable}0200`), [getData("0600000011")]);
  });

  it("requests a lost block of a request again", () => {
    const line = associated(definition, proposal);
    const set = `c101c10001${writable}0200` + "0600000012";
    assert.deepEqual(line.apdu(block("41", 1, 0, set.slice(0, 10))), []);
    assert.deepEqual(line.apdu(block("81", 3, 0, set.slice(20))), [block("02", 1, 1, "")]);
    assert.deepEqual(line.apdu(block("41", 2, 1, set.slice(10, 20))), []);
    assert.deepEqual(line.apdu(block("81", 3, 1, set.slice(20))), [block("82", 2, 3, setResult(0))]);
  });
});
