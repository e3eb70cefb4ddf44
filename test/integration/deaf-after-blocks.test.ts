/**
 * An HDLC meter that stops answering in a general block transfer, like Gurux servers until their inactivity time-out.
 */
import assert from "node:assert/strict";
import { conformanceMask } from "../../src/apdu";
import { fromHex } from "../../src/bytes";
import { DlmsClient } from "../../src/client";
import type { ConnectOptions } from "../../src/client/options/options";
import { SharedLines } from "../../src/driver/shared-line";
import { memoryTransport } from "../../src/transport";
import { aare, generalBlock, getData, releaseResponse } from "../support/apdus";
import { HdlcPeer } from "../support/hdlc-peer";
import { VirtualClock } from "../support/virtual-clock";

const generalBlocks = conformanceMask(["general-block-transfer"]);
const offered = conformanceMask(["get", "general-block-transfer"]);
const ref = { classId: 1, logicalName: "0.0.96.1.0.255", attributeId: 2 };
const SNRM = 0x93;
const DISC = 0x53;

/** ms without a byte after which the meter answers again, or a DISC that has this effect */
type Inactivity = number | "until DISC";

interface Sent {
  readonly at: number;
  readonly control: number;
}

/**
 * The meter, written on `HdlcPeer` alone. It begins an answer in general blocks, and ignores the next request for a
 * block and all other frames until the line was idle for `inactivity` ms.
 */
class DeafMeter {
  readonly sent: Sent[] = [];
  readonly #clock: VirtualClock;
  readonly #inactivity: Inactivity;
  #peer = new HdlcPeer({ answer: (apdu) => this.#answer(apdu) });
  #blocks = false;
  #deaf = false;
  #heard = 0;

  constructor(clock: VirtualClock, inactivity: Inactivity) {
    this.#clock = clock;
    this.#inactivity = inactivity;
  }

  readonly transport = memoryTransport((line) => ({
    receive: (bytes) => {
      for (const reply of this.#receive(bytes)) line.send(Buffer.from(fromHex(reply)));
    },
    closed: () => undefined,
  }));

  #receive(bytes: Uint8Array): string[] {
    const now = this.#clock.now();
    this.sent.push({ at: now, control: bytes[6] ?? 0 });
    const hears = this.#inactivity === "until DISC" ? bytes[6] === DISC : now - this.#heard >= this.#inactivity;
    if (this.#deaf && hears) {
      this.#deaf = false;
      this.#peer = new HdlcPeer({ answer: (apdu) => this.#answer(apdu) });
    }
    this.#heard = now;
    if (this.#deaf) return [];
    const replies = this.#peer.receive(bytes);
    return this.#deaf ? [] : replies;
  }

  #answer(apdu: string): readonly string[] {
    if (apdu.startsWith("60")) {
      const proposed = parseInt(/5f1f0400(......)/.exec(apdu)?.[1] ?? "", 16);
      this.#blocks = (proposed & generalBlocks) !== 0;
      return [aare(offered, 1024)];
    }
    if (apdu.startsWith("62")) return [releaseResponse];
    if (apdu.startsWith("e0")) this.#deaf = true;
    const answer = getData("120064", parseInt(apdu.slice(4, 6), 16));
    return [this.#blocks ? generalBlock({ blockNumber: 1, acknowledged: 1, data: answer.slice(0, 8) }) : answer];
  }
}

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: DeafMeter;
  readonly client: DlmsClient;
  readonly notes: string[];
}

function bench(inactivity: Inactivity, options: Partial<ConnectOptions> = {}): Bench {
  const clock = new VirtualClock();
  const meter = new DeafMeter(clock, inactivity);
  const client = new DlmsClient(
    {
      transport: meter.transport,
      clock,
      client: { sap: 16 },
      server: { logical: 1, physical: 17 },
      link: { kind: "hdlc" },
      ...options,
    },
    { lines: new SharedLines() },
  );
  const notes: string[] = [];
  client.on("trace", (event) => {
    if (event.kind === "note") notes.push(event.text);
  });
  return { clock, meter, client, notes };
}

const quietNote = /the line stays quiet for 10 s before the last try/;

describe("general blocks that lead nowhere over HDLC", () => {
  it("begin the next attempt with DISC and SNRM, and the same read returns the value", async () => {
    const { client, clock, meter, notes } = bench("until DISC");
    assert.equal((await clock.runUntil(client.read(ref))).value, 100);
    const controls = meter.sent.map(({ control }) => control);
    assert.deepEqual(controls.slice(controls.lastIndexOf(DISC)).slice(0, 2), [DISC, SNRM]);
    assert.ok(notes.some((text) => text.includes("general block transfer is no longer used with this meter")));
    assert.ok(!notes.some((text) => quietNote.test(text)));
    await clock.runUntil(client.close());
  });

  it("begin the next attempt with SNRM if the meter reports that its inactivity time-out ended the link", async () => {
    const { client, clock, meter, notes } = bench(4000);
    assert.equal((await clock.runUntil(client.read(ref))).value, 100);
    assert.deepEqual(
      meter.sent.map(({ control }) => control).filter((control) => [SNRM, DISC].includes(control)),
      [SNRM, SNRM],
    );
    assert.ok(notes.some((text) => text.includes("general block transfer is no longer used with this meter")));
    await clock.runUntil(client.close());
  });

  it("make the line stay quiet if the link set-up is not answered, and connect again", async () => {
    const { client, clock, meter, notes } = bench(9000);
    assert.equal((await clock.runUntil(client.read(ref))).value, 100);
    assert.equal(notes.filter((text) => quietNote.test(text)).length, 1);
    const pauses = meter.sent.slice(1).map(({ at }, i) => at - (meter.sent[i]?.at ?? 0));
    // the last SNRM of the first try, its response time-out, and 10 s without a byte
    assert.equal(Math.max(...pauses), 15_000);
    assert.ok(!client.association.conformanceNames.includes("general-block-transfer"));
    await clock.runUntil(client.close());
  });

  it("are not proposed again in the sessions after it", async () => {
    const { client, clock, meter } = bench(9000, { timeouts: { idle: 1000 } });
    await clock.runUntil(client.read(ref));
    await clock.tickAsync(5000);
    assert.equal(client.state, "idle");
    const before = meter.sent.length;
    const began = clock.now();
    assert.equal((await clock.runUntil(client.read(ref))).value, 100);
    assert.equal(clock.now(), began);
    assert.ok(meter.sent.slice(before).every(({ control }) => control !== DISC));
    await clock.runUntil(client.close());
  });

  it("end in an error of the link if the meter stays deaf for longer than the line stays quiet", async () => {
    const { client, clock, notes } = bench(120_000);
    await assert.rejects(clock.runUntil(client.read(ref)), { code: "DLMS_TIMEOUT_LINK" });
    assert.equal(notes.filter((text) => quietNote.test(text)).length, 1);
    await clock.runUntil(client.close());
  });

  it("stay quiet for longer with a longer response time-out", async () => {
    const { client, clock } = bench(100_000, { timeouts: { response: 60_000 } });
    assert.equal((await clock.runUntil(client.read(ref))).value, 100);
    await clock.runUntil(client.close());
  });

  it("end the quiet wait when the client is closed", async () => {
    const { client, clock, notes } = bench(120_000);
    const reading = assert.rejects(client.read(ref), { code: "DLMS_STATE_CLOSED" });
    while (!notes.some((text) => quietNote.test(text))) await clock.tickAsync(500);
    await clock.runUntil(client.close());
    await reading;
    assert.equal(clock.pending, 0);
  });
});
