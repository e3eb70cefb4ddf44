/** What a fuzz target is, and the bounds that every target checks. */
import assert from "node:assert/strict";
import { isDlmsError } from "../../../src/errors";

/** What the seeds of a target look like: frames of a link, APDUs, A-XDR values, or text. */
export type SeedKind = "hdlc" | "wrapper" | "mode-e" | "apdu" | "data" | "pem" | "json" | "text";

/** Code that takes external bytes, with the conditions that hold for every input. */
export interface Target {
  readonly name: string;
  readonly seeds: readonly SeedKind[];
  /** bytes before each seed that select the target's settings; absent: none */
  readonly prefixes?: readonly (readonly number[])[];
  /** Throws for a finding: a foreign error or a broken bound. */
  run(input: Uint8Array): void | Promise<void>;
}

/** The longest message of an error, in characters: 4096, and the omitted length. */
const maxMessageBytes = 4200;

/** Result of the work; undefined if it ends in a DLMS error, whose size is checked. */
export function onlyDlmsErrors<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    checkError(error);
    return undefined;
  }
}

export function checkError(error: unknown): void {
  if (!isDlmsError(error)) throw error;
  const { length } = error.message;
  assert.ok(length > 0 && length <= maxMessageBytes, `an error's message has ${length} characters`);
  JSON.stringify(error);
}

/** Counts the nodes of anything decoded: bytes and texts are one each. */
export function countNodes(value: unknown): number {
  let count = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    count++;
    if (typeof next !== "object" || next === null || next instanceof Uint8Array) continue;
    for (const one of Array.isArray(next) ? next : Object.values(next)) waiting.push(one);
  }
  return count;
}

/**
 * A result may not be larger than its input allows: `perByte` nodes for each byte, and some for the frame and for the
 * values that a compact-array may have without bytes of their own.
 */
export function checkNodes(value: unknown, input: Uint8Array, perByte: number): void {
  const most = 8192 + perByte * input.length;
  const count = countNodes(value);
  assert.ok(count <= most, `${input.length} bytes became ${count} nodes, at most ${most} expected`);
}

export function checkText(text: string, most: number): void {
  assert.ok(text.length <= most, `a text has ${text.length} characters, at most ${most} expected`);
}

export const asText = (input: Uint8Array): string => Buffer.from(input).toString("latin1");
