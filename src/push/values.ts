/** The values of a push under the keys that a message has. */
import { columnKeys } from "../cosem";
import type { Push } from "./push";

/** "OBIS": by dotted OBIS code; "INDEX": by place, "#0" the first. */
export type PushKeyStyle = "OBIS" | "INDEX";

/**
 * The values of a push as one object. By OBIS code, the keys are those of profile rows: the dotted code for attribute 2
 * if it is unique, otherwise `<obis>/<attribute>`, otherwise `<obis>/<attribute>.<dataIndex>`. The fourth value has the
 * key "#3" if it has no name.
 */
export function pushValues({ items }: Pick<Push, "items">, keys: PushKeyStyle = "OBIS"): Record<string, unknown> {
  const named = items.flatMap(({ logicalName, attributeId, dataIndex }) =>
    logicalName === null ? [] : [{ classId: 0, logicalName, attributeId: attributeId ?? 2, dataIndex: dataIndex ?? 0 }],
  );
  const names = keys === "OBIS" ? columnKeys(named) : [];
  const values: Record<string, unknown> = {};
  let next = 0;
  for (const { logicalName, index, value } of items) {
    const key = keys === "OBIS" && logicalName !== null ? names[next++] : undefined;
    values[key ?? `#${index}`] = value;
  }
  return values;
}
