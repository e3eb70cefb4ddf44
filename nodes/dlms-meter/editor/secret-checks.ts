// Finds the secrets that the settings of a dlms-meter need, and errors in the secrets entered.
import { type EditedNode, type Validator, validator } from "../../editor/red";
import { asText, type EditedProperties, isEmpty, isEnv } from "../../editor/values";
import {
  isCiphered,
  type MeterChoices,
  needOf,
  rowOf,
  type SecretName,
  secretNames,
} from "../../meters/settings-rules";
import { meterSettings } from "../../meters/settings-table";
import { bareHex, choicesOf, t } from "./checks";
import type { StoredSecrets } from "./stored-secrets";

const formOf = (name: SecretName): string => meterSettings[name].form;

/** Names of secrets in messages. */
function shownName(name: SecretName): string {
  const row = rowOf(name);
  return row.kind === "secret" && row.short !== undefined ? row.short : t(`label.${name}`);
}

/** Node-RED shows this word in place of a stored secret. */
const hidden = "__PWRD__";

export const symmetricKeys = secretNames.filter((name) => formOf(name) === "key");

/** A secret's length in bytes, "x" when it is not hex; undefined when the dialog does not see it. */
function sizeOf(value: string, format: string): string | undefined {
  if (value === "" || value === hidden || isEnv(value)) return undefined;
  if (format === "TEXT") return String(new TextEncoder().encode(value).length);
  return /^([0-9a-f]{2})*$/i.test(bareHex(value)) ? String(bareHex(value).length / 2) : "x";
}

export class SecretChecks {
  readonly #stored: StoredSecrets;
  readonly #properties: EditedProperties;

  constructor(stored: StoredSecrets, properties: EditedProperties) {
    this.#stored = stored;
    this.#properties = properties;
  }

  /** Checks one secret in its field. */
  secret(name: SecretName): Validator {
    return validator((node, value) => this.problem(node, name, value));
  }

  /**
   * Checks all secrets: the editor marks fields by the validators of credentials, but a node only by those of its
   * properties. This one belongs to a property without a field.
   */
  readonly allSecrets = validator((node) =>
    secretNames
      .map((name) => this.problem(node, name, node.credentials?.[name]))
      .filter((problem) => problem !== "")
      .join("; "),
  );

  /** The error in a secret, or "". */
  problem(node: EditedNode, name: SecretName, value?: unknown): string {
    const missing = this.#missing(node, name);
    if (missing !== "" || formOf(name) === "pem") return missing;
    return name === "password" ? this.#passwordProblem(node, value) : this.#keyProblem(node, name, value);
  }

  /**
   * The editor forgets secrets when they are deployed. This note keeps the length of a key, "name:format:bytes", and of
   * a password only that it is not hex.
   */
  sizes(node: EditedNode): string {
    return [...symmetricKeys, "password" as const]
      .flatMap((name) => {
        const size = this.#size(node, name);
        if (size === undefined || (name === "password" && size !== "x")) return [];
        return [`${name}:${this.#formatOf(node, name)}:${size}`];
      })
      .join(" ");
  }

  #choices(node: EditedNode): MeterChoices {
    return choicesOf(this.#properties, node);
  }

  #keyUsed(node: EditedNode, name: SecretName): boolean {
    const choices = this.#choices(node);
    if (!isCiphered(choices)) return false;
    return name !== "masterKey" || !["", "SERVICE", "GENERAL"].includes(choices.ciphering ?? "");
  }

  #missing(node: EditedNode, name: SecretName): string {
    if (needOf(name, this.#choices(node)) === undefined) return "";
    const typed = this.#properties.input(node, name)?.val();
    // an emptied field removes its secret; a field that could not be filled has no meaning
    const fieldTells = typed !== undefined && (!isEmpty(typed) || node.credentials);
    if (fieldTells ? !isEmpty(typed) : this.#stored.has(node, name)) return "";
    return t("error.missing", { name: shownName(name) });
  }

  #formatOf(node: EditedNode, name: SecretName): string {
    const [property, usual] = name === "password" ? ["passwordFormat", "TEXT"] : ["keyFormat", "HEX"];
    return this.#properties.text(node, property) || usual;
  }

  #size(node: EditedNode, name: SecretName, value?: unknown): string | undefined {
    const format = this.#formatOf(node, name);
    const input = this.#properties.input(node, name);
    const secret = asText(input === undefined ? value : input.val());
    if (input !== undefined && secret === "") return undefined;
    return secret === "" || secret === hidden ? this.#remembered(node, name, format) : sizeOf(secret, format);
  }

  #remembered(node: EditedNode, name: SecretName, format: string): string | undefined {
    const start = `${name}:${format}:`;
    const note = asText(node.secretSizes)
      .split(" ")
      .find((one) => one.startsWith(start));
    return note?.slice(start.length);
  }

  #keyProblem(node: EditedNode, name: SecretName, value: unknown): string {
    const got = this.#keyUsed(node, name) ? this.#size(node, name, value) : undefined;
    if (got === undefined) return "";
    if (got === "x") return t("error.hex", { name: shownName(name) });
    const expected = this.#properties.text(node, "securitySuite") === "2" ? "32" : "16";
    return got === expected ? "" : t("error.keyLength", { name: shownName(name), expected, got });
  }

  #passwordProblem(node: EditedNode, value: unknown): string {
    const notHex = needOf("password", this.#choices(node)) !== undefined && this.#size(node, "password", value) === "x";
    return notHex ? t("error.hex", { name: shownName("password") }) : "";
  }
}
