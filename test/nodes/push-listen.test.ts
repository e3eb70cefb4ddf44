import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { keyOf, type Push } from "../../src";
import { ListenSieve, listenFilterOf } from "../../nodes/dlms-listen/listen-filter";
import type { PushSourceNode } from "../../nodes/push/push-source-node";
import { freePort } from "../support/node-red-process";
import { VirtualClock } from "../support/virtual-clock";
import { aidon, cipheredPush, kaifa, pushKeys } from "./push-frames";
import { allNodes, clean, helper, type Message, next, startMeter, statusesOf } from "./support";

type Flow = { id: string; type: string }[];

const listenFlow = (source: object, listen: object = {}, more: object[] = []): Flow =>
  [
    { id: "tab", type: "tab", label: "test" },
    { id: "source", type: "dlms-push-source", version: 1, name: "port", counters: "OFF", ...source },
    {
      ...{ id: "listen", type: "dlms-listen", z: "tab", x: 0, y: 0, version: 1, source: "source" },
      ...{ wires: [["out"]], ...listen },
    },
    { id: "out", type: "helper", z: "tab", x: 0, y: 0 },
    { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
    { id: "caught", type: "helper", z: "tab", x: 0, y: 0 },
    ...more,
  ] as Flow;

/** Resolves when the port of the source is open, at once if it already is. */
const listening = (): Promise<void> =>
  new Promise((resolve) => {
    const { source } = (helper.getNode("source") as unknown as PushSourceNode).push;
    source?.addUser({
      ...{ id: "test", push: () => undefined, problem: () => undefined },
      changed: ({ state }) => {
        if (state === "listening") resolve();
      },
    });
  });

async function sender(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  // only a reader notices the end of a connection
  socket.on("error", () => undefined).resume();
  await once(socket, "connect");
  return socket;
}

describe("dlms-listen", () => {
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  const dial = async (port: number): Promise<Socket> => {
    const socket = await sender(port);
    sockets.push(socket);
    return socket;
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await clean();
    for (const server of servers.splice(0)) server.close();
  });

  /** A flow whose source listens on a TCP port, and a socket to it. */
  async function onTcp(listen: object = {}, source: object = {}, credentials: object = {}): Promise<Socket> {
    const port = await freePort();
    const flow = listenFlow({ from: "TCP_LISTEN", port: String(port), ...source }, listen);
    await helper.load(allNodes, flow, { source: credentials });
    await listening();
    return dial(port);
  }

  it("sends a message for each push over TCP, with the meter's number as topic", async () => {
    const socket = await onTcp();
    const first = next("out");
    socket.write(aidon());
    const msg = await first;
    assert.equal(msg.topic, "7359992000000001");
    assert.equal((msg.payload as Record<string, unknown>)["1.0.2.7.0.255"], 1146);
    const { source, kind, link } = msg.dlms as {
      source: string;
      kind: string;
      link: { framing: string; peer: string };
    };
    assert.deepEqual([source, kind, link.framing], ["port", "data", "hdlc"]);
    assert.match(link.peer, /^127\.0\.0\.1:\d+$/);
  });

  it("sends only pushes with a changed value, if this is set", async () => {
    const socket = await onTcp({ onlyChanged: true });
    const values: unknown[] = [];
    const notification = (value: number): Buffer =>
      Buffer.from(`000100010066000b0f0000000100020112${value.toString(16).padStart(4, "0")}`, "hex");
    const last = new Promise<void>((resolve) => {
      helper.getNode("out").on("input", ({ payload }: Message) => {
        if (values.push(payload) === 2) resolve();
      });
    });
    socket.write(Buffer.concat([notification(1), notification(1), notification(2)]));
    await last;
    assert.deepEqual(values, [{ "#0": 1 }, { "#0": 2 }]);
  });

  it("neither sends nor reports pushes of meters that its source does not list, if this is set", async () => {
    const { encryptionKey, authenticationKey } = pushKeys;
    const meters = [{ name: "house", systemTitle: "5453540000000091" }];
    const socket = await onTcp({ unknown: "DROP" }, { meters }, { encryptionKey, authenticationKey });
    const caught: Message[] = [];
    helper.getNode("caught").on("input", (msg: Message) => caught.push(msg));
    const topics: unknown[] = [];
    const last = new Promise<void>((resolve) => {
      helper.getNode("out").on("input", ({ topic }: Message) => {
        topics.push(topic);
        resolve();
      });
    });
    socket.write(aidon());
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000092" }));
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000091" }));
    await last;
    assert.deepEqual([topics, caught], [["house"], []]);
  });

  it("sends a push without a known key as it was received, if this is set; other nodes report it", async () => {
    const port = await freePort();
    const flow = [
      ...listenFlow({ from: "TCP_LISTEN", port: String(port) }, { unknown: "RAW", onlyChanged: true }),
      { id: "other", type: "dlms-listen", z: "tab", x: 0, y: 0, version: 1, source: "source", wires: [[]] },
    ];
    await helper.load(allNodes, flow);
    await listening();
    const socket = await dial(port);
    const sent = next("out");
    const caught = next("caught");
    const bytes = cipheredPush({ counter: 1, systemTitle: "5453540000000093" });
    socket.write(bytes);
    const { topic, payload, dlms } = await sent;
    assert.deepEqual([topic, payload], ["5453540000000093", {}]);
    const { kind, raw, security } = dlms as { kind: string; raw: string; security: { verified: boolean } };
    assert.deepEqual([kind, raw, security.verified], ["raw", bytes.subarray(8).toString("hex"), false]);
    const { dlmsError, error } = await caught;
    assert.equal(dlmsError?.code, "DLMS_PUSH_NO_KEY");
    assert.equal((error as { source: { id: string } }).source.id, "other");
  });

  it("sends no push of another kind than the chosen ones", async () => {
    const { encryptionKey, authenticationKey } = pushKeys;
    const meters = [{ name: "house", systemTitle: "5453540000000091" }];
    const socket = await onTcp({ unknown: "RAW", kinds: "raw" }, { meters }, { encryptionKey, authenticationKey });
    const sent = next("out");
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000091" }));
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000094" }));
    assert.equal((await sent).topic, "5453540000000094");
  });

  it("keys the values by short names, if this is set", async () => {
    const socket = await onTcp({ keys: "NAME" });
    const first = next("out");
    socket.write(aidon());
    const payload = (await first).payload as Record<string, unknown>;
    assert.deepEqual([payload.power_export, payload.current_l1, payload.voltage_l1], [1146, -5.1, 243.5]);
    assert.equal(payload[keyOf("0-0:96.1.0*255")], "7359992000000001");
  });

  it("refuses connections beyond its limit, and confirms pushes if this is set", async () => {
    const socket = await onTcp({}, { maxConnections: "1", confirm: true });
    const answered = once(socket, "data") as Promise<[Buffer]>;
    const sent = next("out");
    // the invoke-id requests a confirmation
    socket.write(Buffer.from("000100010066000b0f400000070002011203e9", "hex"));
    await sent;
    assert.equal((await answered)[0][8], 0x10, "data-notification-confirm");
    const refused = next("caught");
    const second = await dial(socket.remotePort ?? 0);
    assert.equal((await refused).dlmsError?.code, "DLMS_PUSH_LIMIT");
    if (!second.closed) await once(second, "close");
  });

  it("accepts datagrams over UDP", async () => {
    const port = await freePort();
    await helper.load(allNodes, listenFlow({ from: "UDP", port: String(port) }));
    await listening();
    const udp = createSocket("udp4");
    try {
      const arrived = next("out");
      udp.send(Buffer.from("000100010066000b0f000000010002011203e9", "hex"), port, "127.0.0.1");
      assert.deepEqual((await arrived).payload, { "#0": 1001 });
    } finally {
      udp.close();
    }
  });

  it("reads a gateway, and connects to it again when it is lost", async () => {
    const port = await freePort();
    const gateway = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.write(kaifa());
    });
    servers.push(gateway);
    gateway.listen(port, "127.0.0.1");
    await once(gateway, "listening");
    await helper.load(allNodes, listenFlow({ from: "TCP_CONNECT", port: String(port) }));
    const payload = (await next("out")).payload as Record<string, unknown>;
    assert.equal(payload["1.0.32.7.0.255"], 240);
    const again = next("out");
    const statuses = statusesOf("listen");
    sockets[0]?.destroy();
    await statuses.until(/^red ring dlms-listen\.status\.retry$/);
    assert.equal((await again).dlms?.meterId, "6970631000000001");
    await statuses.until(/^green dot /);
    assert.ok(statuses.list.some(({ text }) => text === "dlms-listen.status.waiting"));
  });

  it("keeps its port and its connection when only another node is deployed, and frees it for a full deploy", async () => {
    const port = await freePort();
    const flow = listenFlow({ from: "TCP_LISTEN", port: String(port) });
    await helper.load(allNodes, flow);
    await listening();
    const socket = await dial(port);
    const changed = flow.map((node) => (node.id === "out" ? { ...node, name: "renamed" } : node));
    await helper.setFlows(changed, "nodes");
    const arrived = next("out");
    socket.write(aidon());
    assert.equal((await arrived).topic, "7359992000000001");
    const closed = once(socket, "close");
    await helper.setFlows(flow, "full");
    await closed;
    await listening();
    const other = await dial(port);
    const later = next("out");
    other.write(aidon());
    assert.equal((await later).topic, "7359992000000001");
  });

  it("shares one port between nodes, each with its own meters", async () => {
    const port = await freePort();
    const meters = [
      { name: "house", systemTitle: "5453540000000071" },
      { name: "shop", systemTitle: "5453540000000072" },
    ];
    const second = {
      id: "shop",
      type: "dlms-listen",
      z: "tab",
      x: 0,
      y: 0,
      source: "source",
      meters: "shop",
      wires: [["out2"]],
    };
    const flow = listenFlow({ from: "TCP_LISTEN", port: String(port), meters }, { meters: "5453540000000071" }, [
      second,
      { id: "out2", type: "helper", z: "tab", x: 0, y: 0 },
    ]);
    const { encryptionKey, authenticationKey } = pushKeys;
    const keys = {
      encryptionKey,
      authenticationKey,
      encryptionKey2: encryptionKey,
      authenticationKey2: authenticationKey,
    };
    await helper.load(allNodes, flow, { source: keys });
    await listening();
    const socket = await dial(port);
    const topics: unknown[] = [];
    for (const id of ["out", "out2"]) helper.getNode(id).on("input", (msg: Message) => topics.push([id, msg.topic]));
    const last = next("out2");
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000071" }));
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000072" }));
    await last;
    assert.deepEqual(topics, [
      ["out", "house"],
      ["out2", "shop"],
    ]);
  });

  it("reports in status and Catch why a push is not sent: no key, a wrong key", async () => {
    const wrong = { encryptionKey: "11".repeat(16), authenticationKey: "22".repeat(16) };
    const socket = await onTcp({}, { meters: [{ systemTitle: "5453540000000081" }] }, wrong);
    const statuses = statusesOf("listen");
    const first = next("caught");
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000089" }));
    const noKey = await first;
    assert.deepEqual([noKey.dlmsError?.code, noKey.topic], ["DLMS_PUSH_NO_KEY", "5453540000000089"]);
    const second = next("caught");
    socket.write(cipheredPush({ counter: 1, systemTitle: "5453540000000081" }));
    assert.equal((await second).dlmsError?.code, "DLMS_SEC_TAG");
    await statuses.until(/wrongKey: 5453540000000081$/);
    const told = JSON.stringify([noKey, statuses.list, helper.log().args]);
    for (const key of [...Object.values(wrong), ...Object.values(pushKeys)]) assert.equal(told.includes(key), false);
  });

  it("reports that another program uses the port, and opens it once free", async () => {
    const port = await freePort();
    const other = createServer();
    other.listen(port, "127.0.0.1");
    await once(other, "listening");
    await helper.load(allNodes, listenFlow({ from: "TCP_LISTEN", port: String(port) }));
    const error = await next("caught");
    assert.equal(error.dlmsError?.code, "DLMS_CONN_PORT_BUSY");
    other.close();
  });

  it("reports a source that is missing, has wrong settings, or takes messages", async () => {
    for (const [source, listen, pattern] of [
      [{}, { source: "" }, /^source: choose a push source/],
      [{ port: "0", from: "UDP" }, {}, /^port: expected a whole number from 1/],
      [{ from: "MESSAGE" }, {}, /^from: this source takes messages/],
      [{ from: "TCP_LISTEN", tls: "none" }, {}, /^tls: the TLS configuration was not found/],
      [{ from: "UDP" }, { kinds: "nonsense" }, /^kinds: expected data, event, text/],
      [{ from: "UDP" }, { threshold: "much" }, /^threshold: expected a number/],
    ] as const) {
      // errors that a Catch node receives are not logged
      const flow = listenFlow(source, listen).filter(({ type }) => type !== "catch");
      await helper.load(allNodes, flow);
      const logged = helper.log().args.map(([entry]) => entry as { type?: string; msg?: unknown });
      const said = logged
        .filter(({ type }) => type === "dlms-listen")
        .map(({ msg }) => String(msg).replace(/^Dlms\w+: /, ""));
      assert.match(said.join("\n"), pattern);
      await helper.unload();
    }
  });

  it("keeps keys out of statuses, logs and the flow", async () => {
    const secret = "a1b2c3d4".repeat(4);
    const socket = await onTcp({}, {}, { encryptionKey: secret, authenticationKey: secret });
    const statuses = statusesOf("listen");
    const error = next("caught");
    socket.write(cipheredPush({ counter: 1 }));
    const told = JSON.stringify([await error, statuses.list, helper.log().args]).toLowerCase();
    assert.equal(told.includes(secret), false);
  });
});

describe("messages of a dlms-listen", () => {
  const push = (values: Record<string, number | string>, more: Partial<Push> = {}): Push =>
    ({
      ...{ kind: "data", meter: null, meterId: "4711", systemTitle: null, link: {}, ...more },
      items: Object.entries(values).map(([name, value], index) => ({
        ...{ index, name, value, type: "double-long-unsigned", raw: typeof value === "string" ? "090c07" : "06" },
      })),
    }) as unknown as Push;
  const sieveOf = (raw: object, clock = new VirtualClock()): ListenSieve =>
    new ListenSieve(listenFilterOf(raw as never, (raw as { onlyChanged?: boolean }).onlyChanged === true), clock);

  it("include only changes: a push with equal values is not sent, whatever its clock shows", () => {
    const sieve = sieveOf({ onlyChanged: true });
    assert.ok(sieve.take(push({ a: 1, clock: "2026-01-01T00:00:00" }), false));
    assert.equal(sieve.take(push({ a: 1, clock: "2026-01-01T00:00:10" }), false), undefined);
    assert.equal(sieve.take(push({ a: 2, b: 1, clock: "2026-01-01T00:00:20" }), false)?.items.length, 3);
    const single = sieve.take(push({ a: 3, b: 1 }), true);
    assert.deepEqual(
      single?.items.map(({ name }) => name),
      ["a"],
    );
  });

  it("include only numbers that changed by the threshold since they were sent", () => {
    const sieve = sieveOf({ onlyChanged: true, threshold: "0,5" });
    assert.ok(sieve.take(push({ a: 230 }), false));
    assert.equal(sieve.take(push({ a: 230.3 }), false), undefined);
    assert.ok(sieve.take(push({ a: 230.5 }), false), "half a volt since the value that was sent");
  });

  it("are limited to one per n seconds and meter, except events", () => {
    const clock = new VirtualClock();
    const sieve = sieveOf({ minInterval: "10" }, clock);
    assert.ok(sieve.take(push({ a: 1 }), false));
    assert.equal(sieve.take(push({ a: 2 }), false), undefined);
    assert.ok(sieve.take(push({ a: 1 }, { meterId: "4712" }), false), "another meter");
    assert.ok(sieve.take(push({ a: 1 }, { kind: "event" }), false));
    clock.tick(10_000);
    assert.ok(sieve.take(push({ a: 3 }), false));
  });

  it("are selected by name, number or system title of the meter, in any case, and by kind", () => {
    const sieve = sieveOf({ meters: "House, 4711; 545354000000000a", kinds: "data" });
    assert.equal(sieve.isOfMeter(push({}, { meter: "house" })), true);
    assert.equal(sieve.isOfMeter(push({})), true);
    assert.equal(sieve.isOfMeter(push({}, { meterId: null, systemTitle: "545354000000000A" })), true);
    assert.equal(sieve.isOfMeter(push({}, { meterId: "9" })), false);
    assert.equal(sieve.take(push({ a: 1 }, { kind: "event" }), false), undefined);
  });
});

describe("names that a push does not carry", () => {
  afterEach(clean);

  it("are read once from the meter, with its scalers, if a dlms-meter is chosen for it", async () => {
    const pushPort = await freePort();
    const register = (logicalName: string, value: number, scaler: number, unit: number): object => ({
      ...{ classId: 3, logicalName },
      attributes: {
        2: { type: "double-long-unsigned", value },
        3: {
          type: "structure",
          value: [
            { type: "integer", value: scaler },
            { type: "enum", value: unit },
          ],
        },
      },
    });
    const objects = ["1.0.1.7.0.255", "1.0.32.7.0.255"].map((logicalName) => ({
      classId: 3,
      logicalName,
      attributeId: 2,
    }));
    const meter = await startMeter({
      associations: [{ client: 16 }],
      objects: [register("1.0.1.7.0.255", 1500, 0, 27), register("1.0.32.7.0.255", 2311, -1, 35)],
    } as never);
    const to = { kind: "tcp", host: "127.0.0.1", port: pushPort } as const;
    const setup = meter.meter.pushTo({ objects, list: "positional", to });
    const flow = [
      ...listenFlow({ from: "TCP_LISTEN", port: String(pushPort), meters: [{ name: "house", meter: "meter" }] }),
      {
        id: "meter",
        type: "dlms-meter",
        version: 2,
        name: "house",
        host: "127.0.0.1",
        port: String(meter.port),
        timeout: "1000",
      },
    ];
    await helper.load(allNodes, flow);
    await listening();
    const seen: Message[] = [];
    const named = new Promise<Message>((resolve) => {
      helper.getNode("out").on("input", (msg: Message) => {
        seen.push(msg);
        if ("1.0.1.7.0.255" in (msg.payload as object)) resolve(msg);
        else void setup.push();
      });
    });
    await setup.push();
    const msg = await named;
    await setup.close();
    assert.deepEqual(seen[0]?.payload, { "#0": 1500, "#1": 2311 });
    assert.deepEqual(msg.payload, { "1.0.1.7.0.255": 1500, "1.0.32.7.0.255": 231.1 });
    const items = (msg.dlms as { items: { unit: string; scalerFrom: string }[] }).items;
    assert.deepEqual(
      items.map(({ unit, scalerFrom }) => [unit, scalerFrom]),
      [
        ["W", "meter"],
        ["V", "meter"],
      ],
    );
  });
});
