/** Settings of single meters, which win over those of the decoder. */
import { isTimeZone } from "../cosem";
import { integer, invalid, knownKeys, object, oneOf } from "../errors/arguments";
import { type BytesLike, toBytes } from "../inspect";
import type { PushObject } from "./layouts/body";
import type { PushDates } from "./layouts/items";
import type { LearnedObject } from "./layouts/learned";
import { logicalNameOf, unitCodeOf } from "./lists";
import { asked } from "./opening/asked";
import type { CounterPolicy } from "./opening/counters";

/** An object of a meter's push setup, as a client has read it, with the scaler and unit of its value. */
export interface PushSetupObject extends PushObject {
  /** power of ten; absent if the object has none */
  readonly scaler?: number;
  /** code or symbol of the unit */
  readonly unit?: number | string;
}

/** Settings of one meter. The object is read once: a function must return another object for other settings. */
export interface PushMeter {
  /** name of the meter, for `push.meter` */
  readonly name?: string;
  /** system title of a meter that does not send it */
  readonly systemTitle?: BytesLike;
  /** "auto", "none", or the id of a list table */
  readonly lists?: string;
  /** IANA zone of a meter that sends local time without an offset */
  readonly timeZone?: string;
  readonly standardTime?: boolean;
  readonly reversedDeviation?: boolean;
  readonly rememberObjects?: boolean;
  readonly counters?: CounterPolicy;
  readonly withoutAuthenticationKey?: "refuse" | "mark";
  /** object list of the meter's push setup, or of each of them: it names pushes that have as many values */
  readonly objects?: readonly PushSetupObject[] | readonly (readonly PushSetupObject[])[];
}

/** Called for each push with the system title (null if the push has none) and the peer of the connection. */
export type PushMeterSource = (systemTitle: Uint8Array | null, peer: string | undefined) => PushMeter | undefined;

/** The settings that apply to one push. */
export interface PushSettings {
  readonly name: string | null;
  readonly systemTitle: Uint8Array | undefined;
  readonly lists: string;
  readonly dates: PushDates;
  readonly rememberObjects: boolean;
  readonly counters: CounterPolicy;
  readonly withoutAuthenticationKey: "refuse" | "mark";
  readonly learned: readonly (readonly LearnedObject[])[];
}

const known = [
  ...["name", "systemTitle", "lists", "timeZone", "standardTime", "reversedDeviation", "rememberObjects"],
  ...["counters", "withoutAuthenticationKey", "objects"],
];
const maxObjects = 512;
const maxName = 200;

export class Meters {
  readonly #source: PushMeterSource | undefined;
  readonly #defaults: PushSettings;
  readonly #tables: readonly string[];
  readonly #kept = new WeakMap<PushMeter, PushSettings>();

  /** @param tables ids of the list tables */
  constructor(source: PushMeterSource | undefined, defaults: PushSettings, tables: readonly string[]) {
    this.#source = source;
    this.#defaults = defaults;
    this.#tables = tables;
  }

  /** @throws DlmsConfigError CONFIG_INVALID for invalid settings, or a function that throws */
  find(systemTitle: Uint8Array | null, peer: string | undefined): PushSettings {
    const source = this.#source;
    if (source === undefined) return this.#defaults;
    const meter = asked("meters", () => source(systemTitle, peer));
    if (meter === undefined) return this.#defaults;
    object("meters()", meter, "the settings of a meter, or undefined");
    const kept = this.#kept.get(meter);
    if (kept !== undefined) return kept;
    const settings = settingsOf(meter, this.#defaults, this.#tables);
    this.#kept.set(meter, settings);
    return settings;
  }
}

function settingsOf(meter: PushMeter, defaults: PushSettings, tables: readonly string[]): PushSettings {
  knownKeys("meter", meter, known);
  const { name, systemTitle, lists, timeZone, standardTime, reversedDeviation, rememberObjects } = meter;
  const { counters, withoutAuthenticationKey, objects } = meter;
  checkSettings(meter, "meter.", tables);
  if (name !== undefined && (typeof name !== "string" || name.length > maxName)) {
    throw invalid("meter.name", `a text of at most ${maxName} characters`, name);
  }
  const title = systemTitle === undefined || systemTitle.length === 0 ? undefined : toBytes(systemTitle);
  if (title !== undefined && title.length !== 8) throw invalid("meter.systemTitle", "8 bytes", systemTitle);
  const { dates } = defaults;
  return {
    name: name === undefined || name === "" ? defaults.name : name,
    systemTitle: title ?? defaults.systemTitle,
    lists: lists ?? defaults.lists,
    dates: {
      timeZone: timeZone ?? dates.timeZone,
      standardTime: standardTime ?? dates.standardTime,
      reversedDeviation: reversedDeviation ?? dates.reversedDeviation,
    },
    rememberObjects: rememberObjects ?? defaults.rememberObjects,
    counters: counters ?? defaults.counters,
    withoutAuthenticationKey: withoutAuthenticationKey ?? defaults.withoutAuthenticationKey,
    learned: objects === undefined ? defaults.learned : learnedOf(objects),
  };
}

type Checked = Omit<PushMeter, "name" | "systemTitle" | "objects">;

/** Checks the options that a decoder and a single meter share. */
export function checkSettings(settings: Checked, path: string, tables: readonly string[]): void {
  const { timeZone } = settings;
  oneOf(`${path}counters`, settings.counters ?? "strict", ["strict", "warn", "off"]);
  oneOf(`${path}withoutAuthenticationKey`, settings.withoutAuthenticationKey ?? "refuse", ["refuse", "mark"]);
  oneOf(`${path}lists`, settings.lists ?? "auto", ["auto", "none", ...tables]);
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw invalid(`${path}timeZone`, "an IANA time zone", timeZone);
  for (const name of ["standardTime", "reversedDeviation", "rememberObjects"] as const) {
    const value = settings[name];
    if (value !== undefined && typeof value !== "boolean") throw invalid(path + name, "true or false", value);
  }
}

function learnedOf(objects: NonNullable<PushMeter["objects"]>): readonly (readonly LearnedObject[])[] {
  if (!Array.isArray(objects) || objects.length > maxObjects) {
    throw invalid("meter.objects", `an array of at most ${maxObjects} objects`, objects);
  }
  const several = objects.some((each) => Array.isArray(each));
  const lists = (several ? objects : [objects]) as readonly (readonly PushSetupObject[])[];
  return lists.map((list, n) => {
    const path = several ? `meter.objects[${n}]` : "meter.objects";
    if (!Array.isArray(list) || list.length > maxObjects) {
      throw invalid(path, `an array of at most ${maxObjects} objects`, list);
    }
    return list.map((each: PushSetupObject, i) => learnedObject(each, `${path}[${i}]`));
  });
}

function learnedObject(value: PushSetupObject, path: string): LearnedObject {
  object(path, value);
  knownKeys(path, value, ["classId", "logicalName", "attributeId", "dataIndex", "scaler", "unit"]);
  const { classId, logicalName, attributeId, dataIndex = 0, scaler, unit } = value;
  const isScaled = scaler !== undefined || unit !== undefined;
  return {
    classId: integer(`${path}.classId`, classId, 0, 0xffff),
    logicalName: logicalNameOf(`${path}.logicalName`, logicalName),
    attributeId: integer(`${path}.attributeId`, attributeId, -128, 127),
    ...(integer(`${path}.dataIndex`, dataIndex, 0, 0xffff) !== 0 && { dataIndex }),
    ...(isScaled && {
      scalerUnit: {
        scaler: integer(`${path}.scaler`, scaler ?? 0, -128, 127),
        unitCode: unit === undefined ? 255 : unitCodeOf(`${path}.unit`, unit),
      },
    }),
  };
}
