export { decodePush, PushDecoder, PushDecoderParts, type PushFacts } from "./decoder";
export type { PushItem } from "./layouts/items";
export type { CounterPolicy } from "./opening/counters";
export type { PushKeys, PushKeySource } from "./opening/keys";
export type { PushKeySet, PushSecurity } from "./opening/open";
export { checkPushOptions, type PushDecoderOptions } from "./options";
export type { Push, PushEvent } from "./push";
export type { PushFraming, PushLink } from "./units/unit";
