/** Meters that have pushed, and which of them have become silent. */
import { DlmsPushError } from "../errors";

/** Limit of remembered meters; beyond it, the one silent longest is removed. */
export const maxMeters = 100_000;

/** A meter that pushes, as messages and the details of errors name it. */
export interface HeardMeter {
  readonly text: string;
  readonly details: { readonly systemTitle: string } | { readonly sender: string };
}

interface Heard {
  readonly details: HeardMeter["details"];
  readonly at: number;
  told: boolean;
}

export class SilenceWatch {
  readonly #afterMs: number;
  readonly #report: (error: DlmsPushError) => void;
  readonly #meters = new Map<string, Heard>();
  #since: number;
  #isTold = false;

  /** @param afterMs 0 = nothing is reported */
  constructor(afterMs: number, now: number, report: (error: DlmsPushError) => void) {
    this.#afterMs = afterMs;
    this.#since = now;
    this.#report = report;
  }

  get meters(): number {
    return this.#meters.size;
  }

  heard({ text, details }: HeardMeter, now: number): void {
    this.#since = now;
    this.#isTold = false;
    // the order of the map is that of the last pushes
    this.#meters.delete(text);
    this.#meters.set(text, { details, at: now, told: false });
    const [oldest] = this.#meters.keys();
    if (oldest !== undefined && this.#meters.size > maxMeters) this.#meters.delete(oldest);
  }

  sweep(now: number): void {
    if (this.#afterMs === 0) return;
    for (const [meter, heard] of this.#meters) {
      if (heard.told || now - heard.at < this.#afterMs) continue;
      heard.told = true;
      this.#isTold = true;
      this.#report(silent(`${meter}: no push`, this.#afterMs, heard.details));
    }
    if (this.#isTold || now - this.#since < this.#afterMs) return;
    this.#isTold = true;
    this.#report(silent("no push from any meter", this.#afterMs));
  }
}

function silent(finding: string, ms: number, details?: HeardMeter["details"]): DlmsPushError {
  return new DlmsPushError(
    "PUSH_SILENT",
    `${finding} for ${ms / 1000} s; check the meter, its push setup and the line`,
    {
      details: { silenceMs: ms, ...details },
    },
  );
}
