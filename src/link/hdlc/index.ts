export * from "./address";
export * from "./crc";
export * from "./frame";
export * from "./framer";
export * from "./frmr";
export * from "./parameters";
