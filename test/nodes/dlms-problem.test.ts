import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describeProblem as tell, type Problem } from "../../nodes/editor/problem";
import { type MeterCredentials, parseMeterSettings } from "../../nodes/meters/parse-settings";
import { type ErrorJson, errorCodes, isDlmsError, memoryCounterStore } from "../../src";

const root = resolve(__dirname, "..", "..");
const languages = ["en-US", "de", "zh-CN"] as const;
type Language = (typeof languages)[number];

/** What the script uses of the editor: texts of a catalogue, by the key with its namespace. */
function editor(language: Language): { _(key: string, values?: Readonly<Record<string, unknown>>): string } {
  const file = resolve(root, "nodes", "dlms-meter", "locales", language, "dlms-meter.json");
  const catalogue = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  return {
    _: (key, values = {}) => {
      const path = key.replace("node-red-contrib-dlms/dlms-meter:", "").split(".");
      let found: unknown = catalogue;
      for (const name of path) found = (found as Record<string, unknown> | undefined)?.[name];
      return typeof found === "string" ? found.replace(/__(\w+)__/g, (_, name: string) => String(values[name])) : key;
    },
  };
}

/** The dialog's text for invalid settings. */
function wrong(language: Language, settings: object, credentials: MeterCredentials = {}): Problem {
  const persistentState = { systemTitle: () => new Uint8Array(8), counter: () => memoryCounterStore() };
  try {
    parseMeterSettings({ ...settings }, credentials, persistentState);
  } catch (error) {
    assert.ok(isDlmsError(error));
    return tell(editor(language), error.toJSON());
  }
  return assert.fail("these settings are accepted");
}

describe("dlmsProblem: an error in the editor's language", () => {
  for (const language of languages) {
    it(`has a sentence and advice for every code (${language})`, () => {
      const other = tell(editor(language), { code: "NOT_OURS", message: "m" });
      for (const name of Object.keys(errorCodes)) {
        const code = `DLMS_${name}` as ErrorJson["code"];
        const { text, advice, detail } = tell(editor(language), { code, message: "tcp 192.0.2.1:4059: technical" });
        assert.ok(text !== "" && advice !== "", code);
        assert.notEqual(text, other.text, code);
        assert.equal(detail, "tcp 192.0.2.1:4059: technical");
      }
      assert.match(other.text, /^.{5,}$/);
    });
  }

  const policy = { securityPolicy: "AUTHENTICATED_ENCRYPTED" };
  const key = "00".repeat(16);
  const cases: readonly (readonly [string, object, MeterCredentials, string])[] = [
    ["a number out of its range", { port: "70000" }, {}, "Port: Eine ganze Zahl von 1 bis 65535, oder"],
    ["a word that is none", { framing: "MODBUS" }, {}, "Rahmung: eines von WRAPPER, HDLC, HDLC_MODE_E"],
    ["a variable that is not set", { host: "${NOWHERE}" }, {}, "Host: die Umgebungsvariable NOWHERE ist nicht gesetzt"],
    ["a secret that is missing", { authentication: "LOW" }, {}, "Passwort: Erforderlich"],
    [
      "a key of the wrong length",
      policy,
      { encryptionKey: key.slice(2) },
      "Verschlüsselungsschlüssel (GUEK): 15 Bytes statt 16",
    ],
    ["a key that is no hex", policy, { encryptionKey: "secret" }, "Verschlüsselungsschlüssel (GUEK): ungültig"],
    [
      "an OBIS code that is none",
      { ...policy, invocationCounterObis: "counter" },
      { encryptionKey: key, authenticationKey: key },
      "Objekt des Aufrufzählers: Eine OBIS-Kennzahl wie",
    ],
    ["a title of the wrong length", { systemTitle: "4d45" }, {}, "System-Title des Clients: 16 Hex-Ziffern"],
  ];
  for (const [what, settings, credentials, start] of cases) {
    it(`names the setting and its rule: ${what}`, () => {
      const { text, advice, detail } = wrong("de", settings, credentials);
      assert.ok(text.startsWith(start), text);
      assert.equal(advice, "");
      assert.match(detail, /^\w+: /);
      assert.doesNotMatch(text + detail, /secret|000000/);
    });
  }

  it("finds settings by the library's names, and falls back to the general sentence", () => {
    const of = (setting: string): string =>
      tell(editor("en-US"), { code: "DLMS_CONFIG_INVALID", message: "m", details: { setting } }).text;
    assert.equal(of("client.sap"), "Client: invalid");
    assert.equal(of("security.encryptionKey"), "Encryption key (GUEK): invalid");
    assert.equal(of("logger.debug"), "A setting is invalid.");
  });
});
