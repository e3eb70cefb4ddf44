/** The HDLC data link of IEC 62056-46. */

export {
  addressLength,
  addressMatches,
  addressText,
  allStations1,
  allStations2,
  clientAddress,
  decodeAddress,
  encodeAddress,
  type HdlcAddress,
  type HdlcAddressSize,
  serialNumberAddress,
  serverAddress,
} from "./address";
export { checkSequenceFits, crc16x25 } from "./crc";
export {
  controlText,
  decodeControl,
  decodeHdlcFrame,
  encodeControl,
  encodeHdlcFrame,
  flag,
  frameAddresses,
  frameLength,
  type HdlcControl,
  type HdlcFrame,
  type HdlcFrameType,
  headerLength,
  lengthFitsHeader,
  maxFrameLength,
  maxInfoLength,
  minFrameLength,
  parseFrame,
} from "./frame";
export { type FramerReport, HdlcFramer, type ReceivedFrame } from "./framer";
export { frameRejectText } from "./frmr";
export { hdlcLink, HdlcLink } from "./hdlc-link";
export { type HdlcLinkOptions, type HdlcSettings, resolveHdlcOptions } from "./options";
export { decodeParameters, defaultParameters, encodeParameters, type HdlcParameters, negotiate } from "./parameters";
