import {
  type Account,
  type AccountGuard,
  accountOf,
  type ConnectOptions,
  createClient,
  type DlmsClient,
  MemoryAccountGuard,
} from "../client";
import { systemClock } from "../clock";
import type { MeterSettings } from "./meter-options";

/** Of this process: a meter counts failures whichever node, message or dialog they come from. */
export const processGuard = new MemoryAccountGuard(systemClock);

/** What a meter counts failures of that these settings make. */
export const secretOf = ({ connect }: MeterSettings): Account => accountOf(connect);

/** How a session with a meter makes its clients and asks for its secret. */
export interface GuardedClient {
  readonly secret: { readonly guard: AccountGuard; readonly account: Account };
  makeClient(): DlmsClient;
}

/** The options with the guard of the process. @param owner the node that the secret is sent for, or "dialog" */
export function guarded({ connect }: MeterSettings, owner: string): ConnectOptions {
  return { ...connect, accountGuard: processGuard.ownedBy(owner) };
}

/** What a session needs to send the secret of these settings. */
export function guardedClient(settings: MeterSettings, owner: string): GuardedClient {
  const options = guarded(settings, owner);
  return {
    secret: { guard: processGuard, account: secretOf(settings) },
    makeClient: () => createClient(options),
  };
}
