/** Values to be written: from plain JavaScript to A-XDR. */

export { encodeDateTime } from "./encode-date-time";
export { isWithoutArgument, methodArgumentType } from "./method-arguments";
export { isNumericType, scaledValue } from "./numbers";
export type { OctetOptions } from "./octets";
export { isDlmsValue, toDlmsValue, type WriteValueOptions } from "./to-dlms-value";
export { attributeType, attributeTypes, typeLike, typesOf, type ValueType, valueTypeOf } from "./value-type";
