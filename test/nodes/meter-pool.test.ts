import assert from "node:assert/strict";
import { MeterPool } from "../../src/fleet/meter-pool";
import type { SharedMeter } from "../../src/fleet/shared-meter";
import { ReadSchedule } from "../../nodes/dlms-read/read-schedule";
import { VirtualClock } from "../support/virtual-clock";

const never = new AbortController().signal;

interface FakeSession {
  users: number;
  view: { phase: string };
  releases: number;
}

function fake(): { made: Map<string, FakeSession>; make(key: string): () => SharedMeter; open(): number } {
  const made = new Map<string, FakeSession>();
  return {
    made,
    open: () => [...made.values()].filter(({ users }) => users > 0).length,
    make: (key) => () => {
      const session: FakeSession & Record<string, unknown> = {
        users: 0,
        releases: 0,
        view: { phase: "idle" },
        addUser: () => session.users++,
        removeUser: async () => {
          await Promise.resolve();
          session.users--;
          session.releases++;
        },
      };
      made.set(key, session);
      return session as unknown as SharedMeter;
    },
  };
}

describe("the pool of sessions", () => {
  const limits = { size: 2, idleMs: 1000, queue: 3 };

  it("provides one session per key up to its limit, and queues other requests in order", async () => {
    const clock = new VirtualClock();
    const pool = new MeterPool(limits, clock);
    const sessions = fake();
    const a = await pool.acquire("a", sessions.make("a"), never);
    const again = await pool.acquire("a", sessions.make("a2"), never);
    assert.equal(a.session, again.session);
    const b = await pool.acquire("b", sessions.make("b"), never);
    const served: string[] = [];
    const wait = (key: string): Promise<void> =>
      pool.acquire(key, sessions.make(key), never).then((lease) => {
        served.push(key);
        lease.release();
      });
    const c = wait("c");
    const d = wait("d");
    assert.equal(pool.waiting, 2);
    b.release();
    b.release();
    await Promise.all([c, d]);
    assert.deepEqual(served, ["c", "d"]);
    assert.ok(sessions.open() <= 2);
    assert.equal(sessions.made.has("a2"), false);
    a.release();
    again.release();
    await pool.close();
    assert.equal(sessions.open(), 0);
    assert.equal(clock.pending, 0, "no timer is left");
  });

  it("releases idle sessions, the one idle longest first when a place is needed", async () => {
    const clock = new VirtualClock();
    const pool = new MeterPool(limits, clock);
    const sessions = fake();
    for (const key of ["a", "b"]) (await pool.acquire(key, sessions.make(key), never)).release();
    (await pool.acquire("a", sessions.make("a"), never)).release();
    (await pool.acquire("c", sessions.make("c"), never)).release();
    assert.equal(sessions.made.get("b")?.releases, 1, "b rested longest");
    assert.equal(sessions.made.get("a")?.releases, 0);
    await clock.tickAsync(1000);
    assert.equal(sessions.open(), 0);
    assert.equal(pool.size, 0);
  });

  it("serves a waiting meter even if the others are read continuously", async () => {
    const pool = new MeterPool({ size: 1, idleMs: 1000, queue: 1000 }, new VirtualClock());
    const sessions = fake();
    const order: string[] = [];
    let held = await pool.acquire("a", sessions.make("a"), never);
    const b = pool.acquire("b", sessions.make("b"), never).then((lease) => {
      order.push("b");
      lease.release();
    });
    // each begins before the previous one ends; after b they wait for their turn
    for (let n = 0; n < 100 && !order.includes("b"); n++) {
      const next = pool.acquire("a", sessions.make("a"), never);
      const before = held;
      void next.then((lease) => {
        order.push("a");
        held = lease;
      });
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      before.release();
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
    await b;
    assert.ok(order.indexOf("b") > 10 && order.indexOf("b") < 40, `b came behind ${order.indexOf("b")} others`);
    held.release();
    await pool.close();
  });

  it("serves all requests that wait for a meter with its session, and counts those that leave no more", async () => {
    const pool = new MeterPool({ size: 1, idleMs: 0, queue: 4 }, new VirtualClock());
    const sessions = fake();
    const held = await pool.acquire("a", sessions.make("a"), never);
    const ending = new AbortController();
    const aborted = pool.acquire("b", sessions.make("b"), ending.signal);
    const [c1, d] = ["c", "d"].map((key) => pool.acquire(key, sessions.make(key), never));
    const c2 = pool.acquire("c", sessions.make("c2"), never);
    assert.equal(pool.waiting, 4);
    ending.abort(new Error("gone"));
    await assert.rejects(aborted, /gone/);
    assert.equal(pool.waiting, 3);
    held.release();
    const both = await Promise.all([c1, c2]);
    assert.equal(both[0]?.session, both[1]?.session);
    assert.equal(pool.waiting, 1);
    assert.equal(sessions.made.has("d"), false);
    for (const lease of both) lease?.release();
    (await d)?.release();
    assert.equal(pool.waiting, 0);
    assert.deepEqual([...sessions.made.keys()], ["a", "c", "d"]);
    await pool.close();
  });

  it("rejects when too many requests wait, when a wait is aborted, and when it is closed", async () => {
    const pool = new MeterPool({ ...limits, size: 1, queue: 2 }, new VirtualClock());
    const sessions = fake();
    await pool.acquire("a", sessions.make("a"), never);
    const ending = new AbortController();
    const aborted = pool.acquire("b", sessions.make("b"), ending.signal);
    const closed = pool.acquire("c", sessions.make("c"), never);
    await assert.rejects(pool.acquire("d", sessions.make("d"), never), {
      code: "DLMS_STATE_QUEUE_FULL",
      message:
        /^too many requests: 2 wait for one of 1 sessions .*ask less often, raise poolSize .* or raise its queueLimit/,
    });
    const reason = new Error("gone");
    ending.abort(reason);
    await assert.rejects(aborted, reason);
    const closing = pool.close();
    await assert.rejects(closed, { code: "DLMS_STATE_CLOSED" });
    await closing;
    await assert.rejects(pool.acquire("e", sessions.make("e"), never), { code: "DLMS_STATE_CLOSED" });
    assert.equal(pool.size, 0);
  });
});

describe("the own interval of dlms-read", () => {
  function ticking(options: { interval: number; spread?: number; random?: () => number; busy?: () => boolean }): {
    clock: VirtualClock;
    times: number[];
    ticker: ReadSchedule;
  } {
    const clock = new VirtualClock();
    const begun = clock.now();
    const times: number[] = [];
    const ticker = new ReadSchedule({
      ...{ clock, spread: 0, random: () => 0, busy: () => false },
      ...options,
      read: () => times.push(clock.now() - begun),
    });
    return { clock, times, ticker };
  }

  it("reads soon after the start, then at a fixed rhythm, and stops", async () => {
    const { clock, times, ticker } = ticking({ interval: 10_000 });
    await clock.tickAsync(30_500);
    assert.deepEqual(times, [100, 10_100, 20_100, 30_100]);
    ticker.stop();
    assert.equal(clock.pending, 0);
    await clock.tickAsync(60_000);
    assert.equal(times.length, 4);
  });

  it("spreads reads at random without drifting", async () => {
    const chance = [0.5, 0, 0.9, 0.1];
    const { clock, times, ticker } = ticking({ interval: 10_000, spread: 4000, random: () => chance.shift() ?? 0 });
    await clock.tickAsync(34_000);
    assert.deepEqual(times, [2100, 10_100, 23_700, 30_500]);
    ticker.stop();
  });

  it("skips a read while the previous one is in progress", async () => {
    let busy = true;
    const { clock, times, ticker } = ticking({ interval: 1000, busy: () => busy });
    await clock.tickAsync(2500);
    assert.deepEqual([times.length, ticker.skipped], [0, 3]);
    busy = false;
    await clock.tickAsync(1000);
    assert.equal(times.length, 1);
    ticker.stop();
  });
});
