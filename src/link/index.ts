export * from "./link";
export * from "./hdlc";
