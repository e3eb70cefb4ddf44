export * from "./behaviour";
export * from "./definition";
export * from "./household";
export * from "./meter";
export type { ReceivedItem, WaitOptions } from "./received";
export type { FrameVerdict, IncomingFrame } from "./station";
export * from "./behaviours";
export * from "./bus";
export { parseDefinition } from "./json-definition";
