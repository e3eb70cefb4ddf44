/** UDP over a network that delays and doubles datagrams. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { createMeter } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { number, register, registerRef } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";

interface Network {
  readonly clock: VirtualClock;
  readonly client: DlmsClient;
  /**
   * Holds back answers until this number has accumulated; then delivers the first, and the others with the next
   * request.
   */
  readonly holdUntil: (count: number) => void;
}

/** A meter whose first register counts its reads, on a network that may delay its messages. */
function network(echoedId: (id: number) => number = (id) => id, options: Partial<ConnectOptions> = {}): Network {
  const clock = new VirtualClock();
  let reads = 0;
  const counting = register("1.0.1.8.0.255", 0, 0);
  const meter = createMeter(
    {
      associations: [{ client: 16 }],
      objects: [
        { ...counting, attributes: { ...counting.attributes, 2: () => number(1000 + reads++) } },
        register("1.0.1.8.1.255", 77, 0),
      ],
    },
    { clock },
  );
  let awaited = 0;
  let held: Uint8Array[] = [];
  let late: Uint8Array[] = [];
  const memory = memoryTransport((line) => {
    const peer = meter.connect({
      send: (bytes) => {
        const sent = Uint8Array.from(bytes);
        if (sent[8] === 0xc4) sent[10] = ((sent[10] ?? 0) & 0xf0) | echoedId((sent[10] ?? 0) & 0x0f);
        held.push(sent);
        if (held.length < awaited) return;
        awaited = 0;
        const [first] = held.splice(0, 1);
        late = held;
        held = [];
        if (first) line.send(first);
      },
      drop: (reason) => {
        line.drop(reason);
      },
    });
    return {
      receive: (bytes) => {
        for (const one of late.splice(0)) line.send(one);
        clock.setTimeout(() => {
          peer.receive(bytes);
        }, 20);
      },
      closed: () => {
        peer.closed();
      },
    };
  }, "udp");
  const transport: Transport = { ...memory, kind: "udp" };
  const timeouts = { response: 1000, retries: 2 };
  const client = new DlmsClient(
    { transport, client: { sap: 16 }, server: { logical: 1 }, clock, timeouts, ...options },
    { lines: new SharedLines() },
  );
  return {
    clock,
    client,
    holdUntil: (count) => {
      awaited = count;
    },
  };
}

describe("datagrams", () => {
  it("a request that was sent and answered twice: the second answer is not returned for another request", async () => {
    const { clock, client, holdUntil } = network();
    let before = (await clock.runUntil(client.read(registerRef(0)))).value as number;
    await clock.runUntil(client.read(registerRef(1)));
    for (let round = 0; round < 20; round++) {
      holdUntil(2);
      const pair = await clock.runUntil(Promise.all([client.read(registerRef(0)), client.read(registerRef(1))]));
      const [counted, other] = pair.map((one) => one.value as number);
      assert.ok(counted !== undefined && counted > before, `${counted} after ${before}`);
      assert.equal(other, 77);
      before = counted;
    }
    assert.equal(client.statistics.associations, 1);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  for (const id of [0, 1]) {
    it(`a meter that answers everything with invoke-id ${id} is read`, async () => {
      const { clock, client } = network(() => id);
      for (let round = 0; round < 20; round++) {
        assert.equal((await clock.runUntil(client.read(registerRef(1)))).value, 77);
      }
      assert.equal(client.statistics.associations, 1);
      await clock.runUntil(client.close());
    });
  }

  it("an unanswered password is sent at most twice per attempt, the association of a public client three times", async () => {
    for (const [auth, expected] of [
      [{ mechanism: "lls", secret: "12345678" }, 2],
      [{ mechanism: "none" }, 3],
    ] as const) {
      const clock = new VirtualClock();
      let sent = 0;
      const memory = memoryTransport(() => ({ receive: () => void sent++, closed: () => undefined }), "udp");
      const client = new DlmsClient(
        {
          transport: { ...memory, kind: "udp" },
          client: { sap: 16 },
          server: { logical: 1 },
          auth,
          clock,
          timeouts: { response: 1000, retries: 2 },
        },
        { lines: new SharedLines() },
      );
      await assert.rejects(clock.runUntil(client.open()), { code: "DLMS_TIMEOUT_ASSOCIATE" });
      assert.equal(sent, expected);
      await clock.runUntil(client.close());
    }
  });
});
