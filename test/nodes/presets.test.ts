import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createRuntime } from "../../src";
import { PersistentStates } from "../../nodes/meters/persistent-state";
import { parseMeterSettings } from "../../nodes/meters/parse-settings";
import { presets } from "../../nodes/admin/presets";

const nodes = resolve(__dirname, "..", "..", "nodes");
const html = readFileSync(join(nodes, "dlms-meter", "dlms-meter.html"), "utf8");
const languages = ["en-US", "de", "zh-CN"];

function texts(language: string): Record<string, string> {
  const file = readFileSync(join(nodes, "dlms-meter", "locales", language, "dlms-meter.json"), "utf8");
  return (JSON.parse(file) as { "dlms-meter": { preset: Record<string, string> } })["dlms-meter"].preset;
}

/** The values of a select box of the dialog; undefined for a field in which one writes. */
function choices(name: string): string[] | undefined {
  const select = new RegExp(`<select id="node-config-input-${name}"[^>]*>([\\s\\S]*?)</select>`).exec(html);
  return select === null
    ? undefined
    : [...(select[1] ?? "").matchAll(/value="([^"]*)"/g)].map(([, value]) => value ?? "");
}

describe("presets of the meter's dialog", () => {
  it("names the families and companion specifications that a person looks for", () => {
    const ids = presets.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const family of ["public", "dsmr", "idis", "indian", "elster", "iskra", "itron", "kamstrup", "landis"]) {
      assert.ok(
        ids.some((id) => id.startsWith(family)),
        family,
      );
    }
  });

  for (const { id, source, values } of presets) {
    it(`${id} cites the source of its values`, () => {
      // a source other than the manufacturer has its address; a document has its number, version or year
      if (source.startsWith("not the maker, but ")) assert.match(source, /\b[\w-]+\.(com|org|fi)\b/);
      else assert.match(source, /\b(v\d|\d{4}|IEC \d|\d+\.\d)/);
    });

    it(`${id} fills in visible fields only, with values that they take`, () => {
      for (const [name, value] of Object.entries(values)) {
        assert.match(html, new RegExp(`id="node-config-input-${name}"`), name);
        const possible = choices(name);
        if (possible !== undefined) assert.ok(possible.includes(value), `${name}: ${value}`);
        else assert.match(value, /^\d+$/, name);
      }
      for (const secret of ["password", "encryptionKey", "authenticationKey", "masterKey"]) {
        assert.equal(values[secret], undefined);
      }
    });

    it(`${id} produces settings that can read a meter, over the network and over a serial line`, () => {
      const folder = mkdtempSync(join(tmpdir(), "dlms-presets-"));
      const credentials = { password: "x", encryptionKey: "00".repeat(16), authenticationKey: "00".repeat(16) };
      for (const transportType of values.transportType === undefined ? ["TCP", "SERIAL"] : [values.transportType]) {
        const place = { transportType, host: "127.0.0.1", serialPort: "/dev/ttyUSB0" };
        parseMeterSettings({ ...place, ...values }, credentials, new PersistentStates(createRuntime()).in(folder));
      }
      rmSync(folder, { recursive: true, force: true });
    });

    it(`${id} has a text in each language`, () => {
      const each = languages.map((language) => texts(language)[id] ?? "");
      assert.ok(
        each.every((text) => text.length > 4),
        each.join(),
      );
      assert.notEqual(each[1], each[0]);
      assert.notEqual(each[2], each[0]);
    });
  }

  it("has no text of a removed preset", () => {
    const known = new Set(["none", "source", ...presets.map(({ id }) => id)]);
    for (const language of languages) {
      assert.deepEqual(
        Object.keys(texts(language)).filter((key) => !known.has(key)),
        [],
      );
    }
  });
});
