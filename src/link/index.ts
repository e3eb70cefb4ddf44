export * from "./apdu-kind";
export * from "./hdlc";
export * from "./link";
export * from "./looks-like";
export * from "./mode-e";
export * from "./timeouts";
export * from "./wrapper";
