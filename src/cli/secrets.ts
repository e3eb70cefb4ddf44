/** Secrets from the environment and from a file that only its owner may read. */
import { readFileSync, statSync } from "node:fs";
import { DlmsConfigError, isDlmsError } from "../index";
import { type SecretName, secretNames, variableOf } from "./settings";

export type Secrets = Partial<Record<SecretName, string>>;
export type Environment = Readonly<Record<string, string | undefined>>;

const maxFileBytes = 1_048_576;
/** Mode bits that give rights to the group and to others. */
const openToOthers = 0o077;

const wrong = (path: string, what: string): DlmsConfigError =>
  new DlmsConfigError("CONFIG_INVALID", `--secrets: ${path} ${what}`);

/**
 * The text of a file.
 * @param access "private": refused when other users may read the file
 * @throws DlmsConfigError; no message quotes the file
 */
export function fileText(path: string, named: string, access: "private" | "public"): string {
  try {
    const { mode, size } = statSync(path);
    if (access === "private" && process.platform !== "win32" && (mode & openToOthers) !== 0) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `${named}: other users may read ${path}; take that right away (chmod 600)`,
      );
    }
    if (size > maxFileBytes) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `${named}: ${path} has ${size} bytes; at most ${maxFileBytes} are read`,
      );
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isDlmsError(error)) throw error;
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new DlmsConfigError("CONFIG_MISSING", `${named}: ${path} ${why}`);
  }
}

function fromFile(path: string): Secrets {
  let content: unknown;
  try {
    content = JSON.parse(fileText(path, "--secrets", "private").replace(/^\uFEFF/, ""));
  } catch (error) {
    if (isDlmsError(error)) throw error;
    // the parser's message would quote the file
    throw wrong(path, 'is not JSON; expected {"password": "...", "encryptionKey": "..."}');
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw wrong(path, 'holds no object; expected {"password": "...", "encryptionKey": "..."}');
  }
  const found: Secrets = {};
  for (const [key, value] of Object.entries(content)) {
    const name = secretNames.find((one) => one === key);
    if (name === undefined) throw wrong(path, `has an unknown name; expected ${secretNames.join(", ")}`);
    if (typeof value !== "string") throw wrong(path, `holds no text for ${name}`);
    found[name] = value;
  }
  return found;
}

/** The file wins over the environment. @throws DlmsConfigError */
export function readSecrets(environment: Environment, path: string | undefined): Secrets {
  const found: Secrets = {};
  for (const name of secretNames) {
    const value = environment[variableOf(name)];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return path === undefined ? found : { ...found, ...fromFile(path) };
}

/** PEM text, or the content of the PEM file that the secret names. @throws DlmsConfigError */
export function pemOf(value: string, name: SecretName): string {
  if (value.includes("-----BEGIN")) return value;
  if (!/^[^\n]{1,1000}$/.test(value)) {
    throw new DlmsConfigError("CONFIG_INVALID", `${variableOf(name)}: expected PEM, or the path of a PEM file`);
  }
  return fileText(value, variableOf(name), name.endsWith("Key") ? "private" : "public");
}
