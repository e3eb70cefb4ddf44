// Checks of the fields in the dlms-write dialog. An empty field means the default, so it is valid.
import { isObis } from "../../../src/cosem/obis";
import { type EditedNode, type Validator, validator } from "../../editor/red";
import { type EditedProperties, isEmpty, isEnv } from "../../editor/values";
import { t } from "./texts";

const nameForm = /^[A-Za-z][A-Za-z0-9_ /-]*$/;
const typeForm = /^[a-z][a-z0-9-]*$/i;

/** A whole number in a range, or a name. */
function memberProblem(value: unknown, reason: string): string {
  const text = String(value).trim();
  if (nameForm.test(text)) return "";
  const number = /^-?\d+$/.test(text) ? Number(text) : 0;
  return number >= -128 && number <= 127 && number !== 0 ? "" : reason;
}

function secondsProblem(value: unknown, [min, max]: readonly [number, number], reason: string): string {
  if (isEmpty(value) || isEnv(value)) return "";
  const number = Number(value);
  return Number.isInteger(number) && number >= min && number <= max ? "" : reason;
}

export class WriteChecks {
  readonly #properties: EditedProperties;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  /** Whether the node holds the property's value, and not the message or a context. */
  isFixed(node: EditedNode, name: string): boolean {
    return ["", "str", "num"].includes(this.#properties.text(node, `${name}Type`));
  }

  readonly obis = this.#fixed("logicalName", ["WRITE", "METHOD"], (value) => (isObis(value) ? "" : t("error.obis")));
  readonly objectType = this.#fixed("objectType", ["WRITE", "METHOD"], (value) => {
    const text = String(value).trim();
    const fits = /^\d+$/.test(text) ? Number(text) <= 65_535 : nameForm.test(text);
    return fits ? "" : t("error.objectType");
  });
  readonly attributeId = this.#fixed("attributeId", ["WRITE"], (value) => memberProblem(value, t("error.member")));
  readonly method = this.#fixed("method", ["METHOD"], (value) => memberProblem(value, t("error.method")));

  readonly dataType = validator((_, value) =>
    isEmpty(value) || isEnv(value) || typeForm.test(String(value)) ? "" : t("error.dataType"),
  );
  readonly maxCorrection = validator((_, value) => secondsProblem(value, [1, 31_536_000], t("error.maxCorrection")));
  readonly giveUpAfter = validator((_, value) => secondsProblem(value, [0, 86_400], t("error.giveUpAfter")));
  /** A setting that no environment variable may change. */
  readonly literal = validator((_, value) => (isEnv(value) ? t("error.literal") : ""));

  #fixed(name: string, actions: readonly string[], problemOf: (value: unknown) => string): Validator {
    return validator((node, value) => {
      const used = actions.includes(this.#properties.text(node, "action") || "WRITE") && this.isFixed(node, name);
      return !used || isEmpty(value) || isEnv(value) ? "" : problemOf(value);
    });
  }
}
