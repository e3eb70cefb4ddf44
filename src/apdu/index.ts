export * from "./conformance";
export * from "./encode";
export * from "./model";
export * from "./parse";
export * from "./results";
export * from "./tags";
