/** Pushes that another address of a gateway sends. */
import assert from "node:assert/strict";
import { concatBytes, fromHex, toHex } from "../../src/bytes";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { createMeter } from "../../src/simulator";
import { memoryTransport } from "../../src/transport";
import { dataNotification, wpdu } from "../support/apdus";
import { registerRef, registers } from "../support/meters";
import { settle, VirtualClock } from "../support/virtual-clock";

const head = fromHex("010131");

/** A WPDU with another payload. */
function withPayload(message: Uint8Array, payload: Uint8Array): Uint8Array {
  const result = concatBytes(message.subarray(0, 8), payload);
  new DataView(result.buffer, result.byteOffset).setUint16(6, payload.length);
  return result;
}

async function seenOf(push: string): Promise<{ readonly seen: string[]; readonly notes: string[] }> {
  const clock = new VirtualClock();
  const meter = createMeter({ associations: [{ client: 16 }], objects: registers(1) }, { clock });
  let say = (_bytes: Uint8Array): void => undefined;
  const transport = memoryTransport((line) => {
    say = (bytes) => line.send(bytes);
    const peer = meter.connect({
      ...line,
      send: (bytes) => line.send(withPayload(bytes, concatBytes(Uint8Array.of(0xe7), head, bytes.subarray(8)))),
    });
    return {
      receive: (bytes) => peer.receive(withPayload(bytes, bytes.subarray(12))),
      closed: () => peer.closed(),
    };
  }, "gateway");
  const client = new DlmsClient(
    { transport, client: { sap: 16 }, server: { logical: 1 }, gateway: { network: 1, device: "1" }, clock },
    { lines: new SharedLines() },
  );
  const seen: string[] = [];
  const notes: string[] = [];
  client.on("notification", ({ raw }) => seen.push(toHex(raw)));
  client.on("trace", (event) => event.kind === "note" && notes.push(event.text));
  assert.equal((await clock.runUntil(client.read(registerRef(0)))).value, 100);
  // from the gateway's own server 2 to the usual push client
  say(fromHex(wpdu(2, 102, push)));
  await settle();
  await clock.runUntil(client.close());
  return { seen, notes };
}

describe("a push from another address behind a gateway", () => {
  const push = dataNotification("1105");

  it("of the gateway itself is dropped with a note", async () => {
    const { seen, notes } = await seenOf(push);
    assert.deepEqual(seen, []);
    assert.ok(notes.includes("a push of the gateway itself was dropped"), notes.join());
  });

  it("of another device is dropped with a note", async () => {
    const { seen, notes } = await seenOf(`e7010132${push}`);
    assert.deepEqual(seen, []);
    assert.ok(notes.includes("a push of device 1/2 was dropped"), notes.join());
  });

  it("of the device becomes an event without the prefix", async () => {
    assert.deepEqual((await seenOf(`e7010131${push}`)).seen, [push]);
  });
});
