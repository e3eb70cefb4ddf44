// The return value of a method as plain JavaScript, for `msg.payload`.
import { type DlmsValue, toHex } from "../../src/index";

/** Numbers, texts, lists and hex; an integer beyond 2^53 as decimal text. */
export function plainValue(value: DlmsValue): unknown {
  switch (value.type) {
    case "array":
    case "structure":
    case "compact-array":
      return value.value.map(plainValue);
    default:
      if (value.value instanceof Uint8Array) return toHex(value.value);
      return typeof value.value === "bigint" ? plainInteger(value.value) : value.value;
  }
}

function plainInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
