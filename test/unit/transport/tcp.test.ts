import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import sinon from "sinon";
import { type DlmsConnectionError, DlmsError } from "../../../src/errors";
import { type Connection, type ConnectionEvents, listenTcp, tcpTransport } from "../../../src/transport";
import { VirtualClock } from "../../support/virtual-clock";

class Events implements ConnectionEvents {
  readonly received: number[] = [];
  readonly losses: DlmsConnectionError[] = [];
  #changed: (() => void)[] = [];

  data(bytes: Uint8Array): void {
    this.received.push(...bytes);
    this.#notify();
  }

  lost(error: DlmsConnectionError): void {
    this.losses.push(error);
    this.#notify();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #notify(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

const failure = (promise: Promise<Connection>): Promise<DlmsError> =>
  promise.then(
    () => assert.fail("it opened"),
    (error: unknown) => {
      assert.ok(error instanceof DlmsError, String(error));
      return error;
    },
  );

async function serverAt(onSocket: (socket: net.Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const server = net.createServer(onSocket);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function freePort(): Promise<number> {
  const { port, close } = await serverAt(() => undefined);
  await close();
  return port;
}

describe("tcpTransport", () => {
  it("carries bytes in order, both ways, and closes", async () => {
    const server = await serverAt((socket) => socket.pipe(socket));
    const events = new Events();
    const connection = await tcpTransport({ host: "127.0.0.1", port: server.port }).open(events, { timeoutMs: 5000 });
    connection.write(Uint8Array.of(1, 2));
    connection.write(Uint8Array.of(3));
    await events.until(() => events.received.length === 3);
    assert.deepEqual(events.received, [1, 2, 3]);
    await connection.drain();
    await connection.setLine({ baudRate: 300, dataBits: 7, parity: "even" });
    await connection.close();
    await connection.close();
    await server.close();
    assert.deepEqual(events.losses, []);
  });

  it("names endpoint and key", () => {
    const transport = tcpTransport({ host: "Meter.example", port: 4059 });
    assert.equal(transport.endpoint, "tcp Meter.example:4059");
    assert.equal(transport.lineKey, tcpTransport({ host: "meter.EXAMPLE", port: 4059 }).lineKey);
    assert.equal(tcpTransport({ host: "fe80::1", port: 1 }).endpoint, "tcp [fe80::1]:1");
  });

  it("refused: CONN_REFUSED with endpoint, phase and advice", async () => {
    const port = await freePort();
    const error = await failure(tcpTransport({ host: "127.0.0.1", port }).open(new Events(), { timeoutMs: 5000 }));
    assert.equal(error.code, "DLMS_CONN_REFUSED");
    assert.match(error.message, new RegExp(`^tcp 127\\.0\\.0\\.1:${port}: .*nothing listens on that port`));
    assert.equal(error.details.phase, "connect");
    assert.equal(error.details.cause, "ECONNREFUSED");
  });

  it("an unknown host: CONN_DNS", async () => {
    const error = await failure(
      tcpTransport({ host: "no-such-host.invalid", port: 4059 }).open(new Events(), { timeoutMs: 5000 }),
    );
    assert.equal(error.code, "DLMS_CONN_DNS");
    assert.match(error.message, /check its spelling/);
  });

  for (const [code, expected] of [
    ["EHOSTUNREACH", "DLMS_CONN_UNREACHABLE"],
    ["ENETUNREACH", "DLMS_CONN_UNREACHABLE"],
    ["ETIMEDOUT", "DLMS_CONN_UNREACHABLE"],
    ["ECONNRESET", "DLMS_CONN_LOST"],
  ] as const) {
    it(`${code} while connecting: ${expected}`, async () => {
      const socket = new net.Socket();
      const connect = sinon.stub(net, "connect").returns(socket);
      try {
        const opening = failure(tcpTransport({ host: "h", port: 1 }).open(new Events(), { timeoutMs: 5000 }));
        socket.destroy(Object.assign(new Error(`connect ${code}`), { code }));
        assert.equal((await opening).code, expected);
      } finally {
        connect.restore();
      }
    });
  }

  it("no answer: TIMEOUT_CONNECT when the time is over, and the socket is gone", async () => {
    const socket = new net.Socket();
    const connect = sinon.stub(net, "connect").returns(socket);
    const clock = new VirtualClock();
    try {
      const opening = failure(tcpTransport({ host: "h", port: 1 }, clock).open(new Events(), { timeoutMs: 700 }));
      clock.tick(699);
      assert.equal(socket.destroyed, false);
      clock.tick(1);
      const error = await opening;
      assert.equal(error.code, "DLMS_TIMEOUT_CONNECT");
      assert.match(error.message, /within 700 ms/);
      assert.ok(socket.destroyed);
    } finally {
      connect.restore();
    }
  });

  it("an abort rejects with the reason itself, before and while it connects", async () => {
    const reason = { mine: true };
    const transport = tcpTransport({ host: "127.0.0.1", port: 1 });
    const options = { timeoutMs: 5000, signal: AbortSignal.abort(reason) };
    await assert.rejects(transport.open(new Events(), options), (error) => error === reason);
    const socket = new net.Socket();
    const connect = sinon.stub(net, "connect").returns(socket);
    try {
      const abort = new AbortController();
      const opening = transport.open(new Events(), { timeoutMs: 5000, signal: abort.signal });
      abort.abort(reason);
      await assert.rejects(opening, (error) => error === reason);
      assert.ok(socket.destroyed);
    } finally {
      connect.restore();
    }
  });

  it("closed by the other side: CONN_LOST once, with the bytes in and out", async () => {
    const server = await serverAt((socket) => {
      socket.on("data", () => socket.end(Uint8Array.of(9, 9)));
    });
    const events = new Events();
    const connection = await tcpTransport({ host: "127.0.0.1", port: server.port }).open(events, { timeoutMs: 5000 });
    connection.write(Uint8Array.of(1, 2, 3));
    await events.until(() => events.losses.length > 0);
    const [error] = events.losses;
    assert.equal(error?.code, "DLMS_CONN_LOST");
    assert.match(error?.message ?? "", /after 3 bytes out and 2 bytes in/);
    await connection.close();
    assert.equal(events.losses.length, 1);
    await server.close();
  });

  it("reset by the other side: CONN_LOST", async () => {
    const server = await serverAt((socket) => {
      socket.on("data", () => socket.resetAndDestroy());
      socket.on("error", () => undefined);
    });
    const events = new Events();
    const connection = await tcpTransport({ host: "127.0.0.1", port: server.port }).open(events, { timeoutMs: 5000 });
    connection.write(Uint8Array.of(1));
    await events.until(() => events.losses.length > 0);
    assert.equal(events.losses[0]?.details.cause, "ECONNRESET");
    connection.write(Uint8Array.of(1));
    await connection.close();
    await server.close();
  });

  it("delivers no bytes after close, and close does not wait for a peer that keeps its side open", async () => {
    let accepted: net.Socket | undefined;
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      accepted = socket;
      socket.on("error", () => undefined);
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const events = new Events();
    const connection = await tcpTransport({ host: "127.0.0.1", port }).open(events, { timeoutMs: 5000 });
    await connection.close();
    assert.deepEqual(events.losses, []);
    accepted?.destroy();
    server.close();
    await once(server, "close");
  });
});

describe("listenTcp", () => {
  it("serves a peer per connection and notifies it when its client leaves", async () => {
    const closed: number[] = [];
    let connections = 0;
    const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (line) => {
      const id = ++connections;
      return {
        receive: (bytes) => {
          line.send(Uint8Array.of(id, ...bytes));
        },
        closed: () => closed.push(id),
      };
    });
    assert.ok(listener.port > 0);
    const all: { events: Events; connection: Connection }[] = [];
    for (let i = 0; i < 2; i++) {
      const events = new Events();
      const transport = tcpTransport({ host: "127.0.0.1", port: listener.port });
      all.push({ events, connection: await transport.open(events, { timeoutMs: 5000 }) });
    }
    for (const { connection } of all) connection.write(Uint8Array.of(7));
    for (const { events } of all) await events.until(() => events.received.length === 2);
    assert.deepEqual(all.map(({ events }) => events.received).sort(), [
      [1, 7],
      [2, 7],
    ]);
    await all[0]?.connection.close();
    await listener.close();
    await listener.close();
    await all[1]?.events.until(() => (all[1]?.events.losses.length ?? 0) > 0);
    assert.deepEqual(closed.sort(), [1, 2]);
    await all[1]?.connection.close();
  });

  it("closes a connection when its handler drops it", async () => {
    const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, (line) => ({
      receive: () => {
        line.drop();
      },
      closed: () => undefined,
    }));
    const events = new Events();
    const connection = await tcpTransport({ host: "127.0.0.1", port: listener.port }).open(events, { timeoutMs: 5000 });
    connection.write(Uint8Array.of(1));
    await events.until(() => events.losses.length === 1);
    await connection.close();
    await listener.close();
  });

  it("reports a port in use, and a host of another machine", async () => {
    const peer = { receive: () => undefined, closed: () => undefined };
    const first = await listenTcp({ host: "127.0.0.1", port: 0 }, () => peer);
    await assert.rejects(
      listenTcp({ host: "127.0.0.1", port: first.port }, () => peer),
      {
        code: "DLMS_CONN_PORT_BUSY",
        message: new RegExp(
          `listen on 127\\.0\\.0\\.1:${first.port}: the port is in use by another program; choose another`,
        ),
      },
    );
    await first.close();
    await assert.rejects(
      listenTcp({ host: "192.0.2.1", port: 0 }, () => peer),
      { code: "DLMS_CONFIG_INVALID", message: /not an address of this machine/ },
    );
    await assert.rejects(
      listenTcp({ host: "127.0.0.1", port: 70000 }, () => peer),
      { code: "DLMS_CONFIG_INVALID" },
    );
  });
});
