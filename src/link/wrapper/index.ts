export * from "./wpdu";
export * from "./wrapper-framer";
export * from "./wrapper-link";
