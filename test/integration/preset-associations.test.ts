/** Associations that are not asked for, or asked for in unusual ways: pre-established, address 0, empty password. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { fromHex, toHex } from "../../src/bytes";
import { memoryTransport } from "../../src/transport";
import { bench, registerRef, requests } from "../support/meters";
import { hdlcFrame, HdlcPeer } from "../support/hdlc-peer";
import { VirtualClock } from "../support/virtual-clock";

const ref = registerRef(0);

/** GET-response-normal: double-long-unsigned 100. */
const getResponse = "c401c1000600000064";

describe("a pre-established association", () => {
  it("sends requests without AARQ and RLRQ over the wrapper", async () => {
    const clock = new VirtualClock();
    const received: string[] = [];
    const transport = memoryTransport((line) => ({
      receive: (bytes) => {
        received.push(toHex(bytes.subarray(8)));
        const [version, source, destination] = [0, 2, 4].map((at) => toHex(bytes.subarray(at, at + 2)));
        const invokeId = toHex(bytes.subarray(10, 11));
        const answer = getResponse.replace("c401c1", `c401${invokeId}`);
        line.send(Buffer.from(`${version}${destination}${source}0009${answer}`, "hex"));
      },
      closed: () => undefined,
    }));
    const client = new DlmsClient(
      { transport, clock, client: { sap: 102 }, server: { logical: 1 }, association: { preEstablished: true } },
      { lines: new SharedLines() },
    );
    const reading = await clock.runUntil(client.read({ classId: 1, logicalName: ref.logicalName, attributeId: 2 }));
    assert.equal(reading.value, 100);
    await clock.runUntil(client.close());
    assert.ok(received.length > 0);
    for (const apdu of received) assert.match(apdu, /^c001/);
  });

  for (const skipSetUp of [false, true]) {
    it(`on HDLC ${skipSetUp ? "begins with an I frame" : "keeps SNRM and DISC"}`, async () => {
      const clock = new VirtualClock();
      const controls: number[] = [];
      const peer = new HdlcPeer({ answer: (apdu) => [apdu.replace(/^c001(..).*$/, "c401$1000600000064")] });
      // a meter that is connected at all times
      if (skipSetUp) peer.receive(fromHex(hdlcFrame("0223", "21", 0x93)));
      const transport = memoryTransport((line) => ({
        receive: (bytes) => {
          controls.push(bytes[6] ?? 0);
          for (const frame of peer.receive(bytes)) line.send(Buffer.from(frame, "hex"));
        },
        closed: () => undefined,
      }));
      const client = new DlmsClient(
        {
          ...{ transport, clock, client: { sap: 16 }, server: { logical: 1, physical: 17 } },
          link: { kind: "hdlc", skipSetUp },
          association: { preEstablished: true },
        },
        { lines: new SharedLines() },
      );
      const reading = await clock.runUntil(client.read({ classId: 1, logicalName: ref.logicalName, attributeId: 2 }));
      assert.equal(reading.value, 100);
      await clock.runUntil(client.close());
      const [snrm, disc] = [controls.includes(0x93), controls.includes(0x53)];
      assert.deepEqual([snrm, disc], [!skipSetUp, !skipSetUp]);
    });
  }
});

describe("address 0", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`is valid for a client and a logical device (${framing})`, async () => {
      const { client, clock, meter } = bench(
        { framing, serverAddress: 0, associations: [{ client: 0 }] },
        { client: { sap: 0 }, server: { logical: 0 } },
      );
      const reading = await clock.runUntil(client.read(ref));
      assert.equal(reading.value, 100);
      assert.equal(requests(meter)[0], "aarq");
      await clock.runUntil(client.close());
    });
  }
});

describe("an empty password", () => {
  it("is sent as a value of no bytes: AC 02 80 00", async () => {
    const { client, clock, meter } = bench(
      { associations: [{ client: 16, mechanism: "lls", secret: new Uint8Array(0) }] },
      { auth: { mechanism: "lls", secret: "", emptySecret: true } },
    );
    await clock.runUntil(client.open());
    const aarq = meter.received.find((item) => item.kind === "apdu");
    assert.ok(aarq !== undefined && "bytes" in aarq);
    assert.match(toHex(aarq.bytes), /ac028000/);
    await clock.runUntil(client.close());
  });
});
