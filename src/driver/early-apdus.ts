/** Keeps APDUs that arrive within an operation before they are awaited. */
import { isBlock, isPush } from "../link/apdu-kind";

/** APDUs, and bytes of them, that are kept for an operation that may ask for them. */
const maxKeptApdus = 64;
const maxKeptBytes = 4 * 1024 * 1024;
const none: readonly Uint8Array[] = [];

/**
 * What comes within an operation while it awaits nothing: its answer may be right behind something that only the
 * operation can tell to be none, such as a notification that came ciphered, or in general blocks.
 */
export class EarlyApdus {
  #kept: Uint8Array[] | undefined;

  /** An operation begins. */
  begin(): void {
    this.#kept ??= [];
  }

  /** The operation is over. Returns what it did not ask for. */
  end(): readonly Uint8Array[] {
    const left = this.#kept ?? none;
    this.#kept = undefined;
    return left;
  }

  /** The operation goes on with another request. Returns what cannot be the answer to that. */
  pass(request: Uint8Array): readonly Uint8Array[] {
    // behind the acknowledgement of a block the answer may still be one that has come
    return this.#kept === undefined || this.#kept.length === 0 || isBlock(request) ? none : this.#kept.splice(0);
  }

  /** Whether it is kept; if not, it was sent unasked. */
  keep(apdu: Uint8Array): boolean {
    if (this.#kept === undefined || this.#kept.length >= maxKeptApdus || isPush(apdu)) return false;
    if (this.#kept.reduce((sum, { length }) => sum + length, apdu.length) > maxKeptBytes) return false;
    this.#kept.push(apdu);
    return true;
  }

  take(wanted: "any" | "block"): Uint8Array | undefined {
    const at = this.#kept?.findIndex((apdu) => wanted === "any" || isBlock(apdu)) ?? -1;
    return at < 0 ? undefined : this.#kept?.splice(at, 1)[0];
  }
}
