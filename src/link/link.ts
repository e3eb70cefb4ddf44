/** `LinkProtocol`, the interface of every framing. A new framing implements it in a folder of its own. */
import type { DlmsError } from "../errors";

/** Line settings that a link asks its transport for (mode E changes them while it starts). */
export interface LineSettings {
  /** bit/s */
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even";
}

/** Outputs of a link; the driver carries them out in order. */
export type LinkOutput =
  /** Put these bytes on the line. */
  | { readonly kind: "transmit"; readonly bytes: Uint8Array }
  /** Switch the line, after what was transmitted has left; transports without line settings ignore it. */
  | { readonly kind: "line"; readonly settings: LineSettings }
  /** The link is up: `send` may be called. */
  | { readonly kind: "opened" }
  /** A complete APDU in answer to `send` (LLC bytes and wrapper header taken off). */
  | { readonly kind: "apdu"; readonly apdu: Uint8Array }
  /**
   * A complete unsolicited APDU (UI frame, or a WPDU while none is awaited). `address`: absent when it came from this
   * link's meter to this client; otherwise it may be for another user of the line.
   */
  | { readonly kind: "notification"; readonly apdu: Uint8Array; readonly address?: PushAddress }
  /** Nothing came in answer to a `send` or an `await` that wants to be told of silence; the link is still up. */
  | { readonly kind: "unanswered"; readonly error: DlmsError }
  /** The link is down because `close` was called. */
  | { readonly kind: "closed" }
  /** The link is down because of this error; it may be opened again. */
  | { readonly kind: "failed"; readonly error: DlmsError }
  /** A frame went out or came in: for the trace. */
  | { readonly kind: "frame"; readonly direction: "out" | "in"; readonly bytes: Uint8Array }
  /** Something was dropped, repeated or tolerated: for the trace. */
  | { readonly kind: "note"; readonly text: string };

/** Where a push came from and where it goes to, as its frame says. */
export interface PushAddress {
  /** the logical device, and the physical one where the framing has it */
  readonly server: { readonly logical: number; readonly physical?: number };
  /** the client SAP */
  readonly client: number;
}

/**
 * How well a push matches a link: no match, from its meter to another client (or to all), or from its meter to its
 * client.
 */
export type PushMatch = "none" | "meter" | "exact";

/**
 * A data link between one client and one server, without socket, timer or clock: bytes, time and wishes go in,
 * outputs come out. One exchange at a time: `send`, then an `apdu` or a `failed`.
 *
 * Time is monotonic milliseconds. After each call the driver looks at `deadline` and calls `tick` when it has
 * come. Every wait inside has such a deadline, so a link that was opened or sent through always ends in an output.
 */
export interface LinkProtocol {
  readonly kind: "wrapper" | "hdlc" | "hdlc-mode-e";
  readonly state: "closed" | "opening" | "open" | "busy" | "closing";
  /** Time of the next call of `tick`; undefined = no wait is running. */
  readonly deadline: number | undefined;
  /** False while an answer of the peer is due, also to a keep-alive; absent: unknown. */
  readonly isIdle?: boolean;
  /** Bytes of an APDU that go out in one turn, before the other side has to answer; absent: any number. */
  readonly bytesPerTurn?: number | undefined;
  open(now: number): LinkOutput[];
  /** Send one APDU. Only in state "open" (or "busy", for a service with several requests before its answer). */
  send(apdu: Uint8Array, now: number, options?: LinkSendOptions): LinkOutput[];
  /** Wait for a further APDU without sending one (general block transfer in streaming). */
  await(now: number, options?: LinkSendOptions): LinkOutput[];
  /** Orderly disconnect; ends in "closed" within its own bound even if nothing answers. */
  close(now: number): LinkOutput[];
  receive(bytes: Uint8Array, now: number): LinkOutput[];
  tick(now: number): LinkOutput[];
  /** Whether a push that another user of the line heard is for this link; absent: never. */
  matchPush?(address: PushAddress): PushMatch;
  /** The transport is gone: forget everything, answer nothing. */
  reset(): void;
}

/**
 * Parts a field that begins with a push and goes on with an answer; undefined for one of pushes only. It comes from
 * above, because a link does not read APDUs.
 */
export type PartPushes = (
  field: Uint8Array,
) => { readonly pushes: Uint8Array; readonly answer: Uint8Array } | undefined;

export interface LinkSendOptions {
  /** false: no answer is expected, the link stays "open" (unconfirmed services) */
  readonly expectAnswer?: boolean;
  /** names the request at the beginning of messages; the session adds the name itself */
  readonly what?: string;
  /**
   * Where no answer comes at all, the link reports `unanswered`, stays up, and does not send the request again. A link
   * that repeats lost frames (HDLC) ignores this, and fails.
   */
  readonly reportSilence?: boolean;
  /** The previous request once more, perhaps in other bytes: an answer to that one answers this one. */
  readonly isRetry?: boolean;
  /** Of `await`: what came was no answer, so the response time-out that is running goes on. */
  readonly sameWait?: boolean;
  /** The answer does not name its request, so the link keeps a late one away from the next request. */
  readonly uncorrelated?: boolean;
}

/**
 * The outputs of a call that has none. One list for all, since `receive` may be called for every single byte; it is
 * frozen, so that no caller can add to it.
 */
export const noOutputs: LinkOutput[] = Object.freeze<LinkOutput[]>([]) as LinkOutput[];
