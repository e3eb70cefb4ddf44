export { decodePush, PushDecoder, PushDecoderParts, type PushFacts } from "./decoder";
export type { PushObject } from "./layouts/body";
export type { PushItem } from "./layouts/items";
export { parsePushList, type PushListDefinition, type PushListEntryDefinition } from "./lists";
export type { PushMeter, PushMeterSource, PushSetupObject } from "./meters";
export {
  type PushCounterStore,
  pushCounterStore,
  type PushCounterStoreOptions,
} from "./opening/counter-store";
export type { CounterPolicy } from "./opening/counters";
export type { PushKeys, PushKeySource } from "./opening/keys";
export type { PushKeySet, PushSecurity } from "./opening/open";
export { checkPushOptions, type PushDecoderOptions } from "./options";
export type { Push, PushEvent } from "./push";
export type { PushFraming, PushLink } from "./units/unit";
export { type PushKeyStyle, pushValues } from "./values";
