// Writes to one meter run one after the other: each reads the value before and after itself.
import { DlmsStateError, type SharedMeter } from "../../src/index";

/** More messages than this that wait for one meter are a mistake in the flow. */
export const maxWaiting = 100;

interface Turn {
  last: Promise<unknown>;
  waiting: number;
}

export class WriteTurns {
  readonly #turns = new WeakMap<SharedMeter, Turn>();

  /**
   * Runs the work after all earlier work on this session.
   * @throws DlmsStateError STATE_QUEUE_FULL; the signal's reason if it ends the wait; the work's error
   */
  async run<T>(session: SharedMeter, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(session) ?? { last: Promise.resolve(), waiting: 0 };
    this.#turns.set(session, turn);
    if (turn.waiting >= maxWaiting) {
      throw new DlmsStateError(
        "STATE_QUEUE_FULL",
        `the write was not sent: ${maxWaiting} writes wait for this meter already; write less often`,
      );
    }
    turn.waiting++;
    const mine = turn.last.then(() => {
      turn.waiting--;
      signal.throwIfAborted();
      return work();
    });
    turn.last = mine.catch(() => undefined);
    return mine;
  }
}
