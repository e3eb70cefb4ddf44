export * from "./address";
export * from "./crc";
export * from "./frame";
export * from "./framer";
export * from "./frmr";
export * from "./hdlc-link";
export { type HdlcLinkOptions, type HdlcSettings, resolveHdlcOptions } from "./options";
export * from "./parameters";
