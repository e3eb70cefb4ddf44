/** The invocation counter of one association, and the check of the values that the meter reports for it. */
import type { Clock } from "../../clock";
import { DlmsSecurityError } from "../../errors";
import type { InvocationCounterStore, UnprovenCounter } from "../../security/model";
import { defaultMaxCounterJump } from "../../session/steps/options";
import type { Settings } from "../options/resolve-options";

/**
 * Maximum rate at which other users of the key can use values, per second, day and night. At this rate forged answers
 * need more than 13 years to exhaust a key.
 */
const countsPerSecond = 10;

interface Mark {
  readonly value: number | undefined;
  readonly movedAt: number | undefined;
}

/**
 * The invocation counter of one association. A value that the meter reports in plain (to the public client, or in an
 * exception-response) is unproven: the store keeps it only after the association has proven the keys.
 */
export class AssociationCounter {
  readonly #store: InvocationCounterStore;
  readonly #clock: Clock;
  readonly #maxJump: number;
  #unproven: UnprovenCounter | undefined;
  /** mark of the store before this association used it */
  #before: Mark | undefined;

  constructor(store: InvocationCounterStore, { clock, security }: Pick<Settings, "clock" | "security">) {
    this.#store = store;
    this.#clock = clock;
    this.#maxJump = security?.maxCounterJump ?? defaultMaxCounterJump;
  }

  reserve(count: number): Promise<number> {
    const store = this.#unproven ?? this.#store;
    return this.#before === undefined ? this.#mark().then(() => store.reserve(count)) : store.reserve(count);
  }

  /** The meter has refused a counter and reports the expected one. */
  raiseTo(atLeast: number): Promise<void> {
    return this.raise(atLeast, "associate: the meter refused the invocation counter");
  }

  /**
   * @param next value that a meter has reported in plain
   * @throws DlmsSecurityError SEC_COUNTER_REJECTED for more than the counter can have risen, SEC_COUNTER_EXHAUSTED
   */
  async raise(next: number, request: string): Promise<void> {
    const mark = await this.#mark();
    const isClaimed = mark.value !== undefined && next <= mark.value;
    if (!isClaimed) this.#checkJump(next, mark, request);
    if (isClaimed || this.#store.tryFrom === undefined) await this.#store.raiseTo(next);
    else this.#unproven = this.#store.tryFrom(next);
  }

  /** Whether values are in use that a meter reported in plain. */
  get isUnproven(): boolean {
    return this.#unproven !== undefined;
  }

  /** The meter has answered under the keys, which proves the value that it reported in plain. */
  async prove(): Promise<void> {
    const unproven = this.#unproven;
    this.#unproven = undefined;
    await unproven?.prove();
  }

  async #mark(): Promise<Mark> {
    this.#before ??= { value: await this.#store.mark?.(), movedAt: await this.#store.markedAt?.() };
    return this.#before;
  }

  /**
   * Limits the jump by the setting, and by the time since the last change of the mark. Without limits, an attacker on
   * the line could answer with a number near the end, or with many that are a little higher each time, and exhaust the
   * key.
   */
  #checkJump(next: number, { value: stored, movedAt }: Mark, request: string): void {
    const jump = this.#maxJump;
    if (stored === undefined) return;
    const seconds = movedAt === undefined ? undefined : (this.#clock.wallTime() - movedAt) / 1000;
    // a clock that was set back cannot measure the time
    if (seconds !== undefined && seconds >= 0) checkRate(next, stored, seconds, request);
    if (next - stored <= jump) return;
    throw new DlmsSecurityError(
      "SEC_COUNTER_REJECTED",
      `${request}: the meter reports ${next - 1}, which is ${next - stored} above the stored counter ${stored}, more than the allowed ` +
        `jump of ${jump}; the value is not protected and may be forged. If it is right, because other clients use the same key, raise the ` +
        "allowed jump (security.maxCounterJump, invocationCounterMaxJump of the node) once",
      { details: { received: next - 1, stored, maxCounterJump: jump } },
    );
  }
}

function checkRate(next: number, stored: number, seconds: number, request: string): void {
  const possible = Math.floor(seconds * countsPerSecond);
  if (next - stored <= possible) return;
  const wait = Math.ceil((next - stored) / countsPerSecond - seconds);
  throw new DlmsSecurityError(
    "SEC_COUNTER_REJECTED",
    `${request}: the meter reports ${next - 1}, which is ${next - stored} above the stored counter ${stored}; in the ${Math.floor(seconds)} s since ` +
      `that was stored a counter rises by at most ${possible}. The value is not protected and may be forged. If it is right, because other clients use ` +
      `the same key, it is accepted in ${wait} s`,
    { details: { received: next - 1, stored, seconds: Math.floor(seconds), possible } },
  );
}
