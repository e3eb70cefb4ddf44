/** The push listener on real sockets: many meters, bounds, foreign peers, gateways that come and go. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { concatBytes } from "../../src/bytes";
import { isDlmsError } from "../../src/errors";
import { type ListenProblem, listenPush, type ListenPushOptions, type PushListener } from "../../src/listener";
import type { Push } from "../../src/push";
import { cipheredPush, plainPush, pushKeys, titleOf } from "../support/meter-pushes";
import { testCertificate, testKey } from "../support/test-certificate";
import { VirtualClock } from "../support/virtual-clock";

const energy = "1.0.1.8.0.255";
const valueOf = (push: Push | undefined): unknown => push?.values[energy];

/** Unlike `once`, this does not reject where the socket ends with an error. */
const closing = (socket: net.Socket): Promise<void> =>
  socket.closed
    ? Promise.resolve()
    : new Promise((resolve) => {
        socket.once("close", () => {
          resolve();
        });
      });

describe("push listener", () => {
  const open: PushListener[] = [];
  const sockets: net.Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of open.splice(0)) await listener.close();
  });

  async function listen(options: Partial<ListenPushOptions> = {}): Promise<PushListener> {
    const listener = await listenPush({ transport: { kind: "tcp-server", port: 0 }, ...options });
    open.push(listener);
    return listener;
  }

  function portOf({ address }: PushListener): number {
    assert.ok(address !== null);
    return address.port;
  }

  async function dial(listener: PushListener): Promise<net.Socket> {
    const socket = net.connect(portOf(listener), "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }

  /** Resolves with the next `count` pushes. */
  function pushesOf(listener: PushListener, count: number): Promise<Push[]> {
    const pushes: Push[] = [];
    return new Promise((resolve) => {
      const stop = listener.on("push", (push) => {
        pushes.push(push);
        if (pushes.length < count) return;
        stop();
        resolve(pushes);
      });
    });
  }

  const nextProblem = (listener: PushListener, code?: string): Promise<ListenProblem> =>
    new Promise((resolve) => {
      const stop = listener.on("problem", (problem) => {
        if (code !== undefined && problem.error.code !== code) return;
        stop();
        resolve(problem);
      });
    });

  /** The connection with this many open ones left. */
  const closedOnes = (listener: PushListener, count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      const stop = listener.on("connection", (connection) => {
        if (connection.open || --left > 0) return;
        stop();
        resolve();
      });
    });

  it("delivers the pushes of a TCP connection in order, however they are cut", async () => {
    const listener = await listen();
    const pushes = pushesOf(listener, 3);
    const socket = await dial(listener);
    socket.setNoDelay(true);
    const bytes = concatBytes(plainPush(1), plainPush(2), plainPush(3));
    for (const byte of bytes) socket.write(Uint8Array.of(byte));
    assert.deepEqual((await pushes).map(valueOf), [1, 2, 3]);
    const { facts } = listener;
    assert.equal(facts.pushes, 3);
    assert.equal(facts.units, 3);
    assert.equal(facts.bytes, bytes.length);
    assert.equal(facts.framing, "wrapper");
    assert.equal(facts.connections, 1);
    assert.equal(facts.meters, 1);
    assert.ok(facts.lastPushAt !== null);
  });

  it("recognises a meter without title and number when it reconnects", async () => {
    const listener = await listen();
    const pushes = pushesOf(listener, 2);
    for (const value of [1, 2]) (await dial(listener)).end(plainPush(value));
    assert.deepEqual((await pushes).map(valueOf).sort(), [1, 2]);
    assert.equal(listener.facts.meters, 1);
  });

  it("listens on 127.0.0.1 unless another address is chosen", async () => {
    const listener = await listen();
    assert.equal(listener.address?.host, "127.0.0.1");
    assert.equal(listener.endpoint, `tcp 127.0.0.1:${portOf(listener)}`);
  });

  it("decodes data received before a peer ended the connection", async () => {
    const listener = await listen();
    const pushes = pushesOf(listener, 2);
    const socket = await dial(listener);
    socket.end(concatBytes(plainPush(7), plainPush(8)));
    assert.deepEqual((await pushes).map(valueOf), [7, 8]);
  });

  it("names a push that the end of its connection cut", async () => {
    const listener = await listen();
    const problem = nextProblem(listener, "DLMS_PUSH_INCOMPLETE");
    const socket = await dial(listener);
    socket.end(concatBytes(plainPush(7), plainPush(8).subarray(0, 20)));
    assert.match((await problem).error.message, /incomplete push/);
    assert.equal(listener.facts.pushes, 1);
  });

  it("distinguishes the meters of one port by their titles and keys", async () => {
    const listener = await listen({
      keys: (title) => (title[7] === 3 ? undefined : { ...pushKeys, systemTitle: title }),
    });
    const pushes = pushesOf(listener, 3);
    const unknown = nextProblem(listener, "DLMS_PUSH_NO_KEY");
    const [a, b, c] = [await dial(listener), await dial(listener), await dial(listener)];
    a.write(cipheredPush({ meter: 1, counter: 5 }));
    b.write(cipheredPush({ meter: 2, counter: 5 }));
    c.write(cipheredPush({ meter: 3, counter: 5 }));
    a.write(cipheredPush({ meter: 1, counter: 6 }));
    const titles = (await pushes).map(({ systemTitle }) => systemTitle).sort();
    assert.deepEqual(titles, ["5453540000000001", "5453540000000001", "5453540000000002"]);
    await unknown;
    const { facts } = listener;
    assert.deepEqual(
      facts.unknown.map(({ title, count }) => ({ title, count })),
      [{ title: "5453540000000003", count: 1 }],
    );
    assert.equal(facts.meters, 2);
  });

  it("drops a repetition and refuses an old push, also over another connection", async () => {
    const listener = await listen({ keys: pushKeys });
    const first = pushesOf(listener, 1);
    const a = await dial(listener);
    a.write(cipheredPush({ counter: 10 }));
    await first;
    a.destroy();
    const replay = nextProblem(listener, "DLMS_SEC_REPLAY");
    const b = await dial(listener);
    b.write(concatBytes(cipheredPush({ counter: 10 }), cipheredPush({ counter: 9 })));
    await replay;
    assert.equal(listener.facts.pushes, 1);
    assert.equal(listener.facts.repeated, 1);
    const next = pushesOf(listener, 1);
    b.write(cipheredPush({ counter: 11 }));
    assert.equal(valueOf((await next)[0]), 11);
  });

  it("delivers no value of a push with a flipped bit", async () => {
    const listener = await listen({ keys: { ...pushKeys, systemTitle: titleOf(1) } });
    const refused = nextProblem(listener, "DLMS_SEC_TAG");
    const socket = await dial(listener);
    const forged = cipheredPush({ counter: 1 });
    forged.set([(forged.at(-1) ?? 0) ^ 1], forged.length - 1);
    socket.write(forged);
    await refused;
    const next = pushesOf(listener, 1);
    socket.write(cipheredPush({ counter: 1 }));
    assert.equal(valueOf((await next)[0]), 1);
  });

  it("closes the connection of an HTTP client and refuses its address after three", async () => {
    const listener = await listen();
    const request = "GET / HTTP/1.1\r\nHost: meter\r\n\r\n";
    for (let attempt = 0; attempt < 3; attempt++) {
      const closed = closedOnes(listener, 1);
      const socket = await dial(listener);
      socket.write(request);
      await closed;
    }
    const { facts } = listener;
    assert.equal(facts.refused.DLMS_PUSH_NO_UNIT, 3);
    assert.equal(facts.hint?.kind, "http");
    assert.equal(facts.refused.DLMS_PUSH_LIMIT, 1);
    const socket = await dial(listener);
    await once(socket, "close");
    assert.equal(listener.facts.dropped.connections, 1);
    assert.equal(listener.facts.connections, 0);
  });

  it("closes the connection of a TLS client on a plain port", async () => {
    const listener = await listen();
    const problem = nextProblem(listener);
    const socket = tls.connect({ port: portOf(listener), host: "127.0.0.1", rejectUnauthorized: false });
    sockets.push(socket);
    socket.on("error", () => undefined);
    const { error } = await problem;
    assert.equal(error.code, "DLMS_PUSH_NO_UNIT");
    assert.match(error.message, /speaks TLS/);
    await closing(socket);
  });

  it("keeps an address that sends pushes, although it sends other data too", async () => {
    const listener = await listen();
    for (let attempt = 0; attempt < 4; attempt++) {
      const pushes = pushesOf(listener, 1);
      const meter = await dial(listener);
      meter.write(plainPush(attempt));
      assert.equal(valueOf((await pushes)[0]), attempt);
      const closed = closedOnes(listener, 1);
      const other = await dial(listener);
      other.write("GET / HTTP/1.1\r\n\r\n");
      await closed;
    }
    assert.equal(listener.facts.dropped.connections, 0);
  });

  it("ends connections without pushes in favour of a new one, and keeps those with pushes", async () => {
    const listener = await listen({ limits: { connections: 3 } });
    const meter = await dial(listener);
    const first = pushesOf(listener, 1);
    meter.write(plainPush(1));
    await first;
    const idle = [await dial(listener), await dial(listener)];
    const next = pushesOf(listener, 1);
    const late = await dial(listener);
    late.write(plainPush(2));
    assert.equal(valueOf((await next)[0]), 2);
    await Promise.race(idle.map((socket) => once(socket, "close")));
    assert.equal(listener.facts.connections, 3);
    const again = pushesOf(listener, 1);
    meter.write(plainPush(3));
    assert.equal(valueOf((await again)[0]), 3);
  });

  it("bounds the unfinished bytes of all connections, and ends the one with the most", async () => {
    const listener = await listen({ limits: { unfinishedBytes: 100_000 }, framing: "wrapper" });
    // a general block whose header announces more bytes than arrive
    const limit = nextProblem(listener, "DLMS_PUSH_LIMIT");
    const attackers = [await dial(listener), await dial(listener), await dial(listener)];
    for (const attacker of attackers) {
      attacker.write(concatBytes(Uint8Array.of(0, 1, 0, 1, 0, 0x66, 0xff, 0xff, 0x0f), new Uint8Array(60_000)));
    }
    assert.match((await limit).error.message, /hold more than 100000 bytes/);
    await Promise.race(attackers.map((socket) => once(socket, "close")));
    const pushes = pushesOf(listener, 1);
    const meter = await dial(listener);
    meter.write(plainPush(4));
    assert.equal(valueOf((await pushes)[0]), 4);
  });

  it("does not wait for a length of four gigabytes", async () => {
    const listener = await listen({ keys: pushKeys });
    const pushes = pushesOf(listener, 1);
    const attacker = await dial(listener);
    attacker.write(Buffer.from("0001000100660010db08545354000000000184ffffffff3000000001", "hex"));
    attacker.write(plainPush(9));
    assert.equal(valueOf((await pushes)[0]), 9);
  });

  it("slows down a fast peer without losing pushes", async () => {
    const listener = await listen({ limits: { messagesPerSecond: 50 } });
    const pushes = pushesOf(listener, 120);
    const socket = await dial(listener);
    for (let value = 0; value < 120; value++) socket.write(plainPush(value));
    assert.deepEqual(
      (await pushes).map(valueOf),
      Array.from({ length: 120 }, (_, value) => value),
    );
  });

  it("accepts pushes over TLS, and refuses a meter without a certificate if one is required", async () => {
    const server = { cert: testCertificate, key: testKey, ca: testCertificate, requireClientCertificate: true };
    const listener = await listen({ transport: { kind: "tcp-server", port: 0, tls: server } });
    const pushes = pushesOf(listener, 1);
    const connectTls = (more: tls.ConnectionOptions): tls.TLSSocket => {
      const target = { port: portOf(listener), host: "127.0.0.1", ca: testCertificate, servername: "meter.test" };
      const socket = tls.connect({ ...target, ...more });
      sockets.push(socket);
      socket.on("error", () => undefined);
      return socket;
    };
    const meter = connectTls({ cert: testCertificate, key: testKey });
    meter.write(plainPush(12));
    assert.equal(valueOf((await pushes)[0]), 12);
    const refused = nextProblem(listener, "DLMS_CONN_TLS");
    const stranger = connectTls({});
    assert.match((await refused).error.message, /TLS handshake with 127\.0\.0\.1 failed/);
    await closing(stranger);
    assert.equal(listener.facts.pushes, 1);
  });

  it("accepts datagrams of several meters, and several pushes in one", async () => {
    const listener = await listen({ transport: { kind: "udp", port: 0 } });
    const pushes = pushesOf(listener, 3);
    const [a, b] = [dgram.createSocket("udp4"), dgram.createSocket("udp4")];
    const send = (socket: dgram.Socket, bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        socket.send(bytes, portOf(listener), "127.0.0.1", () => {
          resolve();
        });
      });
    await send(a, concatBytes(plainPush(1), plainPush(2)));
    await send(b, plainPush(3));
    const values = (await pushes).map(valueOf);
    assert.deepEqual([...values].sort(), [1, 2, 3]);
    assert.equal(listener.facts.connections, 2);
    a.close();
    b.close();
  });

  it("drops datagrams beyond the limit of a peer, counts and names them", async () => {
    const listener = await listen({ transport: { kind: "udp", port: 0 }, limits: { messagesPerSecond: 1 } });
    const limit = nextProblem(listener, "DLMS_PUSH_LIMIT");
    const socket = dgram.createSocket("udp4");
    for (let value = 0; value < 10; value++) socket.send(plainPush(value), portOf(listener), "127.0.0.1");
    assert.match((await limit).error.message, /more than 1 datagrams a second/);
    assert.ok(listener.facts.dropped.messages > 0);
    assert.ok(listener.facts.pushes <= 3);
    socket.close();
  });

  it("rejects if the port is in use, and frees its own at once", async () => {
    const first = await listen();
    const transport = { kind: "tcp-server", port: portOf(first) } as const;
    await assert.rejects(
      () => listenPush({ transport }),
      (error) => isDlmsError(error) && error.is("CONN_PORT_BUSY"),
    );
    const socket = await dial(first);
    await first.close();
    if (!socket.closed) await once(socket, "close");
    const second = await listen({ transport });
    const pushes = pushesOf(second, 1);
    (await dial(second)).write(plainPush(1));
    assert.equal(valueOf((await pushes)[0]), 1);
  });

  it("reads from a gateway, and reconnects when the gateway returns", async () => {
    const clients: net.Socket[] = [];
    const gateway = net.createServer((socket) => {
      clients.push(socket);
      socket
        .on("error", () => undefined)
        .resume()
        .write(plainPush(clients.length));
    });
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    const { port } = gateway.address() as AddressInfo;
    const clock = new VirtualClock();
    const listener = await listen({ transport: { kind: "tcp", host: "127.0.0.1", port }, random: () => 0, clock });
    const states: string[] = [];
    listener.on("state", ({ state, nextTryInMs }) => {
      states.push(state);
      if (nextTryInMs === undefined) return;
      assert.equal(nextTryInMs, 1000);
      queueMicrotask(() => {
        clock.tick(nextTryInMs);
      });
    });
    await pushesOf(listener, 1);
    const again = pushesOf(listener, 1);
    clients[0]?.destroy();
    assert.equal(valueOf((await again)[0]), 2);
    assert.deepEqual(states, ["waiting", "opening", "listening"]);
    await listener.close();
    gateway.close();
    await once(gateway, "close");
  });

  it("hands pushes to an iterator until the listener closes", async () => {
    const listener = await listen();
    const values: unknown[] = [];
    const done = (async () => {
      for await (const push of listener) values.push(valueOf(push));
    })();
    const pushes = pushesOf(listener, 2);
    (await dial(listener)).write(concatBytes(plainPush(1), plainPush(2)));
    await pushes;
    await listener.close();
    await done;
    assert.deepEqual(values, [1, 2]);
    await listener.close();
  });

  it("confirms the pushes that ask for it over their connection, and no others", async () => {
    const listener = await listen({ confirm: true });
    const socket = await dial(listener);
    const confirmed = plainPush(5);
    // bit 30 of long-invoke-id-and-priority: confirmed
    assert.equal(confirmed[9], 0x40);
    const unconfirmed = confirmed.slice();
    unconfirmed[9] = 0;
    const answer = once(socket, "data");
    socket.write(concatBytes(unconfirmed, confirmed));
    const [bytes] = (await answer) as [Buffer];
    assert.equal(bytes.subarray(0, 8).toString("hex"), "0001006600010006");
    assert.equal(bytes[8], 0x10, "data-notification-confirm");
    assert.equal(bytes.length, 14);
    assert.equal(listener.facts.pushes, 2);
  });

  it("confirms no push unless configured to", async () => {
    const listener = await listen();
    const socket = await dial(listener);
    const pushes = pushesOf(listener, 1);
    const ended = once(socket, "end");
    socket.resume();
    socket.end(plainPush(5));
    await pushes;
    await ended;
    assert.equal(socket.bytesRead, 0);
  });

  it("continues when a listener of the user throws", async () => {
    const logged: unknown[] = [];
    const log = (text: unknown): void => void logged.push(text);
    const logger = { debug: log, info: log, warn: log, error: log };
    const listener = await listen({ logger });
    listener.on("push", () => {
      throw new Error("a fault of the flow");
    });
    const pushes = pushesOf(listener, 2);
    (await dial(listener)).write(concatBytes(plainPush(1), plainPush(2)));
    await pushes;
    assert.equal(logged.length, 2);
    assert.match(String(logged[0]), /a fault of the flow/);
  });
});
