/** What the functions for clocks, relays and keys need of a client. */
import type { DlmsValue } from "../../codec";
import type { AttributeRef, MethodRef, ObjectDirectory } from "../../cosem";
import type { OperationOptions } from "../options/options";
import type { Reading } from "../services/read";

/** The requests of a client, as far as these functions use them; a DlmsClient has them. */
export interface ControlledClient {
  open(options?: OperationOptions): Promise<void>;
  read(ref: AttributeRef, options?: OperationOptions): Promise<Reading>;
  browse(options?: OperationOptions): Promise<ObjectDirectory>;
  write(ref: AttributeRef, value: unknown, options?: OperationOptions): Promise<void>;
  invoke(ref: MethodRef, argument?: unknown, options?: OperationOptions): Promise<DlmsValue>;
}

/** The limits of one request from the options of a function. */
export function limitsOf({ signal, timeoutMs }: OperationOptions): OperationOptions {
  return { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}
