/** Words for the codes of event logs. A companion specification decides the codes, and the log decides the table. */
import { obisDotted } from "../../cosem";
import type * as Dsmr from "./dsmr";
import type { EventTable } from "./event-table";
import type * as Idis from "./idis";
import type * as Is15959 from "./is15959";
import type * as Smr5 from "./smr5";
import type * as Spodes from "./spodes";

/** A companion specification whose event codes have words. */
export type Companion = "idis" | "dsmr" | "smr5" | "is15959" | "spodes";

/** All companion specifications whose event codes have words. */
export const companions: readonly Companion[] = ["idis", "dsmr", "smr5", "is15959", "spodes"];

/** The meaning of an event code. */
export interface EventWords {
  /** kebab-case, for programs: `power-down` */
  readonly id: string;
  /** English text: `Power down` */
  readonly name: string;
  /** the log of the companion specification: `standard`, `fraud` */
  readonly log: string;
}

/**
 * The meaning of an event code of a companion specification.
 * @param logicalName the event code object (0-0:96.11.n) or the profile of the log (0-0:99.98.n), in any OBIS spelling
 * @returns undefined if the log or the code is not in the table, because codes of manufacturers have other meanings
 * @throws DlmsConfigError CONFIG_INVALID if the logical name is not an OBIS code
 */
export function eventOf(companion: Companion, logicalName: string, code: number): EventWords | undefined {
  const dotted = obisDotted(logicalName);
  const entry = tableOf(companion).logs.find((log) => log.code === dotted || log.profile === dotted);
  const name = entry !== undefined && Object.hasOwn(entry.events, code) ? entry.events[code] : undefined;
  return entry === undefined || name === undefined ? undefined : { id: idOf(name), name, log: entry.log };
}

function idOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .replace(/^-|-$/gu, "");
}

/** The table of a companion specification, loaded on first use. */
export function tableOf(companion: Companion): EventTable {
  /* eslint-disable @typescript-eslint/no-require-imports -- loaded synchronously, at the first call */
  switch (companion) {
    case "idis":
      return (require("./idis") as typeof Idis).idisEvents;
    case "dsmr":
      return (require("./dsmr") as typeof Dsmr).dsmrEvents;
    case "smr5":
      return (require("./smr5") as typeof Smr5).smr5Events;
    case "is15959":
      return (require("./is15959") as typeof Is15959).is15959Events;
    case "spodes":
      return (require("./spodes") as typeof Spodes).spodesEvents;
  }
  /* eslint-enable @typescript-eslint/no-require-imports */
}
