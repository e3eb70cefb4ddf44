// Checks of the fields in the dlms-meter dialog, except secrets. An empty field means the default, so it is valid.
import { isObis } from "../../../src/cosem/obis";
import { isTimeZone } from "../../../src/cosem/time-zone";
import {
  hasPhysicalPart,
  isUsed,
  type MeterChoices,
  type NamesOf,
  rangeOf,
  readsCounter,
} from "../../meters/settings-rules";
import { meterSettings } from "../../meters/settings-table";
import { type EditedNode, textsOf, type Validator, validator } from "../../editor/red";
import { asText, type EditedProperties, isEmpty, isEnv } from "../../editor/values";

export const t = textsOf("dlms-meter");

/** Hex digits without separators. */
export function bareHex(value: unknown): string {
  return String(value)
    .replace(/0x/gi, "")
    .replace(/[\s:,;-]+/g, "");
}

/** The choices on which a meter's other settings depend. */
export function choicesOf(properties: EditedProperties, node: EditedNode): MeterChoices {
  const transportType = properties.text(node, "transportType");
  const framing = properties.text(node, "framing");
  const authentication = properties.text(node, "authentication");
  const securityPolicy = properties.text(node, "securityPolicy");
  const ciphering = properties.text(node, "ciphering");
  const signMessages = properties.checked(node, "signMessages");
  const emptyPassword = properties.checked(node, "emptyPassword");
  const addressSize = properties.text(node, "addressSize");
  const referencing = properties.text(node, "referencing");
  const invocationCounterSource = properties.text(node, "invocationCounterSource");
  return {
    ...{ transportType, framing, authentication, securityPolicy, ciphering, signMessages, emptyPassword },
    ...{ addressSize, referencing, invocationCounterSource },
  };
}

/** A number in the form that the node accepts: no fraction, no exponent. */
const wholeNumber = /^\s*-?(\d+|0x[0-9a-f]+)\s*$/i;

const rangeText = (min: number, max: number): string => t("error.whole", { min, max });

export class MeterChecks {
  readonly #properties: EditedProperties;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  /** A whole number in its range; a setting that does not apply may have any value. */
  number(name: NamesOf<"integer">): Validator {
    return validator((node, value) => {
      const choices = choicesOf(this.#properties, node);
      if (!isUsed(name, choices) || isEnv(value) || isEmpty(value)) return "";
      const [min, max] = rangeOf(name, choices);
      const number = wholeNumber.test(String(value)) ? Number(value) : NaN;
      return number >= min && number <= max ? this.#otherProblem(name, node, choices, number) : rangeText(min, max);
    });
  }

  /** Numbers that the runtime refuses although they are in range. */
  #otherProblem(name: NamesOf<"integer">, node: EditedNode, choices: MeterChoices, number: number): string {
    const other = (of: NamesOf<"integer">): number => {
      const text = this.#properties.text(node, of);
      return isEmpty(text) ? Number(meterSettings[of].default) : Number(text);
    };
    switch (name) {
      case "physicalAddress":
        return hasPhysicalPart(choices) ? "" : t("preview.noRoom");
      case "reconnectMax":
        return number < other("reconnectMin") ? t("error.belowMinimum") : "";
      case "invocationCounterClient":
        return readsCounter(choices) && number === other("clientAddress") ? t("error.counterClient") : "";
      default:
        return "";
    }
  }

  /** A setting that no environment variable may change. */
  /** Needed where the meter dials in. */
  readonly meterId = validator((node, value) =>
    isEmpty(value) && isUsed("meterId", choicesOf(this.#properties, node)) ? t("error.meterId") : "",
  );

  readonly literal = validator((_, value) => (isEnv(value) ? t("error.literal") : ""));

  readonly timeZone = validator((_, value) =>
    isEnv(value) || isEmpty(value) || isTimeZone(asText(value).trim()) ? "" : t("error.timeZone"),
  );

  readonly modeEAddress = validator((_, value) =>
    isEnv(value) || /^[0-9A-Za-z ]{0,32}$/.test(asText(value)) ? "" : t("error.modeEAddress"),
  );

  readonly title = validator((_, value) =>
    isEnv(value) || isEmpty(value) || /^[0-9a-f]{16}$/i.test(bareHex(value)) ? "" : t("error.title"),
  );

  readonly obis = validator((_, value) => (isEnv(value) || isEmpty(value) || isObis(value) ? "" : t("error.obis")));
}
