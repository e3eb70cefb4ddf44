import type { ClassDefinition } from "../model";
import { accessClasses } from "./access";
import { controlClasses } from "./control";
import { expand } from "./row";
import { storageClasses } from "./storage";

/** Every known version of every known interface class, by id and then version. */
export const interfaceClasses: readonly ClassDefinition[] = [...storageClasses, ...accessClasses, ...controlClasses]
  .map(expand)
  .sort((a, b) => a.id - b.id || a.version - b.version);
