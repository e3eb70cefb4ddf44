/** What is known about a write or a method call that ended without the meter's answer. */
import { type DlmsError, DlmsServiceError, isDlmsError } from "../../errors";
import type { RunOptions } from "../association/association";

/**
 * Follows one write or method call, to tell whether the meter may have executed it. A request counts as sent from the
 * moment at which its first byte is passed to the transport.
 */
export class OutcomeWatch {
  readonly #kind: "write" | "invoke";
  readonly #name: string;
  readonly #items: number;
  /** requests sent so far: the blocks of a long request, and the requests for the blocks of a long answer */
  #sent = 0;
  /** items whose results the meter has sent */
  #answered = 0;

  constructor(kind: "write" | "invoke", name: string, items = 1) {
    this.#kind = kind;
    this.#name = name;
    this.#items = items;
  }

  /** The options of a run that report to this object. */
  watch(options: RunOptions): RunOptions {
    return {
      ...options,
      sending: () => {
        this.#sent++;
      },
    };
  }

  /** The meter has sent the results of this number of items: their requests are complete. */
  answered(items: number): void {
    this.#answered += items;
    this.#sent = 0;
  }

  /** The error that the caller receives in place of this one. */
  told(error: unknown): unknown {
    if (!isDlmsError(error) || error.is("WRITE_OUTCOME_UNKNOWN")) return error;
    const pending = this.#sent > 0 && !this.#isRefusal(error);
    if (!pending && this.#answered === 0) return error;
    return this.#unknown(error, pending);
  }

  /**
   * Whether the meter has refused the request as a whole. After an answer in blocks has begun, an exception concerns its
   * blocks, and the method has been executed.
   */
  #isRefusal(error: DlmsError): boolean {
    if (!error.is("EXCEPTION", "SERVICE_ERROR", "SEC_COUNTER_REJECTED")) return false;
    return this.#kind === "write" || this.#sent === 1;
  }

  #unknown(error: DlmsError, pending: boolean): DlmsServiceError {
    const next =
      this.#kind === "write"
        ? "read the attribute to learn its value; the client does not repeat a write"
        : "read the state of the object; the client does not repeat a method call";
    const done = this.#answered === 0 ? "" : `${this.#answered} of ${this.#items} were answered, then: `;
    const what = pending ? "sent, outcome unknown" : "only in part sent";
    return new DlmsServiceError("WRITE_OUTCOME_UNKNOWN", `${what} (${this.#name}): ${done}${error.message}; ${next}`, {
      request: this.#name,
      cause: error,
      details: { request: this.#name, sent: pending, items: this.#items, answered: this.#answered, reason: error.code },
    });
  }
}
