export * from "./exclusive-access";
export * from "./meter-identity";
export type * from "./meter-options";
export * from "./meter-pool";
export * from "./shared-account-guard";
export * from "./shared-meter";
