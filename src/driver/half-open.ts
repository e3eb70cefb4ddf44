/** Finds half-open connections: the peer is gone, and the operating system has not noticed. */
import type { Transport } from "../transport";
import { addressKey, type LinkAddress } from "./address-reservations";

interface Addressed {
  readonly address?: LinkAddress;
}

/** The peer of a user. Users change with each association; the peer stays. */
const peerKey = (user: Addressed): unknown => (user.address === undefined ? user : addressKey(user.address));

/** Consecutive unanswered frames after which the connection counts as half open. Noise has no such effect. */
const halfOpenAfter = {
  /** distinct meters that answered before on this connection */
  meters: 3,
  /** frames in total, to any meter */
  frames: 4,
} as const;

/**
 * Determines from missing answers whether a connection that several users share is half open. A single user closes its
 * connection after a failure; of several users one always keeps it open.
 *
 * A meter may also be dead, and that must not cost the others their associations. So only meters that answered on this
 * connection and have stopped count, or all of them together if none has answered.
 */
export class HalfOpenDetector {
  /** a serial port and a datagram socket cannot be half open */
  readonly #isPossible: boolean;
  /** peers that answered on this connection, until an exchange with them failed */
  readonly #heard = new Set<unknown>();
  /** peers that have not answered since the last received byte */
  readonly #silent = new Set<unknown>();
  /** those of `#silent` that had answered before */
  readonly #wentSilent = new Set<unknown>();
  #frames = 0;
  /** something was sent in this turn, and no byte has been received since */
  #awaitsAnswer = false;
  #lastHeard: Addressed | undefined;

  constructor({ kind }: Transport) {
    this.#isPossible = kind !== "serial" && kind !== "udp";
  }

  beginTurn(): void {
    this.#awaitsAnswer = false;
  }

  sent(): void {
    this.#awaitsAnswer = true;
  }

  /** Bytes were received. @param user the user that holds the turn, if any */
  heard(user: Addressed | undefined): void {
    this.#awaitsAnswer = false;
    if (this.#frames > 0) this.#clearSilence();
    if (user === undefined || user === this.#lastHeard) return;
    this.#lastHeard = user;
    this.#heard.add(peerKey(user));
  }

  /** The user's exchange failed: until the next answer its peer counts as never heard. */
  failed(user: Addressed): void {
    this.#heard.delete(peerKey(user));
    this.#lastHeard = undefined;
  }

  /** The connection was replaced. */
  reset(): void {
    this.#heard.clear();
    this.#lastHeard = undefined;
    this.#clearSilence();
  }

  /**
   * The frame that this user sent in its turn was not answered in time.
   * @param users all users of the connection
   * @returns the number of consecutive unanswered frames, if the connection counts as half open
   */
  unanswered(user: Addressed, users: ReadonlySet<Addressed>): number | undefined {
    if (!this.#isPossible || !this.#awaitsAnswer) return undefined;
    const peer = peerKey(user);
    this.#silent.add(peer);
    this.#frames++;
    if (this.#heard.has(peer)) this.#wentSilent.add(peer);
    if (this.#frames < halfOpenAfter.frames && this.#wentSilent.size < halfOpenAfter.meters) return undefined;
    return this.#wentSilent.size > 0 || this.#areAllSilent(users) ? this.#frames : undefined;
  }

  #areAllSilent(users: ReadonlySet<Addressed>): boolean {
    // a user without an address only keeps the line open
    return [...users].every((one) => one.address === undefined || this.#silent.has(peerKey(one)));
  }

  #clearSilence(): void {
    this.#silent.clear();
    this.#wentSilent.clear();
    this.#frames = 0;
  }
}
