/** Time-outs of a link, and checks of numeric options. */
import { DlmsConfigError } from "../errors";

/** The waits of a link, in ms. */
export interface LinkTimeouts {
  /** until the first byte of an answer, counted from the end of our transmission (5000) */
  readonly response: number;
  /**
   * From the last received byte, while a frame or an answer is unfinished (1500; derived from the rate if it is known).
   */
  readonly interFrame?: number;
  /** for the answer to a disconnect (2000) */
  readonly close: number;
}

export const defaultTimeouts = { response: 5000, close: 2000 } as const;
export const defaultInterFrameMs = 1500;

/**
 * The timeouts with their defaults.
 * @throws DlmsConfigError CONFIG_INVALID for a value that is not a positive number
 */
export function resolveTimeouts(given: Partial<LinkTimeouts> = {}): LinkTimeouts {
  const timeouts = { ...defaultTimeouts, ...given };
  for (const [name, value] of Object.entries(timeouts) as [string, number | undefined][]) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      throw new DlmsConfigError("CONFIG_INVALID", `timeouts.${name}: expected milliseconds above 0, got ${value}`);
    }
  }
  return timeouts;
}

/** @throws DlmsConfigError CONFIG_INVALID for a value that is not an integer within the bounds */
export function integerWithin(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: expected an integer from ${min} to ${max}, got ${value}`);
  }
  return value;
}
