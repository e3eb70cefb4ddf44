/** Plain values of writes and method calls, converted by the class table. */
import { type DataType, type DlmsValue, encodeValueBytes } from "../../codec";
import {
  type AttributeRef,
  attributeTypes,
  isDlmsValue,
  isWithoutArgument,
  methodArgumentType,
  obisPrinted,
  scaledValue,
  toDlmsValue,
  typesOf,
  type ValueType,
} from "../../cosem";
import { DlmsConfigError, isDlmsError } from "../../errors";
import type { Reading } from "./read";
import type { AttributeWrite, MethodCall } from "./write-types";

/** @throws DlmsConfigError CONFIG_INVALID */
export function valueOf({ ref, value, type, ...options }: AttributeWrite, path: string): DlmsValue {
  const { scaler } = options;
  if (isDlmsValue(value) && scaler === undefined) return checked(value);
  if (scaler !== undefined && typeof type === "string") return scaledValue(value, scaler, type, path);
  if (type !== undefined) return toDlmsValue(value, type as DataType, { ...options, path });
  const types = attributeTypes(ref).filter((one) => typesOf(one).length > 0);
  if (types.length === 0) throw open(path, "attribute");
  return firstFit(types, (one) => toDlmsValue(value, one, { ...options, path }));
}

/** Scaler and type of an attribute, from its present value. @throws DlmsConfigError CONFIG_INVALID without a scaler */
export async function scaledBy(
  ref: AttributeRef,
  read: (ref: AttributeRef) => Promise<Pick<Reading, "scaler" | "type">>,
): Promise<{ readonly scaler: number; readonly type: string }> {
  const { scaler, type } = await read(ref);
  if (scaler !== null) return { scaler, type };
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${obisPrinted(ref.logicalName)}/${ref.attributeId}: the meter gives no scaler for it; write the value without the option scaled`,
  );
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function argumentOf({ ref, argument, type, ...options }: MethodCall): DlmsValue | undefined {
  const path = `${obisPrinted(ref.logicalName)} method ${ref.methodId}`;
  if (argument === undefined) return isWithoutArgument(ref) ? { type: "integer", value: 0 } : undefined;
  if (isDlmsValue(argument)) return checked(argument);
  const known = type ?? methodArgumentType(ref);
  if (known === undefined) throw open(path, "method");
  return toDlmsValue(argument, known as DataType, { ...options, path });
}

/** The versions of a class differ in their structures: the newest one that fits decides. */
function firstFit(types: readonly ValueType[], convert: (type: ValueType) => DlmsValue): DlmsValue {
  let first: unknown;
  for (const type of types) {
    try {
      return convert(type);
    } catch (error) {
      if (!isDlmsError(error) || !error.is("CONFIG_INVALID")) throw error;
      first ??= error;
    }
  }
  throw first;
}

function checked(value: DlmsValue): DlmsValue {
  encodeValueBytes(value);
  return value;
}

function open(path: string, what: "attribute" | "method"): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `${path}: the class table leaves the type of this ${what} open; give {type, value}, such as {type: "long-unsigned", value: 5}, or the option type`,
    { details: { path } },
  );
}
