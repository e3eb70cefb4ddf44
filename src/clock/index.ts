export * from "./clock";
export * from "./running-time";
