/** The wrapper of IEC 62056-47 for TCP, TLS, UDP and serial lines. */

export type { WrapperLinkOptions } from "./options";
export {
  decodeWpdu,
  decodeWrapperHeader,
  encodeWpdu,
  headerError,
  maxWrappedApdu,
  type Wpdu,
  type WrapperHeader,
  wrapperHeaderLength,
  wrapperVersion,
} from "./wpdu";
export {
  type ReceivedWpdu,
  WrapperFramer,
  type WrapperFramerOptions,
  type WrapperFramerResult,
} from "./wrapper-framer";
export { wrapperLink } from "./wrapper-link";
