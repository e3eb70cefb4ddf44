/** Frames and transport layer of wired M-Bus, as customer interfaces push them. */

export { decodeMbusFrame, encodeMbusFrame, type MbusFrame } from "./frame";
export { MbusFramer, type ReceivedMbusFrame } from "./framer";
export { isMbusSegment, type MbusApdu, mbusSegments, MbusTransport } from "./transport";
