/** The record of a counter file: the mark of an invocation counter and the unproven ranges above it. */
import { createHash } from "node:crypto";
import { DlmsConfigError, DlmsSecurityError } from "../errors";

/** Values from `from` up to, not including, `to`. */
export interface CounterRange {
  readonly from: number;
  readonly to: number;
}

/** Contents of a counter file. */
export interface CounterRecord {
  /** the first unclaimed value; undefined for a counter without a proven value */
  readonly next: number | undefined;
  /** time at which `next` was moved, in ms since 1970, if it differs from the time of the file */
  readonly movedAt?: number | undefined;
  /** values above `next` that associations may have used but no meter has proven, in ascending order */
  readonly tried: readonly CounterRange[];
}

/** Maximum number of remembered ranges of unproven values. */
const maxTriedRanges = 64;

/** The first value from `from` on that, with the following `count` - 1 values, was never tried. */
export function untried(tried: readonly CounterRange[], from: number, count: number): number {
  return tried.reduce((first, range) => (range.from < first + count && first < range.to ? range.to : first), from);
}

/**
 * Adds a range; adjacent ranges are merged.
 * @throws DlmsSecurityError SEC_COUNTER_REJECTED for more ranges than are remembered
 */
export function withTried(tried: readonly CounterRange[], more: CounterRange): readonly CounterRange[] {
  const merged: CounterRange[] = [];
  for (const range of [...tried, more].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || last.to < range.from) merged.push(range);
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  if (merged.length <= maxTriedRanges) return merged;
  throw new DlmsSecurityError(
    "SEC_COUNTER_REJECTED",
    `invocation counter: after ${maxTriedRanges} different values that a meter gave in plain, no association succeeded, so they may be ` +
      `forged; ${more.from} is not tried. The stored counter is unchanged. Check the keys and the line; then take the counter from ` +
      "the store alone (invocationCounterSource STORED of the node), or exchange the keys",
    { details: { received: more.from, tried: maxTriedRanges } },
  );
}

const recordType = "dlms-invocation-counter";

const checkOf = ({ next, movedAt, tried }: CounterRecord): string => {
  const more = tried.length === 0 ? "" : `:${movedAt ?? ""}:${JSON.stringify(tried.map(({ from, to }) => [from, to]))}`;
  return createHash("sha256")
    .update(`${recordType}:1:${next ?? ""}${more}`)
    .digest("hex")
    .slice(0, 16);
};

/** The contents of a counter file. */
export function encodeCounterRecord(record: CounterRecord): string {
  const { next, movedAt, tried } = record;
  const more =
    tried.length === 0
      ? {}
      : { ...(movedAt === undefined ? {} : { movedAt }), tried: tried.map(({ from, to }) => [from, to]) };
  return `${JSON.stringify({ type: recordType, version: 1, next, ...more, check: checkOf(record) })}\n`;
}

/**
 * Reads the contents of a counter file.
 * @param path for messages
 * @throws DlmsConfigError CONFIG_INVALID for an incomplete or changed record, because guessing would reuse values
 */
export function decodeCounterRecord(text: string, path: string): CounterRecord {
  const record = recordOf(text);
  if (record !== undefined) return record;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `invocation counter file ${path}: expected a counter record, got ${text.length === 0 ? "an empty file" : `${text.length} characters of another form, or damaged`}; ` +
      "it is left as it is, because a restart would use counter values twice. Restore it from a backup, or remove it and " +
      "let the counter be read from the meter",
    { details: { path, length: text.length } },
  );
}

function recordOf(text: string): CounterRecord | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { type, version, next, movedAt, tried = [], check } = parsed as Record<string, unknown>;
  if (type !== recordType || version !== 1 || !Array.isArray(tried)) return undefined;
  if (next !== undefined && !isValue(next)) return undefined;
  if (movedAt !== undefined && typeof movedAt !== "number") return undefined;
  const pairs: readonly unknown[] = tried;
  if (!pairs.every(isPair) || (next === undefined && pairs.length === 0)) return undefined;
  const record = { next, movedAt, tried: pairs.map(([from, to]) => ({ from, to })) };
  return check === checkOf(record) ? record : undefined;
}

const isValue = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= 2 ** 32;

const isPair = (pair: unknown): pair is [number, number] =>
  Array.isArray(pair) && pair.length === 2 && pair.every(isValue) && Number(pair[0]) < Number(pair[1]);
