/** APDUs that answer no request: early answers of an operation, notifications, pushes for other users of the line. */
import type { DlmsError } from "../errors";
import type { LinkOutput } from "../link/link";
import type { LinkDriverParts } from "./driver-parts";
import { EarlyApdus } from "./early-apdus";
import { FloodGuard } from "./flood-guard";
import type { LineUser, Push } from "./shared-line";

type Parts = Pick<LinkDriverParts, "line" | "link" | "clock" | "events" | "traffic">;

/** Delivers each unsolicited APDU to its addressee, and closes the connection if there are too many. */
export class UnsolicitedApdus {
  readonly #user: LineUser;
  readonly #parts: Parts;
  /** The connection has to end for this reason. */
  readonly #fail: (error: DlmsError) => void;
  readonly #early = new EarlyApdus();
  readonly #floods: FloodGuard;

  constructor(user: LineUser, parts: Parts, fail: (error: DlmsError) => void) {
    this.#user = user;
    this.#parts = parts;
    this.#fail = fail;
    this.#floods = new FloodGuard(parts.clock);
  }

  beginOperation(): void {
    this.#early.begin();
  }

  /** APDUs that the operation has not received are unsolicited. */
  endOperation(): void {
    for (const apdu of this.#early.end()) this.#stray(apdu);
  }

  /** The operation sends a request, which an APDU received earlier cannot answer. */
  beginRequest(request: Uint8Array): void {
    for (const apdu of this.#early.pass(request)) this.#stray(apdu);
  }

  /** An APDU of this operation that arrived before it was awaited. */
  take(wanted: "any" | "block"): Uint8Array | undefined {
    return this.#early.take(wanted);
  }

  /**
   * A flood ends the connection for all its users, because it would continue for the others. Returns whether the
   * traffic is a flood.
   */
  count(kind: "bytes" | "frames" | "notifications", count: number): boolean {
    const { line } = this.#parts;
    const error = this.#floods.came(kind, count, line.transport.endpoint);
    if (error !== undefined) line.drop(error);
    return error !== undefined;
  }

  /** @param exchanging an answer is awaited: the notification is not an early one */
  notification(output: Extract<LinkOutput, { kind: "notification" }>, exchanging: boolean): void {
    const { apdu, address } = output;
    if (address === undefined) {
      this.#parts.events.apdu("in", apdu);
      if (exchanging || !this.#early.keep(apdu)) this.#stray(apdu);
    } else if (!this.count("notifications", 1)) this.#dispatchPush({ apdu, address });
  }

  pushed(apdu: Uint8Array): void {
    this.#parts.events.apdu("in", apdu);
    this.#parts.events.notification(apdu);
  }

  #stray(apdu: Uint8Array): void {
    if (this.count("notifications", 1)) return;
    const { events } = this.#parts;
    const error = events.unasked?.(apdu);
    events.notification(apdu);
    if (error !== undefined) this.#fail(error);
  }

  /** The push is not from our meter to us: it may be for another client of the line. */
  #dispatchPush(push: Push): void {
    const { line, link, traffic, events } = this.#parts;
    if (line.dispatchPush(push)) return;
    if (link.kind === "wrapper" && line.users === 1) {
      this.#user.pushed?.(push);
      return;
    }
    const { server, client } = push.address;
    const from = server.physical === undefined ? `${server.logical}` : `${server.logical}/${server.physical}`;
    traffic.strayPushes = (traffic.strayPushes ?? 0) + 1;
    events.note(`a push from server ${from} to client ${client} was dropped: no client here reads that server`);
  }
}
