export type { WrapperLinkOptions } from "./options";
export * from "./wpdu";
export * from "./wrapper-framer";
export { wrapperLink } from "./wrapper-link";
