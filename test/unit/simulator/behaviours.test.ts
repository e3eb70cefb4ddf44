/** The behaviours of a simulated meter, each at the bytes. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import * as sim from "../../../src/simulator";
import { VirtualClock } from "../../support/virtual-clock";
import { plain } from "./definitions";
import { openLine, type HandLine } from "./line";
import { aarqNone, dataNotification, exceptionResponse, getData, getRequest, wpdu } from "../../support/apdus";

const register = getRequest();
const value = getData("06000003ed");
const toClient = (apdu: string): string => wpdu(1, 16, apdu);
const ask = wpdu(16, 1, register);
const answer = toClient(value);

function associated(...behaviours: readonly sim.Behaviour[]): {
  meter: sim.SimulatedMeter;
  line: HandLine;
  clock: VirtualClock;
} {
  const clock = new VirtualClock();
  const meter = sim.createMeter(plain, { clock });
  const line = openLine(meter);
  line.apdu(aarqNone);
  meter.use(...behaviours);
  return { meter, line, clock };
}

describe("simulated meter: behaviours", () => {
  it("answers normally without any", () => {
    assert.deepEqual(associated().line.exchange(ask), [answer]);
  });

  it("applies the newest first and removes them again", () => {
    const { meter, line } = associated(sim.answerInstead(fromHex(exceptionResponse(1, 1))));
    const undo = meter.use(sim.answerInstead(fromHex(exceptionResponse(2, 3))));
    // the newest behaviour changed the answer first, the older one changed its result
    assert.deepEqual(line.apdu(register), [exceptionResponse(1, 1)]);
    undo();
    assert.deepEqual(line.apdu(register), [exceptionResponse(1, 1)]);
  });

  const cases: readonly [string, sim.Behaviour, readonly string[]][] = [
    ["drops answers", sim.dropAnswers(), []],
    ["never answers", sim.neverAnswer(), []],
    ["drops requests", sim.dropRequests(), []],
    ["changes one byte", sim.garbleAnswers(8, 0xff), [answer.replace("c401", "3b01")]],
    ["truncates", sim.truncateAnswers(5), [answer.slice(0, 10)]],
    ["answers garbage", sim.answerGarbage(fromHex("00ff00")), ["00ff00"]],
    ["makes noise before the answer", sim.noiseBefore(fromHex("aabb")), ["aabb", answer]],
    ["repeats", sim.repeatAnswers(), [answer, answer]],
    ["echoes", sim.echo(), [ask, answer]],
    ["splits", sim.splitAnswers(10), [answer.slice(0, 20), answer.slice(20)]],
    ["swaps the wrapper's words", sim.swappedWrapperHeader(), [`0100010010000900${value}`]],
    ["answers from another port", sim.wrongWrapperSource(2), [answer.replace("00010001", "00010002")]],
    ["answers with another invoke-id", sim.otherInvokeId(0x42), [toClient(getData("06000003ed", 0x42))]],
    ["announces absurd counts", sim.absurdCount(), [toClient(getData("0184ffffffff"))]],
    ["answers an exception", sim.answerException(2, 3), [toClient(exceptionResponse(2, 3))]],
    [
      "pushes in front of the answer",
      sim.pushBeforeAnswer(fromHex(dataNotification("0600000001"))),
      [toClient(dataNotification("0600000001")), answer],
    ],
  ];
  for (const [title, behaviour, expected] of cases) {
    it(title, () => {
      assert.deepEqual(associated(behaviour).line.exchange(ask), expected);
    });
  }

  it("acts on the configured occasions", () => {
    const { line } = associated(sim.dropAnswers({ from: 2, times: 1 }));
    assert.deepEqual(
      [1, 2, 3].map(() => line.exchange(ask).length),
      [1, 0, 1],
    );
  });

  it("delays on the clock of the meter and keeps the order", async () => {
    const { line, clock } = associated(sim.delayAnswers(200, { times: 1 }));
    assert.deepEqual(line.exchange(ask), []);
    assert.deepEqual(line.exchange(ask), []);
    await clock.tickAsync(199);
    assert.deepEqual(line.taken(), []);
    await clock.tickAsync(1);
    assert.deepEqual(line.taken(), [answer, answer]);
  });

  it("paces bytes at a baud rate", async () => {
    const { line, clock } = associated(sim.pacedAt(9600));
    line.exchange(ask);
    // 17 bytes of 10 bits
    await clock.tickAsync(17);
    assert.deepEqual(line.taken(), []);
    await clock.tickAsync(1);
    assert.deepEqual(line.taken(), [answer]);
  });

  it("does not send after the client has disconnected", async () => {
    const { line, clock, meter } = associated(sim.delayAnswers(200));
    line.exchange(ask);
    line.close();
    await clock.tickAsync(1000);
    assert.deepEqual(line.taken(), []);
    assert.equal(clock.pending, 0);
    assert.equal(meter.counters.openConnections, 0);
  });

  it("closes the connection at a byte", () => {
    const { line, meter } = associated(sim.closeAtByte(answer.length / 2 + 3));
    assert.deepEqual(line.exchange(ask), [answer]);
    assert.deepEqual(line.exchange(ask), [answer.slice(0, 6)]);
    assert.equal(line.dropped.length, 1);
    assert.equal(meter.associations, 0);
    assert.equal(meter.counters.openConnections, 0);
  });

  it("restarts: the association ends, the connection stays", () => {
    const { line, meter } = associated(sim.restartOnRequest({ times: 1 }));
    assert.deepEqual(line.exchange(ask), []);
    assert.equal(meter.associations, 0);
    assert.deepEqual(line.apdu(register), [exceptionResponse(1, 1)]);
    assert.match(line.apdu(aarqNone)[0] ?? "", /a203020100/);
  });

  it("simulates a busy meter and wrong check sequences on HDLC", () => {
    const meter = sim.createMeter({ ...plain, framing: "HDLC" });
    const line = openLine(meter);
    const snrm = "7ea0070321930f017e";
    const [ua = ""] = line.exchange(snrm);
    assert.match(ua, /^7ea01e210373/);
    const undo = meter.use(sim.busy(1));
    // RR, N(R) 0, poll
    const rr = "7ea00703211119b27e".replace("19b2", "0d0c");
    const poll = toHex(withCheck(fromHex(rr)));
    assert.match(line.exchange(poll)[0] ?? "", /^7ea007210315/);
    assert.match(line.exchange(poll)[0] ?? "", /^7ea007210311/);
    undo();
    meter.use(sim.wrongFcs());
    const good = line.exchange(snrm)[0] ?? "";
    assert.equal(good.length, ua.length);
    assert.notEqual(good, ua);
  });

  it("closes the connection on bytes without a wrapper header", () => {
    const { line, meter } = associated();
    assert.deepEqual(line.exchange("7ea0070321930f017e"), []);
    assert.equal(line.dropped.length, 1);
    assert.ok(meter.received.some((item) => item.kind === "nonsense"));
  });
});

/** FCS (CRC-16/X.25) written a second time, for the frame between the flags. */
function withCheck(frame: Uint8Array): Uint8Array {
  let crc = 0xffff;
  for (const byte of frame.subarray(1, -3)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  const bytes = frame.slice();
  bytes[frame.length - 3] = ~crc & 0xff;
  bytes[frame.length - 2] = (~crc >>> 8) & 0xff;
  return bytes;
}

describe("simulated meter: received requests", () => {
  it("lists connections, frames and requests in order", () => {
    const { meter, line } = associated();
    line.exchange(ask);
    line.close();
    const kinds = meter.received.map((item) =>
      item.kind === "apdu" ? item.apdu.apdu : item.kind === "frame" ? `${item.frame} ${item.client}` : item.kind,
    );
    assert.deepEqual(kinds, ["connected", "WPDU 16", "aarq", "WPDU 16", "get-request-normal", "closed"]);
    assert.deepEqual(meter.counters, { connections: 1, openConnections: 0, frames: 2, requests: 2 });
  });

  it("waits for past and future items, with a time-out", async () => {
    const { meter, line, clock } = associated();
    const known = await meter.waitFor((item) => item.kind === "apdu");
    assert.equal(known.kind === "apdu" && known.apdu.apdu, "aarq");
    const coming = meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu === "get-request-normal");
    line.exchange(ask);
    assert.equal((await coming).kind, "apdu");
    const never = assert.rejects(
      meter.waitFor((item) => item.kind === "closed", { timeoutMs: 50 }),
      {
        code: "DLMS_TIMEOUT_RESPONSE",
      },
    );
    await clock.tickAsync(50);
    await never;
  });

  it("keeps a bounded number of items", () => {
    const meter = sim.createMeter({ ...plain, receivedLimit: 10 });
    const line = openLine(meter);
    line.apdu(aarqNone);
    for (let n = 0; n < 1000; n++) line.exchange(ask);
    assert.ok(meter.received.length >= 10 && meter.received.length < 20, `${meter.received.length}`);
    assert.equal(meter.received.at(-1)?.sequence, 2003);
    assert.equal(meter.counters.requests, 1001);
    meter.forgetReceived();
    assert.deepEqual(meter.received, []);
  });
});
