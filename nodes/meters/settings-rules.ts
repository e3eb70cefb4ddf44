// Derived from the table of a meter's settings: lists of names, ranges, and the secrets needed. Used by Node-RED
// and by the editor's scripts, so it imports only the table.
import { meterSettings, type Need, type Applicability, type Range, type SettingRow } from "./settings-table";

type Table = typeof meterSettings;
export type SettingName = keyof Table;
export type NamesOf<Kind extends SettingRow["kind"]> = {
  [Name in SettingName]: Table[Name]["kind"] extends Kind ? Name : never;
}[SettingName];
export type SecretName = NamesOf<"secret">;
export type PropertyName = Exclude<SettingName, SecretName>;

/** The words of a choice, as written in a flow. */
export type WordOf<Name extends NamesOf<"choice">> = keyof Table[Name]["choices"] & string;

/** The names of which a setting lists some. */
export type NameIn<Name extends NamesOf<"names">> = Table[Name]["names"][number];

/** Settings on which others depend, as written in a flow; absent and "" mean the default. */
export interface MeterChoices {
  readonly transportType?: string;
  readonly framing?: string;
  readonly authentication?: string;
  readonly securityPolicy?: string;
  readonly ciphering?: string;
  readonly signMessages?: boolean;
  /** LOW with a password of no bytes */
  readonly emptyPassword?: boolean;
  readonly addressSize?: string;
  readonly referencing?: string;
  readonly invocationCounterSource?: string;
}

const rows: Readonly<Record<string, SettingRow>> = meterSettings;
const names = Object.keys(meterSettings) as SettingName[];

export function rowOf(name: SettingName): SettingRow {
  return meterSettings[name];
}

const isSecret = (name: SettingName): name is SecretName => rowOf(name).kind === "secret";

export const secretNames: readonly SecretName[] = names.filter(isSecret);
export const propertyNames = names.filter((name): name is PropertyName => !isSecret(name));

/** Settings that `msg.meter` may override besides secrets: all but those that govern how messages are handled. */
export const messageSettings: readonly PropertyName[] = propertyNames.filter((name) => rowOf(name).message);

/** Settings that the search for a meter's address needs: no address, client or secret of the meter. */
export const searchSettings = {
  properties: propertyNames.filter((name) => rowOf(name).search),
  credentials: secretNames.filter((name) => rowOf(name).search),
} as const;

/** The setting that supplies an option of the library, by the option's path. */
export function settingOfOption(path: string): SettingName | undefined {
  const found = names.find((name) => rowOf(name).option === path);
  if (found !== undefined) return found;
  if (path.startsWith("quirks.")) return "quirks";
  // an option with the setting's own name at any path: security.generalSigning.signingKey
  const last = path.split(".").at(-1) ?? "";
  return Object.hasOwn(rows, last) ? (last as SettingName) : undefined;
}

/** The framing; "" follows the transport. */
export function framingOf({ transportType, framing }: MeterChoices): Exclude<WordOf<"framing">, ""> {
  if (framing === "WRAPPER" || framing === "HDLC" || framing === "HDLC_MODE_E") return framing;
  return transportType === "SERIAL" ? "HDLC" : "WRAPPER";
}

/** Whether a setting applies with these choices. */
export function isUsed(name: SettingName, choices: MeterChoices): boolean {
  const { appliesTo } = rowOf(name);
  return appliesTo === undefined || applies(appliesTo, choices);
}

function applies(appliesTo: Applicability, choices: MeterChoices): boolean {
  switch (appliesTo) {
    case "network":
      return choices.transportType !== "SERIAL" && choices.transportType !== "INCOMING";
    case "incoming":
      return choices.transportType === "INCOMING";
    case "serial":
      return choices.transportType === "SERIAL";
    case "hdlc":
      return framingOf(choices) !== "WRAPPER";
    case "modeE":
      return framingOf(choices) === "HDLC_MODE_E";
  }
}

export function rangeOf(name: NamesOf<"integer">, choices: MeterChoices): Range {
  const { range } = meterSettings[name];
  const wrapper = framingOf(choices) === "WRAPPER";
  const [min, max] = !("hdlc" in range) ? range : wrapper ? range.wrapper : range.hdlc;
  const addressPart = name === "serverAddress" || name === "physicalAddress";
  return [min, addressPart && !wrapper ? Math.min(max, maxAddressPart(choices)) : max];
}

/** The largest number in each part of an HDLC server address of the chosen length. */
function maxAddressPart({ addressSize }: MeterChoices): number {
  return addressSize === "1" || addressSize === "2" ? 127 : 16_383;
}

/** Whether the server address has room for a physical one. */
export function hasPhysicalPart({ addressSize }: MeterChoices): boolean {
  return addressSize !== "1";
}

/** Whether a separate client reads the invocation counter from the meter. */
export function readsCounter(choices: MeterChoices): boolean {
  const { invocationCounterSource: source, referencing } = choices;
  return isCiphered(choices) && source !== "STORED" && referencing !== "SN";
}

const isSet = (word: string | undefined): word is string => word !== undefined && word !== "" && word !== "NONE";

/** Whether the keys are used: for ciphered messages, or by HIGH_GMAC. */
export function isCiphered({ securityPolicy, authentication }: MeterChoices): boolean {
  return isSet(securityPolicy) || authentication === "HIGH_GMAC";
}

/** The reason why a secret is needed, for "... is needed for ..."; undefined if it is not. */
export function needOf(name: SecretName, choices: MeterChoices): string | undefined {
  const row = rowOf(name);
  const need: Need | undefined = row.kind === "secret" ? row.needed : undefined;
  if (need === undefined) return undefined;
  const { authentication = "", securityPolicy, ciphering = "", signMessages } = choices;
  if (name === "password" && authentication === "LOW" && choices.emptyPassword === true) return undefined;
  if (need.authentication?.includes(authentication)) return `for ${authentication}`;
  if (!isCiphered(choices)) return undefined;
  if (need.ciphered) return isSet(securityPolicy) ? `for security policy ${securityPolicy}` : `for ${authentication}`;
  if (need.ciphering?.includes(ciphering)) return `for ${ciphering}`;
  return need.signed && signMessages ? "for signed messages" : undefined;
}

/** The secrets without which no connection is attempted. */
export function neededSecrets(choices: MeterChoices): SecretName[] {
  return secretNames.filter((name) => needOf(name, choices) !== undefined);
}
