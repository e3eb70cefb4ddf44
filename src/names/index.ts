/** Words for OBIS codes in English, German and Chinese. */

export { describeClass, describeObis, type DescribeOptions, describeUnit, obisLanguage } from "./describe";
export { obisLanguages, type ObisLanguageTag, obisTexts } from "./languages";
export { keyOf, keysOf, type KeySource } from "./keys/key-of";
