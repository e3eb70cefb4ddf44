/** The checked and complete settings of a wrapper link. */
import type { PartPushes } from "../link";
import { type LinkTimeouts, defaultInterFrameMs, integerWithin, resolveTimeouts } from "../timeouts";

export interface WrapperLinkOptions {
  /** wPort of the client, 0..65535 */
  readonly clientSap: number;
  /** wPort of the logical device */
  readonly serverSap: number;
  readonly timeouts?: Partial<LinkTimeouts>;
  /** With `datagrams`: how often a request that changes nothing is sent again, byte for byte (0). */
  readonly retries?: number;
  /** Each `receive` is one datagram: an invalid datagram is dropped alone and does not end the link. */
  readonly datagrams?: boolean;
  /** Quirk: the header's words are sent and expected low byte first. */
  readonly swappedBytes?: boolean;
  /** maximum length of a received APDU, in bytes (65535) */
  readonly maxApdu?: number;
  /** splits a WPDU that contains a push followed by an answer; without it such a WPDU counts as a push */
  readonly partPushes?: PartPushes;
  /** bit/s of the line if known: determines the maximum transmission time of a message. */
  readonly baudRate?: number;
}

export interface WrapperSettings {
  readonly timeouts: LinkTimeouts;
  readonly interFrame: number;
  readonly retries: number;
}

/** @throws DlmsConfigError CONFIG_INVALID for options outside their ranges */
export function resolveWrapperOptions(options: WrapperLinkOptions): WrapperSettings {
  integerWithin("client address", options.clientSap, 0, 0xffff);
  integerWithin("server address", options.serverSap, 0, 0xffff);
  const timeouts = resolveTimeouts(options.timeouts);
  return {
    timeouts,
    interFrame: timeouts.interFrame ?? defaultInterFrameMs,
    retries: integerWithin("retries", options.retries ?? 0, 0, 100),
  };
}
