// Checks of the fields in the dlms-push-source dialog. An empty field means the default, so it is valid.
import { isTimeZone } from "../../../src/cosem/time-zone";
import { type Validator, validator } from "../../editor/red";
import { asText, type EditedProperties, isEmpty, isEnv } from "../../editor/values";
import { pushSourceSettings } from "../../push/source-table";
import { t } from "./texts";

const wholeNumber = /^\s*\d+\s*$/;
/** Node-RED shows this word in place of a stored secret. */
export const hidden = "__PWRD__";

/** Hex digits without separators. */
const bareHex = (value: string): string => value.replace(/0x/gi, "").replace(/[\s:,;-]+/g, "");

/** The error in a key, or "". */
export function keyProblem(value: string): string {
  if (value === "" || value === hidden || isEnv(value)) return "";
  const digits = bareHex(value);
  if (!/^[0-9a-f]*$/i.test(digits)) return t("error.hex");
  return digits.length === 32 || digits.length === 64 ? "" : t("error.keyLength", { got: digits.length });
}

export function titleProblem(value: string): string {
  return value === "" || isEnv(value) || /^[0-9a-f]{16}$/i.test(bareHex(value)) ? "" : t("error.title");
}

export function timeZoneProblem(value: string): string {
  return value === "" || isEnv(value) || isTimeZone(value.trim()) ? "" : t("error.timeZone");
}

type Numbered = "baudRate" | "port" | "silenceAfter" | "maxConnections" | "idleTimeout" | "messagesPerSecond";
const serialOnly: readonly string[] = ["baudRate"];

export class SourceChecks {
  readonly #properties: EditedProperties;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  /** A whole number in its range; a setting that does not apply may have any value. */
  number(name: Numbered): Validator {
    const [min, max] = pushSourceSettings[name].range;
    return validator((node, value) => {
      const from = this.#properties.text(node, "from");
      const isUsed = name === "silenceAfter" || serialOnly.includes(name) === (from === "SERIAL");
      if (!isUsed || from === "MESSAGE" || isEnv(value) || isEmpty(value)) return "";
      const number = wholeNumber.test(String(value)) ? Number(value) : NaN;
      return number >= min && number <= max ? "" : t("error.whole", { min, max });
    });
  }

  readonly json = validator((_, value) => {
    if (isEnv(value) || isEmpty(value)) return "";
    try {
      JSON.parse(asText(value));
      return "";
    } catch (error) {
      return t("error.json", { reason: error instanceof Error ? error.message : String(error) });
    }
  });

  /** The rows of the table of meters. */
  readonly meters = validator((_, value) => {
    const rows: readonly unknown[] = Array.isArray(value) ? value : [];
    const problems = rows.map((row) => {
      const { systemTitle, timeZone } = row as Readonly<Record<string, unknown>>;
      return titleProblem(asText(systemTitle)) || timeZoneProblem(asText(timeZone));
    });
    return problems.find((problem) => problem !== "") ?? "";
  });
}
