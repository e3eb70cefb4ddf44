import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeyFile, parseKeyFile } from "../../nodes/push/key-file";
import { inKilo } from "../../src/values";
import { knownMeter } from "../../nodes/push/known-meter";
import { MeterDirectory } from "../../nodes/push/meter-directory";
import type { DlmsError } from "../../src";
import { VirtualClock } from "../support/virtual-clock";

const key = "000102030405060708090a0b0c0d0e0f";

describe("the key file of a push source", () => {
  const path = join(mkdtempSync(join(tmpdir(), "dlms-key-file-")), "meters.json");
  let written = 0;
  /** Each version has a different time, whatever the resolution of the file system's clock. */
  const write = (text: string): void => {
    writeFileSync(path, text, { mode: 0o600 });
    written++;
    utimesSync(path, written, written);
  };
  const open = (clock: VirtualClock, problems: DlmsError[] = []): KeyFile =>
    new KeyFile({ path, clock, variable: () => undefined, onProblem: (problem) => problems.push(problem) });
  const names = (file: KeyFile): string[] => file.meters.map(({ name }) => name);

  it("is read again after it has changed, and not for each push", () => {
    const clock = new VirtualClock();
    write(JSON.stringify([{ name: "a", systemTitle: "5453540000000001", encryptionKey: key }]));
    const file = open(clock);
    assert.deepEqual(names(file), ["a"]);
    write(JSON.stringify({ meters: [{ name: "b" }] }));
    assert.deepEqual(names(file), ["a"], "within a second");
    clock.tick(1000);
    assert.deepEqual(names(file), ["b"]);
  });

  it("keeps the earlier keys while a changed file is wrong, and reports it once", () => {
    const clock = new VirtualClock();
    const problems: DlmsError[] = [];
    write(JSON.stringify([{ name: "a" }]));
    const file = open(clock, problems);
    write('[{"name": "broken", "encryptionKey": "0011');
    for (let look = 0; look < 3; look++) {
      clock.tick(1000);
      assert.deepEqual(names(file), ["a"]);
    }
    chmodSync(path, 0o644);
    clock.tick(1000);
    assert.deepEqual(names(file), ["a"]);
    assert.deepEqual(
      problems.map(({ message }) => message.replace(path, "FILE")),
      [
        "keyFile: FILE begins like JSON but is not valid JSON",
        "keyFile: FILE may be read or written by every user of this machine; take that right away (chmod o-rw)",
      ],
    );
  });

  it("accepts CSV with other names of the keys, blanks and variables", () => {
    const csv = `Name;System title;EK;AK\nhouse;54 53 54 00 00 00 00 01;0x${key};\${AK}\n`;
    const [meter] = parseKeyFile(path, csv, (name) => (name === "AK" ? key : undefined)).meters;
    assert.deepEqual([meter?.name, meter?.systemTitle], ["house", "5453540000000001"]);
    assert.deepEqual(meter?.keys?.encryptionKey, meter?.keys?.authenticationKey);
  });

  it("ignores the empty rows of spreadsheets", () => {
    const csv = `\uFEFFname;systemTitle;GUEK\r\nMeter;5453540000000001;${key}\r\n;;\r\n ; ;\r\n`;
    assert.deepEqual(
      parseKeyFile(path, csv).meters.map(({ name }) => name),
      ["Meter"],
    );
  });

  it("reports columns that it does not know, but never hex digits", () => {
    const csv = `name;Systemtitel;EK\nhouse;5453540000000001;${key}\n`;
    const properties = "name, systemTitle, encryptionKey, authenticationKey, broadcastKey, dedicatedKey, peer, list";
    assert.equal(
      parseKeyFile("keys.csv", csv).ignored,
      `keyFile: keys.csv: "Systemtitel" ignored; known names: ${properties}, timeZone, standardTime, reversedDeviation, meter`,
    );
    assert.equal(parseKeyFile("keys.csv", `Name;System title;GUEK\nhouse;;${key}\n`).ignored, "");
    const headless = parseKeyFile("keys.csv", `house;5453540000000001;${key}\nshop;;\n`).ignored;
    assert.match(headless, /"house", \(hex digits\), \(hex digits\) ignored/);
    const told: string[] = [];
    chmodSync(path, 0o600);
    write(csv);
    new KeyFile({
      ...{ path, clock: new VirtualClock(), variable: () => undefined, onProblem: () => undefined },
      onIgnored: (text) => told.push(text),
    });
    assert.equal(told.length, 1);
  });

  it("refuses a file without a list of meters, and does not quote it", () => {
    const secret = "5ec2e7".repeat(6);
    for (const text of [
      ...[secret, `["${secret}"]`, `{"keys": "${secret}"}`, `[{"encryptionKey": "${secret}"}]`],
      ...[`[{"encryptionKey": "xyz${secret}"}]`, `name,systemTitle\nhouse,${secret}`, `a,b\n"${secret}`],
      `[{"name": "x", "encryptionKey": "\${NOT_SET}"}]`,
    ]) {
      assert.throws(
        () => parseKeyFile(path, text),
        (error: DlmsError) => /^keyFile: /.test(error.message) && !JSON.stringify(error.toJSON()).includes("5ec2e7"),
        text.slice(0, 12),
      );
    }
  });
});

describe("the meters of a push source", () => {
  const meter = (settings: object): ReturnType<typeof knownMeter> => knownMeter(settings as never, "");

  it("are found by system title, then by sender, then as the only meter", () => {
    const titled = meter({ name: "titled", systemTitle: "5453540000000001" });
    const sender = meter({ name: "sender", peer: "192.0.2.7" });
    const both = new MeterDirectory([titled, sender]);
    assert.equal(both.find("5453540000000001", "192.0.2.7:4059")?.name, "titled");
    assert.equal(both.find("5453540000000002", "192.0.2.7:4059")?.name, "sender");
    assert.equal(both.find("", "192.0.2.8:4059"), undefined);
    const only = new MeterDirectory([meter({ name: "only" })]);
    assert.equal(only.find("5453540000000009", undefined)?.name, "only");
    assert.equal(new MeterDirectory([titled]).find("5453540000000009", undefined), undefined, "another title");
  });

  it("may not share a system title or a sender", () => {
    const twice = [meter({ systemTitle: "5453540000000001" }), meter({ systemTitle: "5453540000000001" })];
    assert.throws(() => new MeterDirectory(twice), /two meters have the system title 5453540000000001/);
  });
});

describe("values in kilo units", () => {
  it("are shifted by three places, exactly, and others stay", () => {
    const shifted = (value: unknown, unit: string | null): unknown[] => Object.values(inKilo({ value, unit }));
    assert.deepEqual(shifted(1743, "W"), [1.743, "kW"]);
    assert.deepEqual(shifted(5, "Wh"), [0.005, "kWh"]);
    assert.deepEqual(shifted(-0.5, "var"), [-0.0005, "kvar"]);
    assert.deepEqual(shifted(12_000, "VAh"), [12, "kVAh"]);
    assert.deepEqual(shifted(0, "VA"), [0, "kVA"]);
    assert.deepEqual(shifted("12345678901234567890", "Wh"), ["12345678901234567.89", "kWh"]);
    assert.deepEqual(shifted(230.1, "V"), [230.1, "V"]);
    assert.deepEqual(shifted("text", "W"), ["text", "W"]);
    assert.deepEqual(shifted(1, null), [1, null]);
  });
});
