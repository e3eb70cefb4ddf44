export {
  AccessRegistry,
  EndpointAccess,
  type EndpointScope,
  type ExclusiveAccess,
  type Holder,
  processAccess,
  type Scope,
  withExclusiveAccess,
} from "./exclusive-access";
export { clientIdentity, endpointOf, scopeOfMeter, scopeOfSession, serverOf } from "./meter-identity";
export type { MeterSettings } from "./meter-options";
export { type Lease, MeterPool, type PoolLimits } from "./meter-pool";
export { guarded, guardedClient, type GuardedClient, processGuard, secretOf } from "./shared-account-guard";
export { type MeterPhase, type MeterUser, type MeterView, SharedMeter, type SharedMeterOptions } from "./shared-meter";
