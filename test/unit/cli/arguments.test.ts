/** The command line: targets, options, and secrets that it refuses. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meterSettings } from "../../../nodes/meters/settings-table";
import { commandHelp, commands } from "../../../src/cli/help";
import { parseObject } from "../../../src/cli/objects";
import { readSecrets } from "../../../src/cli/secrets";
import { dashed, type Setting, settings } from "../../../src/cli/settings";
import { parseTarget } from "../../../src/cli/target";
import { isDlmsError } from "../../../src/index";
import { commandLine, errorOf, temporaryFolder } from "../../support/command-line";

const folder = temporaryFolder();
const environment = { DLMS_STATE_DIR: join(folder, "state") };

describe("command line: arguments", () => {
  it("names settings, words and defaults as a dlms-meter does", () => {
    const known: Readonly<Record<string, { kind: string; default?: unknown; choices?: object }>> = meterSettings;
    for (const [name, row] of Object.entries<Setting>(settings)) {
      const node = known[name];
      assert.ok(node, name);
      if (row.kind === "integer") assert.equal(row.default ?? "", node.default, name);
      if (row.kind === "text" || row.kind === "choice") assert.equal(row.default, node.default, name);
      if (row.kind !== "choice") continue;
      const words = Object.keys(node.choices ?? {});
      assert.deepEqual(
        Object.keys(row.choices).filter((word) => !words.includes(word)),
        [],
        name,
      );
    }
  });

  const targets: readonly (readonly [target: string, settings: object])[] = [
    ["meter.example", { transportType: "TCP", host: "meter.example" }],
    ["192.0.2.7:4061", { transportType: "TCP", host: "192.0.2.7", port: "4061" }],
    ["udp://[2001:db8::1]:4059", { transportType: "UDP", host: "2001:db8::1", port: "4059" }],
    ["hdlc+tcp://gw:4001", { transportType: "TCP", framing: "HDLC", host: "gw", port: "4001" }],
    ["/dev/ttyUSB0", { transportType: "SERIAL", serialPort: "/dev/ttyUSB0" }],
    ["COM3", { transportType: "SERIAL", serialPort: "COM3" }],
    ["mode-e+serial:///dev/ttyS1", { transportType: "SERIAL", framing: "HDLC_MODE_E", serialPort: "/dev/ttyS1" }],
    [
      "tls://m?client-address=1&serverAddress=2",
      { transportType: "TLS", host: "m", clientAddress: "1", serverAddress: "2" },
    ],
  ];
  for (const [target, expected] of targets) {
    it(`reads the target ${target}`, () => {
      assert.deepEqual(parseTarget(target), expected);
    });
  }

  it("reads objects with and without class and attribute", () => {
    const energy = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 };
    for (const text of ["1.8.0", "1-0:1.8.0*255", "1.0.1.8.0.255/2", "register/1.8.0/value", "3/0100010800ff"]) {
      assert.deepEqual(parseObject(text), energy, text);
    }
    assert.deepEqual(parseObject("CLOCK/0-0:1.0.0/time"), { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2 });
    for (const text of ["", "value", "1.8.0/", "A/B/1.8.0", "1.8.0/2/3", "NOTHING/1.8.0", "1.8.0/nothing"]) {
      assert.throws(() => parseObject(text), isDlmsError, text);
    }
  });

  const secret = "hunter2";
  const leaks: readonly (readonly string[])[] = [
    ["--password", secret],
    [`--password=${secret}`],
    ["--encryptionKey", secret],
    ["--authentication-key", secret],
    ["--key", secret],
    [`tcp://user:${secret}@localhost`],
    [`tcp://localhost?password=${secret}`],
    ["000102030405060708090a0b0c0d0e0f"],
  ];
  for (const args of leaks) {
    it(`refuses a secret in ${args.join(" ").replace(secret, "...")}`, async () => {
      const result = await commandLine(["read", ...args, "1.8.0", "--json"], { environment });
      assert.equal(result.code, 2);
      assert.equal(result.out, "");
      assert.match(errorOf(result).message, /not taken from arguments.*environment.*--secrets/);
      assert.ok(!result.err.includes(secret) && !result.err.includes("000102"));
    });
  }

  const faults: readonly (readonly [args: readonly string[], text: RegExp])[] = [
    [["nothing"], /unknown command "nothing"/],
    [["read"], /no target/],
    [["read", "localhost"], /no object/],
    [["read", "localhost", "x.y"], /expected OBIS/],
    [["read", "localhost", "1.8.0", "--nothing"], /--nothing.*dlms help read/],
    [["read", "ftp://localhost", "1.8.0"], /expected tcp:/],
    [["read", "localhost", "1.8.0", "--client-address", "x"], /--client-address: expected a whole number/],
    [["read", "localhost", "1.8.0", "--client-address", "70000"], /--client-address: expected/],
    [["read", "localhost", "1.8.0", "--authentication", "BEST"], /--authentication: expected NONE, LOW/],
    [["read", "localhost", "1.8.0", "--authentication", "LOW"], /DLMS_PASSWORD is not set/],
    [["read", "localhost", "1.8.0", "--security-policy", "ENCRYPTED"], /DLMS_ENCRYPTION_KEY is not set/],
    [["read", "localhost", "1.8.0", "--quirks", "nothing"], /nothing/],
    [["profile", "localhost", "--last", "2", "--from", "2026-01-01"], /choose one/],
    [["profile", "localhost", "--to", "2026-01-01"], /--from or --after is missing/],
    [["profile", "localhost", "--range", "tomorrow"], /--range: expected today/],
    [["profile", "localhost", "--format", "xml"], /--format: expected csv, json, line/],
    [["decode", "xyz"], /hex/],
    [["decode"], /no input/],
  ];
  for (const [args, text] of faults) {
    it(`ends "dlms ${args.join(" ")}" with exit code 2 and what to do`, async () => {
      const result = await commandLine([...args, "--json"], { environment });
      assert.equal(result.code, 2, result.err);
      assert.match(errorOf(result).message, text);
    });
  }

  it("prints an error as a sentence without --json", async () => {
    const { code, out, err } = await commandLine(["read", "localhost"], { environment });
    assert.deepEqual({ code, out }, { code: 2, out: "" });
    assert.match(err, /^dlms: no object: .*\n$/);
  });

  it("prints help for the tool, for each command and for the settings", async () => {
    const general = await commandLine(["--help"]);
    assert.equal(general.code, 0);
    for (const command of commands) {
      assert.ok(general.out.includes(`  ${command.name} `), command.name);
      assert.equal((await commandLine(["help", command.name])).out, commandHelp(command));
      assert.equal((await commandLine([command.name, "--help"])).out, commandHelp(command));
    }
    const { out } = await commandLine(["help", "meter"]);
    for (const name of Object.keys(settings)) assert.ok(out.includes(`--${dashed(name)}`), name);
    assert.equal((await commandLine([])).code, 2);
  });
});

describe("command line: secrets", () => {
  const file = join(folder, "secrets.json");
  const write = (text: string, mode = 0o600): void => {
    writeFileSync(file, text);
    chmodSync(file, mode);
  };

  it("come from the environment, and a file wins", () => {
    write('{"password": "from the file"}');
    const given = { DLMS_PASSWORD: "a", DLMS_ENCRYPTION_KEY: "b", DLMS_AUTHENTICATION_KEY: "" };
    assert.deepEqual(readSecrets(given, undefined), { password: "a", encryptionKey: "b" });
    assert.deepEqual(readSecrets(given, file), { password: "from the file", encryptionKey: "b" });
  });

  it("are not taken from a file that other users may read", function () {
    if (process.platform === "win32") return;
    write('{"password": "hunter2"}', 0o640);
    assert.throws(() => readSecrets({}, file), /other users may read .*chmod 600/);
  });

  it("in a damaged file are not quoted", () => {
    for (const text of ["hunter2", '"hunter2"', '{"hunter2": 1}', '{"password": {"hunter2": 1}}', '["hunter2"]']) {
      write(text);
      assert.throws(
        () => readSecrets({}, file),
        (error) => isDlmsError(error) && error.is("CONFIG_INVALID") && !error.message.includes("hunter2"),
        text,
      );
    }
    assert.throws(() => readSecrets({}, join(folder, "missing.json")), /does not exist/);
  });
});
