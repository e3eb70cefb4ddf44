import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { editorClasses } from "../../nodes/admin/table-routes";
import { commonCodes } from "../../nodes/admin/common-codes";
import { PersistentStates } from "../../nodes/meters/persistent-state";
import { parseMeterSettings } from "../../nodes/meters/parse-settings";
import { migrate, migrations } from "../../nodes/node-red/migrations";
import { presets } from "../../nodes/admin/presets";
import { pushPresets } from "../../nodes/admin/push-presets";
import { pushListIds } from "../../nodes/push/list-ids";
import { pushPhraseOf } from "../../nodes/push/push-status";
import { pushSourceSettingsOf } from "../../nodes/push/source-settings";
import { pushLists } from "../../src/push/lists";
import { phraseOf, quantityText, valueText } from "../../nodes/meters/status";
import { connectionHints } from "../../src/client/diagnosis/hints";
import {
  attribute,
  createRuntime,
  errorCodes,
  DlmsError,
  type ErrorName,
  DlmsConnectionError,
  DlmsTimeoutError,
} from "../../src";

const nodes = resolve(__dirname, "..", "..", "nodes");
const languages = ["en-US", "de", "zh-CN"];
const types = [
  ...["dlms-meter", "dlms-read", "dlms-write", "dlms-simulator", "dlms-monitor"],
  ...["dlms-push-source", "dlms-listen", "dlms-decode"],
];

type Tree = { [key: string]: string | Tree };

function flatten(tree: Tree, path = ""): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    const key = path === "" ? name : `${path}.${name}`;
    if (typeof value === "string") keys.set(key, value);
    else for (const [inner, text] of flatten(value, key)) keys.set(inner, text);
  }
  return keys;
}

function catalogue(language: string, type: string): Map<string, string> {
  return flatten(JSON.parse(readFileSync(join(nodes, type, "locales", language, `${type}.json`), "utf8")) as Tree);
}

const html = (type: string): string => readFileSync(join(nodes, type, `${type}.html`), "utf8");
/** The scripts of a dialog, and those that both dialogs use: the texts of these are the meter's. */
const editorFolders: Readonly<Record<string, readonly string[]>> = {
  "dlms-meter": ["dlms-meter/editor", "editor"],
  "dlms-read": ["dlms-read/editor"],
  "dlms-write": ["dlms-write/editor"],
  "dlms-simulator": ["dlms-simulator/editor"],
  "dlms-push-source": ["dlms-push-source/editor"],
};
const script = (type: string): string =>
  (editorFolders[type] ?? [])
    .flatMap((folder) =>
      readdirSync(join(nodes, folder)).map((name) => readFileSync(join(nodes, folder, name), "utf8")),
    )
    .join("\n");
class ErrorOfCode extends DlmsError {
  constructor(code: ErrorName) {
    super("DlmsConfigError", code, "x");
  }
}
const timeouts = [
  ...(["TIMEOUT_CONNECT", "TIMEOUT_LINK", "TIMEOUT_ASSOCIATE"] as const),
  ...(["TIMEOUT_RESPONSE", "TIMEOUT_INTERFRAME", "TIMEOUT_CLOSE"] as const),
];
const errorOf = (name: string): DlmsError => {
  const timeout = timeouts.find((one) => one === name);
  return timeout === undefined ? new ErrorOfCode(name as ErrorName) : new DlmsTimeoutError(timeout, "x");
};
const placeholders = (text: string): string[] => (text.match(/__\w+?__/g) ?? []).sort();

describe("catalogues, help and editor files", () => {
  for (const type of types) {
    it(`${type}: has every key that the editor uses`, () => {
      const known = catalogue("en-US", type);
      const used = new Set<string>();
      for (const [, list = ""] of html(type).matchAll(/data-i18n="([^"]+)"/g)) {
        for (const part of list.split(";")) used.add(part.replace(/^\[[\w-]+\]/, ""));
      }
      for (const [, key = ""] of (html(type) + script(type)).matchAll(/\bt\("([\w.]+)"\s*[,)]/g))
        used.add(`${type}.${key}`);
      assert.ok(used.size > 2);
      for (const key of used) assert.ok(known.has(key), `${key} is not in the catalogue`);
    });

    for (const language of languages.slice(1)) {
      it(`${type}: ${language} has the same keys and placeholders as en-US`, () => {
        const english = catalogue("en-US", type);
        const other = catalogue(language, type);
        assert.deepEqual([...other.keys()].sort(), [...english.keys()].sort());
        for (const [key, text] of english)
          assert.deepEqual(placeholders(other.get(key) ?? ""), placeholders(text), key);
      });
    }

    it(`${type}: has help in every language, which begins with a paragraph for the tooltip`, () => {
      for (const language of languages) {
        const help = readFileSync(join(nodes, type, "locales", language, `${type}.html`), "utf8");
        assert.match(help, new RegExp(`data-help-name="${type}">\\s*<p>`), language);
      }
    });

    it(`${type}: help has the same sections and lists in every language, and a part on what does not work`, () => {
      const outline = (language: string): readonly (readonly string[])[] => {
        const help = readFileSync(join(nodes, type, "locales", language, `${type}.html`), "utf8");
        const sections = help.split("<h3>");
        return sections.map((section) => [...section.matchAll(/<(dt|dd|li|pre)\b/g)].map(([, tag = ""]) => tag));
      };
      const english = outline("en-US");
      for (const language of languages.slice(1)) assert.deepEqual(outline(language), english, language);
      assert.ok((english.at(-1) ?? []).includes("li"), "the last section lists symptoms");
    });

    it(`${type}: each default has an input of its name, and registers with a version`, () => {
      const source = html(type);
      assert.match(source, new RegExp(`registerType\\("${type}", \\{`));
      const latest = migrations[type as keyof typeof migrations].length;
      assert.match(source, new RegExp(`version: \\{ value: ${latest} \\}`));
    });

    it(`${type}: the chain of migrations ends at the version of the editor, and takes flows without one`, () => {
      const chain = migrations[type as keyof typeof migrations];
      const migrated = migrate({ a: 1 }, chain);
      assert.equal(migrated.version, chain.length);
      assert.equal(migrated.a, 1);
      assert.deepEqual(migrate(migrated, chain), migrated, "once is enough");
      const original = Object.freeze({ a: 1, version: 1 });
      assert.deepEqual(migrate(original, chain), migrated);
      assert.throws(
        () => migrate({ version: chain.length + 1 }, chain),
        new RegExp(`knows its settings up to version ${chain.length}`),
      );
    });
  }

  it("explains in the simulator's help, in every language, how each client of the household reads", () => {
    for (const language of languages) {
      const help = readFileSync(join(nodes, "dlms-simulator", "locales", language, "dlms-simulator.html"), "utf8");
      for (const client of ["16", "17", "18"]) assert.match(help, new RegExp(`<dt>\\S+ ${client}</dt>`), language);
      assert.match(help, /12345678.*000102030405060708090A0B0C0D0E0F.*D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF/s);
    }
  });

  it("names every transport in the help of dlms-meter", () => {
    for (const language of languages) {
      const help = readFileSync(join(nodes, "dlms-meter", "locales", language, "dlms-meter.html"), "utf8");
      assert.match(help, /TCP \| TLS \| UDP \| /, language);
    }
  });

  it("sets new settings to the former behaviour, and keeps existing settings", () => {
    assert.deepEqual(migrate({ version: 1, interval: "60", mode: "list" }, migrations["dlms-read"]), {
      ...{ interval: "60", mode: "list", spread: "0", split: false, columns: "" },
      ...{ columnsType: "str", giveUpAfter: "", version: 3 },
    });
    const meter = migrate({ version: "1", poolSize: "3" }, migrations["dlms-meter"]);
    assert.deepEqual(meter, { poolSize: "3", poolIdle: "30000", secretsInMessages: false, version: 2 });
  });

  it("applies each step of a chain from the flow's version on, in order", () => {
    const chain = [
      (s: Readonly<Record<string, unknown>>) => ({ ...s, log: ["0"] }),
      (s: Readonly<Record<string, unknown>>) => ({ ...s, log: [...((s.log as string[] | undefined) ?? []), "1"] }),
    ];
    assert.deepEqual(migrate({}, chain), { log: ["0", "1"], version: 2 });
    assert.deepEqual(migrate({ version: "1" }, chain), { version: 2, log: ["1"] });
  });

  it("has a phrase of the catalogue for every error code", () => {
    const known = catalogue("en-US", "dlms-read");
    for (const name of Object.keys(errorCodes)) {
      const phrase = phraseOf(errorOf(name));
      for (const type of ["dlms-read", "dlms-write", "dlms-meter", "dlms-monitor"]) {
        assert.ok(catalogue("en-US", type).has(`${type}.status.${phrase}`), `${type}.status.${phrase}`);
      }
    }
    assert.ok(known.has("dlms-read.status.idle"));
    assert.equal(phraseOf(new DlmsConnectionError("CONN_REFUSED", "x")), "connectionRefused");
    assert.equal(phraseOf(new DlmsTimeoutError("TIMEOUT_RESPONSE", "x")), "noAnswer");
    const late = (transport: "tcp" | "serial") =>
      phraseOf(new DlmsTimeoutError("TIMEOUT_CONNECT", "x", { details: { transport } }));
    assert.equal(late("tcp"), "hostUnreachable");
    assert.equal(late("serial"), "noAnswer", "a port is no host");
    const lost = Object.keys(errorCodes).filter((name) => phraseOf(errorOf(name)) === "connectionLost");
    assert.deepEqual(lost, ["CONN_LOST", "LINK_DISCONNECTED"]);
  });

  it("shows a time in a status in full to the second, and other values as they are", () => {
    assert.equal(valueText("2026-11-29T02:11:57+01:00", null), "2026-11-29 02:11:57");
    assert.equal(quantityText(17_347_700, "Wh"), "17 347.7 kWh");
    assert.equal(quantityText(-2345.6789, "W"), "-2 345.6789 W");
    assert.equal(quantityText(231.2, "V"), "231.2 V");
    assert.equal(quantityText(20260115, null), "20260115", "a number without a unit may be a serial number");
    assert.equal(valueText("2026-11-29T02:11:57.25", null), "2026-11-29 02:11:57");
    assert.equal(valueText(new Date(0), null), "1970-01-01 00:00:00Z");
    assert.equal(valueText(232.3, "V"), "232.3 V");
    assert.equal(valueText("4711", null), "4711");
  });

  it("has a singular text for each counted thing", () => {
    const known = catalogue("en-US", "dlms-read");
    const counted = [...known].filter(([, text]) => /__count__ (value|row|object|entrie)s/.test(text));
    assert.ok(counted.length > 7);
    for (const [key, text] of counted) {
      if (!/ of __count__/.test(text))
        assert.match(known.get(`${key}One`) ?? "", /\b1 (value|row|object|entry)\b/, key);
    }
  });

  /** The keys below a path of the meter's catalogue, in every language. */
  function keysBelow(path: string, check: (keys: readonly string[], texts: readonly string[]) => void): void {
    for (const language of languages) {
      const below = [...catalogue(language, "dlms-meter")].filter(([key]) => key.startsWith(`dlms-meter.${path}.`));
      check(
        below.map(([key]) => key.slice(`dlms-meter.${path}.`.length)),
        below.map(([, text]) => text),
      );
    }
  }

  it("explains every error code and a remedy, in every language, and no other code", () => {
    const wanted = [...Object.keys(errorCodes), "OTHER"].flatMap((name) => [`${name}.text`, `${name}.advice`]);
    keysBelow("problem", (keys, texts) => {
      assert.deepEqual([...keys].sort(), wanted.sort());
      for (const text of texts) assert.match(text, /^.{3,140}[.。]$/u);
    });
    for (const language of languages) {
      const all = [...catalogue(language, "dlms-meter")].filter(([key]) => /problem\..+\.text$/.test(key));
      assert.equal(new Set(all.map(([, text]) => text)).size, all.length, `${language}: no two codes say the same`);
    }
  });

  it("has a sentence for each finding and each advice of a connection test, in every language, and for no other", () => {
    const facts = readFileSync(resolve(nodes, "..", "src", "client", "diagnosis", "facts.ts"), "utf8");
    const found = new Set([...facts.matchAll(/readonly found: "(\w+)"/g)].map(([, word = ""]) => word));
    assert.ok(found.size > 5);
    const parts = ["unverified", "sizes", "upTo", "unlimited", "protection"];
    keysBelow("test.found", (keys) => {
      assert.deepEqual([...keys].sort(), [...found, ...parts].sort());
    });
    keysBelow("test.advice", (keys) => {
      assert.deepEqual([...keys].sort(), Object.keys(connectionHints).sort());
    });
    const english = catalogue("en-US", "dlms-meter");
    for (const [key, text] of Object.entries(connectionHints)) {
      assert.equal(english.get(`dlms-meter.test.advice.${key}`), text);
    }
    keysBelow("find.result", (keys) => {
      assert.deepEqual([...keys].sort(), ["accepted", "device", "linked", "refused"]);
    });
  });

  it("has a text for each preset, branch of the tree and problem of a CSV file", () => {
    const [meter, read] = [catalogue("en-US", "dlms-meter"), catalogue("en-US", "dlms-read")];
    assert.equal(new Set(presets.map(({ id }) => id)).size, presets.length);
    for (const { id, source, values } of presets) {
      assert.ok(meter.has(`dlms-meter.preset.${id}`), id);
      assert.ok(source.length > 20, `${id} says where it is from`);
      for (const name of Object.keys(values)) assert.match(html("dlms-meter"), new RegExp(`\\b${name}: \\{ value`));
      const credentials = { password: "x", encryptionKey: "00".repeat(16), authenticationKey: "00".repeat(16) };
      parseMeterSettings(
        values,
        credentials,
        new PersistentStates(createRuntime()).in(mkdtempSync(join(tmpdir(), "dlms-presets-"))),
      );
    }
    const groups = [...script("dlms-read").matchAll(/"(\w+)"/g)].map(([, word]) => word);
    for (const key of [...read.keys()].filter((one) => one.startsWith("dlms-read.browse.group."))) {
      assert.ok(groups.includes(key.split(".").at(-1)), key);
    }
    for (const key of ["obis", "unclosed", "columns"]) assert.ok(read.has(`dlms-read.csv.${key}`));
    for (const medium of [0, 1, 4, 5, 6, 7, 8, 9, 15, "other"]) {
      assert.ok(read.has(`dlms-read.browse.medium.${medium}`));
    }
  });

  it("has a text for each preset of a meter that pushes, its country and its keys, with settings that are valid", () => {
    const known = catalogue("en-US", "dlms-push-source");
    assert.equal(new Set(pushPresets.map(({ id }) => id)).size, pushPresets.length);
    for (const { id, country, keys, source, values, meter } of pushPresets) {
      const keysOf = [`preset.${id}`, `preset.group.${country || "none"}`, `preset.keys.${keys}`];
      for (const key of keysOf) assert.ok(known.has(`dlms-push-source.${key}`), key);
      assert.ok(source.length > 20, `${id} says where it is from`);
      pushSourceSettingsOf(values, meter ?? {});
    }
    assert.deepEqual(
      [...pushListIds()].sort(),
      pushLists.map(({ id }) => id).sort(),
      "the dialog offers each list table",
    );
  });

  it("has a phrase for every error of a push, and one for each look of noise", () => {
    for (const name of Object.keys(errorCodes)) {
      const phrase = pushPhraseOf(errorOf(name));
      for (const type of ["dlms-listen", "dlms-decode", "dlms-push-source"]) {
        assert.ok(catalogue("en-US", type).has(`${type}.status.${phrase}`), `${type}.status.${phrase}`);
      }
    }
    const looks = ["http", "tls", "text", "mbus", "signal", "parity", "seven-bits", "speed", "foreign"];
    for (const look of looks) {
      assert.ok(catalogue("en-US", "dlms-listen").has(`dlms-listen.status.hint.${look}`), look);
      assert.ok(catalogue("en-US", "dlms-push-source").has(`dlms-push-source.noise.${look}`), look);
    }
  });

  it("offers codes and classes that the stack understands", () => {
    for (const { obis, objectType } of commonCodes) attribute(objectType, obis, 2);
    const classes = editorClasses();
    assert.ok(classes.length > 10);
    assert.equal(new Set(classes.map(({ id }) => id)).size, classes.length);
    assert.ok(classes.every(({ attributes }) => attributes.length > 0));
  });

  it("draws every icon that the editor names, white on transparent", () => {
    const icons = readdirSync(resolve(nodes, "..", "icons"));
    for (const type of types) {
      const named = /icon: "([^"]+\.svg)"/.exec(html(type))?.[1];
      if (named !== undefined) assert.ok(icons.includes(named), named);
    }
    for (const icon of icons) {
      const source = readFileSync(resolve(nodes, "..", "icons", icon), "utf8");
      assert.match(source, /width="40" height="60"/);
      assert.match(icon, /^dlms-/);
      assert.doesNotMatch(source.replace(/#fff/g, ""), /#[0-9a-f]{3}/i);
    }
  });
});
