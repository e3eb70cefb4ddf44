/** Decodes a captured HDLC or wrapper frame, with the APDU in it. */
import { type Apdu, llcOf, splitApdus, withoutLlc } from "../apdu";
import { isDlmsError } from "../errors";
import { oneOf } from "../errors/arguments";
import {
  decodeHdlcFrame,
  decodeParameters,
  decodeWpdu,
  frameRejectText,
  type HdlcAddress,
  type HdlcControl,
  type HdlcParameters,
  withoutGateway,
} from "../link";
import { type InspectKeys, opened } from "./decipher";
import { type BytesLike, toBytes } from "./input";

export interface HdlcFrameInfo {
  readonly link: "hdlc";
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  readonly control: HdlcControl;
  /** more segments follow */
  readonly segmented: boolean;
  /** the information field */
  readonly info: Uint8Array;
  /** parameters of an SNRM or a UA that carries them */
  readonly parameters?: HdlcParameters;
  /** reason of an FRMR, in words */
  readonly rejected?: string;
  readonly llc?: "command" | "response";
  /** content of an I or UI frame after the LLC bytes; in a segment, a piece of it */
  readonly payload?: Uint8Array;
  /** the APDU, if the frame contains all of it and it can be read; the first of several */
  readonly apdu?: Apdu;
  /** all APDUs, where the frame holds more than one */
  readonly apdus?: readonly Apdu[];
}

export interface WrapperFrameInfo {
  readonly link: "wrapper";
  readonly source: number;
  readonly destination: number;
  readonly payload: Uint8Array;
  readonly apdu?: Apdu;
  /** all APDUs, where the frame holds more than one */
  readonly apdus?: readonly Apdu[];
}

/** A decoded link frame. */
export type Frame = HdlcFrameInfo | WrapperFrameInfo;

/**
 * One frame of the link, from bytes or hex, with the APDU inside it if that is complete.
 * @throws DlmsLinkError for an invalid frame: LINK_FRAME_INVALID, LINK_FCS, LINK_WRAPPER_HEADER
 */
export function decodeFrame(bytes: BytesLike, link: "hdlc" | "wrapper", keys?: InspectKeys): Frame {
  const input = toBytes(bytes);
  oneOf("link", link, ["hdlc", "wrapper"]);
  if (link === "wrapper") {
    const { source, destination, apdu: payload } = decodeWpdu(input);
    return { link, source, destination, payload, ...readable(payload, keys) };
  }
  const { destination, source, control, segmented, info } = decodeHdlcFrame(input);
  const frame = { link, destination, source, control, segmented, info };
  switch (control.type) {
    case "SNRM":
    case "UA":
      return info.length === 0 ? frame : { ...frame, parameters: decodeParameters(info) };
    case "FRMR":
      return { ...frame, rejected: frameRejectText(info) };
    case "I":
    case "UI": {
      const llc = llcOf(info);
      const payload = withoutLlc(info);
      // Pushes of some meters have no LLC bytes; an I frame without them is a later segment.
      const isWhole = !segmented && (llc !== undefined || control.type === "UI");
      return { ...frame, ...(llc && { llc }), payload, ...(isWhole && readable(payload, keys)) };
    }
    default:
      return frame;
  }
}

/** The APDUs in a payload; none if it cannot be read, because it may be a piece or another protocol. */
function readable(payload: Uint8Array, keys: InspectKeys | undefined): Pick<Frame, "apdu" | "apdus"> {
  try {
    const apdus = splitApdus(withoutGateway(payload)).pieces.map(({ apdu }) =>
      keys === undefined ? apdu : opened(apdu, keys),
    );
    const [apdu] = apdus;
    return { ...(apdu && { apdu }), ...(apdus.length > 1 && { apdus }) };
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return {};
  }
}
