import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { buildSync } from "esbuild";
import ts from "typescript";
import { describeProblem } from "../../nodes/editor/problem";
import { type MeterCredentials, parseMeterSettings } from "../../nodes/meters/parse-settings";
import { incomingLine } from "../../nodes/push/dial-in";
import { integer, optionalInteger } from "../../nodes/meters/setting-values";
import {
  isUsed,
  type NamesOf,
  neededSecrets,
  propertyNames,
  rangeOf,
  rowOf,
  searchSettings,
  secretNames,
  type SettingName,
  settingOfOption,
} from "../../nodes/meters/settings-rules";
import { meterSettings } from "../../nodes/meters/settings-table";
import { makeLink } from "../../src/client/connection/factories";
import { noQuirks, resolveSettings } from "../../src/client/options/resolve-options";
import { isDlmsError, type MeterSettings, memoryCounterStore } from "../../src";

type Validator = (this: object, value: unknown, opt: object) => true | string;

/** What the editor file registers. */
interface Definition {
  readonly defaults: Readonly<Record<string, { readonly value: unknown; readonly validate?: Validator }>>;
  readonly credentials: Readonly<Record<string, { readonly type: string; readonly validate?: Validator }>>;
}

const root = resolve(__dirname, "..", "..");
const html = readFileSync(join(root, "nodes", "dlms-meter", "dlms-meter.html"), "utf8");

/** What the editor registers: the dialog's script and its html, as they run while no dialog is open. */
function registered(): Definition {
  const window: Record<string, unknown> = {};
  let definition: Definition | undefined;
  const RED = {
    _: (key: string) => key,
    events: { on: () => undefined },
    nodes: {
      registerType: (_type: string, given: Definition) => {
        definition = given;
      },
    },
  };
  const context = { window, RED, $: () => ({ length: 0 }), TextEncoder };
  const entryPoints = [join(root, "nodes", "dlms-meter", "editor", "index.ts")];
  const { outputFiles } = buildSync({ entryPoints, bundle: true, write: false, format: "iife", target: "es2022" });
  runInNewContext(outputFiles[0]?.text ?? "", context);
  runInNewContext(/<script type="text\/javascript">([^]*?)<\/script>/.exec(html)?.[1] ?? "", context);
  assert.ok(definition !== undefined);
  return definition;
}

const definition = registered();
/** Properties of the editor only, not settings of a meter. */
const bookkeeping = ["version", "secretSizes"];

const store = memoryCounterStore();
const persistentState = {
  systemTitle: () => new Uint8Array(8),
  counter: () => store,
  incoming: (source: string, meterId: string) => incomingLine(source, meterId, () => assert.fail("no connection")),
};
const incoming = { transportType: "INCOMING", pushSource: "source", meterId: "house" };
const key = "00112233445566778899AABBCCDDEEFF";
const allSecrets: MeterCredentials = Object.fromEntries(secretNames.map((name) => [name, key]));

/** The details of the error with which settings are refused; undefined: they are accepted. */
function refusal(settings: object, credentials = allSecrets): Readonly<Record<string, unknown>> | undefined {
  try {
    parseMeterSettings({ ...settings }, credentials, persistentState);
    return undefined;
  } catch (error) {
    assert.ok(isDlmsError(error));
    return { ...error.details, code: error.code };
  }
}

const ciphered = { authentication: "HIGH_GMAC", securityPolicy: "ENCRYPTED" };

const isInteger = (name: SettingName): name is NamesOf<"integer"> => rowOf(name).kind === "integer";
const integers = propertyNames.filter(isInteger);
const words = (name: NamesOf<"choice">): string[] => Object.keys(meterSettings[name].choices);
const lines = words("transportType").flatMap((transportType) =>
  words("framing").map((framing) => ({ ...incoming, transportType, framing })),
);

/** Whether client and link can be made of settings. */
function runs(settings: object): boolean {
  try {
    const { connect } = parseMeterSettings({ ...settings }, allSecrets, persistentState);
    makeLink(resolveSettings(connect));
    return true;
  } catch (error) {
    assert.ok(isDlmsError(error));
    return false;
  }
}

describe("quirks of the table", () => {
  it("are all quirks of the library", () => {
    assert.deepEqual([...meterSettings.quirks.names].sort(), Object.keys(noQuirks).sort());
  });

  it("are set by name: as a text, as a list, and as an object; off by default", () => {
    const quirksOf = (settings: object): object =>
      parseMeterSettings({ ...settings }, allSecrets, persistentState).connect.quirks ?? {};
    assert.deepEqual(quirksOf({}), noQuirks);
    for (const name of meterSettings.quirks.names) {
      const on = { ...noQuirks, [name]: true };
      for (const quirks of [name, ` ${name.toUpperCase()} `, [name], { [name]: true }]) {
        assert.deepEqual(quirksOf({ quirks }), on, JSON.stringify(quirks));
      }
      assert.deepEqual(quirksOf({ quirks: { [name]: false } }), noQuirks);
    }
    const { noRelease, noGetWithList } = { ...noQuirks, ...quirksOf({ quirks: "noRelease, noGetWithList" }) };
    assert.deepEqual([noRelease, noGetWithList], [true, true]);
  });

  it("list the known names when one is unknown", () => {
    const details = refusal({ quirks: "noSuchQuirk" });
    assert.deepEqual([details?.code, details?.property], ["DLMS_CONFIG_INVALID", "quirks"]);
    assert.match(String(details?.choices), /noRelease/);
  });

  for (const language of ["en-US", "de", "zh-CN"]) {
    it(`have a label in the dialog, or a field (${language})`, () => {
      const file = join(root, "nodes", "dlms-meter", "locales", language, "dlms-meter.json");
      const texts = (JSON.parse(readFileSync(file, "utf8")) as { "dlms-meter": { quirk: object } })["dlms-meter"];
      for (const name of meterSettings.quirks.names) {
        assert.ok(name in texts.quirk || settingOfOption(`quirks.${name}`) !== "quirks", name);
      }
    });
  }
});

describe("a password of no bytes", () => {
  it("is an explicit choice: without it an absent password is missing", () => {
    const low = { authentication: "LOW" };
    assert.equal(refusal(low, {})?.code, "DLMS_CONFIG_MISSING");
    const { auth } = parseMeterSettings({ ...low, emptyPassword: true }, {}, persistentState).connect;
    assert.deepEqual(auth, { mechanism: "lls", secret: "", emptySecret: true });
    assert.equal(refusal({ authentication: "HIGH_MD5", emptyPassword: true }, {})?.code, "DLMS_CONFIG_MISSING");
  });
});

describe("dialog and run time", () => {
  const accepts = (name: string, settings: object): boolean => {
    const validate = definition.defaults[name]?.validate;
    assert.ok(validate !== undefined, name);
    return validate.call({ id: "m", ...settings }, (settings as Record<string, unknown>)[name], {}) === true;
  };
  const hdlc = { framing: "HDLC" };
  for (const [name, cases] of [
    [
      "physicalAddress",
      ["", "0", "127", "128", "16383", "16384"].flatMap((physicalAddress) =>
        ["AUTO", "1", "2", "4"].map((addressSize) => ({ ...hdlc, addressSize, physicalAddress })),
      ),
    ],
    [
      "serverAddress",
      ["0", "127", "128", "16383", "16384"].flatMap((serverAddress) => [
        ...["AUTO", "1", "2", "4"].map((addressSize) => ({ ...hdlc, addressSize, serverAddress })),
        { serverAddress },
      ]),
    ],
    [
      "clientAddress",
      ["-1", "0", "127", "128"].flatMap((clientAddress) => [{ clientAddress }, { ...hdlc, clientAddress }]),
    ],
    [
      "invocationCounterClient",
      ["0", "1", "16"].flatMap((invocationCounterClient) =>
        ["METER", "STORED"].flatMap((invocationCounterSource) => [
          { ...ciphered, clientAddress: "1", invocationCounterSource, invocationCounterClient },
          { clientAddress: "1", invocationCounterSource, invocationCounterClient },
        ]),
      ),
    ],
    ["reconnectMax", ["100", "999", "1000"].map((reconnectMax) => ({ reconnectMax }))],
    [
      "modeEAddress",
      ["", "12345678", "A B", "x".repeat(32), "x".repeat(33), "/?!", "ä"].map((modeEAddress) => ({
        framing: "HDLC_MODE_E",
        modeEAddress,
      })),
    ],
    ["timeZone", ["", "Europe/Vienna", "UTC", "Vienna", "Mars/Olympus"].map((timeZone) => ({ timeZone }))],
  ] as const) {
    it(`agree about ${name}`, () => {
      for (const settings of cases) assert.equal(accepts(name, settings), runs(settings), JSON.stringify(settings));
    });
  }
});

describe("the table of a meter's settings", () => {
  it("has the properties and defaults of the dialog, which are literals there", () => {
    const expected = propertyNames.map((name) => {
      const row = rowOf(name);
      assert.ok(row.kind !== "secret");
      return [name, row.kind === "integer" ? String(row.default) : row.default] as const;
    });
    const actual = Object.entries(definition.defaults).map(([name, { value }]) => [name, value] as const);
    assert.deepEqual(
      Object.fromEntries(actual.filter(([name]) => !bookkeeping.includes(name))),
      Object.fromEntries(expected),
    );
  });

  it("has the credentials of the dialog", () => {
    assert.deepEqual(Object.keys(definition.credentials).sort(), [...secretNames].sort());
    for (const { type } of Object.values(definition.credentials)) assert.equal(type, "password");
  });

  it("has the choices that the dialog offers", () => {
    const isChoice = (name: SettingName): name is NamesOf<"choice"> => rowOf(name).kind === "choice";
    for (const name of propertyNames.filter(isChoice)) {
      const select = new RegExp(`<select id="node-config-input-${name}"[^>]*>([^]*?)</select>`).exec(html)?.[1] ?? "";
      const offered = [...select.matchAll(/<option value="([^"]*)"/g)].map(([, word]) => word);
      assert.deepEqual(offered.sort(), words(name).sort(), name);
    }
  });

  for (const name of integers) {
    it(`${name}: the dialog accepts the numbers that the node accepts, with each transport and framing`, () => {
      const validate = definition.defaults[name]?.validate;
      // a list to choose from, in place of a field
      if (name === "securitySuite") return assert.equal(validate, undefined);
      assert.ok(validate !== undefined);
      const inPool = name === "poolSize" || name === "poolIdle" || name === "queueLimit";
      for (const line of lines.map((one) => ({ ...one, ...ciphered, reconnectMin: "100" }))) {
        const [min, max] = rangeOf(name, line);
        const numbers = [min - 1, min, max, max + 1].map(String);
        for (const value of [...numbers, "", "1.5", "1e2", "0x20", " 100 ", "many"]) {
          const said: boolean = validate.call({ id: "m", ...line }, value, {}) === true;
          const why: string = `${name} ${JSON.stringify(value)} with ${JSON.stringify(line)}`;
          const accepted = (): boolean => {
            if (!inPool) return refusal({ ...line, [name]: value })?.min === undefined;
            try {
              if (name === "queueLimit") return (optionalInteger({ [name]: value }, name) ?? min) >= min;
              return integer({ [name]: value }, name) >= min;
            } catch {
              return false;
            }
          };
          assert.equal(said, accepted(), why);
          if (numbers.includes(value) && isUsed(name, line)) {
            assert.equal(said, value === String(min) || value === String(max), why);
          }
        }
      }
    });
  }

  it("accepts the same OBIS codes in the dialog and in the node", () => {
    const validate = definition.defaults.invocationCounterObis?.validate;
    assert.ok(validate !== undefined);
    for (const value of [
      ...["0.0.43.1.0.255", "0-0:43.1.0*255", "0-0:43.1.0", "00002b0100ff", " 0.0.43.1.0 ", "0-0:43.1.0&1"],
      ...["0.0.43.1.0.256", "0.0.300.1.0.255", "999-0:43.1.0*255", "0-0:43.1.0*256", "0.0.43.1", "counter"],
    ]) {
      const accepted = refusal({ invocationCounterObis: value }) === undefined;
      assert.equal(validate.call({ id: "m" }, value, {}) === true, accepted, value);
    }
  });

  it("defines the secrets needed, and node and dialog agree for every combination", () => {
    for (const authentication of words("authentication")) {
      for (const securityPolicy of words("securityPolicy")) {
        for (const ciphering of words("ciphering")) {
          for (const signMessages of [false, true]) {
            const choices = { authentication, securityPolicy, ciphering, signMessages };
            const needed = neededSecrets(choices);
            const why = JSON.stringify(choices);
            assert.equal(refusal(choices, Object.fromEntries(needed.map((name) => [name, key]))), undefined, why);
            for (const name of secretNames) {
              const { [name]: _without, ...others } = allSecrets;
              const details = refusal(choices, others);
              const missing = details?.code === "DLMS_CONFIG_MISSING" && details.property === name;
              assert.equal(missing, needed.includes(name), `${name} with ${why}`);
              const validate = definition.credentials[name]?.validate;
              const marked =
                validate !== undefined && validate.call({ id: "m", ...choices, credentials: {} }, "", {}) !== true;
              assert.equal(marked, needed.includes(name), `${name} in the dialog with ${why}`);
            }
          }
        }
      }
    }
  });

  /** Another value than the default. */
  function other(name: SettingName): unknown {
    const row = rowOf(name);
    switch (row.kind) {
      case "text":
        if (row.form === "systemTitle") return "4D4D4D0000000001";
        if (row.form === "timeZone") return "Europe/Vienna";
        return row.form === "obis" ? "0.0.43.1.5.255" : "other";
      case "integer": {
        const [min, max] = "hdlc" in row.range ? row.range.hdlc : row.range;
        return Number(row.default) < max ? Number(row.default) + 1 : min;
      }
      case "flag":
        return !row.default;
      case "names":
        return row.names[0];
      case "choice":
        return Object.keys(row.choices).findLast((word) => word !== row.default && word !== "SN");
      case "secret":
        return key.replaceAll("0", "F");
    }
  }
  const contexts: readonly object[] = [
    ...[
      {},
      incoming,
      { transportType: "TLS" },
      { transportType: "SERIAL" },
      { framing: "HDLC" },
      { framing: "HDLC_MODE_E" },
      { gatewayDevice: "12345678" },
    ],
    ...[{ authentication: "LOW" }, { authentication: "HIGH_ECDSA" }, ciphered, { ...ciphered, ciphering: "ONE_PASS" }],
  ];

  it("names for each setting the option of the library that it sets", () => {
    const at = (settings: MeterSettings, path: string): unknown =>
      path
        .split(".")
        .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], settings.connect);
    const parsed = (context: object, secrets = allSecrets): MeterSettings =>
      parseMeterSettings({ ...incoming, transportType: "TCP", ...context }, secrets, persistentState);
    for (const name of [...propertyNames, ...secretNames]) {
      const { option } = rowOf(name);
      if (option === undefined) continue;
      const value = other(name);
      const changes = contexts.some((context) => {
        const changed =
          rowOf(name).kind === "secret"
            ? parsed(context, { ...allSecrets, [name]: value as string })
            : parsed({ ...context, [name]: value });
        return JSON.stringify(at(parsed(context), option)) !== JSON.stringify(at(changed, option));
      });
      // names with two letters' case: the library reads it by its logical name
      const set = name === "referencing" ? at(parsed({ referencing: "SN" }), option) === "sn" : changes;
      assert.ok(set, `${name} sets ${option}`);
      assert.equal(settingOfOption(option), name);
    }
  });

  it("maps errors of the library to settings in the dialog", () => {
    const RED = { _: (path: string, values: object = {}) => `${path} ${JSON.stringify(values)}!` };
    const said = (details: Readonly<Record<string, unknown>>): string =>
      describeProblem(RED, { code: "DLMS_CONFIG_INVALID", message: "m", details }).text;
    for (const name of [...propertyNames, ...secretNames]) {
      const { option } = rowOf(name);
      if (option !== undefined) assert.equal(said({ setting: option }), said({ property: name }), option);
    }
  });

  for (const language of ["en-US", "de", "zh-CN"]) {
    it(`has a label for each setting (${language})`, () => {
      const file = join(root, "nodes", "dlms-meter", "locales", language, "dlms-meter.json");
      const { label } = (JSON.parse(readFileSync(file, "utf8")) as { "dlms-meter": { label: object } })["dlms-meter"];
      for (const name of [...propertyNames, ...secretNames]) assert.ok(name in label, name);
    });
  }

  it("keeps clients, addresses and secrets of the meter out of the search for its address", () => {
    const { properties, credentials } = searchSettings;
    assert.deepEqual(credentials, ["tlsCertificate", "tlsKey"]);
    for (const name of properties) {
      // a meter that dials in is found by its source and name, and tls names a node: these are no options of the library
      const { option, appliesTo } = rowOf(name);
      if (appliesTo !== "incoming" && name !== "tls") assert.match(option ?? "", /^(transport|link|quirks)\./);
    }
  });
});

/** Files that may name several settings in one place, and why. */
const listed: Readonly<Record<string, string>> = {
  "nodes/meters/settings-table.ts": "the table",
  "nodes/push/source-table.ts": "the table of a push source",
  "nodes/meters/settings-rules.ts": "the settings that decide about others",
  "nodes/dlms-meter/editor/connection-test.ts": "settings that a report in public shows",
  "nodes/admin/presets.ts": "values of some settings, by family of meters",
  "nodes/push/known-meter.ts": "columns of a key file, which describe a meter that pushes",
};

describe("lists of a meter's settings", () => {
  const names = new Set<string>([...propertyNames, ...secretNames]);
  /** Objects with fewer keys may be ordinary objects. */
  const listLength = 5;

  function files(folder: string): string[] {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return files(path);
      return /\.(ts|js|mjs)$/.test(entry.name) ? [path] : [];
    });
  }

  /** Settings that an array, an object or a type names, those inside its parts as well. */
  function namedIn(node: ts.Node): Set<string> {
    const found = new Set<string>();
    const visit = (part: ts.Node): void => {
      if (ts.isStringLiteral(part) && names.has(part.text)) found.add(part.text);
      const isKey = ts.isPropertyAssignment(part) || ts.isPropertySignature(part);
      if (isKey && names.has(part.name.getText().replace(/["']/g, ""))) found.add(part.name.getText());
      // lists inside a call do not count
      if (!ts.isFunctionLike(part) && !ts.isCallExpression(part)) ts.forEachChild(part, visit);
    };
    ts.forEachChild(node, visit);
    return found;
  }

  function lists(path: string): string[] {
    const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const list =
        ts.isArrayLiteralExpression(node) ||
        ts.isObjectLiteralExpression(node) ||
        ts.isInterfaceDeclaration(node) ||
        ts.isTypeLiteralNode(node);
      const named = list ? namedIn(node) : new Set<string>();
      if (named.size >= listLength) found.push(`${path}: ${[...named].join(", ")}`);
      else ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  it("are found where they are", () => {
    assert.ok(lists("nodes/meters/settings-table.ts").length > 0);
    for (const path of Object.keys(listed)) assert.ok(lists(path).length > 0, `${path} needs no exception`);
  });

  it("exist once: the table", () => {
    const second = [...files("nodes"), ...files("scripts")].filter((path) => listed[path] === undefined).flatMap(lists);
    assert.deepEqual(second, []);
  });
});
