/** The parts of the client that other folders use. */
export { type CloseOptions, type ClientStatistics, connect, createClient, DlmsClient } from "./client";
export { type Account, type AccountGuard, type Attempt, type Lock, MemoryAccountGuard } from "./account/account-guard";
export type { SecretMessage } from "./account/account-guard";
export { fileReceivedCounters, type FileReceivedCountersOptions } from "./connection/received-counter-store";
export { fileCounterStore, type FileCounterOptions, namedCounterStore } from "./connection/file-counter-store";
export type {
  ClientEvents,
  ClientState,
  NotificationEvent,
  RetryEvent,
  StateEvent,
  TraceEvent,
  Unsubscribe,
} from "./connection/events";
export type {
  AddressSize,
  AssociationOptions,
  AuthenticationOptions,
  BrowseOptions,
  ConnectOptions,
  CounterSourceOptions,
  GatewayOptions,
  GeneralCipheringOptions,
  GeneralSigningOptions,
  HdlcOptions,
  LinkOptions,
  Logger,
  OperationOptions,
  Quirks,
  ReadOptions,
  SecurityOptions,
  Timeouts,
  SerialMode,
  TransportOptions,
  ValueOptions,
} from "./options/options";
export type { Outcome, Reading } from "./services/read";
export { type ClockOptions, type ClockReading, readClock } from "./control/clock";
export type { ControlledClient } from "./control/controlled-client";
export {
  readRelay,
  type Relay,
  type RelayMode,
  type RelayOptions,
  type RelayState,
  switchRelay,
  type SwitchRelayResult,
} from "./control/relay";
export {
  activateSecurityPolicy,
  type ActivatePolicyOptions,
  type KeyTransferState,
  type KeyTransferStore,
  type TransferredKeyName,
  type TransferredKeys,
  transferKeys,
  type TransferKeysOptions,
} from "./control/transfer-keys";
export { type ClockWay, setClock, type SetClockOptions, type SetClockResult } from "./control/set-clock";
export type {
  AttributeWrite,
  InvokeOptions,
  InvokeOutcome,
  MethodCall,
  WriteOptions,
  WriteOutcome,
  WriteValues,
} from "./services/write-types";
export type { ConnectionHint, ConnectionHintKey, ConnectionStepName } from "./diagnosis/hints";
export type { ConnectionFacts } from "./diagnosis/facts";
export type { AddressCandidate } from "./diagnosis/address-candidates";
export { type AddressTrial, findAddress, type FindAddressOptions } from "./diagnosis/find-address";
export { type ConnectionStep, testConnection } from "./diagnosis/test-connection";
export { accountOf } from "./options/account-of";
export { type ProfileOptions, ProfileReader, type ProfileTable } from "./profile/profile-reader";
export type { ProfileProgress, SelectionUsed } from "./profile/read-profile";
export type { ProfileDays, ProfileRange } from "./profile/time-range";
export { gatewayKey } from "./options/gateway";
export { endpointKey } from "./options/transports";
export { type CounterFileHandle, type CounterFileSystem, realFileSystem } from "./connection/kept-file";
export { processLines, type SharedLines } from "../driver/shared-line";
export type { ClientFacts } from "./connection/observer";
export type { LinkSizes, Protection } from "./diagnosis/facts";
export type { connectionHints } from "./diagnosis/hints";
