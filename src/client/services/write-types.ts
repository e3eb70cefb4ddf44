/** Arguments and results of writes and method calls. */
import type { SelectiveAccess } from "../../apdu/model";
import type { DlmsValue } from "../../codec";
import type { AttributeRef, MethodRef, ValueType, WriteValueOptions } from "../../cosem";
import type { DlmsAccessError } from "../../errors";
import type { OperationOptions } from "../options/options";

/** How a plain value is converted for the meter. */
export interface WriteValues extends Pick<WriteValueOptions, "octetStrings" | "dateTimes" | "scaler"> {
  /** default: the class table's type of the attribute, or of the method's argument */
  readonly type?: ValueType | string;
  /** selective access: only this part of the attribute is written */
  readonly access?: SelectiveAccess;
}

export interface WriteOptions extends OperationOptions, WriteValues {
  /** the value is in its unit: the client reads the scaler and the type of the attribute before it writes */
  readonly scaled?: boolean;
}

export type InvokeOptions = OperationOptions & Pick<WriteValues, "type" | "octetStrings" | "dateTimes">;

/** One write of a list: a DlmsValue, or a plain value whose type the class table knows. */
export interface AttributeWrite extends WriteValues {
  readonly ref: AttributeRef;
  readonly value: unknown;
}

/** One method call of a list. */
export interface MethodCall extends Pick<WriteValues, "type" | "octetStrings" | "dateTimes"> {
  readonly ref: MethodRef;
  readonly argument?: unknown;
}

export type WriteOutcome = { readonly ok: true } | { readonly ok: false; readonly error: DlmsAccessError };
export type InvokeOutcome =
  { readonly ok: true; readonly value: DlmsValue } | { readonly ok: false; readonly error: DlmsAccessError };
