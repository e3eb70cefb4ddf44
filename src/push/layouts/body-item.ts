/** Values of a pushed body, before they are presented. */
import type { DlmsValue } from "../../codec";
import type { ScalerUnit } from "../../cosem";

/** A value with the bytes that it has in the frame. */
export interface BodyNode {
  readonly value: DlmsValue;
  readonly raw: Uint8Array;
}

export interface BodyItem {
  readonly logicalName: string | null;
  readonly classId: number | null;
  readonly attributeId: number | null;
  /** the element of the attribute; null for the whole of it */
  readonly dataIndex: number | null;
  readonly node: BodyNode;
  readonly scalerUnit: ScalerUnit | undefined;
  /** origin of the scaler, unless the frame contains it */
  readonly scalerFrom?: "table" | "meter";
}
