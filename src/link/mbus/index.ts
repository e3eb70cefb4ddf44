export { decodeMbusFrame, encodeMbusFrame, type MbusFrame } from "./frame";
export { MbusFramer, type ReceivedMbusFrame } from "./framer";
export { isMbusSegment, type MbusApdu, mbusSegments, MbusTransport } from "./transport";
