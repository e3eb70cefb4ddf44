import type { Apdu } from "../apdu";
import { parseApdu } from "../apdu";
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
} from "../link";
import { llcOf, withoutLlc } from "./apdu";
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
  /** of an SNRM or a UA that carries them */
  readonly parameters?: HdlcParameters;
  /** of an FRMR, in words */
  readonly rejected?: string;
  readonly llc?: "command" | "response";
  /** what an I or UI frame carries behind the LLC bytes; in a segment, a piece of it */
  readonly payload?: Uint8Array;
  /** the APDU, where the frame holds all of it and it can be read */
  readonly apdu?: Apdu;
}

export interface WrapperFrameInfo {
  readonly link: "wrapper";
  readonly source: number;
  readonly destination: number;
  readonly payload: Uint8Array;
  readonly apdu?: Apdu;
}

/** A decoded link frame. */
export type Frame = HdlcFrameInfo | WrapperFrameInfo;

/**
 * One frame of the link, from bytes or hex, with the APDU inside it where it is whole.
 * @throws DlmsLinkError for a frame that is not one: LINK_FRAME_INVALID, LINK_FCS, LINK_WRAPPER_HEADER
 */
export function decodeFrame(bytes: BytesLike, link: "hdlc" | "wrapper", keys?: InspectKeys): Frame {
  const input = toBytes(bytes);
  oneOf("link", link, ["hdlc", "wrapper"]);
  if (link === "wrapper") {
    const { source, destination, apdu: payload } = decodeWpdu(input);
    const apdu = readable(payload, keys);
    return { link, source, destination, payload, ...(apdu && { apdu }) };
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
      const apdu = segmented || llc === undefined ? undefined : readable(payload, keys);
      return { ...frame, ...(llc && { llc }), payload, ...(apdu && { apdu }) };
    }
    default:
      return frame;
  }
}

/** The APDU in a payload; undefined where it cannot be read: it may be a piece, or sent by something else. */
function readable(payload: Uint8Array, keys: InspectKeys | undefined): Apdu | undefined {
  try {
    const apdu = parseApdu(payload, { allowTrailing: true });
    return keys === undefined ? apdu : opened(apdu, keys);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return undefined;
  }
}
