/** The definition of the simulated household: an electricity meter with a roof, and its sub-meters. */
import { classIds } from "../../apdu/class-ids";
import { fromHex } from "../../bytes";
import { type Clock, systemClock } from "../../clock";
import type { DlmsValue } from "../../codec/value";
import { parseObis } from "../../cosem/obis";
import * as wellKnownObjects from "../../cosem/well-known-objects";
import {
  arrayOf,
  doubleLongUnsigned,
  enumerated,
  longUnsigned,
  numeric,
  octets,
  scalerUnit,
  structure,
  textOctets,
  unsigned,
} from "../objects/build";
import type { MeterDefinition, ProfileRows, SimulatedAssociation, SimulatedObject } from "../definition/definition";
import type { PushSetup } from "../definition/push-setup";
import { HouseholdFlows } from "./household-flows";
import { slotMs } from "./load-curve";
import {
  clockOctets,
  dayMs,
  instantOf,
  isDaylightSaving,
  localMidnight,
  localMonthStart,
  type MeterZone,
  offsetAt,
} from "./meter-time";

/** Unit codes of the Blue Book that the household uses. */
const unit = { W: 27, VA: 28, var: 29, Wh: 30, varh: 32, A: 33, V: 35, Hz: 44, m3: 13, none: 255 } as const;

/** The keys of client 18 of the household: the published example keys of the Green Book, not secret. */
export const demoKeys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
} as const;
/** The password of client 17 of the household. */
export const demoPassword = "12345678";

export interface HouseholdOptions {
  /** Source of time; default: the system clock. */
  readonly clock?: Pick<Clock, "wallTime">;
  /** Milliseconds since 1970, instead of a clock. */
  readonly now?: () => number;
  /** Selects the household: each seed has its own values. */
  readonly seed?: number;
  /** Minutes east of UTC in winter (60), and whether daylight saving applies (true). */
  readonly utcOffset?: number;
  readonly daylightSaving?: boolean;
  readonly serialNumber?: string;
  /** Days that the load profile holds (10). */
  readonly profileDays?: number;
  readonly serverAddress?: number;
  readonly physicalAddress?: number;
  readonly framing?: NonNullable<MeterDefinition["framing"]>;
  readonly maxPduSize?: number;
  readonly associations?: readonly SimulatedAssociation[];
  /** Makes the household push its number, energies, powers, voltages and currents as defined by this setup. */
  readonly push?: Omit<PushSetup, "objects"> & Partial<Pick<PushSetup, "objects">>;
}

/** The pushed values, unless the push setup defines others. */
const pushedNames = [
  wellKnownObjects.clock,
  "0.0.96.1.0.255",
  ...["1.0.1.7.0.255", "1.0.2.7.0.255", "1.0.1.8.0.255", "1.0.2.8.0.255"],
  ...["1.0.32.7.0.255", "1.0.52.7.0.255", "1.0.72.7.0.255"],
  ...["1.0.31.7.0.255", "1.0.51.7.0.255", "1.0.71.7.0.255"],
] as const;

interface Household {
  readonly now: () => number;
  readonly zone: MeterZone;
  readonly flows: HouseholdFlows;
}

/**
 * A realistic household: a three-phase electricity meter with solar panels, two tariffs, a load profile, a daily
 * billing profile, a breaker, and gas, water and heat sub-meters. All values are functions of the clock and the seed:
 * the registers are the integrals of the powers, and profile rows are computed when they are read.
 *
 * Clients: 16 without authentication, 17 with the password `12345678`, 18 with GMAC and ciphering (`demoKeys`).
 */
export function householdDefinition(options: HouseholdOptions = {}): MeterDefinition {
  const clock = options.clock ?? systemClock;
  const zone = { standardOffset: options.utcOffset ?? 60, daylightSaving: options.daylightSaving ?? true };
  const house: Household = {
    now: options.now ?? (() => clock.wallTime()),
    zone,
    flows: new HouseholdFlows(options.seed ?? 1, zone),
  };
  const serial = options.serialNumber ?? "SIM00000001";
  return {
    serverAddress: options.serverAddress ?? 1,
    ...(options.physicalAddress === undefined ? {} : { physicalAddress: options.physicalAddress }),
    framing: options.framing ?? "WRAPPER",
    maxPduSize: options.maxPduSize ?? 1024,
    logicalDeviceName: `SIM${serial.replace(/\D/g, "").padStart(13, "0").slice(-13)}`,
    associations: options.associations ?? demoAccounts,
    objects: [
      clockObject(house),
      data("0.0.96.1.0.255", textOctets(serial)),
      data("1.0.0.2.0.255", textOctets("1.0.0")),
      data("0.0.97.97.0.255", unsigned(0)),
      data("0.0.96.14.0.255", () => unsigned(tariffAt(house))),
      ...energyObjects(house),
      ...powerObjects(house),
      ...phaseObjects(house),
      ...demandObjects(house),
      breaker(),
      loadProfile(house, options.profileDays ?? 10),
      billingProfile(house),
      ...subMeters(house),
    ],
    ...(options.push === undefined
      ? {}
      : { pushSetups: [{ objects: pushedNames.map((logicalName) => ({ logicalName })), ...options.push }] }),
  };
}

const demoAccounts: readonly SimulatedAssociation[] = [
  { client: 16 },
  { client: 17, mechanism: "lls", secret: demoPassword },
  { client: 18, mechanism: "hls-gmac", suite: 0, policy: "authenticated-encrypted", ...demoKeys },
];

function data(logicalName: string, value: DlmsValue | (() => DlmsValue)): SimulatedObject {
  return { classId: classIds.data, logicalName, attributes: { 2: value } };
}

function register(logicalName: string, value: () => DlmsValue, scaler: number, unitCode: number): SimulatedObject {
  return { classId: classIds.register, logicalName, attributes: { 2: value, 3: scalerUnit(scaler, unitCode) } };
}

/** Active tariff: 1 from 06:00 to 22:00 of standard time, else 2. */
function tariffAt({ now, zone }: Household): number {
  const hour = Math.floor((now() / 3_600_000 + zone.standardOffset / 60) % 24);
  return hour >= 6 && hour < 22 ? 1 : 2;
}

function clockObject({ now, zone }: Household): SimulatedObject {
  const sunday = (month: number, hour: number): DlmsValue =>
    octets(Uint8Array.of(0xff, 0xff, month, 0xfe, 7, hour, 0, 0, 0, 0x80, 0, 0));
  /** the clock was set: only its own time differs, registers and profiles go on by the house's time */
  let deviationMs = 0;
  return {
    classId: classIds.clock,
    logicalName: wellKnownObjects.clock,
    writable: [2],
    written: {
      2: (value) => {
        const utc = value.value instanceof Uint8Array ? instantOf(value.value, zone) : undefined;
        if (utc !== undefined) deviationMs = utc - now();
        return utc !== undefined;
      },
    },
    // shift_time
    methods: {
      6: (seconds) => {
        if (seconds?.type === "long") deviationMs += seconds.value * 1000;
        return undefined;
      },
    },
    attributes: {
      2: () => octets(clockOctets(now() + deviationMs, zone)),
      3: numeric("long", -zone.standardOffset),
      4: () => unsigned(isDaylightSaving(now(), zone) ? 0x80 : 0),
      5: sunday(3, 2),
      6: sunday(10, 3),
      7: numeric("integer", zone.daylightSaving ? 60 : 0),
      8: { type: "boolean", value: zone.daylightSaving },
      9: enumerated(1),
    },
  };
}

function energyObjects({ now, flows }: Household): SimulatedObject[] {
  const energy = (name: string, count: (utc: number) => number, code: number = unit.Wh): SimulatedObject =>
    register(name, () => doubleLongUnsigned(count(now())), 0, code);
  return [
    energy("1.0.1.8.0.255", (utc) => flows.imported(utc)),
    energy("1.0.1.8.1.255", (utc) => flows.counted("day", utc)),
    energy("1.0.1.8.2.255", (utc) => flows.counted("night", utc)),
    energy("1.0.2.8.0.255", (utc) => flows.counted("export", utc)),
    energy("1.0.3.8.0.255", (utc) => flows.counted("reactive", utc), unit.varh),
    energy("1.0.4.8.0.255", () => 0, unit.varh),
  ];
}

function powerObjects({ now, flows }: Household): SimulatedObject[] {
  const power = (name: string, watts: (utc: number) => number, code: number = unit.W): SimulatedObject =>
    register(name, () => doubleLongUnsigned(Math.round(watts(now()))), 0, code);
  return [
    power("1.0.1.7.0.255", (utc) => flows.importPower(utc)),
    power("1.0.2.7.0.255", (utc) => flows.exportPower(utc)),
    power("1.0.3.7.0.255", (utc) => flows.reactivePower(utc), unit.var),
    power("1.0.4.7.0.255", () => 0, unit.var),
    power("1.0.9.7.0.255", (utc) => flows.apparentPower(utc), unit.VA),
    register("1.0.13.7.0.255", () => longUnsigned(Math.round(flows.powerFactor(now()) * 1000)), -3, unit.none),
    register("1.0.14.7.0.255", () => longUnsigned(Math.round(flows.frequency(now()) * 100)), -2, unit.Hz),
  ];
}

function phaseObjects({ now, flows }: Household): SimulatedObject[] {
  return ([0, 1, 2] as const).flatMap((index) => {
    const c = 20 * index;
    const phase = (): ReturnType<HouseholdFlows["phase"]> => flows.phase(index, now());
    return [
      register(`1.0.${21 + c}.7.0.255`, () => doubleLongUnsigned(Math.round(phase().imported)), 0, unit.W),
      register(`1.0.${22 + c}.7.0.255`, () => doubleLongUnsigned(Math.round(phase().exported)), 0, unit.W),
      register(`1.0.${31 + c}.7.0.255`, () => longUnsigned(Math.round(phase().current * 1000)), -3, unit.A),
      register(`1.0.${32 + c}.7.0.255`, () => longUnsigned(Math.round(phase().voltage * 10)), -1, unit.V),
    ];
  });
}

function demandObjects({ now, zone, flows }: Household): SimulatedObject[] {
  const lastSlot = (): number => Math.floor(now() / slotMs) * slotMs;
  const largest = (): { watts: number; at: number } => flows.largestDemand(localMonthStart(now(), zone), lastSlot());
  const current = (): number => {
    const elapsed = now() - lastSlot();
    return elapsed <= 0 ? 0 : ((flows.imported(now()) - flows.imported(lastSlot())) * 3_600_000) / elapsed;
  };
  return [
    {
      classId: classIds["extended-register"],
      logicalName: "1.0.1.6.0.255",
      attributes: {
        2: () => doubleLongUnsigned(largest().watts),
        3: scalerUnit(0, unit.W),
        4: unsigned(0),
        5: () => octets(clockOctets(largest().at, zone)),
      },
    },
    {
      classId: classIds["demand-register"],
      logicalName: "1.0.1.4.0.255",
      attributes: {
        2: () => doubleLongUnsigned(Math.round(current())),
        3: () => doubleLongUnsigned(flows.demand(lastSlot())),
        4: scalerUnit(0, unit.W),
        5: unsigned(0),
        6: () => octets(clockOctets(lastSlot(), zone)),
        7: () => octets(clockOctets(lastSlot(), zone)),
        8: doubleLongUnsigned(slotMs / 1000),
        9: longUnsigned(1),
      },
    },
  ];
}

function breaker(): SimulatedObject {
  let connected = true;
  const move = (to: boolean) => (): undefined => {
    connected = to;
    return undefined;
  };
  return {
    classId: classIds["disconnect-control"],
    logicalName: "0.0.96.3.10.255",
    attributes: {
      2: () => ({ type: "boolean", value: connected }),
      3: () => enumerated(connected ? 1 : 0),
      4: enumerated(4),
    },
    methods: { 1: move(false), 2: move(true) },
  };
}

interface Column {
  readonly classId: number;
  readonly logicalName: string;
  readonly value: (utc: number) => DlmsValue;
}

function captureObject(classId: number, logicalName: string): DlmsValue {
  return structure(longUnsigned(classId), octets(parseObis(logicalName)), numeric("integer", 2), longUnsigned(0));
}

/** The instants of the rows of a profile, oldest first. */
interface Instants {
  readonly count: number;
  at(index: number): number;
}

function profile(
  { zone }: Household,
  logicalName: string,
  period: number,
  capacity: number,
  columns: readonly Column[],
  instants: () => Instants,
): SimulatedObject {
  const rowsOf = (now: () => Instants): ProfileRows => ({
    count: () => now().count,
    row: (index) => {
      const utc = now().at(index);
      return columns.map((column) => column.value(utc));
    },
    timeOf: (index) => {
      const utc = now().at(index);
      return { utc, deviation: -offsetAt(utc, zone) };
    },
  });
  return {
    classId: classIds["profile-generic"],
    version: 1,
    logicalName,
    attributes: {
      3: arrayOf(columns.map((column) => captureObject(column.classId, column.logicalName))),
      4: doubleLongUnsigned(period),
      5: enumerated(1),
      6: captureObject(0, "0.0.0.0.0.0"),
      8: doubleLongUnsigned(capacity),
    },
    rows: {
      ...rowsOf(instants),
      freeze: () => {
        const frozen = instants();
        return rowsOf(() => frozen);
      },
    },
  };
}

function loadProfile(house: Household, days: number): SimulatedObject {
  const { now, zone, flows } = house;
  const capacity = Math.round((days * dayMs) / slotMs);
  const columns: readonly Column[] = [
    { classId: classIds.clock, logicalName: wellKnownObjects.clock, value: (utc) => octets(clockOctets(utc, zone)) },
    {
      classId: classIds.register,
      logicalName: "1.0.1.8.0.255",
      value: (utc) => doubleLongUnsigned(flows.imported(utc)),
    },
    {
      classId: classIds.register,
      logicalName: "1.0.2.8.0.255",
      value: (utc) => doubleLongUnsigned(flows.counted("export", utc)),
    },
  ];
  return profile(house, "1.0.99.1.0.255", slotMs / 1000, capacity, columns, () => {
    const newest = Math.max(0, Math.floor(now() / slotMs));
    const count = Math.min(capacity, newest);
    return { count, at: (index) => (newest - count + 1 + index) * slotMs };
  });
}

function billingProfile(house: Household): SimulatedObject {
  const { now, zone, flows } = house;
  const capacity = 62;
  const energy = (logicalName: string, count: (utc: number) => number): Column => {
    return { classId: classIds.register, logicalName, value: (utc) => doubleLongUnsigned(count(utc)) };
  };
  const columns: readonly Column[] = [
    { classId: classIds.clock, logicalName: wellKnownObjects.clock, value: (utc) => octets(clockOctets(utc, zone)) },
    energy("1.0.1.8.0.255", (utc) => flows.imported(utc)),
    energy("1.0.1.8.1.255", (utc) => flows.counted("day", utc)),
    energy("1.0.1.8.2.255", (utc) => flows.counted("night", utc)),
    energy("1.0.2.8.0.255", (utc) => flows.counted("export", utc)),
  ];
  return profile(house, "1.0.99.2.0.255", dayMs / 1000, capacity, columns, () => {
    // noon, because a change of daylight saving time moves midnight by an hour
    const noon = localMidnight(now(), zone) + dayMs / 2;
    return { count: capacity, at: (index) => localMidnight(noon - (capacity - 1 - index) * dayMs, zone) };
  });
}

/** Sub-meters of the electricity meter: gas with an hourly time stamp, water, heat. */
function subMeters({ now, zone, flows }: Household): SimulatedObject[] {
  const hour = (): number => Math.floor(now() / 3_600_000) * 3_600_000;
  return [
    {
      classId: classIds["extended-register"],
      logicalName: "7.0.3.0.0.255",
      attributes: {
        2: () => doubleLongUnsigned(flows.counted("gas", hour())),
        3: scalerUnit(-3, unit.m3),
        4: unsigned(0),
        5: () => octets(clockOctets(hour(), zone)),
      },
    },
    register("8.0.1.0.0.255", () => doubleLongUnsigned(flows.counted("water", now())), -3, unit.m3),
    register("6.0.1.0.0.255", () => doubleLongUnsigned(flows.counted("heat", now())), 0, unit.Wh),
  ];
}
