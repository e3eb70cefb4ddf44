/** Notes on values that a list table has named or scaled, and that can hardly be right: the table may be another meter's. */
import type { PushItem } from "./items";

/** Group C of voltages: any phase, and L1 to L3. */
const voltages = new Set(["12", "32", "52", "72"]);
const minVoltage = 100;
const maxVoltage = 300;
/** The registers of the tariffs are rounded one by one, so the total may differ by this part of it. */
const tolerance = 0.001;

/** The values stay as they are. */
export function plausibilityNotes(items: readonly PushItem[]): string[] {
  return [...voltageNotes(items), ...tariffNotes(items)];
}

/** A phase that is not connected has 0 V. */
function voltageNotes(items: readonly PushItem[]): string[] {
  const odd = items.filter(({ logicalName, value }) => {
    const [a, , c = "", d, e] = logicalName?.split(".") ?? [];
    if (a !== "1" || !voltages.has(c) || d !== "7" || e !== "0" || typeof value !== "number" || value === 0)
      return false;
    return value < minVoltage || value > maxVoltage;
  });
  if (odd.length === 0) return [];
  const shown = odd.map(({ name, value }) => `${name} = ${String(value)}`).join(", ");
  return [
    `voltages are not between ${minVoltage} and ${maxVoltage} V (${shown}): check the list table and its scalers`,
  ];
}

/** The total of an energy is the sum of its tariffs, if at least two of them are pushed. */
function tariffNotes(items: readonly PushItem[]): string[] {
  const totals = items.filter(({ logicalName }) => logicalName?.endsWith(".8.0.255") === true);
  return totals.flatMap(({ logicalName, value }) => {
    const quantity = (logicalName ?? "").slice(0, -".0.255".length);
    const tariffs = items.filter((each) => isTariff(each.logicalName, quantity)).map((each) => each.value);
    const sum = tariffs.reduce<number>((all, each) => all + (typeof each === "number" ? each : Number.NaN), 0);
    const allowed = typeof value === "number" ? Math.max(tariffs.length, Math.abs(value) * tolerance) : 0;
    if (tariffs.length < 2 || typeof value !== "number" || !(Math.abs(value - sum) > allowed)) return [];
    return [`${logicalName} = ${value} is not the sum of its tariffs, ${sum}: check the list table`];
  });
}

function isTariff(name: string | null, quantity: string): boolean {
  if (name?.startsWith(`${quantity}.`) !== true || !name.endsWith(".255")) return false;
  const tariff = Number(name.slice(quantity.length + 1, -".255".length));
  return tariff >= 1 && tariff <= 63;
}
