/** Wait lists, mutex and time-outs. */
import assert from "node:assert/strict";
import { Mutex, onAbort, settledWithin, sleep, untilAborted, WaitList, withTimeout } from "../../../src/clock";
import { settle, VirtualClock } from "../../support/virtual-clock";

const reason = new Error("no longer wanted");
const late = (): Error => new Error("late");
const never = new Promise<never>(() => undefined);

/** A signal that counts its listeners. */
class CountedSignal {
  readonly #controller = new AbortController();
  listeners = 0;
  readonly signal = this.#controller.signal;

  constructor() {
    const { signal } = this;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      this.listeners++;
      add(...args);
    }) as typeof signal.addEventListener;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      this.listeners--;
      remove(...args);
    }) as typeof signal.removeEventListener;
  }

  abort(): void {
    this.#controller.abort(reason);
  }
}

describe("WaitList", () => {
  it("keeps the order of arrival, and settles each entry once", async () => {
    const list = new WaitList<string, number>();
    const waits = ["a", "b", "c"].map((item) => list.wait(item));
    assert.deepEqual(
      [...list].map(({ item }) => item),
      ["a", "b", "c"],
    );
    const [a, b] = list;
    b?.grant(2);
    b?.refuse(reason);
    a?.refuse(reason);
    a?.grant(1);
    await assert.rejects(waits[0] ?? never, reason);
    assert.equal(await waits[1], 2);
    assert.deepEqual([list.size, list.first()?.item], [1, "c"]);
    list.first()?.grant(3);
    assert.equal(await waits[2], 3);
  });

  it("finds and rejects entries by a condition", async () => {
    const list = new WaitList<number>();
    const waits = [1, 2, 3, 4].map((item) => list.wait(item));
    assert.equal(list.first((item) => item > 2)?.item, 3);
    assert.equal(
      list.first((item) => item > 4),
      undefined,
    );
    list.refuseAll(reason, (item) => item % 2 === 0);
    const refused = { status: "rejected", reason };
    assert.deepEqual(await Promise.allSettled([waits[1], waits[3]]), [refused, refused]);
    assert.deepEqual(
      [...list].map(({ item }) => item),
      [1, 3],
    );
    list.refuseAll(reason);
    assert.equal(list.size, 0);
    assert.deepEqual(await Promise.allSettled([waits[0], waits[2]]), [refused, refused]);
  });

  it("removes an aborted entry and then notifies its owner", async () => {
    const list = new WaitList<string>();
    const counted = new CountedSignal();
    const sizes: number[] = [];
    const wait = list.wait("a", { signal: counted.signal, left: () => sizes.push(list.size) });
    counted.abort();
    await assert.rejects(wait, reason);
    assert.deepEqual([sizes, list.size], [[0], 0]);
    await assert.rejects(list.wait("b", { signal: counted.signal, left: () => assert.fail("never entered") }), reason);
    assert.equal(list.size, 0);
  });

  it("removes an entry by its time-out, which does not count the time in which the process was stopped", async () => {
    const clock = new VirtualClock();
    const list = new WaitList<string>();
    const outcome = assert.rejects(list.wait("a", { timeout: { clock, ms: 800, error: late } }), /late/);
    clock.tick(750);
    clock.block(60_000);
    await clock.tickAsync(99);
    assert.equal(list.size, 1);
    await clock.tickAsync(1);
    await outcome;
    assert.deepEqual([list.size, clock.pending], [0, 0]);
  });

  it("leaves no listener and no timer, however an entry ends", async () => {
    for (const end of ["grant", "refuse"] as const) {
      const clock = new VirtualClock();
      const counted = new CountedSignal();
      const list = new WaitList<string, string>();
      const options = { signal: counted.signal, timeout: { clock, ms: 100, error: late } };
      const wait = list.wait("a", { ...options, left: () => assert.fail("it did not leave") });
      assert.deepEqual([counted.listeners, clock.pending], [1, 1]);
      list.first()?.[end](end);
      await wait.catch(() => undefined);
      assert.deepEqual([counted.listeners, clock.pending], [0, 0]);
      counted.abort();
    }
  });
});

describe("Mutex", () => {
  it("runs one task at a time in the order of arrival, and continues after a failed one", async () => {
    const mutex = new Mutex();
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const task = (name: string) => async (): Promise<string> => {
      log.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (name === "b") throw reason;
      return name;
    };
    const runs = ["a", "b", "c"].map((name) => mutex.run(task(name)));
    await settle();
    assert.deepEqual(log, ["a"]);
    ends[0]?.();
    const overtaking = mutex.run(task("d"));
    await settle();
    assert.deepEqual(log, ["a", "b"]);
    const failed = assert.rejects(runs[1] ?? never, reason);
    ends[1]?.();
    await failed;
    await settle();
    assert.deepEqual(log, ["a", "b", "c"]);
    ends[2]?.();
    await settle();
    ends[3]?.();
    assert.deepEqual(await Promise.all([runs[0], runs[2], overtaking]), ["a", "c", "d"]);
  });

  it("does not start a task that was aborted before its turn", async () => {
    const mutex = new Mutex();
    const abort = new AbortController();
    let end = (): void => undefined;
    const first = mutex.run(() => new Promise<void>((resolve) => (end = resolve)));
    const second = mutex.run(() => assert.fail("it was aborted"), abort.signal);
    abort.abort(reason);
    await assert.rejects(second, reason);
    end();
    await first;
    await assert.rejects(
      mutex.run(() => assert.fail("it was aborted"), abort.signal),
      reason,
    );
    assert.equal(await mutex.run(() => Promise.resolve(3)), 3);
  });
});

describe("withTimeout", () => {
  it("settles as the work does and removes its timer", async () => {
    const clock = new VirtualClock();
    assert.equal(await withTimeout(clock, 100, Promise.resolve(1), late), 1);
    await assert.rejects(withTimeout(clock, 100, Promise.reject(reason), late), reason);
    assert.equal(clock.pending, 0);
  });

  it("rejects after its time, which does not count the time in which the process was stopped", async () => {
    const clock = new VirtualClock();
    const outcome = assert.rejects(withTimeout(clock, 800, never, late), /late/);
    clock.tick(750);
    clock.block(60_000);
    await clock.tickAsync(99);
    assert.equal(clock.pending, 1);
    await clock.tickAsync(1);
    await outcome;
    assert.equal(clock.pending, 0);
  });
});

describe("settledWithin", () => {
  it("resolves to whether the work settled in time, and never rejects", async () => {
    const clock = new VirtualClock();
    assert.equal(await settledWithin(clock, 100, Promise.resolve()), true);
    assert.equal(await settledWithin(clock, 100, Promise.reject(reason)), true);
    const outcome = settledWithin(clock, 100, never);
    clock.tick(100);
    assert.equal(await outcome, false);
    assert.equal(clock.pending, 0);
  });
});

describe("untilAborted", () => {
  it("settles as the work does, or rejects with the signal's reason", async () => {
    const counted = new CountedSignal();
    assert.equal(await untilAborted(Promise.resolve(1), undefined), 1);
    assert.equal(await untilAborted(Promise.resolve(1), counted.signal), 1);
    await assert.rejects(untilAborted(Promise.reject(late()), counted.signal), /late/);
    await settle();
    assert.equal(counted.listeners, 0);
    const outcome = untilAborted(never, counted.signal);
    counted.abort();
    await assert.rejects(outcome, reason);
    await assert.rejects(untilAborted(never, counted.signal), reason);
  });
});

describe("sleep", () => {
  it("waits its time, and rejects with the signal's reason if aborted before", async () => {
    const clock = new VirtualClock();
    const counted = new CountedSignal();
    let over = false;
    const slept = sleep(clock, 100, counted.signal).then(() => (over = true));
    await clock.tickAsync(99);
    assert.equal(over, false);
    await clock.tickAsync(1);
    await slept;
    assert.deepEqual([counted.listeners, clock.pending], [0, 0]);
    await sleep(clock, 0);
    const outcome = sleep(clock, 100, counted.signal);
    counted.abort();
    await assert.rejects(outcome, reason);
    await assert.rejects(sleep(clock, 0, counted.signal), reason);
    assert.equal(clock.pending, 0);
  });
});

describe("onAbort", () => {
  it("calls back once, immediately for an aborted signal, and not after its listener was removed", () => {
    let calls = 0;
    const count = (): number => calls++;
    onAbort(undefined, count);
    const counted = new CountedSignal();
    onAbort(counted.signal, count);
    onAbort(counted.signal, () => assert.fail("it was taken away"))();
    counted.abort();
    assert.equal(calls, 1);
    onAbort(counted.signal, count);
    assert.equal(calls, 2);
  });
});
