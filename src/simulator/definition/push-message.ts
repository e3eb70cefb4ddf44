/** A push before it becomes bytes. */
import type { DlmsValue } from "../../codec/value";
import type { PushProtection, SimulatedPushFraming, SimulatedPushList } from "./push-setup";

/** An attribute with its pushed value. */
export interface PushedValue {
  readonly classId: number;
  /** 6 bytes */
  readonly name: Uint8Array;
  readonly attributeId: number;
  readonly value: DlmsValue;
  /** of the object, if it has one */
  readonly scalerUnit: DlmsValue | undefined;
}

/** Everything that decides the bytes of a push. */
export interface PushMessage {
  readonly framing: SimulatedPushFraming;
  readonly list: SimulatedPushList;
  readonly listId: string | undefined;
  readonly values: readonly PushedValue[];
  /** logical name of the push setup */
  readonly setupName: Uint8Array;
  /** 12 bytes; undefined: the push has no date-time */
  readonly date: Uint8Array | undefined;
  /** the date-time begins with 09 0C instead of 0C */
  readonly taggedDate: boolean;
  readonly longInvokeId: number;
  readonly security: PushProtection | undefined;
  readonly systemTitle: Uint8Array;
  /** of a ciphered push */
  readonly invocationCounter: number;
  readonly blockSize: number | undefined;
  readonly segmentSize: number | undefined;
  readonly source: { readonly logical: number; readonly physical: number | undefined };
  readonly client: number;
}
