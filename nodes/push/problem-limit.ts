// Errors of pushes for Catch nodes: at most one per meter, code and minute. Suppressed errors are counted.
import { type Clock, type DlmsError } from "../../src/index";

const oneErrorPerMs = 60_000;
/** Maximum number of meters and codes that are tracked; beyond it the oldest is dropped. */
const maxRemembered = 1024;

interface Told {
  readonly at: number;
  heldBack: number;
}

/** The sender in an error: the system title, else the peer. */
export function senderOf({ details }: DlmsError): string {
  const { systemTitle, sender } = details;
  return typeof systemTitle === "string" ? systemTitle.toUpperCase() : typeof sender === "string" ? sender : "";
}

export class ProblemLimit {
  readonly #clock: Clock;
  readonly #told = new Map<string, Told>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the error may be reported; `heldBack`: number of suppressed errors of its kind since the last report. */
  admit(error: DlmsError): { readonly told: boolean; readonly heldBack: number } {
    const key = `${error.code} ${senderOf(error)}`;
    const before = this.#told.get(key);
    const now = this.#clock.now();
    if (before !== undefined && now - before.at < oneErrorPerMs) {
      before.heldBack++;
      return { told: false, heldBack: before.heldBack };
    }
    this.#told.delete(key);
    this.#told.set(key, { at: now, heldBack: 0 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > maxRemembered && oldest !== undefined) this.#told.delete(oldest);
    return { told: true, heldBack: before?.heldBack ?? 0 };
  }
}
