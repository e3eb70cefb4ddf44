export * from "./behaviours/behaviour";
export * from "./definition/definition";
export * from "./household/household";
export * from "./meter";
export type { ReceivedItem, WaitOptions } from "./received";
export type { FrameVerdict, IncomingFrame } from "./stations/station";
export * from "./behaviours/behaviours";
export * from "./bus";
export { parseDefinition } from "./definition/json-definition";
