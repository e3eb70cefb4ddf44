export * from "./steps/operation";
export * from "./steps/options";
export * from "./session";
