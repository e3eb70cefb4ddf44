export * from "./clock";
export * from "./running-time";
export * from "./waiting";
