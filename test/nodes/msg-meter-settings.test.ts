import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { DescribedMeters } from "../../nodes/meters/described-meters";
import { messageSettings } from "../../nodes/meters/settings-rules";
import type { MeterSettings } from "../../src";
import { type PersistentState, parseMeterSettings } from "../../nodes/meters/parse-settings";
import { AccessRegistry } from "../../src/fleet/exclusive-access";
import type { SharedMeter } from "../../src/fleet/shared-meter";
import { memoryCounterStore } from "../../src";
import { VirtualClock } from "../support/virtual-clock";

const html = readFileSync(resolve(__dirname, "../../nodes/dlms-meter/dlms-meter.html"), "utf8");

/** The properties of a dlms-meter, as its editor file has them, with their defaults. */
function defaults(): Record<string, unknown> {
  const [, block = ""] = /registerType\("dlms-meter"[^]*?defaults: \{\n([^]*?)\n {8}\},/.exec(html) ?? [];
  const entries = [...block.matchAll(/^ +(\w+): \{ value: ("[^"]*"|true|false|\d+)/gm)].map(
    ([, name = "", value = ""]) => [name, JSON.parse(value) as unknown] as const,
  );
  assert.equal(entries.length, block.trim().split("\n").length, "each line is understood");
  return Object.fromEntries(entries);
}

/** Settings for the handling of messages, or of the editor. */
const ofThePool = ["poolSize", "queueLimit", "poolIdle", "secretsInMessages", "credentialsOnly", "allowWriting"];
const notOfTheMeter = ["version", "pushSource", "tls", "tlsUnverified", ...ofThePool, "secretSizes"];

const ciphered = { authentication: "HIGH_GMAC", securityPolicy: "AUTHENTICATED_ENCRYPTED" };
const serial = { transportType: "SERIAL" };
const tls = { transportType: "TLS" };
const hdlc = { framing: "HDLC" };
const modeE = { framing: "HDLC_MODE_E" };

/** For each property another value, and the settings that make it effective. */
const others: Readonly<Record<string, readonly [other: unknown, context?: object]>> = {
  transportType: ["UDP"],
  host: ["192.0.2.7"],
  port: [4321],
  serialPort: ["/dev/ttyS9", serial],
  baudRate: [19_200, serial],
  serialMode: ["8E1", serial],
  dtr: ["ON", serial],
  rts: ["OFF", serial],
  framing: ["HDLC"],
  modeEAddress: ["12345678", modeE],
  modeEStartBaud: [600, modeE],
  modeEUnannounced: [true, modeE],
  clientAddress: [17],
  serverAddress: [3],
  physicalAddress: [18, hdlc],
  addressSize: [4, hdlc],
  hdlcMaxInfo: [128, hdlc],
  hdlcWindow: [1, hdlc],
  hdlcKeepAlive: [5000, hdlc],
  hdlcDiscFirst: [true, hdlc],
  wrapperSwappedBytes: [true],
  gatewayNetwork: [1, { gatewayDevice: "12345678" }],
  gatewayDevice: ["12345678"],
  maxPduSize: [512],
  referencing: ["SN"],
  preEstablished: [true],
  skipLink: [true, { ...hdlc, preEstablished: true }],
  tlsCa: ["-----BEGIN CERTIFICATE-----", tls],
  tlsServerName: ["meter.example", tls],
  authentication: ["HIGH_GMAC"],
  securityPolicy: ["ENCRYPTED"],
  securitySuite: [1, ciphered],
  ciphering: ["GENERAL", ciphered],
  signMessages: [true, ciphered],
  useDedicatedKey: [true, ciphered],
  systemTitle: ["4D4D4D0000000001", ciphered],
  meterSystemTitle: ["4D4D4D0000000002", ciphered],
  invocationCounterSource: ["STORED", ciphered],
  invocationCounterObis: ["0.0.43.1.5.255", ciphered],
  invocationCounterClient: [1, ciphered],
  invocationCounterPause: [300, ciphered],
  invocationCounterReconnect: [true, ciphered],
  invocationCounterMaxJump: [10, ciphered],
  keyFormat: ["TEXT", ciphered],
  timeout: [700],
  retries: [0],
  idleTimeout: [9000],
  reconnectMin: [200],
  reconnectMax: [90_000],
  probeInterval: [15_000],
  offlineAfter: [90_000],
  emptyPassword: [true, { authentication: "LOW" }],
  passwordFormat: ["HEX", { authentication: "LOW" }],
  deviationSign: ["REVERSED"],
  timeZone: ["Europe/Vienna"],
  octetStrings: ["HEX"],
  companion: ["IDIS"],
  quirks: ["noRelease"],
  meterId: ["4D4D4D0000000001", { transportType: "INCOMING" }],
};

const key = "00112233445566778899AABBCCDDEEFF";
// 32 digits: good as hex, and too long as text
const credentials = {
  password: "3132",
  encryptionKey: key,
  authenticationKey: key,
  signingKey: key,
  meterSigningCertificate: key,
};

describe("settings of dlms-meter in a message's msg.meter", () => {
  const store = memoryCounterStore();
  const open = (): Promise<never> => Promise.reject(new Error("no test opens it"));
  const persistentState: PersistentState = {
    systemTitle: () => new Uint8Array(8),
    counter: () => store,
    incoming: (_source, meterId) => ({ kind: "tcp", endpoint: meterId, open }),
  };
  const raw = { ...defaults(), pushSource: "source", version: 2 };

  /** The options of the session. */
  async function settingsFor(overrides: Record<string, unknown>): Promise<MeterSettings | undefined> {
    let made: MeterSettings | undefined;
    const session = { addUser: () => undefined, removeUser: () => Promise.resolve(), view: { phase: "idle" } };
    const meters = new DescribedMeters({
      ...{ label: "base", raw, credentials, persistentState, clock: new VirtualClock(), access: new AccessRegistry() },
      writing: "NO",
      writingTo: () => "NO",
      makeSession: (settings) => {
        made = settings;
        return session as unknown as SharedMeter;
      },
    });
    const lease = await meters.open(overrides, undefined, new AbortController().signal);
    lease.release();
    await meters.close();
    return made;
  }
  const outcome = async (make: () => unknown): Promise<unknown> => {
    try {
      return await make();
    } catch (error) {
      return (error as Error).message.replace(/^msg\.meter\./, "");
    }
  };

  it("cover all settings of the node except those about messages", () => {
    const names = Object.keys(defaults()).filter((name) => !notOfTheMeter.includes(name));
    assert.deepEqual([...messageSettings].sort(), names.sort());
    assert.deepEqual(["name", ...Object.keys(others)].sort(), names.sort());
  });

  for (const [name, [other, context = {}]] of Object.entries(others)) {
    it(`override ${name}`, async () => {
      const parsed = (settings: object): unknown => {
        const all = parseMeterSettings({ ...raw, ...context, ...settings }, credentials, persistentState);
        return name === "probeInterval" ? all : { ...all, probeInterval: 0 };
      };
      const expected = await outcome(() => parsed({ [name]: other }));
      assert.deepEqual(await outcome(() => settingsFor({ ...context, [name]: other })), expected);
      assert.notDeepEqual(expected, await outcome(() => parsed({})), "it makes a difference");
    });
  }

  it("mean the same as in the dialog when written as text", async () => {
    const text = await settingsFor({ port: "0x1234", hdlcDiscFirst: "true", ...hdlc });
    assert.deepEqual(text, await settingsFor({ port: 0x1234, hdlcDiscFirst: true, ...hdlc }));
  });

  for (const name of notOfTheMeter) {
    it(`${name} is refused`, async () => {
      await assert.rejects(settingsFor({ [name]: "1" }), {
        code: "DLMS_CONFIG_INVALID",
        message: new RegExp(`^msg\\.meter\\.${name}: a message cannot set this of a meter`),
      });
    });
  }
});
