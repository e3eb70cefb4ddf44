export * from "./compare";
export * from "./hex";
export * from "./reader";
export * from "./writer";
