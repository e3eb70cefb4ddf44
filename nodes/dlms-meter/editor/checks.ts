// What the fields of the dlms-meter dialog accept, without its secrets. An empty field means the default, so it is valid.
import { isObis } from "../../../src/cosem/obis";
import { isUsed, type MeterChoices, type NamesOf, rangeOf } from "../../meters/settings-rules";
import { type EditedNode, textsOf, type Validator, validator } from "../../editor/red";
import { type EditedProperties, isEmpty, isEnv } from "../../editor/values";

export const t = textsOf("dlms-meter");

/** Hex digits without what people write between them. */
export function bareHex(value: unknown): string {
  return String(value)
    .replace(/0x/gi, "")
    .replace(/[\s:,;-]+/g, "");
}

/** The choices of a meter that decide about its other settings. */
export function choicesOf(properties: EditedProperties, node: EditedNode): MeterChoices {
  const transportType = properties.text(node, "transportType");
  const framing = properties.text(node, "framing");
  const authentication = properties.text(node, "authentication");
  const securityPolicy = properties.text(node, "securityPolicy");
  const ciphering = properties.text(node, "ciphering");
  const signMessages = properties.checked(node, "signMessages");
  return { transportType, framing, authentication, securityPolicy, ciphering, signMessages };
}

/** As the node reads a number: no fraction, no exponent. */
const wholeNumber = /^\s*-?(\d+|0x[0-9a-f]+)\s*$/i;

export class MeterChecks {
  readonly #properties: EditedProperties;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  /** A whole number in its range; a setting that has no meaning may hold anything. */
  number(name: NamesOf<"integer">): Validator {
    return validator((node, value) => {
      const choices = choicesOf(this.#properties, node);
      if (!isUsed(name, choices) || isEnv(value) || isEmpty(value)) return "";
      const [min, max] = rangeOf(name, choices);
      const number = wholeNumber.test(String(value)) ? Number(value) : NaN;
      return number >= min && number <= max ? "" : t("error.whole", { min, max });
    });
  }

  readonly title = validator((_, value) =>
    isEnv(value) || isEmpty(value) || /^[0-9a-f]{16}$/i.test(bareHex(value)) ? "" : t("error.title"),
  );

  readonly obis = validator((_, value) => (isEnv(value) || isEmpty(value) || isObis(value) ? "" : t("error.obis")));
}
