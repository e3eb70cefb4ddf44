/** Checks of the arguments of client calls. */
import { type AttributeRef, type MethodRef, parseObis } from "../../cosem";
import { integer, invalid, milliseconds, object, oneOf } from "../../errors/arguments";
import type { OperationOptions, ReadOptions } from "./options";

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkAttributeRef(ref: AttributeRef): void {
  object("ref", ref, "{ classId, logicalName, attributeId }");
  integer("ref.classId", ref.classId, 0, 0xffff);
  parseObis(ref.logicalName);
  integer("ref.attributeId", ref.attributeId, -128, 127);
  if (ref.version !== undefined) integer("ref.version", ref.version, 0, 255);
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkMethodRef(ref: MethodRef): void {
  object("ref", ref, "{ classId, logicalName, methodId }");
  integer("ref.classId", ref.classId, 0, 0xffff);
  parseObis(ref.logicalName);
  integer("ref.methodId", ref.methodId, -128, 127);
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkOperation(options: OperationOptions): void {
  object("options", options);
  const { signal, timeoutMs } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal", "an AbortSignal", signal);
  if (timeoutMs !== undefined) milliseconds("timeoutMs", timeoutMs, 0);
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkReadOptions(options: ReadOptions): void {
  checkOperation(options);
  if (options.dates !== undefined) oneOf("dates", options.dates, ["iso", "date", "epoch"]);
}
