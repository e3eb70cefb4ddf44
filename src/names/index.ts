/** Words for OBIS codes in English, German and Chinese, and for the codes of event logs. */

export { describeClass, describeObis, type DescribeOptions, describeUnit, obisLanguage } from "./describe";
export { obisLanguages, type ObisLanguageTag, obisTexts } from "./languages";
export { keyOf, keysOf, type KeySource } from "./keys/key-of";
export { type Companion, companions, eventOf, type EventWords } from "./events/event-of";
