/** COSEM objects: class table, OBIS codes, values, dates, profiles and object lists. */

export { isAbsent } from "./absent";
export {
  clockStatusBits,
  dateFromBytes,
  type DateParts,
  dateTimeFromBytes,
  dateTimeInfo,
  type DateTimeParts,
  isCalendarDay,
  isoDate,
  isoOffset,
  isoTime,
  presentDateTime,
  resolveDateTime,
  type ResolvedDateTime,
  rowTime,
  type RowTime,
  type SpecialDay,
  type SpecialMonth,
  timeFromBytes,
  type TimeParts,
} from "./date-time";
export { dateToBytes, dateTimeToBytes, timeToBytes, type EncodeDateTimeOptions, readMoment } from "./date-time-encode";
export { interfaceClasses } from "./interface-classes";
export {
  attribute,
  attributeDefinition,
  attributeName,
  type AttributeName,
  className,
  type ClassName,
  classTitle,
  findAttribute,
  findClass,
  findMethod,
  listClasses,
  method,
  scalerSource,
} from "./lookup";
export type {
  AttributeDefinition,
  AttributeRef,
  ClassDefinition,
  DateTimeInfo,
  FieldDefinition,
  MethodDefinition,
  MethodRef,
  Presentation,
  PresentAttribute,
  PresentedValue,
  PresentOptions,
  ScalerUnit,
} from "./model";
export { isObis, obisDotted, type ObisLike, obisPrinted, parseObis } from "./obis";
export {
  attributeAccess,
  type AttributeAccess,
  type AttributeEntry,
  type DescribeObis,
  type DirectoryReading,
  type MethodAccess,
  type MethodEntry,
  type ObjectDirectory,
  type ObjectEntry,
  readObjectList,
  readObjectListBytes,
  readShortNameList,
  readShortNameListBytes,
  withShortNameAccess,
  withShortNameAccessBytes,
} from "./object-list";
export {
  bitNames,
  elementOf,
  presentAttribute,
  type PresentContext,
  presentDates,
  presentScalerUnit,
  presentTop,
  presentUnixTime,
  presentValue,
  readScalerUnit,
} from "./present";
export {
  type CaptureObject,
  captureObjectValue,
  clockKind,
  columnDefinition,
  columnKeys,
  columnScaler,
  type ProfileColumn,
  profileColumns,
  readCaptureObjects,
} from "./profile-columns";
export {
  createRowMapper,
  createRowReader,
  createTimedRowReader,
  type ProfileRow,
  type RowMapper,
  type RowMapperOptions,
  type TimedRow,
} from "./profile-rows";
export { createMarkedRowReader, type TimeMark } from "./time-marks";
export {
  defaultClock,
  entriesByAge,
  type EntryOrder,
  entrySelection,
  type EntrySelection,
  lastEntries,
  type Moment,
  momentToEpoch,
  rangeSelection,
  rangeSelectionOf,
  type RangeSelectionOptions,
  restrictingObject,
  type Selection,
  sortMethods,
  timeBound,
} from "./profile-selection";
export { decimalText, scaleFloat, scaleInteger, shortestFloat32 } from "./scaling";
export { addSeconds, dateTimeFormatter } from "./date-time-formatter";
export { isTimeZone, utcMs, zoneRules } from "./time-zone";
export { findUnit, type UnitDefinition, units, unitSymbol } from "./units";
export {
  attributeType,
  attributeTypes,
  encodeDateTime,
  isDlmsValue,
  isNumericType,
  isWithoutArgument,
  methodArgumentType,
  type OctetOptions,
  scaledValue,
  toDlmsValue,
  typeLike,
  typesOf,
  type ValueType,
  valueTypeOf,
  type WriteValueOptions,
} from "./writing";
export * as wellKnownObjects from "./well-known-objects";
