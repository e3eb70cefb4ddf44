import type { ClassDefinition } from "../model";
import { accessClasses } from "./access";
import { controlClasses } from "./control";
import { internetClasses, localClasses, mbusClasses } from "./communication";
import { managementClasses, paymentClasses } from "./management";
import { measurementClasses, timeControlClasses } from "./measurement";
import { lineClasses, radioClasses } from "./networks";
import { g3Classes, primeClasses, sfskClasses } from "./plc";
import { type ClassRow, expand } from "./row";
import { storageClasses } from "./storage";

const rows: readonly ClassRow[] = [
  ...storageClasses,
  ...measurementClasses,
  ...timeControlClasses,
  ...accessClasses,
  ...managementClasses,
  ...paymentClasses,
  ...controlClasses,
  ...localClasses,
  ...internetClasses,
  ...mbusClasses,
  ...sfskClasses,
  ...primeClasses,
  ...g3Classes,
  ...radioClasses,
  ...lineClasses,
];

/** Every known version of every known interface class, by id and then version. */
export const interfaceClasses: readonly ClassDefinition[] = rows
  .map(expand)
  .sort((a, b) => a.id - b.id || a.version - b.version);
