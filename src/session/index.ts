export * from "./operation";
export * from "./options";
export * from "./session";
