/** A-XDR: the data types of IEC 62056-6-2 as bytes and as values. */

export {
  ber,
  berBits,
  berBitsContents,
  type BerField,
  berInteger,
  berIntegerValue,
  dlmsOid,
  dlmsOidNumber,
  readBer,
  readBerTolerant,
  writeBer,
} from "./ber";
export { DataCursor } from "./cursor";
export {
  decodeNumber,
  decodePlainBytes,
  decodeValue,
  decodeValueBytes,
  type ElementReader,
  tooManyValues,
  ValueDecoder,
} from "./decode";
export {
  ArrayElementStream,
  type ElementBatch,
  ElementStream,
  type ElementStreamKind,
  type ElementStreamOptions,
} from "./element-stream";
export { encodeValue, encodeValueBytes } from "./encode";
export { type DecodeLimits, defaultMaxDepth, defaultMaxElements } from "./limits";
export { skipValue, sliceValue } from "./skip";
export {
  contentForm,
  contentForms,
  dataTag,
  dataType,
  formBits,
  formCompact,
  formOctets,
  formSequence,
  formUnknown,
  isDataType,
} from "./tags";
export {
  compactValuesPerByte,
  minimumSize,
  maxCompactElements,
  readTypeDescription,
  valuesPerElement,
  writeTypeDescription,
} from "./type-description";
export {
  type DataTag,
  dataTags,
  type DataType,
  type DlmsValue,
  type NumberDataType,
  type PlainValue,
  type TypeDescription,
} from "./value";
