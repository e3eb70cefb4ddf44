/** Brings the rows of a profile into the order in which they were captured. */
import type { ResolvedRow } from "./strategies";

/** How a meter orders its entries: by age, by value, or unknown. */
export type EntryOrderName = "oldest-first" | "newest-first" | "by-value" | "unknown";

/** By sort_method. */
export function entryOrder(sortMethod: number | undefined): EntryOrderName {
  if (sortMethod === 1) return "oldest-first";
  if (sortMethod === 2) return "newest-first";
  return sortMethod !== undefined && sortMethod >= 3 && sortMethod <= 6 ? "by-value" : "unknown";
}

/** Held rows beyond twice the requested number before they are cut. */
const maxExcessRows = 1000;

/** Restores the order in which rows were captured. Only rows that arrive in this order are not held until the end. */
export class RowOrder {
  #order: EntryOrderName;
  readonly #told: boolean;
  #held: ResolvedRow[] = [];
  #note: string | undefined;

  /** `timed`: rows have a time by which they can be sorted */
  constructor(order: EntryOrderName, timed: boolean) {
    this.#order = order;
    this.#told = order !== "unknown";
    if (timed || (order !== "unknown" && order !== "by-value")) return;
    this.#order = "oldest-first";
    this.#note = "the rows are in the meter's order: it does not keep them by age, and they have no time";
  }

  /** Whether rows are delivered as they arrive. */
  get streams(): boolean {
    return this.#order === "oldest-first";
  }

  /** Describes the order of the rows if the meter's order is not by age, or is unknown. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Adds the next rows of the buffer; returns those that can be delivered. */
  put(rows: readonly ResolvedRow[]): readonly ResolvedRow[] {
    if (this.#order === "oldest-first") return rows;
    for (const row of rows) this.#held.push(row);
    if (this.#order !== "unknown") return [];
    this.#learn();
    if (!this.streams) return [];
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Adds rows where only the last `count` rows are needed, at the end. */
  keepLast(rows: readonly ResolvedRow[], count: number): void {
    for (const row of rows) this.#held.push(row);
    if (this.#order === "unknown") this.#learn();
    // newest first: the first n received
    if (this.#order === "newest-first") this.#held.length = Math.min(this.#held.length, count);
    // otherwise the last n: the array is cut only now and then, because each cut copies it
    else if (this.#order !== "unknown" && this.#held.length > 2 * count + maxExcessRows) {
      this.#held = (this.#order === "by-value" ? this.#sorted() : this.#held).slice(-count);
    }
  }

  /** The remaining rows, oldest first. */
  end(): readonly ResolvedRow[] {
    const held = this.#order === "by-value" ? this.#sorted() : this.#held;
    this.#held = [];
    return this.#order === "newest-first" ? [...held].reverse() : held;
  }

  /** Learns from the first two times that differ on which side the newest entry is. */
  #learn(): void {
    const first = this.#held.find(({ time }) => time !== undefined)?.time;
    const other = this.#held.find(({ time }) => time !== undefined && time.instant !== first?.instant)?.time;
    if (first === undefined || other === undefined) return;
    this.#order = other.instant > first.instant ? "oldest-first" : "newest-first";
    if (!this.#told) {
      const side = this.#order === "oldest-first" ? "oldest" : "newest";
      this.#note = `the meter does not report its sort_method; by the times of its rows the ${side} is first`;
    }
  }

  #sorted(): ResolvedRow[] {
    if (this.#held.length === 0) return [];
    if (this.#held.some(({ time }) => time === undefined)) {
      this.#note = "the rows are in the meter's order: it keeps them by value, and not all have a time";
      return this.#held;
    }
    this.#note = "the meter keeps its rows by value; they were sorted by time";
    return [...this.#held].sort((a, b) => (a.time?.instant ?? 0) - (b.time?.instant ?? 0));
  }
}
