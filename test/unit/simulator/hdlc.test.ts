/** The HDLC station of the simulated meter. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { crc16x25, decodeHdlcFrame, encodeHdlcFrame, type HdlcControl, type HdlcFrame } from "../../../src/link";
import { createBus, createMeter, dropAnswers, type MeterDefinition } from "../../../src/simulator";
import { longOctets, plain } from "./definitions";
import { openLine, type HandLine } from "./line";
import { aarqNone, aarqWith, dataNotification } from "../../support/apdus";

/** Frames of a session with a meter at logical 1, physical 17, client 16 (u9n/dlms-cosem, MIT). */
const SNRM = "7ea00802232193bd647e";
const aarqFrame = "7ea02c02232110af9fe6e600601da109060760857405080101be10040e01000000065f1f0400001e1dffffc5e47e";
const UA_154 = "7ea01f21022373e6c781801205019a06019a070400000001080400000001cca27e";

const meter17: MeterDefinition = {
  ...plain,
  framing: "HDLC",
  physicalAddress: 17,
  hdlc: { maxInfoTransmit: 154, maxInfoReceive: 154, windowTransmit: 1, windowReceive: 1 },
};

const client = { logical: 16, size: 1 } as const;
const server = { logical: 1, physical: 17, size: 2 } as const;

function frame(control: HdlcControl, info = "", more: Partial<HdlcFrame> = {}): string {
  const base = { destination: server, source: client, segmented: false, info: fromHex(info) };
  return toHex(encodeHdlcFrame({ ...base, control, ...more }));
}
const i = (ns: number, nr: number, info: string, more: Partial<HdlcFrame> = {}, poll = true): string =>
  frame({ type: "I", sendSequence: ns, receiveSequence: nr, pollFinal: poll }, info, more);
const rr = (nr: number): string => frame({ type: "RR", receiveSequence: nr, pollFinal: true });

const seen = (hex: string): string => {
  const { control, segmented, info } = decodeHdlcFrame(fromHex(hex));
  const numbers =
    control.type === "I"
      ? ` ${control.sendSequence}/${control.receiveSequence}`
      : "receiveSequence" in control
        ? ` /${control.receiveSequence}`
        : "";
  return `${control.type}${numbers}${control.pollFinal ? " F" : ""}${segmented ? " +" : ""}${info.length > 0 ? ` ${info.length}` : ""}`;
};
const answers = (line: HandLine, hex: string): string[] => line.exchange(hex).map(seen);

/** Link up, associated with this client PDU size and SNRM parameters. */
function associated(definition: MeterDefinition, pdu = 1200, parameters = ""): HandLine {
  const line = openLine(createMeter(definition));
  assert.equal(line.exchange(frame({ type: "SNRM", pollFinal: true }, parameters)).length, 1);
  let frames = line.exchange(i(0, 0, `e6e600${aarqWith(pdu)}`)).map((hex) => decodeHdlcFrame(fromHex(hex)));
  let aare = "";
  for (let next = 0; frames.length > 0;) {
    aare += frames.map(({ info }) => toHex(info)).join("");
    next += frames.length;
    if (frames.at(-1)?.segmented !== true) break;
    frames = line.exchange(rr(next)).map((hex) => decodeHdlcFrame(fromHex(hex)));
  }
  assert.match(aare, /^e6e70061.*a203020100/);
  return line;
}
const getSerial = "e6e600c001c100010000600100ff0200";
const longAnswer = `e6e700c401c1000928${toHex(longOctets)}`;

describe("simulated meter: HDLC", () => {
  it("answers the SNRM of a recorded session with that meter's UA, bit for bit", () => {
    const proposing = "8180120501f80601f8070400000001080400000001";
    const line = openLine(createMeter(meter17));
    assert.deepEqual(line.exchange(frame({ type: "SNRM", pollFinal: true }, proposing)), [UA_154]);
  });

  it("uses 128 bytes and window 1 after an SNRM without parameters, and answers the recorded AARQ", () => {
    const line = openLine(createMeter(meter17));
    const [ua = ""] = line.exchange(SNRM);
    assert.match(ua, /^7ea0..21022373/);
    assert.ok(ua.includes("81801205018006018007040000000108040000" + "0001"));
    const [aare = ""] = line.exchange(aarqFrame);
    // I, N(S) 0, N(R) 1, final; LLC of an answer; AARE that accepts
    assert.match(aare, /^7ea0..21022330....e6e7006129a109060760857405080101a203020100/);
  });

  it("answers DM before SNRM and after DISC", () => {
    const meter = createMeter(meter17);
    const line = openLine(meter);
    assert.deepEqual(answers(line, aarqFrame), ["DM F"]);
    assert.deepEqual(answers(line, frame({ type: "DISC", pollFinal: true })), ["DM F"]);
    line.exchange(SNRM);
    line.exchange(i(0, 0, `e6e600${aarqNone}`));
    assert.equal(meter.associations, 1);
    assert.deepEqual(answers(line, frame({ type: "DISC", pollFinal: true })), ["UA F"]);
    assert.equal(meter.associations, 0);
    assert.deepEqual(answers(line, rr(0)), ["DM F"]);
  });

  it("answers only to its own addresses, in the address size of the request", () => {
    const line = openLine(createMeter(meter17));
    const to = (destination: HdlcFrame["destination"]): string[] =>
      line.exchange(frame({ type: "SNRM", pollFinal: true }, "", { destination }));
    assert.match(to({ logical: 1, physical: 17, size: 4 })[0] ?? "", /^7ea0..21000200237/);
    assert.deepEqual(to({ logical: 1, physical: 18, size: 2 }), []);
    assert.deepEqual(to({ logical: 2, physical: 17, size: 2 }), []);
    assert.deepEqual(to({ logical: 1, size: 1 }), []);
    assert.equal(to({ logical: 1, physical: 0x7f, size: 2 }).length, 1);
    const wide = openLine(createMeter({ ...meter17, hdlc: { addressSize: 4 } }));
    assert.match(wide.exchange(SNRM)[0] ?? "", /^7ea0..21000200237/);
  });

  it("splits a long answer into segments of the negotiated length, one per poll", () => {
    const line = associated({ ...meter17, hdlc: { maxInfoTransmit: 20, windowTransmit: 1 } });
    const first = line.exchange(i(1, 3, getSerial));
    assert.deepEqual(first.map(seen), ["I 3/2 F + 20"]);
    const second = line.exchange(rr(4));
    const third = line.exchange(rr(5));
    assert.deepEqual([...second, ...third].map(seen), ["I 4/2 F + 20", "I 5/2 F 9"]);
    const info = [...first, ...second, ...third].map((hex) => toHex(decodeHdlcFrame(fromHex(hex)).info)).join("");
    assert.equal(info, longAnswer);
    assert.deepEqual(answers(line, rr(6)), ["RR /2 F"]);
  });

  it("sends a window of segments, the last one final, and repeats unacknowledged ones", () => {
    const window = "8180120501800601800704000000010804" + "00000003";
    const line = associated({ ...meter17, hdlc: { maxInfoTransmit: 10, windowTransmit: 3 } }, 1200, window);
    // N(S) 0 to 4 carried the AARE
    assert.deepEqual(answers(line, i(1, 5, getSerial)), ["I 5/2 + 10", "I 6/2 + 10", "I 7/2 F + 10"]);
    // the second one was lost
    assert.deepEqual(answers(line, rr(6)), ["I 6/2 + 10", "I 7/2 + 10", "I 0/2 F + 10"]);
    assert.deepEqual(answers(line, rr(1)), ["I 1/2 F 9"]);
    assert.deepEqual(answers(line, rr(2)), ["RR /2 F"]);
  });

  it("repeats its answer to a repeated request without executing it twice", () => {
    const meter = createMeter(meter17);
    const line = openLine(meter);
    line.exchange(SNRM);
    const request = i(0, 0, `e6e600${aarqNone}`);
    const first = line.exchange(request);
    const { requests } = meter.counters;
    assert.deepEqual(line.exchange(request), first);
    assert.deepEqual(line.exchange(rr(0)), first);
    assert.equal(meter.counters.requests, requests);
  });

  it("reassembles a segmented request, in a window too", () => {
    const line = openLine(createMeter({ ...meter17, hdlc: { windowReceive: 3 } }));
    line.exchange(frame({ type: "SNRM", pollFinal: true }, "8180120501800601800704000000030804" + "00000001"));
    const request = `e6e600${aarqNone}`;
    assert.deepEqual(answers(line, i(0, 0, request.slice(0, 20), { segmented: true }, false)), []);
    assert.deepEqual(answers(line, i(1, 0, request.slice(20, 40), { segmented: true })), ["RR /2 F"]);
    assert.deepEqual(answers(line, i(2, 0, request.slice(40))), ["I 0/3 F 46"]);
  });

  it("rejects invalid frames with FRMR until the link is set up again", () => {
    const reject = (hex: string, reason: string, control: string): void => {
      const line = openLine(createMeter(meter17));
      line.exchange(SNRM);
      const [frmr = ""] = line.exchange(hex);
      assert.equal(seen(frmr), "FRMR F 3");
      const info = toHex(decodeHdlcFrame(fromHex(frmr)).info);
      assert.equal(info.slice(0, 2), control);
      assert.equal(info.slice(4), reason);
      assert.deepEqual(line.exchange(rr(0)), [frmr]);
      assert.deepEqual(answers(line, SNRM), ["UA F 21"]);
    };
    reject(frame({ type: "unknown", value: 0xff, pollFinal: true }), "01", "ff");
    reject(frame({ type: "RR", receiveSequence: 0, pollFinal: true }, "00"), "03", "11");
    reject(i(0, 0, "e6e600".padEnd(300, "0")), "04", "10");
    reject(rr(5), "08", "b1");
  });

  it("frames a push as UI", () => {
    const meter = createMeter(meter17);
    const line = openLine(meter);
    line.exchange(SNRM);
    meter.push(fromHex(dataNotification("0600000001")));
    const [ui = ""] = line.taken();
    assert.equal(seen(ui), "UI 14");
    assert.deepEqual(decodeHdlcFrame(fromHex(ui)).source, server);
    assert.ok(ui.includes("e6e7000f00000001000600000001"));
  });
});

describe("simulated meter: old links", () => {
  it("end with the connection by default", () => {
    const meter = createMeter(meter17);
    const first = openLine(meter);
    first.exchange(SNRM);
    first.close();
    assert.deepEqual(answers(openLine(meter), rr(0)), ["DM F"]);
  });

  it("are kept by some meters, which ignore SNRM before a DISC", () => {
    const meter = createMeter({ ...meter17, hdlc: { keepsLinks: true } });
    const first = openLine(meter);
    assert.deepEqual(answers(first, SNRM), ["UA F 21"]);
    first.exchange(i(0, 0, `e6e600${aarqNone}`));
    first.close();
    assert.equal(meter.associations, 0);
    const second = openLine(meter);
    assert.deepEqual(answers(second, SNRM), []);
    assert.deepEqual(answers(second, frame({ type: "DISC", pollFinal: true })), ["UA F"]);
    assert.deepEqual(answers(second, SNRM), ["UA F 21"]);
  });
});

describe("simulated meter: mode E", () => {
  const text = (value: string): string => toHex(new TextEncoder().encode(value));
  const definition: MeterDefinition = { ...meter17, framing: "HDLC_MODE_E" };

  it("signs on, confirms, and switches to HDLC", () => {
    const line = openLine(createMeter(definition));
    assert.deepEqual(line.exchange(SNRM), []);
    assert.deepEqual(line.exchange(text("/?!\r\n")), [text("/SIM5\\2SIMULATED\r\n")]);
    assert.deepEqual(line.exchange("063235320d0a"), ["063235320d0a"]);
    assert.deepEqual(answers(line, SNRM), ["UA F 21"]);
    // and starts again when the client does
    assert.deepEqual(line.exchange(text("/?!\r\n")), [text("/SIM5\\2SIMULATED\r\n")]);
    assert.deepEqual(line.exchange(SNRM), []);
  });

  it("masks the parity bit, answers to its own device address, and can omit the confirmation", () => {
    const line = openLine(createMeter({ ...definition, modeE: { address: "1234", confirms: false } }));
    assert.deepEqual(line.exchange(text("/?99!\r\n")), []);
    // 7E1: / 3f 31 32 33 34 21 0d 0a with even parity in bit 7
    assert.equal(line.exchange("af3fb1b233b4218d0a").length, 1);
    assert.deepEqual(line.exchange("063235320d0a"), []);
    assert.deepEqual(answers(line, SNRM), ["UA F 21"]);
  });

  it("accepts any known rate up to the offered one", () => {
    for (const chosen of ["0", "4", "5"]) {
      const line = openLine(createMeter(definition));
      line.exchange(text("/?!\r\n"));
      assert.deepEqual(line.exchange(text(`\u00062${chosen}2\r\n`)), [text(`\u00062${chosen}2\r\n`)]);
      assert.deepEqual(answers(line, SNRM), ["UA F 21"]);
    }
    for (const chosen of ["6", "9", "A", " "]) {
      const line = openLine(createMeter(definition));
      line.exchange(text("/?!\r\n"));
      assert.deepEqual(line.exchange(text(`\u00062${chosen}2\r\n`)), []);
      assert.deepEqual(line.exchange(SNRM), []);
    }
  });

  it("offers mode C only when configured", () => {
    const line = openLine(createMeter({ ...definition, modeE: { offersBinary: false } }));
    assert.deepEqual(line.exchange(text("/?!\r\n")), [text("/SIM5SIMULATED\r\n")]);
    assert.deepEqual(line.exchange("063235320d0a"), []);
    assert.deepEqual(line.exchange(SNRM), []);
  });
});

describe("simulated bus", () => {
  it("has each meter answer to its own address, next to a dead one", () => {
    const at = (physicalAddress: number): MeterDefinition => ({ ...meter17, physicalAddress });
    const bus = createBus([17, 18, 19].map((address) => createMeter(at(address))));
    bus.meters[1]?.use(dropAnswers());
    const line = openLine(bus);
    const ask = (physical: number): string[] =>
      line.exchange(frame({ type: "SNRM", pollFinal: true }, "", { destination: { logical: 1, physical, size: 2 } }));
    assert.match(ask(17)[0] ?? "", /^7ea01f21022373/);
    assert.deepEqual(ask(18), []);
    assert.match(ask(19)[0] ?? "", /^7ea01f21022773/);
    assert.deepEqual(ask(20), []);
    // associations live side by side
    line.exchange(i(0, 0, `e6e600${aarqNone}`));
    line.exchange(i(0, 0, `e6e600${aarqNone}`, { destination: { logical: 1, physical: 19, size: 2 } }));
    assert.deepEqual(
      bus.meters.map((meter) => meter.associations),
      [1, 0, 1],
    );
    line.close();
    assert.deepEqual(
      bus.meters.map((meter) => meter.associations),
      [0, 0, 0],
    );
  });

  it("uses correct check sequences in these tests", () => {
    assert.equal(crc16x25(new TextEncoder().encode("123456789")), 0x906e);
  });
});
