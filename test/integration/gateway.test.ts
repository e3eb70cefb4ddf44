/** Meters behind a gateway that needs the prefix E6/E7. */
import assert from "node:assert/strict";
import {
  accountOf,
  attribute,
  connect,
  type ConnectOptions,
  createClient,
  createMeter,
  demoKeys,
  demoPassword,
  fromHex,
  householdDefinition,
  isDlmsError,
  memoryCounterStore,
  scopeOfMeter,
  type TraceEvent,
} from "../../src/index";
import { commandLine } from "../support/command-line";
import { type Gateway, startGateway } from "../support/gateway";

const serial = attribute("DATA", "0.0.96.1.0.255", "value");

describe("meters behind a gateway", () => {
  const first = createMeter(householdDefinition({ serialNumber: "FIRST" }));
  const second = createMeter({
    ...householdDefinition({ serialNumber: "SECOND" }),
    systemTitle: fromHex("53494d4757000002"),
  });
  let gateway: Gateway;
  let devices: Readonly<Record<string, number>> = {};
  const closing: (() => Promise<void>)[] = [];

  before(async () => {
    const listeners = [await first.listen(), await second.listen()] as const;
    devices = { "11": listeners[0].port, "22": listeners[1].port };
    gateway = await startGateway({ devices });
    closing.push(
      () => gateway.close(),
      () => listeners[0].close(),
      () => listeners[1].close(),
    );
  });
  after(async () => {
    for (const close of closing) await close();
  });

  const options = (device: string | Uint8Array, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
    transport: { kind: "tcp", host: "127.0.0.1", port: gateway.port },
    client: { sap: 16 },
    server: { logical: 1 },
    gateway: { network: 1, device },
    ...more,
  });

  async function serialOf(given: ConnectOptions): Promise<unknown> {
    const client = await connect(given);
    try {
      return (await client.read(serial)).value;
    } finally {
      await client.close();
    }
  }

  it("are read by their physical addresses, as text, hex or bytes", async () => {
    assert.equal(await serialOf(options("11")), "FIRST");
    assert.equal(await serialOf(options("22")), "SECOND");
    assert.equal(await serialOf(options("0x3131")), "FIRST");
    assert.equal(await serialOf(options(fromHex("3232"))), "SECOND");
    assert.ok(gateway.requests.every((text) => /^e6 1 (11|22)$/.test(text)));
  });

  it("are read with a password, which no trace shows", async () => {
    const traced: TraceEvent[] = [];
    const client = createClient(
      options("11", { client: { sap: 17 }, auth: { mechanism: "lls", secret: demoPassword } }),
    );
    client.on("trace", (event) => traced.push(event));
    await client.open();
    await client.close();
    const shown = traced
      .map((event) => (event.kind === "bytes" ? `${event.hex} ${event.decoded}` : event.text))
      .join("\n");
    assert.match(shown, /e6010231/);
    assert.ok(!shown.includes(Buffer.from(demoPassword).toString("hex")) && !shown.includes(demoPassword));
  });

  it("are read by the command line tool", async () => {
    const args = ["read", `127.0.0.1:${gateway.port}`, "DATA/0-0:96.1.0/value", "--json"];
    const { code, out } = await commandLine([...args, "--gateway-device", "22", "--gateway-network", "1"]);
    assert.equal(code, 0);
    assert.equal((JSON.parse(out) as { value: unknown }[])[0]?.value, "SECOND");
  });

  it("are read ciphered", async () => {
    const security = { suite: 0, policy: "authenticated-encrypted", ...demoKeys } as const;
    const ciphered = options("22", {
      client: { sap: 18, systemTitle: fromHex("4757434c49000001") },
      auth: { mechanism: "hls-gmac" },
      security: { ...security, invocationCounter: memoryCounterStore() },
    });
    assert.equal(await serialOf(ciphered), "SECOND");
  });

  it("end with LINK_ADDRESS when another device answers", async () => {
    const confused = await startGateway({ devices, answersAs: "22" });
    closing.push(() => confused.close());
    const transport = { kind: "tcp", host: "127.0.0.1", port: confused.port } as const;
    await assert.rejects(
      serialOf(options("11", { transport, timeouts: { retries: 0 } })),
      (error) => isDlmsError(error) && error.is("LINK_ADDRESS") && /device 1\/22, expected 1\/11/.test(error.message),
    );
  });

  it("that the gateway does not know are reported with its refusal", async () => {
    await assert.rejects(serialOf(options("33")), (error) => isDlmsError(error) && error.is("EXCEPTION"));
  });

  it("are different meters for accounts and exclusive access", () => {
    const [one, other, same] = [options("11"), options("22"), options("0x3131")];
    assert.notEqual(accountOf(one).meter, accountOf(other).meter);
    assert.equal(accountOf(one).meter, accountOf(same).meter);
    const scope = (given: ConnectOptions): string | undefined =>
      scopeOfMeter({ connect: given, endpointLabel: "", probeInterval: 0, offlineAfter: 45_000 }).server;
    assert.notEqual(scope(one), scope(other));
    assert.equal(scope(one), scope(same));
  });

  for (const device of ["", "0x1", "0xzz", "ä", "x".repeat(256)]) {
    it(`are refused with the device "${device.slice(0, 10)}"`, async () => {
      await assert.rejects(
        connect(options(device)),
        (error) => isDlmsError(error) && error.is("CONFIG_INVALID") && error.message.startsWith("gateway.device"),
      );
    });
  }
});
