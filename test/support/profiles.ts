/** Profiles, time stamps and answers for the tests of profile reading. */
import type { DlmsValue } from "../../src/codec/value";
import { dateTimeToBytes, parseObis, type ProfileRow } from "../../src/cosem";
import type { Behaviour } from "../../src/simulator";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { number, register } from "./meters";

export const profileName = "1.0.99.1.0.255";
export const quarter = 900_000;
export const nothing: DlmsValue = { type: "null-data", value: null };

/** A date-time of the meter, `offset` minutes east of UTC. */
export const stampOf = (epochMs: number, offset: number): DlmsValue => ({
  type: "octet-string",
  value: dateTimeToBytes(epochMs, { offset }),
});

/** The same from a meter without deviation, optionally with the daylight saving bit. */
export function bareStampOf(epochMs: number, offset: number, daylight?: boolean): DlmsValue {
  const value = dateTimeToBytes(epochMs, { offset, unspecifiedDeviation: true });
  value[11] = daylight === undefined ? 0xff : daylight ? 0x80 : 0;
  return { type: "octet-string", value };
}

function column(classId: number, logicalName: string): DlmsValue {
  return {
    type: "structure",
    value: [
      { type: "long-unsigned", value: classId },
      { type: "octet-string", value: parseObis(logicalName) },
      { type: "integer", value: 2 },
      { type: "long-unsigned", value: 0 },
    ],
  };
}

export interface ProfileFacts {
  readonly sortMethod?: number;
  readonly period?: number;
  readonly clock?: DlmsValue;
  readonly inUse?: number;
  /** rows have no time */
  readonly timeless?: boolean;
}

/** A profile with the columns time and energy, the energy's register and the clock. */
export function profileOf(rows: readonly (readonly DlmsValue[])[], facts: ProfileFacts = {}): SimulatedObject[] {
  const energy = column(3, "1.0.1.8.0.255");
  return [
    {
      classId: 7,
      version: 1,
      logicalName: profileName,
      attributes: {
        3: { type: "array", value: facts.timeless === true ? [energy] : [column(8, "0.0.1.0.0.255"), energy] },
        4: number(facts.period ?? 900),
        5: { type: "enum", value: facts.sortMethod ?? 1 },
        7: number(facts.inUse ?? rows.length),
        8: number(rows.length),
      },
      rows: { count: () => rows.length, row: (index) => rows[index] ?? [] },
    },
    register("1.0.1.8.0.255", 1, 0),
    {
      classId: 8,
      logicalName: "0.0.1.0.0.255",
      attributes: { 2: facts.clock ?? stampOf(Date.UTC(2024, 0, 1), 60) },
    },
  ];
}

export const energies = (rows: readonly ProfileRow[]): unknown[] => rows.map((row) => row["1.0.1.8.0.255"]);
export const times = (rows: readonly ProfileRow[]): unknown[] => rows.map((row) => row["0.0.1.0.0.255"]);
export const counted = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Cuts the connection at these frames of the meter, counted from now on. */
export function breaksAt(...frames: readonly number[]): Behaviour {
  let count = 0;
  return {
    name: `breaks at frame ${frames.join()}`,
    frameOut: (bytes) => (frames.includes(++count) ? [{ kind: "close", reason: "cable" }] : [{ kind: "send", bytes }]),
  };
}

/** Answers a read of an attribute with these bytes after the tag, or rejects it with a result. */
export function answersWith(
  hit: (attribute: { readonly classId: number; readonly attributeId: number }) => boolean,
  answer: { readonly result: number } | { readonly exception: readonly [number, number] },
): Behaviour {
  return {
    name: "answers otherwise",
    request: (request) => {
      const attributes =
        request.apdu === "get-request-normal"
          ? [request.attribute]
          : request.apdu === "get-request-with-list"
            ? request.attributes
            : [];
      if (!attributes.some(hit)) return undefined;
      if ("exception" in answer) return [Uint8Array.of(0xd8, ...answer.exception)];
      if (request.apdu === "get-request-normal") return [Uint8Array.of(0xc4, 1, request.invokeId, 1, answer.result)];
      return undefined;
    },
  };
}
