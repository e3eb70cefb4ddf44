import assert from "node:assert/strict";
import {
  type Account,
  lockOutMs,
  maxUnanswered,
  MemoryAccountGuard,
} from "../../../../src/client/account/account-guard";
import { DlmsAssociationError, DlmsTimeoutError } from "../../../../src/errors";
import { VirtualClock } from "../../../support/virtual-clock";

const refusal = new DlmsAssociationError("ASSOC_AUTH_FAILED", "refused");
const silence = new DlmsTimeoutError("TIMEOUT_ASSOCIATE", "no answer");
const account: Account = { meter: "meter 17", secret: "a" };

const start = (): { clock: VirtualClock; guard: MemoryAccountGuard } => {
  const clock = new VirtualClock();
  return { clock, guard: new MemoryAccountGuard(clock) };
};
const send = (guard: MemoryAccountGuard): ReturnType<MemoryAccountGuard["sent"]> => guard.sent(account, "request");
const isFree = (guard: MemoryAccountGuard): boolean => guard.lockOf(account) === undefined;

describe("the account guard", () => {
  it("locks a refused secret for the lock-out time, and again after each further refusal", () => {
    const { clock, guard } = start();
    for (let n = 0; n < 3; n++) {
      assert.equal(isFree(guard), true);
      send(guard).refused(refusal);
      assert.deepEqual(guard.lockOf(account), { error: refusal, remainingMs: lockOutMs, lookFirst: false });
      clock.tick(lockOutMs - 1);
      assert.equal(guard.lockOf(account)?.remainingMs, 1);
      clock.tick(1);
    }
  });

  it("locks only the account whose secret was refused", () => {
    const { guard } = start();
    send(guard).refused(refusal);
    assert.equal(guard.lockOf({ ...account })?.error, refusal);
    assert.equal(guard.lockOf({ ...account, secret: "b" }), undefined);
    assert.equal(guard.lockOf({ ...account, meter: "meter 1" }), undefined);
  });

  it("sends an unanswered secret a second time, and locks it after that and each further attempt", () => {
    const { clock, guard } = start();
    for (let n = 1; n < maxUnanswered; n++) {
      send(guard).unanswered(silence);
      assert.equal(isFree(guard), true);
    }
    for (let n = 0; n < 2; n++) {
      send(guard).unanswered(silence);
      assert.deepEqual(guard.lockOf(account), { error: silence, remainingMs: lockOutMs, lookFirst: false });
      clock.tick(lockOutMs);
      assert.equal(isFree(guard), true);
    }
  });

  it("counts a secret on its way as unanswered until its outcome is known", () => {
    const { guard } = start();
    send(guard);
    const second = send(guard);
    assert.match(guard.lockOf(account)?.error.message ?? "", /ended before the meter answered/);
    second.accepted();
    assert.equal(isFree(guard), true);
  });

  it("locks at once after an HLS proof without an answer", () => {
    const { guard } = start();
    guard.sent(account, "proof").unanswered(silence);
    assert.equal(guard.lockOf(account)?.error, silence);
  });

  it("restores the former count when the answer does not concern the secret", () => {
    const { guard } = start();
    send(guard).notJudged();
    send(guard).unanswered(silence);
    send(guard).notJudged();
    assert.equal(isFree(guard), true);
    send(guard).unanswered(silence);
    assert.equal(guard.lockOf(account)?.error, silence);
  });

  it("starts the count of a never refused secret again once it is accepted", () => {
    const { guard } = start();
    send(guard).unanswered(silence);
    send(guard).accepted();
    assert.equal(isFree(guard), true);
    // if the first failure still counted, this would be the second, and only an answer to the secret would unlock it
    send(guard).unanswered(silence);
    guard.seen(account, "answering");
    assert.equal(isFree(guard), true, "the first of its kind");
    send(guard).unanswered(silence);
    guard.seen(account, "answering");
    assert.equal(guard.lockOf(account)?.error, silence, "the second");
    assert.equal(guard.lockOf(account)?.remainingMs, lockOutMs);
  });

  it("starts the count of a refused secret again once it is accepted", () => {
    const { clock, guard } = start();
    send(guard).refused(refusal);
    clock.tick(lockOutMs);
    send(guard).accepted();
    send(guard).unanswered(silence);
    guard.seen(account, "answering");
    assert.equal(isFree(guard), true);
  });

  it("sends an accepted secret without an answer again only after an answer without the secret, or half a minute", () => {
    const { clock, guard } = start();
    send(guard).accepted();
    send(guard).unanswered(silence);
    assert.deepEqual(guard.lockOf(account), { error: silence, remainingMs: 30_000, lookFirst: true });
    guard.seen(account, "silent");
    assert.equal(isFree(guard), false);
    clock.tick(30_000);
    assert.equal(isFree(guard), true);
  });

  it("waits up to an hour for a meter that is known to answer without the secret", () => {
    const { clock, guard } = start();
    send(guard).accepted();
    guard.seen(account, "answering");
    send(guard).unanswered(silence);
    assert.equal(guard.lockOf(account)?.remainingMs, 60 * 60_000);
    clock.tick(60 * 60_000);
    assert.equal(isFree(guard), true);
  });

  it("locks an accepted secret that is refused later like any other", () => {
    const { guard } = start();
    send(guard).accepted();
    send(guard).refused(refusal);
    assert.deepEqual(guard.lockOf(account), { error: refusal, remainingMs: lockOutMs, lookFirst: false });
    guard.seen(account, "silent");
    guard.seen(account, "answering");
    assert.equal(isFree(guard), false);
  });

  it("allows one more attempt when a silent meter answers again, and locks twice as long if that fails", () => {
    const { guard } = start();
    send(guard).accepted();
    send(guard).unanswered(silence);
    send(guard).unanswered(silence);
    guard.seen(account, "answering");
    assert.equal(isFree(guard), false, "the meter was not silent to requests without a secret");
    guard.seen(account, "silent");
    assert.equal(isFree(guard), false, "the meter does not answer yet");
    guard.seen(account, "answering");
    assert.equal(isFree(guard), true, "the meter has restarted");
    send(guard).unanswered(silence);
    assert.deepEqual(guard.lockOf(account), { error: silence, remainingMs: 2 * lockOutMs, lookFirst: false });
    guard.seen(account, "silent");
    guard.seen(account, "answering");
    assert.equal(isFree(guard), false, "once until the secret is accepted again");
  });

  it("allows one more attempt when the user requests it, and locks again if that fails", () => {
    const { guard } = start();
    guard.allowOneMoreTry(account);
    send(guard).refused(refusal);
    guard.allowOneMoreTry(account);
    assert.equal(isFree(guard), true);
    send(guard).unanswered(silence);
    assert.equal(guard.lockOf(account)?.error, silence);
  });

  it("allows one more attempt for all secrets of an owner, and for no other", () => {
    const { guard } = start();
    const other: Account = { meter: "meter 2", secret: "a" };
    guard.ownedBy("me").sent(account, "request").refused(refusal);
    guard.ownedBy("you").sent(other, "request").refused(refusal);
    guard.allowOneMoreTryOf("me");
    assert.equal(isFree(guard), true);
    assert.equal(guard.lockOf(other)?.error, refusal);
    assert.equal(guard.ownedBy("me").lockOf(other)?.error, refusal, "owners share what they know");
  });

  it("drops the account with the oldest last failure when there are too many", () => {
    const { guard } = start();
    const of = (n: number): Account => ({ meter: `meter ${n}`, secret: "a" });
    for (let n = 0; n <= 10_000; n++) guard.sent(of(n), "request").refused(refusal);
    assert.equal(guard.lockOf(of(0)), undefined);
    assert.equal(guard.lockOf(of(1))?.error, refusal);
    assert.equal(guard.lockOf(of(10_000))?.error, refusal);
  });
});
