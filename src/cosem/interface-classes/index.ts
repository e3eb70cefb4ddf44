// All interface classes: one table for each chapter of the Blue Book (DLMS UA 1000-1, part 2).
import type { ClassDefinition } from "../model";
import { accessClasses } from "./access-control-and-management";
import { g3Classes } from "./g3-plc";
import { hsPlcClasses } from "./hs-plc-iso-iec-12139-1";
import { internetClasses } from "./internet";
import { iso14908Classes } from "./iso-iec-14908";
import { llcClasses } from "./llc-iso-iec-8802-2";
import { localPortClasses } from "./local-ports-and-modems";
import { lorawanClasses } from "./lorawan";
import { mbusClasses } from "./m-bus";
import { measurementDataClasses } from "./parameters-and-measurement-data";
import { paymentClasses } from "./payment";
import { primeClasses } from "./prime-plc";
import { type ClassRow, expand } from "./row";
import { sfskClasses } from "./s-fsk-plc";
import { lpwanClasses } from "./schc-lpwan";
import { timeControlClasses } from "./time-and-event-bound-control";
import { wisunClasses } from "./wi-sun";
import { zigbeeClasses } from "./zigbee";

/** In the order of the chapters, from 4.3 on. */
const rows: readonly ClassRow[] = [
  ...measurementDataClasses,
  ...accessClasses,
  ...timeControlClasses,
  ...paymentClasses,
  ...localPortClasses,
  ...mbusClasses,
  ...internetClasses,
  ...sfskClasses,
  ...llcClasses,
  ...primeClasses,
  ...g3Classes,
  ...hsPlcClasses,
  ...zigbeeClasses,
  ...lpwanClasses,
  ...lorawanClasses,
  ...wisunClasses,
  ...iso14908Classes,
];

/** Every known version of every known interface class, by id and then version. */
export const interfaceClasses: readonly ClassDefinition[] = rows
  .map(expand)
  .sort((a, b) => a.id - b.id || a.version - b.version);
