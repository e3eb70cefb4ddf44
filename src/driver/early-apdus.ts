/** Keeps APDUs that arrive within an operation before they are awaited. */
import { isBlock, isCipheredPush, isFirstBlock, isPush } from "../link/apdu-kind";

/** Maximum number of APDUs, and of their bytes, that are kept for an operation that may await them. */
const maxKeptApdus = 128;
const maxKeptBytes = 4 * 1024 * 1024;
const none: readonly Uint8Array[] = [];

/**
 * APDUs that arrive within an operation before it awaits one, in the order of their arrival: streamed blocks, and an
 * answer after an APDU that only the operation can recognize as unsolicited, such as a ciphered notification or one in
 * general blocks.
 */
export class EarlyApdus {
  #kept: Uint8Array[] | undefined;

  /** An operation begins. */
  begin(): void {
    this.#kept ??= [];
  }

  /** The operation has ended. Returns the APDUs that it did not receive. */
  end(): readonly Uint8Array[] {
    const left = this.#kept ?? none;
    this.#kept = undefined;
    return left;
  }

  /** The operation continues with another request. Returns the APDUs that cannot be its answer. */
  pass(request: Uint8Array): readonly Uint8Array[] {
    if (this.#kept === undefined || this.#kept.length === 0) return none;
    if (!isBlock(request)) return this.#kept.splice(0);
    // After the acknowledgement of a block the answer may be one of the kept APDUs, and other pushes may precede it.
    // The meter sends further blocks of the acknowledged transfer again.
    const begins = this.#kept.findIndex(isFirstBlock);
    const isPassed = (apdu: Uint8Array, at: number): boolean => isBlock(apdu) && (begins < 0 || at < begins);
    const passed = this.#kept.filter(isPassed);
    if (passed.length > 0) this.#kept = this.#kept.filter((apdu, at) => !isPassed(apdu, at));
    return passed;
  }

  /**
   * Keeps an APDU; false means that it is unsolicited. A ciphered push after the answer is kept too: deciphered before
   * the answer, its counter would make the answer look like a repeated message.
   */
  keep(apdu: Uint8Array): boolean {
    if (this.#kept === undefined || this.#kept.length >= maxKeptApdus) return false;
    if (isPush(apdu) && !isCipheredPush(apdu)) return false;
    if (this.#kept.reduce((sum, { length }) => sum + length, apdu.length) > maxKeptBytes) return false;
    this.#kept.push(apdu);
    return true;
  }

  take(wanted: "any" | "block"): Uint8Array | undefined {
    const at = this.#kept?.findIndex((apdu) => wanted === "any" || isBlock(apdu)) ?? -1;
    return at < 0 ? undefined : this.#kept?.splice(at, 1)[0];
  }
}
