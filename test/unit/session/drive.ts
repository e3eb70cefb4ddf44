import assert from "node:assert/strict";
import type { Apdu } from "../../../src/apdu/model";
import { fromHex, toHex } from "../../../src/bytes";
import { type DlmsError, isDlmsError } from "../../../src/errors";
import type { Operation, SessionStep, StepAnswer } from "../../../src/session";

/** One request that the meter expects, and its answer; an error is thrown into the operation, as the driver does. */
export interface Turn {
  /** hex, spaces allowed; undefined: any request */
  readonly out?: string;
  /** hex; undefined for a step without an answer */
  readonly in?: string | Error;
  /** kind of step; the default is "exchange" */
  readonly kind?: "receive" | "transmit";
}

export interface Run<T> {
  readonly result: T;
  readonly notes: readonly string[];
  readonly notifications: readonly Apdu[];
  readonly chunks: readonly { readonly hex: string; readonly blockNumber: number; readonly last: boolean }[];
  readonly sent: readonly string[];
  readonly raised: readonly number[];
}

const clean = (hex: string): string => toHex(fromHex(hex));

/** Drives an operation by hand: every step is compared with a script, which has to be used up. */
export class Driver {
  /** first value of the next counter reservation */
  counter = 1;
  readonly notes: string[] = [];
  readonly notifications: Apdu[] = [];
  readonly chunks: { hex: string; blockNumber: number; last: boolean }[] = [];
  readonly sent: string[] = [];
  readonly raised: number[] = [];

  run<T>(operation: Operation<T>, turns: readonly Turn[]): Run<T> {
    let at = 0;
    let step = operation.next();
    while (step.done !== true) {
      const answer = this.#perform(step.value, turns[at]);
      if (answer.used) at += 1;
      step = answer.error === undefined ? operation.next(answer.value) : operation.throw(answer.error);
    }
    assert.equal(at, turns.length, "every turn of the script is used");
    return { result: step.value, ...this };
  }

  #perform(
    step: SessionStep,
    turn: Turn | undefined,
  ): { readonly value?: StepAnswer; readonly error?: Error; readonly used: boolean } {
    switch (step.kind) {
      case "note":
        this.notes.push(step.text);
        if (step.notification !== undefined) this.notifications.push(step.notification);
        return { used: false };
      case "chunk":
        this.chunks.push({ hex: toHex(step.bytes), blockNumber: step.blockNumber, last: step.last });
        return { used: false };
      case "progress":
        return { used: false };
      case "reserve-counter": {
        const first = this.counter;
        this.counter += step.count;
        return { value: first, used: false };
      }
      case "raise-counter":
        this.raised.push(step.atLeast);
        this.counter = Math.max(this.counter, step.atLeast);
        return { used: false };
      default:
        return this.#turn(step, turn);
    }
  }

  #turn(
    step: Extract<SessionStep, { kind: "exchange" | "receive" | "transmit" }>,
    turn: Turn | undefined,
  ): { readonly value?: StepAnswer; readonly error?: Error; readonly used: boolean } {
    assert.ok(turn, `unexpected ${step.kind}${"apdu" in step ? ` of ${toHex(step.apdu)}` : ""}`);
    assert.equal(step.kind, turn.kind ?? "exchange");
    if ("apdu" in step) {
      this.sent.push(toHex(step.apdu));
      if (turn.out !== undefined) assert.equal(toHex(step.apdu), clean(turn.out));
    }
    if (turn.in instanceof Error) return { error: turn.in, used: true };
    return turn.in === undefined ? { used: true } : { value: fromHex(turn.in), used: true };
  }
}

/** Drives an operation by a script. */
export function drive<T>(operation: Operation<T>, turns: readonly Turn[]): Run<T> {
  return new Driver().run(operation, turns);
}

/** The DlmsError that an operation ends in. */
export function failure<T>(operation: Operation<T>, turns: readonly Turn[], driver = new Driver()): DlmsError {
  try {
    driver.run(operation, turns);
  } catch (error) {
    if (isDlmsError(error)) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the operation should have failed" });
}
