/** Timers of a process that was blocked. */
import assert from "node:assert/strict";
import { afterRunning } from "../../../src/clock";
import { VirtualClock, settle } from "../../support/virtual-clock";

describe("a time-out for the peer", () => {
  const waiting = (clock: VirtualClock, ms: number): { fired: number | undefined; cancel(): void } => {
    const result = { fired: undefined as number | undefined, cancel: () => wait.cancel() };
    const wait = afterRunning(
      clock,
      () => {
        result.fired = clock.now();
      },
      ms,
    );
    return result;
  };

  it("ends after its time, to the millisecond", () => {
    for (const ms of [1, 7, 1000, 45_001]) {
      const clock = new VirtualClock();
      const wait = waiting(clock, ms);
      clock.tick(ms - 1);
      assert.equal(wait.fired, undefined);
      clock.tick(1);
      assert.equal(wait.fired, ms);
      assert.equal(clock.pending, 0);
    }
  });

  it("does not count the time in which the process was stopped", async () => {
    const clock = new VirtualClock();
    const wait = waiting(clock, 8000);
    clock.tick(7500);
    clock.block(600_000);
    await clock.tickAsync(0);
    assert.equal(wait.fired, undefined, "input that arrived is handed out first");
    await clock.tickAsync(999);
    assert.equal(wait.fired, undefined);
    await clock.tickAsync(1);
    assert.equal(wait.fired, 608_500);
  });

  it("ends in a process that is always late too, after at most twice as many parts", async () => {
    const clock = new VirtualClock();
    const wait = waiting(clock, 800);
    for (let part = 0; part < 15; part++) {
      clock.block(200);
      await clock.tickAsync(0);
    }
    assert.equal(wait.fired, undefined);
    clock.block(200);
    await clock.tickAsync(0);
    assert.equal(wait.fired, 3200);
  });

  it("never ends once cancelled, even while pending input is delivered", async () => {
    const clock = new VirtualClock();
    const wait = waiting(clock, 800);
    clock.block(5000);
    clock.tick(0);
    wait.cancel();
    await settle();
    await clock.tickAsync(10_000);
    assert.equal(wait.fired, undefined);
    assert.equal(clock.pending, 0);
  });
});
