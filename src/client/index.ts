export { type CloseOptions, type ClientStatistics, connect, createClient, DlmsClient } from "./client";
export {
  type Account,
  type AccountGuard,
  type Attempt,
  type Lock,
  MemoryAccountGuard,
  type SecretMessage,
} from "./account-guard";
export { fileReceivedCounters, type FileReceivedCountersOptions } from "./received-counter-store";
export { fileCounterStore, type FileCounterOptions } from "./counter-store";
export type {
  ClientEvents,
  ClientState,
  NotificationEvent,
  RetryEvent,
  StateEvent,
  TraceEvent,
  Unsubscribe,
} from "./events";
export { repeated } from "./failure";
export type * from "./options";
export type { Outcome, Reading } from "./readings";
export type { ConnectionHint, ConnectionHintKey, ConnectionStepName } from "./connection-advice";
export type { ConnectionFacts } from "./connection-facts";
export type { AddressCandidate } from "./address-candidates";
export { type AddressTrial, findAddress, type FindAddressOptions } from "./find-address";
export { type ConnectionStep, testConnection } from "./test-connection";
export { accountOf } from "./secret-attempt";
export { type ProfileOptions, ProfileReader, type ProfileTable } from "./profile";
export type { ProfileProgress, ProfileRange, SelectionUsed } from "./profile-read";
export { endpointKey } from "./transport-of";
