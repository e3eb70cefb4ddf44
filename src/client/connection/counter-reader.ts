/** Reads the invocation counter of a meter by a public association, and checks the value. */
import { decodeValueBytes, type DlmsValue } from "../../codec";
import { obisPrinted, parseObis } from "../../cosem";
import { DlmsDecodeError, type DlmsError, isDlmsError } from "../../errors";
import { accessError } from "../association/access-error";
import type { Association } from "../association/association";
import type { AssociationCounter } from "../association/association-counter";
import { withAdvice } from "../../errors/retell";
import type { CounterSource } from "../options/counter-source";
import type { Settings } from "../options/resolve-options";
import { withoutSecret } from "./sign-of-life";

/**
 * Whether the next association begins with reading the counter.
 * @throws DlmsError of the store
 */
export async function needsReading(source: CounterSource, { counters }: Settings): Promise<boolean> {
  return source.when === "always" || (await counters?.lost?.()) !== undefined;
}

/** The settings of the association that reads the counter: no secret, no keys. */
export function publicSettings(settings: Settings, source: CounterSource): Settings {
  return withoutSecret(settings, source.client);
}

/** The name of the request, for messages. */
export const readingCounter = ({ logicalName, client }: CounterSource): string =>
  `read the invocation counter ${obisPrinted(logicalName)}/2 as client ${client}`;

/**
 * Reads the counter in a separate association over an open channel, and starts the next association above it. The
 * meter's answer is plain and may be forged or stale: it never moves the counter down.
 * @param counter of the next association
 * @returns the value that the meter has accepted last
 * @throws DlmsError of the public association, DlmsAccessError, DlmsDecodeError; SEC_COUNTER_EXHAUSTED
 */
export async function raiseFromMeter(
  active: Association,
  source: CounterSource,
  settings: Settings,
  counter: AssociationCounter | undefined,
): Promise<number> {
  const request = readingCounter(source);
  try {
    await active.run(active.session.associate());
    const descriptor = { classId: 1, instanceId: parseObis(source.logicalName), attributeId: 2 };
    const result = await active.run(active.session.get(descriptor, request));
    if (!result.ok) throw accessError("get", { ...descriptor, logicalName: source.logicalName }, result.result);
    const value = counterIn(decodeValueBytes(result.data, undefined, request), request);
    await active.run(active.session.release());
    const lost = await settings.counters?.lost?.();
    await counter?.raise(value + 1, request);
    if (lost !== undefined) {
      settings.logger?.warn(`${lost}; the client read it from the meter and continues with ${value + 1}`);
    }
    return value;
  } catch (error) {
    if (isDlmsError(error)) throw counterFailure(error, source);
    throw error;
  }
}

function counterIn(value: DlmsValue, request: string): number {
  const number = typeof value.value === "bigint" ? Number(value.value) : value.value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 0xffffffff) return number;
  throw new DlmsDecodeError(
    "DECODE_VALUE",
    `expected a number from 0 to 4294967295 (double-long-unsigned), got ${value.type} (${request})`,
    { request, details: { type: value.type } },
  );
}

/** Marks an error of the public association: no secret was sent, so no account is at risk. */
function counterFailure(error: DlmsError, source: CounterSource): DlmsError {
  if (error.layer === "transport" || error.layer === "state" || error.layer === "config") return error;
  return whileReading(error, source);
}

/** The client that reads the counter differs from the configured client of the meter. */
export function whileReading(error: DlmsError, source: CounterSource): DlmsError {
  const otherwise =
    source.when === "always"
      ? "or take the counter from the store alone"
      : "or restore the counter file from a backup: it existed and is gone, so the meter has to be asked";
  return withAdvice(
    error,
    `this was while trying to ${readingCounter(source)}; check this client and the counter's OBIS code, ${otherwise}`,
    { reading: "invocation-counter" },
  );
}
