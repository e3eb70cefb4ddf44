import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff } from "../../../../src/client/connection/backoff";

describe("Backoff", () => {
  it("doubles up to its cap", () => {
    const backoff = new Backoff({ min: 1000, max: 60_000, random: () => 1 });
    const pauses = Array.from({ length: 9 }, () => backoff.next());
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    backoff.reset();
    assert.equal(backoff.next(), 1000);
  });

  it("stays between min and max whatever the jitter, without end", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 2000 }), (dice) => {
        let at = 0;
        const backoff = new Backoff({ min: 500, max: 30_000, random: () => dice[at++ % dice.length] ?? 0 });
        return Array.from({ length: dice.length }, () => backoff.next()).every((ms) => ms >= 500 && ms <= 30_000);
      }),
    );
  });

  it("spreads reconnects that would otherwise coincide", () => {
    const low = new Backoff({ min: 1000, max: 60_000, random: () => 0 });
    const high = new Backoff({ min: 1000, max: 60_000, random: () => 1 });
    for (let i = 0; i < 4; i++) {
      low.next();
      high.next();
    }
    assert.equal(high.next() / low.next(), 2);
  });
});
