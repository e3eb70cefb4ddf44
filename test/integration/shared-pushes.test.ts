/** Pushes on a shared line reach the right client. */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { createMeter, type SimulatedMeter } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { hdlcFrame } from "../support/hdlc-peer";
import { register, registerRef } from "../support/meters";
import { settle, VirtualClock } from "../support/virtual-clock";
import { dataNotification, unsigned, wpdu } from "../support/apdus";

/** the first segment of a data-notification, after its LLC header */
const firstSegment = "e6e7000f000000";
const notification = (value: number): string => dataNotification(unsigned(value));

interface Reader {
  readonly client: DlmsClient;
  /** values of the data-notifications that it received */
  readonly pushed: number[];
  readonly notes: string[];
}

interface Bus {
  readonly clock: VirtualClock;
  readonly meters: readonly SimulatedMeter[];
  readonly readers: readonly Reader[];
  /** any frame on the line */
  readonly say: (hex: string) => void;
  /** a data-notification of a server to a client */
  readonly push: (server: number, value: number, client?: number) => void;
}

/** Where the readers are on: server `n` is logical device n+1 (wrapper), or 1 at physical address 17+n (HDLC). */
function shared(
  framing: "WRAPPER" | "HDLC",
  servers: number,
  readers: readonly { readonly server: number; readonly sap?: number }[],
): Bus {
  const clock = new VirtualClock();
  const lines = new SharedLines();
  const where = (n: number): { logical: number; physical?: number } =>
    framing === "HDLC" ? { logical: 1, physical: 17 + n } : { logical: n + 1 };
  const meters = Array.from({ length: servers }, (_, n) => {
    const { logical, physical } = where(n);
    return createMeter(
      {
        framing,
        serverAddress: logical,
        ...(physical === undefined ? {} : { physicalAddress: physical }),
        associations: [{ client: 16 }, { client: 32 }],
        objects: [register("1.0.1.8.0.255", 1000 * (n + 1))],
      },
      { clock },
    );
  });
  let say = (_hex: string): void => undefined;
  const bus = memoryTransport((line) => {
    say = (hex) => {
      line.send(fromHex(hex));
    };
    const peers = meters.map((meter) => meter.connect(line));
    return {
      receive: (bytes) => {
        // a gateway forwards each message to its device; on a bus every station receives everything
        const device = framing === "WRAPPER" ? (bytes[5] ?? 0) - 1 : undefined;
        for (const [n, peer] of peers.entries()) if (device === undefined || device === n) peer.receive(bytes);
      },
      closed: () => {
        for (const peer of peers) peer.closed();
      },
    };
  }, "bus");
  const transport: Transport = { ...bus, lineKey: "bus" };
  const made = readers.map(({ server, sap = 16 }): Reader => {
    const options: ConnectOptions = {
      transport,
      link: framing === "HDLC" ? { kind: "hdlc" } : { kind: "wrapper" },
      client: { sap },
      server: where(server),
      clock,
    };
    const client = new DlmsClient(options, { lines });
    const reader: Reader = { client, pushed: [], notes: [] };
    client.on("notification", ({ raw }) => reader.pushed.push(raw.at(-1) ?? -1));
    client.on("trace", (event) => {
      if (event.kind === "note") reader.notes.push(event.text);
    });
    return reader;
  });
  return {
    clock,
    meters,
    readers: made,
    say: (hex) => {
      say(hex);
    },
    push: (server, value, client = 16) => {
      const apdu = notification(value);
      if (framing === "WRAPPER") say(wpdu(server + 1, client, apdu));
      else say(hdlcFrame(oneByte(client), `02${oneByte(17 + server)}`, 0x13, `e6e700${apdu}`));
    },
  };
}

/** the last byte of an HDLC address */
const oneByte = (value: number): string => ((value << 1) | 1).toString(16).padStart(2, "0");

const at = <T>(list: readonly T[], index: number): T => {
  const one = list[index];
  assert.ok(one !== undefined);
  return one;
};

async function open({ clock, readers }: Bus): Promise<void> {
  for (const { client } of readers) await clock.runUntil(client.open());
}

async function close({ clock, readers }: Bus): Promise<void> {
  await clock.runUntil(Promise.all(readers.map(({ client }) => client.close())));
  assert.equal(clock.pending, 0);
}

const told = ({ readers }: Bus): number[][] => readers.map(({ pushed }) => pushed);

for (const framing of ["WRAPPER", "HDLC"] as const) {
  describe(`pushes on a shared line over ${framing}`, () => {
    it("reach the client of the meter that sent them, independent of which client has the line", async () => {
      const bus = shared(framing, 3, [{ server: 0 }, { server: 1 }, { server: 2 }]);
      await open(bus);
      at(bus.meters, 0).use({
        name: "the others push while this one is asked",
        request: () => {
          bus.push(1, 1, 16);
          bus.push(2, 2, 16);
          return undefined;
        },
      });
      const reading = await bus.clock.runUntil(at(bus.readers, 0).client.read(registerRef(0)));
      assert.equal(reading.value, 100);
      assert.deepEqual([...new Set(told(bus)[1])], [1]);
      assert.deepEqual([...new Set(told(bus)[2])], [2]);
      assert.deepEqual(told(bus)[0], []);
      await close(bus);
    });

    it("reach only the addressed client, once, while the line is idle", async () => {
      const bus = shared(framing, 2, [{ server: 0 }, { server: 1 }]);
      await open(bus);
      bus.push(0, 7, 16);
      bus.push(1, 8, 16);
      bus.push(1, 9, 16);
      await settle();
      assert.deepEqual(told(bus), [[7], [8, 9]]);
      await close(bus);
    });

    it("of one meter with two clients reach the client with the destination address", async () => {
      const bus = shared(framing, 1, [{ server: 0 }, { server: 0, sap: 32 }]);
      await open(bus);
      at(bus.meters, 0).use({
        name: "push to the other client",
        request: () => {
          bus.push(0, 5, 32);
          return undefined;
        },
      });
      await bus.clock.runUntil(at(bus.readers, 0).client.read(registerRef(0)));
      assert.deepEqual(told(bus)[0], []);
      assert.deepEqual([...new Set(told(bus)[1])], [5]);
      await close(bus);
    });

    it("to another client address reach all clients of that meter, and of no other meter", async () => {
      const bus = shared(framing, 2, [{ server: 0 }, { server: 1 }]);
      await open(bus);
      bus.push(1, 3, 102);
      await settle();
      assert.deepEqual(told(bus), [[], [3]]);
      await close(bus);
    });

    it("of a meter without a client are dropped, counted and noted, and fail no request", async () => {
      const bus = shared(framing, 3, [{ server: 0 }, { server: 1 }]);
      await open(bus);
      at(bus.meters, 0).use({
        name: "a stranger pushes",
        request: () => {
          bus.push(2, 5, 16);
          return undefined;
        },
      });
      const reading = await bus.clock.runUntil(at(bus.readers, 0).client.read(registerRef(0)));
      assert.equal(reading.value, 100);
      assert.deepEqual(told(bus), [[], []]);
      const { client, notes } = at(bus.readers, 0);
      assert.ok((client.statistics.strayPushes ?? 0) > 0);
      assert.match(notes.join("\n"), /a push from server \S+ to client 16 was dropped/);
      assert.equal(client.statistics.associations, 1);
      await close(bus);
    });
  });
}

describe("pushes on an HDLC bus", () => {
  it("are reassembled when two meters send segments in turn while a third is asked", async () => {
    const bus = shared("HDLC", 3, [{ server: 0 }, { server: 1 }, { server: 2 }]);
    await open(bus);
    const from = ["0225", "0227"] as const;
    at(bus.meters, 0).use({
      name: "two push in segments",
      request: () => {
        bus.say(hdlcFrame("21", from[0], 0x03, firstSegment, true));
        bus.say(hdlcFrame("21", from[1], 0x03, firstSegment, true));
        bus.say(hdlcFrame("21", from[1], 0x13, "01001122"));
        bus.say(hdlcFrame("21", from[0], 0x13, "01001111"));
        return undefined;
      },
    });
    await bus.clock.runUntil(at(bus.readers, 0).client.read(registerRef(0)));
    assert.deepEqual([...new Set(told(bus)[1])], [0x11]);
    assert.deepEqual([...new Set(told(bus)[2])], [0x22]);
    await close(bus);
  });

  it("that never end take bounded memory", async () => {
    const bus = shared("HDLC", 1, [{ server: 0 }]);
    await open(bus);
    for (let sender = 0; sender < 100; sender++) {
      const address = ((sender << 1) | 1).toString(16).padStart(2, "0");
      bus.say(hdlcFrame("21", `04${address}`, 0x03, firstSegment, true));
    }
    await settle();
    assert.equal((await bus.clock.runUntil(at(bus.readers, 0).client.read(registerRef(0)))).value, 100);
    await close(bus);
  });
});
