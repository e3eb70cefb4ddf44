export * from "./codes";
export * from "./dlms-error";
