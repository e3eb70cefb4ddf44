/** Values for direct use: units, differences, new rows, and forms for databases. */
export {
  differencesOf,
  type DifferenceOptions,
  type Differences,
  type UnknownUse,
  type UnknownUseAt,
} from "./differences";
export { type ConvertOptions, convertTable } from "./convert-table";
export { isCumulative } from "./cumulative";
export { inKilo, type Quantity } from "./kilo";
export { type NewestRows, type NewRows, newRowsOf, type NewRowsRange, rangeOfNew } from "./newest-rows";
export {
  type FieldValue,
  type InfluxPoint,
  type LinePrecision,
  lineProtocol,
  type PointOptions,
  type Points,
  pointsOfProfile,
  pointsOfValues,
} from "./points";
export { type RowMoment, rowMoment, timeColumn } from "./row-time";
export {
  type ReadValue,
  type Sample,
  type ShownColumn,
  type ShownTable,
  tableOfProfile,
  tableOfValues,
} from "./samples";
