/** Client and simulated meter over TCP. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { connect, createClient, type DlmsClient } from "../../src/client";
import type { ConnectOptions } from "../../src/client/options/options";
import { DlmsError } from "../../src/errors";
import { createMeter, type MeterDefinition } from "../../src/simulator";
import { register, registerRef } from "../support/meters";

const definition: MeterDefinition = {
  associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: "12345678" }],
  objects: [register("1.0.1.8.0.255", 1234)],
};

const optionsFor = (port: number, more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  transport: { kind: "tcp", host: "127.0.0.1", port },
  client: { sap: 16 },
  server: { logical: 1 },
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<DlmsError> {
  const error = await promise.then(
    () => assert.fail("it worked"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DlmsError, String(error));
  return error;
}

async function serverAt(onSocket: (socket: net.Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

describe("a client and a simulated meter over TCP", () => {
  const links = { WRAPPER: "wrapper", HDLC: "hdlc", HDLC_MODE_E: "hdlc-mode-e" } as const;
  for (const framing of ["WRAPPER", "HDLC", "HDLC_MODE_E"] as const) {
    it(`read (${framing})`, async () => {
      const meter = createMeter({ ...definition, framing });
      const listener = await meter.listen();
      const client = await connect(optionsFor(listener.port, { link: { kind: links[framing] } }));
      assert.equal(client.state, "open");
      assert.equal((await client.read(registerRef(0))).value, 123.4);
      await client.close();
      assert.equal(meter.associations, 0);
      await listener.close();
    });
  }

  it("two clients of one host and port share its connection", async () => {
    const meter = createMeter(definition);
    const listener = await meter.listen();
    const second = { client: { sap: 17 }, auth: { mechanism: "lls", secret: "12345678" } } as const;
    const clients = [createClient(optionsFor(listener.port)), createClient(optionsFor(listener.port, second))];
    const readings = await Promise.all(clients.map((client) => client.read(registerRef(0))));
    assert.deepEqual(
      readings.map((one) => one.value),
      [123.4, 123.4],
    );
    assert.equal(meter.counters.connections, 1);
    await Promise.all(clients.map((client) => client.close()));
    await listener.close();
  });

  it("reconnect automatically when the listener is back", async () => {
    const meter = createMeter(definition);
    const first = await meter.listen();
    const client = createClient(optionsFor(first.port, { timeouts: { reconnectMin: 1, reconnectMax: 20 } }));
    await client.read(registerRef(0));
    const opened = (): Promise<void> =>
      new Promise((resolve) => {
        const off = client.on("state", (event) => {
          if (event.state !== "open") return;
          off();
          resolve();
        });
      });
    await first.close();
    const refused = await failureOf(client.read(registerRef(0)));
    assert.equal(refused.code, "DLMS_CONN_REFUSED");
    const again = opened();
    const second = await meter.listen({ port: first.port });
    await again;
    assert.equal((await client.read(registerRef(0))).value, 123.4);
    await client.close();
    await second.close();
  });

  describe("failures", () => {
    const closing = async (client: DlmsClient, close: () => Promise<void>): Promise<void> => {
      await client.close();
      await close();
    };

    it("something else answers on the port (HTTP)", async () => {
      const other = await serverAt((socket) => {
        socket.on("data", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
      });
      const client = createClient(optionsFor(other.port));
      const error = await failureOf(client.read(registerRef(0)));
      assert.equal(error.code, "DLMS_LINK_WRAPPER_HEADER");
      assert.match(error.message, /HTTP.*does not speak DLMS/);
      await closing(client, () => other.close());
    });

    it("something else answers on the port, and hangs up", async () => {
      const other = await serverAt((socket) => {
        socket.on("data", () => socket.end());
      });
      const client = createClient(optionsFor(other.port));
      const error = await failureOf(client.read(registerRef(0)));
      assert.equal(error.code, "DLMS_CONN_LOST");
      assert.match(error.message, /nothing was received on it: check port and framing/);
      await closing(client, () => other.close());
    });

    for (const [what, more] of [
      ["wrapper", {}],
      ["HDLC", { link: { kind: "hdlc" } }],
    ] as const) {
      it(`nothing answers (${what})`, async () => {
        const silent = await serverAt((socket) => socket.resume());
        const client = createClient(optionsFor(silent.port, { ...more, timeouts: { response: 20, retries: 0 } }));
        const error = await failureOf(client.read(registerRef(0)));
        assert.match(error.code, /^DLMS_TIMEOUT_(ASSOCIATE|LINK|RESPONSE)$/);
        assert.match(error.message, /no bytes received|address/);
        await closing(client, () => silent.close());
      });
    }

    it("the meter uses the other framing", async () => {
      const meter = createMeter({ ...definition, framing: "HDLC" });
      const listener = await meter.listen();
      const client = createClient(optionsFor(listener.port, { timeouts: { response: 20, retries: 0 } }));
      const error = await failureOf(client.read(registerRef(0)));
      assert.ok(error.layer === "link" || error.layer === "association", error.code);
      await closing(client, () => listener.close());
    });

    it("the password is wrong, or missing", async () => {
      const meter = createMeter(definition);
      const listener = await meter.listen();
      const wrong = { client: { sap: 17 }, auth: { mechanism: "lls", secret: "87654321" } } as const;
      const client = createClient(optionsFor(listener.port, wrong));
      const error = await failureOf(client.read(registerRef(0)));
      assert.equal(error.code, "DLMS_ASSOC_AUTH_FAILED");
      assert.doesNotMatch(JSON.stringify(error), /87654321|3837363534333231/);
      await client.close();
      const without = createClient(optionsFor(listener.port, { client: { sap: 17 } }));
      assert.equal((await failureOf(without.read(registerRef(0)))).layer, "association");
      await closing(without, () => listener.close());
    });

    it("connect() closes its connection when the association is refused", async () => {
      const meter = createMeter(definition);
      const listener = await meter.listen();
      await failureOf(connect(optionsFor(listener.port, { client: { sap: 99 } })));
      await meter.waitFor((item) => item.kind === "closed");
      assert.equal(meter.counters.openConnections, 0);
      await listener.close();
    });

    it("connect() is aborted", async () => {
      const silent = await serverAt((socket) => socket.resume());
      const abort = new AbortController();
      const reason = { mine: true };
      const connecting = connect(optionsFor(silent.port), { signal: abort.signal });
      setImmediate(() => {
        abort.abort(reason);
      });
      await assert.rejects(connecting, (error) => error === reason);
      await silent.close();
    });
  });
});
