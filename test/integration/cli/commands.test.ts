/** The commands of `dlms` against simulated meters. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { EndOfCommand } from "../../../src/cli/run";
import { createMeter, demoKeys, demoPassword, fromHex, householdDefinition, toHex } from "../../../src/index";
import { commandLine, type CommandSurroundings, errorOf, temporaryFolder } from "../../support/command-line";
import { cipheredPush, plainPush, pushKeys } from "../../support/meter-pushes";

const folder = temporaryFolder();
/** 12:34 on 15 January in the meter's zone */
const now = Date.UTC(2026, 0, 15, 11, 34);

interface Row {
  readonly logicalName: string;
  readonly value?: unknown;
  readonly unit?: string;
  readonly error?: { readonly code: string };
}

describe("command line: commands", () => {
  const meter = createMeter({
    ...householdDefinition({ now: () => now }),
    systemTitle: fromHex("53494d434c490001"),
  });
  const hdlc = createMeter(householdDefinition({ now: () => now, framing: "HDLC", physicalAddress: 17 }));
  let target = "";
  let hdlcTarget = "";
  let stop: () => Promise<unknown> = () => Promise.resolve();

  before(async () => {
    const listeners = [await meter.listen(), await hdlc.listen()] as const;
    target = `tcp://127.0.0.1:${listeners[0].port}`;
    hdlcTarget = `hdlc+tcp://127.0.0.1:${listeners[1].port}`;
    stop = () => Promise.all(listeners.map((listener) => listener.close()));
  });
  after(() => stop());

  const dlms = (args: readonly string[], surroundings: CommandSurroundings = {}) =>
    commandLine(args, {
      ...surroundings,
      environment: { DLMS_STATE_DIR: join(folder, "state"), ...surroundings.environment },
    });

  it("test prints each step and ends with 0", async () => {
    const { code, out } = await dlms(["test", target]);
    assert.equal(code, 0);
    assert.match(out, /^ok {5}line: .*\nok {5}link: .*\nok {5}association: .*\nok {5}authentication: .*\nok {5}read: /);
  });

  it("test says what to try at the step that fails, and ends with 1", async () => {
    const { code, out } = await dlms(["test", target, "--client-address", "17"]);
    assert.equal(code, 1);
    assert.match(out, /FAILED association: .*\n {7}- /);
    const lines = (await dlms(["test", target, "--client-address", "17", "--json"])).out.trim().split("\n");
    const steps = lines.map((line) => JSON.parse(line) as { step: string; ok: boolean; error?: { code: string } });
    assert.deepEqual(
      steps.map(({ ok }) => ok),
      [true, true, false],
    );
    assert.match(steps[2]?.error?.code ?? "", /^DLMS_ASSOC_/);
  });

  it("find prints the address as options", async () => {
    const { code, out } = await dlms(["find", hdlcTarget, "--timeout", "200"]);
    assert.equal(code, 0);
    assert.match(out, /--server-address 1 --physical-address 17 .*client 16/);
    const options = /^(--server-address.*?):/.exec(out)?.[1]?.split(" ") ?? [];
    assert.equal((await dlms(["read", hdlcTarget, ...options, "1.8.0"])).code, 0);
  });

  it("browse lists classes and objects", async () => {
    const { code, out } = await dlms(["browse", target]);
    assert.equal(code, 0);
    assert.match(out, /^class +version +object +description\n/);
    assert.match(out, /\nREGISTER +0 +1-0:1\.8\.0\*255 +\S/);
    const objects = JSON.parse((await dlms(["browse", target, "--json"])).out) as { logicalName: string }[];
    assert.ok(objects.some(({ logicalName }) => logicalName === "1.0.1.8.0.255"));
  });

  it("read prints values and units, and names what failed", async () => {
    const { code, out, err } = await dlms(["read", target, "1.8.0", "CLOCK/0-0:1.0.0*255/time", "9.9.9"]);
    assert.equal(code, 1);
    assert.match(
      out,
      /^object +value +unit\n1-0:1\.8\.0\*255 +\d+ +Wh\n0-0:1\.0\.0\*255 +2026-01-15T12:34:00\+01:00\n$/,
    );
    assert.match(err, /^dlms: object-undefined.*1-0:9\.9\.9\*255/);
  });

  it("read --json keeps the order and gives each failure as data", async () => {
    const { code, out } = await dlms(["read", target, "1.8.0", "9.9.9", "--json"]);
    assert.equal(code, 1);
    const [energy, missing] = JSON.parse(out) as Row[];
    assert.equal(energy?.unit, "Wh");
    assert.equal(missing?.logicalName, "1.0.9.9.9.255");
    assert.equal(missing?.error?.code, "DLMS_ACCESS_OBJECT_UNDEFINED");
  });

  it("read uses the password of the environment and of a file", async () => {
    const args = ["read", target, "1.8.0", "--clientAddress=17", "--authentication=low"];
    assert.equal((await dlms(args, { environment: { DLMS_PASSWORD: demoPassword } })).code, 0);
    const file = join(folder, "password.json");
    writeFileSync(file, JSON.stringify({ password: demoPassword }), { mode: 0o600 });
    assert.equal((await dlms([...args, "--secrets", file])).code, 0);
    const wrong = await dlms([...args, "--json"], { environment: { DLMS_PASSWORD: "87654321" } });
    assert.equal(wrong.code, 1);
    assert.equal(errorOf(wrong).code, "DLMS_ASSOC_AUTH_FAILED");
    assert.ok(!wrong.err.includes("87654321"));
  });

  it("read keeps system title and invocation counter between commands", async () => {
    const options = [
      "--client-address",
      "18",
      "--authentication",
      "HIGH_GMAC",
      "--invocation-counter-source",
      "STORED",
    ];
    const args = ["read", target, "1.8.0", ...options, "--security-policy", "AUTHENTICATED_ENCRYPTED"];
    const environment = {
      DLMS_ENCRYPTION_KEY: toHex(demoKeys.encryptionKey),
      DLMS_AUTHENTICATION_KEY: toHex(demoKeys.authenticationKey),
    };
    // the meter refuses a counter that does not rise
    for (let i = 0; i < 3; i++) assert.equal((await dlms(args, { environment })).code, 0);
  });

  it("profile writes CSV with a head, oldest row first", async () => {
    const { code, out } = await dlms(["profile", target, "--last", "2"]);
    assert.equal(code, 0);
    assert.match(
      out,
      /^0\.0\.1\.0\.0\.255,1\.0\.1\.8\.0\.255,1\.0\.2\.8\.0\.255\r\n2026-01-15T12:15:00\+01:00,\d+,\d+\r\n2026-01-15T12:30:00\+01:00,\d+,\d+\r\n$/,
    );
  });

  it("profile writes JSON, chosen columns and ranges", async () => {
    const range = ["--from", "2026-01-15T10:00:00+01:00", "--to", "2026-01-15T11:00:00+01:00"];
    const { out } = await dlms(["profile", target, ...range, "--columns", "0.0.1.0.0.255,1.0.1.8.0.255", "--json"]);
    const rows = JSON.parse(out) as Record<string, unknown>[];
    assert.deepEqual(
      rows.map(({ "0.0.1.0.0.255": time }) => time).filter((_, i) => i % 4 === 0),
      ["2026-01-15T10:00:00+01:00", "2026-01-15T11:00:00+01:00"],
    );
    assert.deepEqual(Object.keys(rows[0] ?? {}), ["0.0.1.0.0.255", "1.0.1.8.0.255"]);
    const entries = await dlms(["profile", target, "1-0:99.1.0", "--entries", "1-3", "--format", "JSON"]);
    assert.equal((JSON.parse(entries.out) as object[]).length, 3);
  });

  it("profile reads days by the meter's clock and what came after a time", async () => {
    const yesterday = JSON.parse((await dlms(["profile", target, "--range", "yesterday", "--json"])).out) as object[];
    assert.equal(yesterday.length, 96);
    const later = await dlms(["profile", target, "--after", "2026-01-15T12:15:00+01:00"]);
    assert.match(later.out, /^0[^\r]*\r\n2026-01-15T12:30:00\+01:00,\d+,\d+\r\n$/);
  });

  it("profile writes line protocol with the meter as a tag", async () => {
    const { code, out } = await dlms(["profile", target, "--last", "2", "--format", "line", "--meter", "house 1"]);
    assert.equal(code, 0);
    const times = out
      .trim()
      .split("\n")
      .map((line) => / (\d+)$/.exec(line)?.[1]);
    assert.deepEqual(
      times,
      ["12:15", "12:30"].map((time) => String(Date.parse(`2026-01-15T${time}:00+01:00`))),
    );
    assert.ok(
      out
        .split("\n")
        .slice(0, -1)
        .every((line) => line.startsWith("meter,") && line.includes("meter=house\\ 1")),
    );
  });

  it("profile shows progress on a terminal only", async () => {
    const args = ["profile", target, "--last", "50"];
    assert.equal((await dlms(args)).err, "");
    const { err } = await dlms(args, { terminal: true });
    assert.ok(err.includes("\r\u001b[K50 rows") && err.endsWith("\r\u001b[K"), err);
  });

  it("decode prints a tree for a frame, an APDU and data", async () => {
    const wrapper = await dlms(["decode", "0001001000010007c4014100120fa0"]);
    assert.equal(wrapper.code, 0);
    assert.match(wrapper.out, /^wrapper 16 -> 1, 7 bytes\n/);
    const lines = await dlms(["decode", "--json"], { input: "c4014100120fa0\n\n12 0f a0\n" });
    const kinds = lines.out.trim().split("\n");
    assert.deepEqual(
      kinds.map((line) => (JSON.parse(line) as { kind: string }).kind),
      ["APDU", "DATA"],
    );
    const damaged = await dlms(["decode", "--as", "HDLC", "7ea0", "--json"]);
    assert.equal(damaged.code, 1);
    assert.match(errorOf(damaged).code, /^DLMS_LINK_/);
  });

  it("decode prints the values of a push, also of a ciphered one", async () => {
    const plain = await dlms(["decode", "--as", "PUSH", toHex(plainPush(1234))]);
    assert.equal(plain.code, 0);
    assert.match(plain.out, /1\.0\.1\.8\.0\.255 +1234 +Wh/);
    const ciphered = Buffer.from(cipheredPush({ meter: 7, counter: 5, value: 99 }));
    const without = await dlms(["decode", "--as", "PUSH", "--json"], { input: ciphered });
    assert.equal(without.code, 1);
    assert.equal(errorOf(without).code, "DLMS_PUSH_NO_KEY");
    const environment = {
      DLMS_ENCRYPTION_KEY: toHex(pushKeys.encryptionKey),
      DLMS_AUTHENTICATION_KEY: toHex(pushKeys.authenticationKey),
    };
    const { out } = await dlms(["decode", "--as", "PUSH", "--json"], { input: ciphered, environment });
    assert.deepEqual((JSON.parse(out) as { values: object }).values, { "1.0.1.8.0.255": 99 });
  });

  it("listen prints each push and ends after its count", async () => {
    const listening = await dlms(["listen", "tcp://127.0.0.1:0", "--count", "2", "--json"], {
      onErr: (text) => {
        const { port } = (JSON.parse(text) as { listening: { port: number } }).listening;
        connect(port, "127.0.0.1").end(Buffer.concat([plainPush(1), plainPush(2)]));
      },
    });
    assert.equal(listening.code, 0);
    const pushes = listening.out.trim().split("\n");
    assert.deepEqual(
      pushes.map((line) => (JSON.parse(line) as { values: object }).values),
      [{ "1.0.1.8.0.255": 1 }, { "1.0.1.8.0.255": 2 }],
    );
  });

  it("simulate prints its port and clients, and ends when it is interrupted", async () => {
    const controller = new AbortController();
    const { code, out } = await dlms(["simulate", "--port", "0", "--json"], {
      signal: controller.signal,
      onOut: () => {
        controller.abort(new EndOfCommand(130));
      },
    });
    assert.equal(code, 130);
    const { host, clients } = JSON.parse(out) as { host: string; clients: { client: number }[] };
    assert.equal(host, "127.0.0.1");
    assert.deepEqual(
      clients.map(({ client }) => client),
      [16, 17, 18],
    );
  });
});
