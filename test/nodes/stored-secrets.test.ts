import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { householdDefinition } from "../../src/index";
import { testCertificate, testKey } from "../support/test-certificate";
import { allNodes, clean, flowFor, helper, type RunningMeter, startMeter } from "./support";

const password = "Quokka-2290-Weiher";
const low = { clientAddress: "17", authentication: "LOW" };
const voltage = { classId: 3, logicalName: "1-0:32.7.0*255", attributeId: 2 };

interface Answer {
  readonly text: string;
  readonly error: { readonly code: string; readonly message: string; readonly details?: object } | undefined;
}

const endpoints = {
  "test-connection": "/dlms/test-connection",
  browse: "/dlms/drafts/meter/browse",
  read: "/dlms/drafts/meter/read",
  columns: "/dlms/drafts/meter/columns",
} as const;

async function send(path: string, body: object): Promise<Answer> {
  const { text } = await helper
    .request()
    .post(path)
    .send({ id: "meter", ...voltage, ...body });
  const last = text.trim().split("\n").at(-1) ?? "{}";
  return { text, error: (JSON.parse(last) as { error?: Answer["error"] }).error };
}

const withPassword = (framing: "WRAPPER" | "HDLC" = "WRAPPER"): Promise<RunningMeter> =>
  startMeter({
    ...householdDefinition({ framing }),
    associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: password }],
  });

describe("stored secrets of a meter", () => {
  afterEach(clean);

  for (const [name, path] of Object.entries(endpoints)) {
    it(`are not sent to another address by ${name}, which reports it; a retyped secret is sent`, async () => {
      const own = await withPassword();
      const other = await withPassword();
      const flow = flowFor(own.port, {}, low);
      await helper.load(allNodes, flow, { meter: { password } });
      const properties = { ...flow[1], port: String(other.port) };
      for (const credentials of [{}, { password: "__PWRD__" }]) {
        const { error, text } = await send(path, { properties, credentials });
        assert.equal(error?.code, "DLMS_CONFIG_MISSING", text);
        assert.deepEqual(error.details, { property: "password", otherAddress: true });
        assert.match(error.message, /^password: the stored secret belongs to the deployed address/);
      }
      assert.equal(other.meter.counters.connections, 0);
      const { text } = await send(path, { properties, credentials: { password } });
      assert.equal(other.meter.counters.connections, 1, text);
      assert.doesNotMatch(text, /Quokka/);
    });
  }

  it("are bound to the meter's whole address in any spelling", async () => {
    const own = await withPassword("HDLC");
    const deployed = { ...low, framing: "HDLC", physicalAddress: "" };
    const flow = flowFor(own.port, {}, deployed);
    await helper.load(allNodes, flow, { meter: { password } });
    const attempt = (more: object): Promise<Answer> =>
      send(endpoints["test-connection"], {
        properties: { ...flow[1], ...more },
        credentials: { password: "__PWRD__" },
      });
    for (const more of [
      { host: "localhost" },
      { transportType: "TLS" },
      { transportType: "UDP" },
      { transportType: "SERIAL" },
      { serverAddress: "2" },
      { physicalAddress: "17" },
    ]) {
      const { error } = await attempt(more);
      assert.deepEqual(error?.details, { property: "password", otherAddress: true }, JSON.stringify(more));
    }
    assert.equal(own.meter.counters.connections, 0);
    for (const more of [{}, { port: own.port, physicalAddress: 0, host: " 127.0.0.1 ", timeout: "2000" }]) {
      const { error, text } = await attempt(more);
      assert.equal(error, undefined, text);
    }
  });

  it("are the key of a TLS client too, in a test and in the search for the address", async () => {
    const flow = flowFor(1, {}, { transportType: "TLS" });
    await helper.load(allNodes, flow, { meter: { tlsCertificate: testCertificate, tlsKey: testKey } });
    for (const path of [endpoints["test-connection"], "/dlms/find-address"]) {
      for (const more of [{ port: "2" }, { tlsUnverified: true }, { tlsCa: testCertificate }]) {
        const { error, text } = await send(path, { properties: { ...flow[1], ...more, framing: "HDLC" } });
        assert.deepEqual(error?.details, { property: "tlsCertificate", otherAddress: true }, text);
      }
      const { error, text } = await send(path, { properties: { ...flow[1], framing: "HDLC" } });
      assert.equal(error?.code, "DLMS_CONN_REFUSED", text);
    }
  });
});

describe("environment variables in a request of a dialog", () => {
  const value = "abacus-7741.invalid";
  beforeEach(() => {
    process.env.DLMS_TEST_OF_OTHERS = value;
  });
  afterEach(async () => {
    delete process.env.DLMS_TEST_OF_OTHERS;
    await clean();
  });

  for (const path of [...Object.values(endpoints), "/dlms/find-address"]) {
    it(`are not resolved for ${path} if the deployed node has something else`, async () => {
      const { meter, port } = await startMeter();
      const flow = flowFor(port);
      await helper.load(allNodes, flow);
      const variable = "${DLMS_TEST_OF_OTHERS}";
      for (const more of [{ host: variable }, { transportType: "SERIAL", serialPort: variable }]) {
        const { error, text } = await send(path, { properties: { ...flow[1], framing: "HDLC", ...more } });
        assert.equal(error?.code, "DLMS_CONFIG_MISSING", text);
        assert.match(error.message, /\$\{DLMS_TEST_OF_OTHERS\} is resolved only where the deployed node has it/);
        assert.doesNotMatch(text, /abacus/);
      }
      if (path === "/dlms/find-address") return;
      const credentials = { password: variable };
      const { error } = await send(path, { properties: { ...flow[1], ...low }, credentials });
      assert.deepEqual(error?.details, { property: "password", variable: "DLMS_TEST_OF_OTHERS", undeployed: true });
      assert.equal(meter.counters.connections, 0);
    });
  }

  it("of a stored secret stay with its address as well", async () => {
    const own = await withPassword();
    const other = await withPassword();
    process.env.DLMS_TEST_OF_OTHERS = password;
    const flow = flowFor(own.port, {}, low);
    const credentials = { password: "${DLMS_TEST_OF_OTHERS}" };
    await helper.load(allNodes, flow, { meter: credentials });
    const elsewhere = { ...flow[1], port: String(other.port) };
    const { error } = await send(endpoints.read, { properties: elsewhere, credentials });
    assert.equal(error?.code, "DLMS_CONFIG_MISSING");
    assert.equal(other.meter.counters.connections, 0);
    const { error: none, text } = await send(endpoints.read, { properties: { ...flow[1] }, credentials });
    assert.equal(none, undefined, text);
  });
});

describe("a WPDU without an APDU", () => {
  const content = "heron-5512-internal";
  afterEach(clean);

  for (const path of Object.values(endpoints)) {
    it(`is shown with four bytes at most: ${path}`, async () => {
      const header = Buffer.from("0001000100100013", "hex");
      const server = net
        .createServer((socket) => {
          socket
            .on("error", () => undefined)
            .on("data", () => socket.write(Buffer.concat([header, Buffer.from(content)])));
        })
        .listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      await helper.load(allNodes, []);
      const properties = { host: "127.0.0.1", port: String(port), timeout: "500", retries: "0" };
      const { text } = await send(path, { id: "", properties });
      server.close();
      assert.match(text, /DLMS_DECODE_TAG/);
      assert.ok(text.includes(Buffer.from(content.slice(0, 4)).toString("hex")), text);
      assert.ok(!text.includes(Buffer.from(content.slice(0, 5)).toString("hex")), text);
    });
  }
});

describe("an answer from something other than a meter", () => {
  const said = "HTTP/1.1 200 OK\r\nX-Internal: heron-5512\r\nLocation: http://10.0.0.1/adm2heron\r\n\r\n";
  let server: net.Server;
  let port: number;
  beforeEach(async () => {
    const open = (socket: net.Socket): void => {
      socket.on("error", () => undefined).on("data", () => socket.end(said));
    };
    server = net.createServer(open).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    server.close();
    await clean();
  });

  for (const path of [...Object.values(endpoints), "/dlms/find-address"]) {
    for (const framing of ["WRAPPER", "HDLC", "HDLC_MODE_E"]) {
      if (path === "/dlms/find-address" && framing === "WRAPPER") continue;
      it(`is named by its kind, with four bytes at most: ${path}, ${framing}`, async () => {
        await helper.load(allNodes, []);
        const properties = { host: "127.0.0.1", port: String(port), framing, timeout: "100", retries: "0" };
        const { text } = await send(path, { id: "", properties });
        assert.match(text, /"error"/);
        for (const part of ["1.1 200", "heron", "10.0.0.1", "Internal"]) {
          assert.ok(!text.includes(part), text);
          assert.ok(!text.includes(Buffer.from(part).toString("hex")), text);
        }
        assert.ok(!text.includes(Buffer.from(said.slice(0, 5)).toString("hex")), text);
      });
    }
  }
});
