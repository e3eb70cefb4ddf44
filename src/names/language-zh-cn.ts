// All Chinese texts, loaded on first use.
import { classTitlesZhCn, unitWordsZhCn } from "./class-titles";
import type { ObisLanguage } from "./code";
import { objectsZhCn } from "./objects-zh-cn";
import { zhCn } from "./zh-cn";

export const language: ObisLanguage = {
  phrases: zhCn,
  objects: objectsZhCn,
  classes: classTitlesZhCn,
  units: unitWordsZhCn,
};
