/** Byte helpers: reader, writer, hex, comparison and concatenation. */

export { bytesEqual, concatBytes, joinBytes } from "./compare";
export { GrowingBuffer, type PieceRefusal } from "./growing-buffer";
export { fromHex, latin1, toHex } from "./hex";
export { evenParity, withEvenParity } from "./parity";
export { ByteReader } from "./reader";
export { ByteWriter } from "./writer";
export { type DroppedSeries, type SeriesLimits, UnfinishedSeries } from "./series";
