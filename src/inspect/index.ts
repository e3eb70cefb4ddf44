/** Inspection of frames and APDUs, and traces of communication. */

export { decodeApdu } from "./apdu";
export { decodeData, describeData, encodeData } from "./data";
export { decipher, type InspectKeys } from "./decipher";
export { describeApdu, type InspectOptions } from "./describe-apdu";
export { describeFrame } from "./describe-frame";
export { decodeFrame, type Frame, type HdlcFrameInfo, type WrapperFrameInfo } from "./frame";
export { type BytesLike, toBytes } from "./input";
export { secretParts } from "./secrets";
export { type ShownBytes, type TracedBytes, TraceInspector, type TraceInspectorOptions } from "./trace";
