// How far the clock of a meter is from the clock of this machine.
import type { AttributeRef, Reading } from "../../src/index";

const clockClass = 8;
const timeAttribute = 2;
/** A clock that shows whole seconds is up to one second behind what it shows. */
const secondMs = 1000;

export function isClockTime({ classId, attributeId }: AttributeRef): boolean {
  return classId === clockClass && attributeId === timeAttribute;
}

/** Facts for `msg.dlms` of a clock's time. */
export interface ClockFacts {
  /** ms by which the meter's clock is ahead of this machine's; negative: behind */
  readonly clockOffset?: number;
  /** the true offset lies within this many ms of `clockOffset` */
  readonly clockUncertainty?: number;
}

/** @param roundTrip ms from the request to the answer. None without a time that has an offset. */
export function clockFacts({ dateTime, readAt }: Reading, roundTrip: number): ClockFacts {
  const meter = dateTime?.epochMs ?? null;
  if (meter === null) return {};
  const host = Date.parse(readAt) - roundTrip / 2;
  return { clockOffset: Math.round(meter - host), clockUncertainty: Math.ceil(roundTrip / 2) + secondMs };
}
