// Selects the pushes that a `dlms-listen` sends: by meter and kind, only changes, at a limited rate.
import { type Clock, DlmsConfigError, type Push, type PushItem } from "../../src/index";
import { choiceOf, integerOf, isAbsent, quote, type RawSettings, textOf } from "../node-red/raw-settings";

/** Maximum number of meters whose last values are kept; beyond it the least recently heard meter is dropped. */
export const maxRemembered = 65_536;
const kinds = ["data", "event", "text", "raw"] as const;
const maxIntervalS = 604_800;

export interface ListenFilter {
  /** names, numbers or system titles in lower case; none = all */
  readonly meters: ReadonlySet<string>;
  /** pushes of meters that the source does not list: sent; not sent; sent, also as received if the key is missing */
  readonly unknown: "SEND" | "DROP" | "RAW";
  readonly kinds: ReadonlySet<string>;
  readonly onlyChanges: boolean;
  /** minimum change of a number, in its unit */
  readonly threshold: number;
  /** ms between two messages of one meter; 0 = all */
  readonly minInterval: number;
}

const wordsOf = (text: string): string[] =>
  text
    .split(/[,;\n]+/)
    .map((word) => word.trim())
    .filter((word) => word !== "");

function thresholdOf(raw: RawSettings): number {
  const text = textOf(raw, "threshold", "0").replace(",", ".");
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new DlmsConfigError("CONFIG_INVALID", `threshold: expected a number from 0, got ${quote(raw.threshold)}`, {
    details: { property: "threshold" },
  });
}

/** @throws DlmsConfigError */
export function listenFilterOf(raw: RawSettings, onlyChanges: boolean): ListenFilter {
  const meters = wordsOf(textOf(raw, "meters", "*")).map((word) => word.toLowerCase());
  const wanted = isAbsent(raw.kinds)
    ? [...kinds]
    : wordsOf(textOf(raw, "kinds", "").toLowerCase().replaceAll(" ", ","));
  const wrong = wanted.find((kind) => !(kinds as readonly string[]).includes(kind));
  if (wrong !== undefined) {
    throw new DlmsConfigError("CONFIG_INVALID", `kinds: expected ${kinds.join(", ")}, got ${quote(wrong)}`, {
      details: { property: "kinds", choices: kinds.join(", ") },
    });
  }
  return {
    meters: meters.includes("*") ? new Set() : new Set(meters),
    unknown: choiceOf(raw, "unknown", ["SEND", "DROP", "RAW"], "SEND"),
    kinds: new Set(wanted),
    onlyChanges,
    threshold: thresholdOf(raw),
    minInterval: integerOf(raw, "minInterval", { fallback: 0, min: 0, max: maxIntervalS }) * 1000,
  };
}

/** The key under which a meter's last values are kept. */
const idOf = ({ meter, systemTitle, meterId, link }: Push): string =>
  systemTitle ?? meterId ?? meter ?? `${link.peer ?? ""} ${link.source ?? ""}`;

interface Remembered {
  readonly values: Map<string, unknown>;
  sentAt: number;
}

/** Times are not compared, because they change with every push. */
const isClock = ({ raw, type, value }: PushItem): boolean =>
  (type === "text" || /^(090c|19)/.test(raw)) && typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);

export class ListenSieve {
  readonly #filter: ListenFilter;
  readonly #clock: Clock;
  readonly #meters = new Map<string, Remembered>();

  constructor(filter: ListenFilter, clock: Clock) {
    this.#filter = filter;
    this.#clock = clock;
  }

  /** Whether the node accepts meters that its source does not list. */
  get acceptsUnknown(): boolean {
    return this.#filter.unknown !== "DROP";
  }

  /** Whether the node sends pushes without a known key as they were received. */
  get wantsRaw(): boolean {
    return this.#filter.unknown === "RAW";
  }

  /** Whether the push is from a meter that the node accepts. */
  isOfMeter({ meter, systemTitle, meterId }: Push): boolean {
    return this.isNamed(meter, systemTitle, meterId);
  }

  isNamed(...names: readonly (string | null)[]): boolean {
    const { meters } = this.#filter;
    return meters.size === 0 || names.some((name) => name !== null && meters.has(name.toLowerCase()));
  }

  /** The push with the items to send; undefined if there are none. @param single each item is sent separately */
  take(push: Push, single: boolean): Push | undefined {
    const { kinds: wanted, onlyChanges, minInterval } = this.#filter;
    if (!wanted.has(push.kind)) return undefined;
    const isRaw = push.kind === "raw";
    // an event is sent each time it happens
    if (push.kind === "event" || (!onlyChanges && minInterval === 0)) return push;
    const known = this.#remembered(push);
    const now = this.#clock.now();
    if (minInterval > 0 && now - known.sentAt < minInterval) return undefined;
    const items = onlyChanges ? push.items.filter((item) => this.#hasChanged(item, known)) : push.items;
    // a push that is not deciphered has no items
    if (items.length === 0 && !isRaw) return undefined;
    known.sentAt = now;
    for (const { name, value } of items) known.values.set(name, value);
    return single && onlyChanges ? { ...push, items } : push;
  }

  #hasChanged(item: PushItem, { values }: Remembered): boolean {
    if (isClock(item)) return false;
    const { name, value } = item;
    if (!values.has(name)) return true;
    const before = values.get(name);
    if (typeof value === "number" && typeof before === "number") {
      const { threshold } = this.#filter;
      return threshold === 0 ? value !== before : Math.abs(value - before) >= threshold;
    }
    return JSON.stringify(value) !== JSON.stringify(before);
  }

  #remembered(push: Push): Remembered {
    const id = idOf(push);
    const known = this.#meters.get(id) ?? { values: new Map<string, unknown>(), sentAt: -Infinity };
    this.#meters.delete(id);
    this.#meters.set(id, known);
    const [oldest] = this.#meters.keys();
    if (oldest !== undefined && this.#meters.size > maxRemembered) this.#meters.delete(oldest);
    return known;
  }
}
