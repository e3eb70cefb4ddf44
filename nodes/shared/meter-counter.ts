import { DlmsSecurityError, attribute, createClient } from "../../src/index";
import type { MeterCounter } from "./meter-config";

/**
 * Reads the invocation counter that the meter keeps for this client, by the public client and over a connection of its
 * own, and never uses a lower one again. The read is neither authenticated nor ciphered, so it can only raise.
 */
export async function takeMeterCounter(counter: MeterCounter): Promise<void> {
  const client = createClient(counter.connect);
  try {
    const { value } = await client.read(attribute("DATA", counter.logicalName, "value"));
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw new DlmsSecurityError(
        "SEC_COUNTER_REJECTED",
        `invocation counter ${counter.logicalName}: expected a number, the meter sent ${typeof value}; ` +
          "check invocationCounterObis, or set the source of the counter to STORED",
      );
    }
    await counter.store.raiseTo(value + 1);
  } finally {
    await client.close();
  }
}
