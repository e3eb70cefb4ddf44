/** Options of an HDLC link, their checks, and the times of frames at a baud rate. */
import { DlmsConfigError } from "../../errors";
import type { PartPushes } from "../link";
import { defaultInterFrameMs, type LinkTimeouts, integerWithin, resolveTimeouts } from "../timeouts";
import { type HdlcAddress, type HdlcAddressSize, addressText, clientAddress, serverAddress } from "./address";
import { maxInfoLength } from "./frame";
import type { HdlcParameters } from "./parameters";

export interface HdlcLinkOptions {
  /** client SAP, 0..127 */
  readonly clientAddress: number;
  readonly server: { readonly logical: number; readonly physical?: number };
  readonly addressSize?: HdlcAddressSize;
  /** Largest information field to propose for both directions, 32..2030 octets (2030). */
  readonly maxInfo?: number;
  /** Window to propose for both directions, 1..7 (7). */
  readonly window?: number;
  readonly timeouts?: Partial<LinkTimeouts>;
  /** Repetitions without progress before giving up (2). */
  readonly retries?: number;
  /** bit/s of the line if known: time-outs then include the transmission time of frames. */
  readonly baudRate?: number;
  /** Always begin with a DISC. Otherwise a DISC is sent first only after a session that did not end properly. */
  readonly discFirst?: boolean;
  /** Skip the SNRM: the meter accepts I frames at once, with the default parameters (false). */
  readonly skipSetUp?: boolean;
  /**
   * Send an RR after this many ms without traffic, so that the meter's inactivity time-out does not strike (0 = never).
   */
  readonly keepAlive?: number;
  /** Maximum length of a reassembled APDU, in bytes (4 MiB). */
  readonly maxApdu?: number;
  /**
   * splits an information field that contains a push followed by an answer; without it such a field counts as a push
   */
  readonly partPushes?: PartPushes;
}

/** The options, checked and complete. */
export interface HdlcSettings {
  readonly client: HdlcAddress;
  readonly server: HdlcAddress;
  /** "server 1/17" */
  readonly name: string;
  readonly proposal: HdlcParameters;
  readonly timeouts: LinkTimeouts;
  readonly interFrame: number;
  readonly retries: number;
  readonly baudRate: number | undefined;
  readonly discFirst: boolean;
  readonly skipSetUp: boolean;
  readonly keepAlive: number;
  readonly maxApdu: number;
  readonly partPushes: PartPushes | undefined;
}

/** Start, eight data bits, stop; 7E1 has as many. */
const bitsPerByte = 10;
/** Assumed if the rate is unknown, only for the time limit of a whole frame. */
const minBaudRate = 400;
/** Flags, format, the longest addresses, control, HCS, FCS. */
const frameOverhead = 16;

/** @throws DlmsConfigError CONFIG_INVALID for options outside their ranges */
export function resolveHdlcOptions(options: HdlcLinkOptions): HdlcSettings {
  const maxInfo = integerWithin("maxInfo", options.maxInfo ?? maxInfoLength, 32, maxInfoLength);
  const window = integerWithin("window", options.window ?? 7, 1, 7);
  const { baudRate } = options;
  if (baudRate !== undefined && !(baudRate > 0 && Number.isFinite(baudRate))) {
    throw new DlmsConfigError("CONFIG_INVALID", `baudRate: expected bit/s above 0, got ${baudRate}`);
  }
  const timeouts = resolveTimeouts(options.timeouts);
  const server = serverAddress(options.server.logical, options.server.physical, options.addressSize);
  return {
    client: clientAddress(options.clientAddress),
    server,
    name: `server ${addressText(server)}`,
    proposal: { maxInfoTransmit: maxInfo, maxInfoReceive: maxInfo, windowTransmit: window, windowReceive: window },
    timeouts,
    interFrame: timeouts.interFrame ?? defaultInterFrame(baudRate),
    retries: integerWithin("retries", options.retries ?? 2, 0, 100),
    baudRate,
    discFirst: options.discFirst ?? false,
    skipSetUp: options.skipSetUp ?? false,
    keepAlive: integerWithin("keepAlive", options.keepAlive ?? 0, 0, 86_400_000),
    maxApdu: integerWithin("maxApdu", options.maxApdu ?? 4 * 1024 * 1024, 16, 0x7fffffff),
    partPushes: options.partPushes,
  };
}

/** Transmission time of `bytes`, in ms; 0 if the rate is not known. */
export function transmissionTime(bytes: number, baudRate: number | undefined): number {
  return baudRate === undefined ? 0 : (bytes * bitsPerByte * 1000) / baudRate;
}

/** Maximum transmission time of a frame with an information field of this length, in ms. */
export function frameTime(info: number, baudRate: number | undefined): number {
  return transmissionTime(info + frameOverhead, baudRate ?? minBaudRate);
}

/**
 * A second for the pauses that meters, drivers and USB converters make, and thirty characters, so that slow lines
 * have room.
 */
function defaultInterFrame(baudRate: number | undefined): number {
  return baudRate === undefined ? defaultInterFrameMs : 1000 + transmissionTime(30, baudRate);
}
