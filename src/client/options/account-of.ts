/** Which account at which meter a client with given options uses. */

import { secretFingerprint, systemRandom } from "../../security";
import type { Account } from "../account/account-guard";
import { gatewayKey } from "./gateway";
import type { ConnectOptions } from "./options";
import { endpointKey } from "./transports";

/** Salt of this process, so that a fingerprint that was written down by accident cannot be verified elsewhere. */
const salt = systemRandom(32);

/** The account that a client with these options uses. */
export function accountOf(
  options: Pick<ConnectOptions, "transport" | "gateway" | "client" | "server" | "auth" | "security" | "quirks">,
): Account {
  const { transport, gateway, client, server, auth, security, quirks } = options;
  const place = "open" in transport ? transport.endpoint : endpointKey(transport);
  // the meter does not see where counters are stored and how they continue
  const {
    invocationCounter: _store,
    receivedCounters: _received,
    counterSource: _source,
    maxCounterJump: _jump,
    ...keys
  } = security ?? {};
  // the quirk derives another proof from the same password
  const secret = JSON.stringify([client, server.systemTitle, auth, keys, quirks?.landisGyrHls2 === true]);
  return {
    // no physical address and 0 are the same to a meter
    meter: `${place} ${server.logical} ${server.physical ?? 0} ${client.sap}${gatewayKey(gateway)}`,
    secret: secretFingerprint(salt, new TextEncoder().encode(secret)),
  };
}
