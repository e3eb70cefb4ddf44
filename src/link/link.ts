/** `LinkProtocol`, the interface of every framing. A new framing implements it in its own folder. */
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
  /**
   * Change the settings of the line after all transmitted bytes have left; transports without line settings ignore it.
   */
  | { readonly kind: "line"; readonly settings: LineSettings }
  /** The link is up: `send` may be called. */
  | { readonly kind: "opened" }
  /** A complete APDU in answer to `send` (LLC bytes and wrapper header removed). */
  | { readonly kind: "apdu"; readonly apdu: Uint8Array }
  /**
   * A complete unsolicited APDU (UI frame, or a WPDU while none is awaited). `address`: absent if the APDU was sent by
   * this link's meter to this client; otherwise it may be for another user of the line.
   */
  | { readonly kind: "notification"; readonly apdu: Uint8Array; readonly address?: PushAddress }
  /** No answer to a `send` or an `await` with `reportSilence`; the link is still up. */
  | { readonly kind: "unanswered"; readonly error: DlmsError }
  /** The link is down because `close` was called. */
  | { readonly kind: "closed" }
  /** The link is down because of this error; it may be opened again. */
  | { readonly kind: "failed"; readonly error: DlmsError }
  /** A frame was sent or received: for the trace. */
  | { readonly kind: "frame"; readonly direction: "out" | "in"; readonly bytes: Uint8Array }
  /** Something was dropped, repeated or tolerated: for the trace. */
  | { readonly kind: "note"; readonly text: string };

/** Source and destination of a push, from its frame. */
export interface PushAddress {
  /** the logical device, and the physical one if the framing has it */
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
 * A data link between one client and one server, without socket, timer or clock: bytes, time and requests are its
 * inputs, `LinkOutput` its outputs. One exchange at a time: `send`, then an `apdu` or a `failed`.
 *
 * Time is monotonic milliseconds. After each call the driver reads `deadline` and calls `tick` at that time. Every wait
 * has such a deadline, so `open` and `send` always end in an output.
 */
export interface LinkProtocol {
  readonly kind: "wrapper" | "hdlc" | "hdlc-mode-e";
  readonly state: "closed" | "opening" | "open" | "busy" | "closing";
  /** Time of the next call of `tick`; undefined = no wait is running. */
  readonly deadline: number | undefined;
  /** False while an answer of the peer is awaited, also to a keep-alive; absent: unknown. */
  readonly isIdle?: boolean;
  /** Bytes of an APDU that are sent in one turn, before the peer has to answer; absent: any number. */
  readonly bytesPerTurn?: number | undefined;
  open(now: number): LinkOutput[];
  /** Send one APDU. Only in state "open" (or "busy", for a service with several requests before its answer). */
  send(apdu: Uint8Array, now: number, options?: LinkSendOptions): LinkOutput[];
  /** Wait for a further APDU without sending one (general block transfer in streaming). */
  await(now: number, options?: LinkSendOptions): LinkOutput[];
  /** Disconnects properly; ends in "closed" within its own bound even without any answer. */
  close(now: number): LinkOutput[];
  receive(bytes: Uint8Array, now: number): LinkOutput[];
  tick(now: number): LinkOutput[];
  /** Whether a push received by another user of the line is for this link; absent: never. */
  matchPush?(address: PushAddress): PushMatch;
  /** The output for such a push; absent: a notification with the push unchanged. */
  pushed?(apdu: Uint8Array): LinkOutput;
  /** The transport is lost: discards all state, returns no output. */
  reset(): void;
}

/**
 * Splits a field that begins with a push and continues with an answer; undefined for a field with pushes only. A higher
 * layer provides it, because a link does not parse APDUs.
 */
export type PartPushes = (
  field: Uint8Array,
) => { readonly pushes: Uint8Array; readonly answer: Uint8Array } | undefined;

export interface LinkSendOptions {
  /** false: no answer is expected, the link stays "open" (unconfirmed services) */
  readonly expectAnswer?: boolean;
  /** names the request at the beginning of messages; the session adds the name itself */
  readonly request?: string;
  /**
   * Without an answer, the link reports `unanswered`, stays up, and does not send the request again. A link that
   * repeats lost frames (HDLC) ignores this option, and fails.
   */
  readonly reportSilence?: boolean;
  /**
   * A retry of the previous request, possibly with other bytes: an answer to the previous request answers this one too.
   */
  readonly isRetry?: boolean;
  /** For `await`: the received APDU was not the answer, so the current response time-out continues. */
  readonly sameWait?: boolean;
  /** The answer does not identify its request, so the link keeps a late answer away from the next request. */
  readonly uncorrelated?: boolean;
}

/**
 * The outputs of a call that has none. All calls share it because `receive` may be called for every single byte; it is
 * frozen, so that no caller can add to it.
 */
export const noOutputs: LinkOutput[] = Object.freeze<LinkOutput[]>([]) as LinkOutput[];
