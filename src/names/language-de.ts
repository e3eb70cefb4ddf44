// All German texts, loaded on first use.
import { classTitlesDe, unitWordsDe } from "./class-titles";
import type { ObisLanguage } from "./code";
import { de } from "./de";
import { objectsDe } from "./objects-de";

export const language: ObisLanguage = {
  phrases: de,
  objects: objectsDe,
  classes: classTitlesDe,
  units: unitWordsDe,
};
