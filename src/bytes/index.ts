export * from "./compare";
export * from "./growing-buffer";
export * from "./hex";
export * from "./reader";
export * from "./writer";
