/** Shared meters: exclusive access, pools of sessions and shared state of a process. */

export {
  AccessRegistry,
  EndpointAccess,
  type EndpointScope,
  type ExclusiveAccess,
  type Holder,
  type Scope,
  withExclusiveAccess,
} from "./exclusive-access";
export { clientIdentity, endpointOf, scopeOfMeter, scopeOfSession, serverOf } from "./meter-identity";
export type { MeterSettings } from "./meter-options";
export { type Lease, MeterPool, type PoolLimits } from "./meter-pool";
export { createRuntime, type GuardedClient, Runtime, type RuntimeParts, secretOf } from "./runtime";
export { type MeterPhase, type MeterUser, type MeterView, SharedMeter, type SharedMeterOptions } from "./shared-meter";
