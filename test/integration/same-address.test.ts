/** Two sessions that use the same client address on a shared line. */
import assert from "node:assert/strict";
import { DlmsClient, testConnection } from "../../src/client";
import { findAddress } from "../../src/client/diagnosis/find-address";
import { SharedLines } from "../../src/driver/shared-line";
import type { ConnectOptions } from "../../src/client/options/options";
import { DlmsError } from "../../src/errors";
import { createMeter, type MeterDefinition, type SimulatedMeter } from "../../src/simulator";
import { memoryTransport, type Transport } from "../../src/transport";
import { number, registerRef, registers, requests } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";
import { account, clientTitle, counting, keys, watchedStore } from "./security/secured";

const connect = 10_000;

interface Rig {
  readonly clock: VirtualClock;
  readonly meter: SimulatedMeter;
  readonly lines: SharedLines;
  readonly transport: Transport;
  /** cuts the connection */
  readonly pull: () => void;
  /** another session with this meter */
  readonly session: (options?: Partial<ConnectOptions>) => DlmsClient;
  readonly options: (options?: Partial<ConnectOptions>) => ConnectOptions;
}

function rig(framing: "HDLC" | "WRAPPER", definition: Partial<MeterDefinition> = {}): Rig {
  const clock = new VirtualClock();
  const meter = createMeter(
    { framing, associations: [{ client: 16 }, { client: 17 }], objects: registers(5), ...definition },
    { clock },
  );
  let pull = (): void => undefined;
  const line = memoryTransport((peer) => {
    pull = () => {
      peer.drop("pulled");
    };
    return meter.connect({
      send: (bytes) => {
        peer.send(bytes);
      },
      drop: (reason) => {
        peer.drop(reason);
      },
    });
  }, "gateway");
  const transport: Transport = { ...line, lineKey: "gateway" };
  const lines = new SharedLines();
  const options = (more: Partial<ConnectOptions> = {}): ConnectOptions => ({
    transport,
    link: framing === "HDLC" ? { kind: "hdlc" } : { kind: "wrapper" },
    client: { sap: 16 },
    server: { logical: 1 },
    clock,
    random: (length) => new Uint8Array(length).fill(0xff),
    ...more,
  });
  return {
    clock,
    meter,
    lines,
    transport,
    options,
    pull: () => {
      pull();
    },
    session: (more) => new DlmsClient(options(more), { lines }),
  };
}

async function errorOf(work: Promise<unknown>): Promise<DlmsError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DlmsError, String(error));
  return error;
}

const valueOf = async (clock: VirtualClock, client: DlmsClient, n: number): Promise<unknown> =>
  (await clock.runUntil(client.read(registerRef(n)))).value;

for (const framing of ["HDLC", "WRAPPER"] as const) {
  describe(`two sessions with one meter as one client on a shared line (${framing})`, () => {
    it("never run side by side: the second fails within its time-out, and the first is not disturbed", async () => {
      const { clock, session, meter, lines } = rig(framing);
      const [first, second] = [session(), session()];
      assert.equal(await valueOf(clock, first, 1), 100.1);
      for (let round = 0; round < 3; round++) {
        const start = clock.now();
        const error = await errorOf(clock.runUntil(second.read(registerRef(2))));
        assert.equal(error.code, "DLMS_STATE_BUSY");
        assert.match(error.message, /server 1 on gateway as client 16: another session .* use one dlms-meter/);
        assert.ok(clock.now() - start <= connect, `${clock.now() - start} ms`);
        assert.equal(await valueOf(clock, first, round), 100 + round / 10);
        // beyond the pause after the failure
        await clock.tickAsync(60_000);
      }
      assert.deepEqual([first.statistics.associations, second.statistics.associations], [1, 0]);
      assert.equal(requests(meter).filter((name) => name === "aarq").length, 1);
      assert.equal(meter.counters.connections, 1);
      await clock.runUntil(Promise.all([first.close(), second.close()]));
      assert.deepEqual([clock.pending, lines.size, meter.counters.openConnections], [0, 0, 0]);
    });

    it("the second starts when the first is closed, and reads its own values", async () => {
      const { clock, session } = rig(framing);
      const [first, second] = [session(), session()];
      assert.equal(await valueOf(clock, first, 1), 100.1);
      const reading = second.read(registerRef(2));
      await clock.tickAsync(connect / 2);
      await clock.runUntil(first.close());
      assert.equal((await clock.runUntil(reading)).value, 100.2);
      await clock.runUntil(second.close());
      assert.equal(clock.pending, 0);
    });

    it("share the meter when the first disconnects while idle", async () => {
      const { clock, session } = rig(framing);
      const rests = { timeouts: { idle: 1000 } };
      const [first, second] = [session(rests), session(rests)];
      const readings = await clock.runUntil(
        Promise.all([first.read(registerRef(1)), second.read(registerRef(2)), first.read(registerRef(3))]),
      );
      assert.deepEqual(
        readings.map(({ value }) => value),
        [100.1, 100.2, 100.3],
      );
      await clock.runUntil(Promise.all([first.close(), second.close()]));
      assert.equal(clock.pending, 0);
    });

    it("a session that lost its connection does not wait for itself, but for earlier waiters", async () => {
      const { clock, session, pull } = rig(framing);
      const [first, second] = [session(), session()];
      await clock.runUntil(first.open());
      pull();
      const start = clock.now();
      assert.equal(await valueOf(clock, first, 1), 100.1);
      assert.ok(clock.now() - start < 100, `${clock.now() - start} ms`);
      const waiting = second.read(registerRef(2));
      await clock.tickAsync(100);
      pull();
      const behind = errorOf(first.read(registerRef(3)));
      assert.equal((await clock.runUntil(waiting)).value, 100.2);
      assert.equal((await clock.runUntil(behind)).code, "DLMS_STATE_BUSY");
      await clock.runUntil(Promise.all([first.close(), second.close()]));
      assert.equal(clock.pending, 0);
    });

    it("a waiting session can be aborted and closed", async () => {
      const { clock, session, lines } = rig(framing);
      const [first, second] = [session(), session()];
      await clock.runUntil(first.open());
      const abort = new AbortController();
      const reason = new Error("enough");
      const reading = second.read(registerRef(2), { signal: abort.signal });
      await clock.tickAsync(100);
      abort.abort(reason);
      await assert.rejects(clock.runUntil(reading), (error) => error === reason);
      const start = clock.now();
      await clock.runUntil(second.close());
      assert.ok(clock.now() - start < 100, `${clock.now() - start} ms`);
      assert.equal(await valueOf(clock, first, 1), 100.1);
      await clock.runUntil(first.close());
      assert.deepEqual([clock.pending, lines.size], [0, 0]);
    });

    it("another client address of the same meter is another session", async () => {
      const { clock, session } = rig(framing);
      const [first, second] = [session(), session({ client: { sap: 17 } })];
      await clock.runUntil(first.open());
      const start = clock.now();
      await clock.runUntil(second.open());
      assert.ok(clock.now() - start < 100, `${clock.now() - start} ms`);
      await clock.runUntil(Promise.all([first.close(), second.close()]));
    });

    it("a connection test and an address search report the address in use and leave the session alone", async () => {
      const { clock, session, lines, options, transport } = rig(framing);
      const first = session();
      await clock.runUntil(first.open());
      const testing = (async () => {
        for await (const step of testConnection(options(), {}, { lines })) if (!step.ok) return step;
        return undefined;
      })();
      const step = await clock.runUntil(testing);
      assert.equal(step?.step, "link");
      assert.equal(step.error?.code, "DLMS_STATE_BUSY");
      assert.deepEqual(step.hints, [{ key: "otherHolder" }]);
      const searching = (async () => {
        const { link } = options();
        const search = { transport, clock, candidates: [{ logical: 1, why: "usual" }], ...(link && { link }) };
        for await (const trial of findAddress(search, {}, { lines })) return trial;
        return undefined;
      })();
      const trial = await clock.runUntil(searching);
      assert.deepEqual([trial?.answered, trial?.error?.code], [false, "DLMS_STATE_BUSY"]);
      assert.equal(await valueOf(clock, first, 1), 100.1);
      assert.equal(first.statistics.associations, 1);
      await clock.runUntil(first.close());
      assert.deepEqual([clock.pending, lines.size], [0, 0]);
    });
  });
}

const counting5000: Partial<MeterDefinition> = {
  associations: [{ client: 16 }, { client: 17 }, account],
  objects: [...registers(5), { classId: 1, logicalName: "0.0.43.1.0.255", attributes: { 2: number(5000) } }],
};

/** Reads the counter as client 16, and `pauseMs` later associates as client 1. */
const counted = (pauseMs: number): Partial<ConnectOptions> => ({
  client: { sap: 1, systemTitle: clientTitle },
  auth: { mechanism: "hls-gmac" },
  security: {
    suite: 0,
    policy: "authenticated-encrypted",
    ...keys,
    invocationCounter: watchedStore(),
    counterSource: { pauseMs },
  },
  random: counting(),
});

describe("the public client that reads the invocation counter", () => {
  it("waits for its address too, and names its purpose when it times out", async () => {
    const { clock, meter, session } = rig("WRAPPER", counting5000);
    const ciphered = counted(0);
    const [open, one] = [session(), session(ciphered)];
    assert.equal(await valueOf(clock, open, 1), 100.1);
    const error = await errorOf(clock.runUntil(one.read(registerRef(2))));
    assert.equal(error.code, "DLMS_STATE_BUSY");
    assert.match(
      error.message,
      /as client 16: another session .* invocation counter 0-0:43\.1\.0\*255\/2 as client 16/,
    );
    assert.equal(requests(meter).filter((name) => name === "aarq").length, 1);
    assert.equal(await valueOf(clock, open, 3), 100.3);
    await clock.runUntil(one.close());
    const other = session(ciphered);
    const reading = other.read(registerRef(2));
    await clock.tickAsync(connect / 2);
    await clock.runUntil(open.close());
    assert.equal((await clock.runUntil(reading)).value, 100.2);
    // its own association has another address
    const again = session();
    assert.equal(await valueOf(clock, again, 1), 100.1);
    await clock.runUntil(Promise.all([other.close(), again.close()]));
    assert.equal(clock.pending, 0);
  });

  it("does not open a second line when the line was lost before the association that needs the counter", async () => {
    const { clock, meter, session, pull } = rig("WRAPPER", counting5000);
    const [one, other] = [session(counted(1000)), session({ client: { sap: 17 } })];
    const opening = one.open();
    await clock.tickAsync(500);
    pull();
    await clock.runUntil(other.open());
    await clock.runUntil(opening);
    assert.equal(meter.counters.connections, 2, "the one that was lost, and one for both");
    await clock.runUntil(Promise.all([one.close(), other.close()]));
    assert.equal(clock.pending, 0);
  });

  it("nor in a connection test", async () => {
    const { clock, meter, session, pull, options, lines } = rig("WRAPPER", counting5000);
    const other = session({ client: { sap: 17 } });
    const testing = (async () => {
      const steps: string[] = [];
      for await (const { step, ok } of testConnection(options(counted(1000)), {}, { lines })) {
        steps.push(`${step} ${String(ok)}`);
      }
      return steps;
    })();
    await clock.tickAsync(500);
    pull();
    await clock.runUntil(other.open());
    assert.equal((await clock.runUntil(testing)).at(-2), "authentication true");
    assert.equal(meter.counters.connections, 2);
    await clock.runUntil(other.close());
    assert.equal(clock.pending, 0);
  });
});
