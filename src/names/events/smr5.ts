/**
 * Event codes of SMR 5 (Netherlands): those of DSMR 4 with six codes of the power quality log replaced.
 * Single source: GXF: Grid eXchange Fabric of Alliander, github.com/OSGP/open-smart-grid-platform (Apache-2.0).
 */
import { dsmrEvents } from "./dsmr";
import type { EventTable } from "./event-table";

/** The codes that differ from DSMR 4, in the power quality log. */
const powerQuality: Readonly<Record<number, string>> = {
  80: "Overvoltage L1",
  81: "Overvoltage L2",
  82: "Overvoltage L3",
  83: "Voltage normal L1",
  84: "Voltage normal L2",
  85: "Voltage normal L3",
};

/** Event codes of SMR 5. */
export const smr5Events: EventTable = {
  logs: dsmrEvents.logs.map((entry) =>
    entry.log === "power-quality" ? { ...entry, events: { ...entry.events, ...powerQuality } } : entry,
  ),
};
