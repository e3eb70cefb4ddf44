import type { Transport } from "../transport";
import { addressKey, type LinkAddress } from "./address-reservations";

interface Voiced {
  readonly address?: LinkAddress;
}

/** Users come and go with each association; whom they speak to stays. */
const voiceOf = (user: Voiced): unknown => (user.address === undefined ? user : addressKey(user.address));

/** So many frames in a row without a byte from anybody: to different meters, or to whichever. Noise does not do that. */
const enough = { meters: 3, frames: 4 } as const;

/**
 * Judges from silence whether a connection that several share is half open: the other side is gone, and nothing says so.
 * A single client closes its connection after a failure, but with several there is always one that keeps it.
 *
 * A meter may be dead too, and its silence must not cost the others their associations: only those who were heard on this
 * connection and no longer are speak against it, and all together where nobody was heard at all.
 */
export class LineSilence {
  /** a port cannot be half open, a socket for datagrams neither */
  readonly #possible: boolean;
  /** on this connection, until an exchange failed */
  readonly #heard = new Set<unknown>();
  /** since the last byte: who was not heard, and who of them had been before */
  readonly #silent = new Set<unknown>();
  readonly #fallen = new Set<unknown>();
  #frames = 0;
  /** something was sent in this turn, and no byte came since */
  #asked = false;
  #last: Voiced | undefined;

  constructor({ kind }: Transport) {
    this.#possible = kind !== "serial" && kind !== "udp";
  }

  turn(): void {
    this.#asked = false;
  }

  sent(): void {
    this.#asked = true;
  }

  /** Bytes came, in the turn of this user if it was anybody's. */
  over(user: Voiced | undefined): void {
    this.#asked = false;
    if (this.#frames > 0) this.#forgive();
    if (user === undefined || user === this.#last) return;
    this.#last = user;
    this.#heard.add(voiceOf(user));
  }

  /** The user's exchange failed: what it does from now on is a try. */
  failed(user: Voiced): void {
    this.#heard.delete(voiceOf(user));
    this.#last = undefined;
  }

  /** Another connection. */
  reset(): void {
    this.#heard.clear();
    this.#last = undefined;
    this.#forgive();
  }

  /**
   * What this user sent in its turn was not answered in time.
   * @param users all who have the connection
   * @returns how many such frames there were in a row, if the connection is to be given up
   */
  missed(user: Voiced, users: ReadonlySet<Voiced>): number | undefined {
    if (!this.#possible || !this.#asked) return undefined;
    const voice = voiceOf(user);
    this.#silent.add(voice);
    this.#frames++;
    if (this.#heard.has(voice)) this.#fallen.add(voice);
    if (this.#frames < enough.frames && this.#fallen.size < enough.meters) return undefined;
    return this.#fallen.size > 0 || this.#allMute(users) ? this.#frames : undefined;
  }

  #allMute(users: ReadonlySet<Voiced>): boolean {
    // who has no address only keeps the line open
    return [...users].every((one) => one.address === undefined || this.#silent.has(voiceOf(one)));
  }

  #forgive(): void {
    this.#silent.clear();
    this.#fallen.clear();
    this.#frames = 0;
  }
}
