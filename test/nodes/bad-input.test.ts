import assert from "node:assert/strict";
import net from "node:net";
import { createMeter, householdDefinition } from "../../src/index";
import { allNodes, clean, failure, flowFor, helper, startMeter, statusesOf, value } from "./support";

/** A port without a listener. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server that is not a meter: it sends the same bytes to every client. */
async function stranger(says: Uint8Array | undefined): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", () => {
      if (says !== undefined) socket.write(says);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

describe("dlms-read with failures", () => {
  afterEach(clean);

  it("reports a refused connection, and recovers automatically when the meter is available", async () => {
    const port = await freePort();
    await helper.load(allNodes, flowFor(port));
    const statuses = statusesOf("read");
    const msg = await failure({ payload: "kept", dlms: { stale: true } });
    assert.equal(msg.dlmsError.code, "DLMS_CONN_REFUSED");
    assert.equal(msg.dlmsError.layer, "transport");
    assert.match(msg.dlmsError.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.equal(msg.payload, "kept", "the payload stays");
    assert.equal("dlms" in msg, false, "stale information is gone");
    assert.equal((msg.error as { code?: string }).code, "DLMS_CONN_REFUSED", "a Catch node sees the code too");
    await statuses.until(/^red ring .*retry/);

    const listener = await createMeter(householdDefinition()).listen({ port });
    try {
      await statuses.until(/^green dot dlms-read\.status\.connected$/);
      assert.equal(typeof (await value()).payload, "number");
    } finally {
      await helper.unload();
      await listener.close();
    }
  });

  it("names a host that cannot be found", async () => {
    await helper.load(allNodes, flowFor(4059, {}, { host: "no-such-host.invalid" }));
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONN_DNS");
    assert.match(dlmsError.message, /no-such-host\.invalid/);
  });

  it("distinguishes silence from a non-DLMS answer", async () => {
    const silent = await stranger(undefined);
    const web = await stranger(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    try {
      await helper.load(allNodes, flowFor(silent.port, {}, { timeout: "100" }));
      assert.match((await failure()).dlmsError.code, /^DLMS_TIMEOUT_/);
      await helper.unload();
      await helper.load(allNodes, flowFor(web.port));
      assert.equal((await failure()).dlmsError.code, "DLMS_LINK_WRAPPER_HEADER");
    } finally {
      await helper.unload();
      await silent.close();
      await web.close();
    }
  });

  it("reports that the meter rejects the client address", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, {}, { clientAddress: "99", timeout: "200" }));
    const { dlmsError } = await failure();
    assert.match(dlmsError.code, /^DLMS_(ASSOC_|TIMEOUT_)/);
    assert.match(dlmsError.message, /client/);
  });

  it("reports a server address without an answer", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, {}, { serverAddress: "77", timeout: "200" }));
    const { dlmsError } = await failure();
    assert.match(dlmsError.code, /^DLMS_(ASSOC_|TIMEOUT_|LINK_)/);
  });

  it("sends a refused password once only", async () => {
    const { port, meter } = await startMeter();
    const secret = "wrong-and-secret";
    await helper.load(allNodes, flowFor(port, {}, { clientAddress: "17", authentication: "LOW" }), {
      meter: { password: secret },
    });
    const statuses = statusesOf("read");
    const first = await failure();
    assert.equal(first.dlmsError.code, "DLMS_ASSOC_AUTH_FAILED");
    await statuses.until(/^red ring dlms-read\.status\.refused$/);
    const connections = meter.counters.connections;
    const second = await failure();
    assert.equal(second.dlmsError.code, "DLMS_ASSOC_AUTH_FAILED");
    assert.match(second.dlmsError.message, /in \d+ s|minutes/);
    assert.equal(meter.counters.connections, connections, "the meter was not asked again");
    assert.equal(JSON.stringify([first, second]).includes(secret), false);
  });

  it("reads with the right password", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, {}, { clientAddress: "17", authentication: "LOW" }), {
      meter: { password: "12345678" },
    });
    assert.equal(typeof (await value()).payload, "number");
  });

  it("accepts a password written as hex", async () => {
    const { port } = await startMeter();
    const meter = { clientAddress: "17", authentication: "LOW", passwordFormat: "HEX" };
    await helper.load(allNodes, flowFor(port, {}, meter), { meter: { password: "31 32 33 34 35 36 37 38" } });
    assert.equal(typeof (await value()).payload, "number");
  });

  it("reports each access error with its code, and continues", async () => {
    const { port } = await startMeter({
      associations: [{ client: 16 }],
      objects: [
        { classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: { type: "long", value: 5 } }, denied: [2] },
        { classId: 1, logicalName: "0.0.96.1.0.255", attributes: { 2: { type: "visible-string", value: "A" } } },
      ],
    });
    await helper.load(allNodes, flowFor(port));
    const statuses = statusesOf("read");
    const unknown = await failure({ obis: "1-0:99.9.9*255" });
    assert.match(unknown.dlmsError.code, /^DLMS_ACCESS_OBJECT_UNDEFINED$/);
    assert.match(unknown.dlmsError.message, /1-0:99\.9\.9\*255/);
    await statuses.until(/^red ring dlms-read\.status\.notThere$/);
    const denied = await failure({ obis: "1-0:1.8.0*255" });
    assert.equal(denied.dlmsError.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    await statuses.until(/^red ring dlms-read\.status\.denied$/);
    const wrongClass = await failure({ obis: "0-0:96.1.0*255", objectType: "REGISTER" });
    assert.match(wrongClass.dlmsError.code, /^DLMS_ACCESS_/);
    const noAttribute = await failure({ obis: "0-0:96.1.0*255", objectType: "DATA", attributeId: 9 });
    assert.match(noAttribute.dlmsError.code, /^DLMS_ACCESS_/);
    assert.equal((await value({ obis: "0-0:96.1.0*255", objectType: "DATA" })).payload, "A");
  });

  it("refuses malformed requests without asking the meter", async () => {
    const { port, meter } = await startMeter();
    await helper.load(allNodes, flowFor(port));
    const cases: [object, string, RegExp][] = [
      [{ logicalName: "power" }, "DLMS_CONFIG_INVALID", /^msg\.logicalName: .*"power"/],
      [{ obis: "1-0:1.8.300*255" }, "DLMS_CONFIG_INVALID", /^msg\.obis: .*300/],
      [{ logicalName: 5 }, "DLMS_CONFIG_INVALID", /^msg\.logicalName/],
      [{ logicalName: { a: 1 } }, "DLMS_CONFIG_INVALID", /^msg\.logicalName/],
      [{ objectType: "REGISTR" }, "DLMS_CONFIG_INVALID", /^msg\.objectType: .*REGISTER/],
      [{ objectType: 70000 }, "DLMS_CONFIG_INVALID", /^msg\.objectType/],
      [{ objectType: [] }, "DLMS_CONFIG_INVALID", /^msg\.objectType/],
      [{ attributeId: "valeu" }, "DLMS_CONFIG_INVALID", /^msg\.attributeId: .*value/],
      [{ attributeId: 1000 }, "DLMS_CONFIG_INVALID", /^msg\.attributeId/],
      [{ mode: "everything" }, "DLMS_CONFIG_INVALID", /^msg\.mode.*attribute, list/],
      [{ meter: 7 }, "DLMS_CONFIG_INVALID", /^msg\.meter/],
    ];
    for (const [msg, code, text] of cases) {
      const { dlmsError } = await failure(msg);
      assert.equal(dlmsError.code, code, JSON.stringify(msg));
      assert.match(dlmsError.message, text);
      assert.equal(dlmsError.fault, "user");
    }
    assert.equal(meter.counters.connections, 0);
  });

  it("continues after an expression that fails, and names it", async () => {
    const { port } = await startMeter();
    await helper.load(allNodes, flowFor(port, { logicalName: "$nothing(", logicalNameType: "jsonata" }));
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONFIG_INVALID");
    assert.match(dlmsError.message, /^logicalName: the jsonata expression/);
  });

  it("names an environment variable that is not set", async () => {
    await helper.load(allNodes, flowFor("${DLMS_NOT_SET}"));
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONFIG_MISSING");
    assert.match(dlmsError.message, /^port: .*DLMS_NOT_SET/);
  });

  for (const [property, bad, code] of [
    ["port", "70000", "DLMS_CONFIG_INVALID"],
    ["clientAddress", "-1", "DLMS_CONFIG_INVALID"],
    ["serverAddress", "one", "DLMS_CONFIG_INVALID"],
    ["timeout", "soon", "DLMS_CONFIG_INVALID"],
    ["framing", "MODBUS", "DLMS_CONFIG_INVALID"],
    ["transportType", "CARRIER_PIGEON", "DLMS_CONFIG_INVALID"],
    ["timeZone", "Mars/Olympus", "DLMS_CONFIG_INVALID"],
    ["reconnectMin", "90000", "DLMS_CONFIG_INVALID"],
    ["version", "99", "DLMS_CONFIG_UNSUPPORTED"],
  ] as const) {
    it(`refuses ${property} "${bad}" with ${code}, in the status and to a Catch node`, async () => {
      await helper.load(allNodes, flowFor(4059, {}, { [property]: bad }));
      const statuses = statusesOf("read");
      const { dlmsError } = await failure();
      assert.equal(dlmsError.code, code);
      assert.match(dlmsError.message, property === "reconnectMin" ? /^reconnectMax/ : new RegExp(`^${property}`));
      await statuses.until(/^red ring dlms-read\.status\.invalid$/);
    });
  }

  it("asks for a meter when no meter is chosen, and for a password when one is needed", async () => {
    await helper.load(allNodes, flowFor(4059, { meter: "" }));
    assert.equal((await failure()).dlmsError.code, "DLMS_CONFIG_MISSING");
    await helper.unload();
    await helper.load(allNodes, flowFor(4059, {}, { authentication: "LOW" }));
    const { dlmsError } = await failure();
    assert.equal(dlmsError.code, "DLMS_CONFIG_MISSING");
    assert.match(dlmsError.message, /^password/);
  });

  it("fails with a clear error on garbage and truncated answers, and continues", async () => {
    const { port, meter } = await startMeter();
    await helper.load(allNodes, flowFor(port, {}, { timeout: "200" }));
    await value();
    const answers: [string, Uint8Array[]][] = [
      ["truncated", [Uint8Array.of(0xc4, 0x01, 0xc1, 0x00, 0x06, 0x00)]],
      ["absurd count", [Uint8Array.of(0xc4, 0x01, 0xc1, 0x00, 0x01, 0x84, 0xff, 0xff, 0xff, 0xff)]],
      ["unknown tag", [Uint8Array.of(0xc4, 0x01, 0xc1, 0x00, 0x77, 0x00)]],
      ["noise", [Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff)]],
      ["nothing", []],
    ];
    for (const [name, answer] of answers) {
      const statuses = statusesOf("read");
      const stop = meter.use({ name, answer: () => answer });
      const { dlmsError } = await failure();
      assert.match(dlmsError.code, /^DLMS_(DECODE|TIMEOUT|LINK|SERVICE|CONN|EXCEPTION)/, `${name}: ${dlmsError.code}`);
      stop();
      if (statuses.list.some(({ text }) => text?.includes("retry"))) {
        await statuses.until(/^green dot dlms-read\.status\.connected$/);
      }
      assert.equal(typeof (await value()).payload, "number", `a value after ${name}`);
    }
  });
});
