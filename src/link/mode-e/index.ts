export * from "./mode-e-link";
export * from "./sign-on";
