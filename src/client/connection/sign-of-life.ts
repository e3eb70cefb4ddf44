/** Asks a meter for an answer that needs no secret. */
import { DlmsTimeoutError, isDlmsError } from "../../errors";
import type { Association } from "../association/association";
import { withAdvice } from "../../errors/retell";
import type { Settings } from "../options/resolve-options";

/** Every meter has the public client, and accepts it without a secret (Green Book). */
export const publicClient = 16;

/** The settings of an association for a client that has no secret and no keys, and only reads. */
export function withoutSecret(settings: Settings, client: number): Settings {
  return {
    ...settings,
    client: { sap: client, systemTitle: undefined },
    auth: { mechanism: "none" },
    security: undefined,
    counters: undefined,
    counterSource: undefined,
    conformance: ["get", "block-transfer-with-get-or-read"],
  };
}

/**
 * Waits until the meter answers an association request without a secret in any way, because a meter that refuses the
 * client is alive as well.
 * @throws DlmsError if the meter does not answer
 */
export async function signOfLife(active: Association): Promise<void> {
  try {
    await active.run(active.session.associate());
    await active.run(active.session.release());
  } catch (error) {
    if (!isDlmsError(error) || error.layer === "state") throw error;
    const silent = error instanceof DlmsTimeoutError || error.layer === "transport" || error.layer === "link";
    if (!silent) return;
    if (active.session.association !== undefined) return;
    throw withAdvice(
      error,
      `this was a check, as client ${publicClient}, whether the meter answers: the secret got no answer before, so it ` +
        "is not sent to a silent meter",
      { reading: "sign-of-life" },
    );
  }
}
