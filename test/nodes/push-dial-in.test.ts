/** Meters that dial in to a push source: `dlms-read` asks over their connections, `dlms-listen` gets their pushes. */
import assert from "node:assert/strict";
import { createMeter, fromHex, type PushHandle, type SimulatedMeter } from "../../src";
import type { PushSourceNode } from "../../nodes/push/push-source-node";
import { freePort } from "../support/node-red-process";
import { allNodes, ask, clean, failure, flowFor, helper, next, value } from "./support";

const title = "54535400000000b7";
const keys = {
  encryptionKey: "0123456789abcdef0123456789abcdef",
  authenticationKey: "fedcba9876543210fedcba9876543210",
};

const keyBytes = {
  encryptionKey: fromHex(keys.encryptionKey),
  authenticationKey: fromHex(keys.authenticationKey),
};

function meterWith(number: number): SimulatedMeter {
  const scaler = {
    type: "structure",
    value: [
      { type: "integer", value: 0 },
      { type: "enum", value: 30 },
    ],
  } as const;
  const energy = { type: "double-long-unsigned", value: number } as const;
  return createMeter({
    associations: [{ client: 16 }],
    systemTitle: fromHex(title),
    objects: [{ classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: energy, 3: scaler } }],
  });
}

describe("a meter that dials in to a push source", () => {
  const handles: PushHandle[] = [];
  let port: number;

  beforeEach(async () => {
    port = await freePort();
  });

  afterEach(async () => {
    for (const handle of handles.splice(0)) await handle.close();
    await clean();
  });

  const flow = (meter: object = {}, source: object = {}, read: object = {}): { id: string; type: string }[] => [
    {
      ...{ id: "source", type: "dlms-push-source", version: 1, name: "modems", from: "TCP_LISTEN", port: String(port) },
      ...{ dialIn: true, heartbeat: "/ID=(\\w+)\\r\\n/", heartbeatAnswer: "OK\\r\\n", counters: "OFF", ...source },
    },
    ...flowFor(
      0,
      { logicalName: "1-0:1.8.0*255", ...read },
      { version: 2, transportType: "INCOMING", pushSource: "source", meterId: "alpha", ...meter },
    ),
    { id: "listen", type: "dlms-listen", z: "tab", x: 0, y: 0, source: "source", wires: [["pushed"]] } as never,
    { id: "pushed", type: "helper", z: "tab", x: 0, y: 0 } as never,
  ];

  const sourceOf = () => (helper.getNode("source") as unknown as PushSourceNode).push.source;

  /** Resolves when the source has so many connections. */
  const connections = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      sourceOf()?.addUser({
        ...{ id: `test ${wanted}`, push: () => undefined, problem: () => undefined },
        changed: ({ facts }) => {
          if (facts?.connections === wanted) resolve();
        },
      });
    });

  function dial(meter: SimulatedMeter, more: object = {}, push?: Parameters<SimulatedMeter["dialIn"]>[1]): PushHandle {
    const handle = meter.dialIn({ to: { kind: "tcp", host: "127.0.0.1", port }, reconnectAfter: 10, ...more }, push);
    handles.push(handle);
    return handle;
  }

  const modem = { heartbeat: "ID=alpha\r\n", heartbeatAnswer: "OK\r\n" };

  it("is read by dlms-read, named by its heartbeat, and its pushes go to dlms-listen", async () => {
    await helper.load(allNodes, flow());
    const handle = dial(meterWith(4711), modem, { objects: [{ logicalName: "1.0.1.8.0.255" }], list: "items" });
    assert.equal((await value()).payload, 4711);
    const pushed = next("pushed");
    await handle.push();
    assert.deepEqual((await pushed).payload, { "1.0.1.8.0.255": 4711 });
    assert.equal((await value()).payload, 4711);
  });

  it("is waited for by a read, and read again over its next connection", async () => {
    await helper.load(allNodes, flow({ reconnectMax: "100" }));
    const first = value();
    const handle = dial(meterWith(1), modem);
    assert.equal((await first).payload, 1);
    await handle.close();
    await connections(0);
    dial(meterWith(2), modem);
    let sent = await ask();
    // the loss of the first connection may reach the read
    if (sent.sent === undefined) sent = await ask();
    assert.equal(sent.sent?.payload, 2);
  });

  it("is known by its row in the table, whether its name or its system title is given", async () => {
    const meters = [{ name: "house", systemTitle: title }];
    for (const meterId of ["house", title]) {
      await helper.load(allNodes, flow({ meterId }, { meters }), { source: keys });
      const setup = { objects: [{ logicalName: "1.0.1.8.0.255" }], list: "items" } as const;
      const security = { suite: 0, policy: "authenticated-encrypted", ...keyBytes } as const;
      const handle = dial(meterWith(9), { ...modem, heartbeat: `ID=${title}\r\n` }, { ...setup, security });
      assert.equal((await value()).payload, 9);
      const pushed = next("pushed");
      await handle.push();
      assert.equal((await pushed).topic, "house");
      await handle.close();
      await helper.unload();
    }
  });

  it("may be chosen by the message", async () => {
    await helper.load(allNodes, flow());
    dial(meterWith(8), { ...modem, heartbeat: "ID=beta\r\n" });
    assert.equal((await value({ meter: { meterId: "beta" } })).payload, 8);
  });

  it("is refused where the source is missing or only takes pushes, and where its name is missing", async () => {
    for (const [meter, source, pattern] of [
      [{}, { dialIn: false }, /^pushSource: modems takes pushes only/],
      [{ pushSource: "none" }, {}, /choose a push source/],
      [{ meterId: "" }, {}, /meterId: the name, system title or heartbeat of the meter is needed/],
    ] as const) {
      await helper.load(allNodes, flow(meter, source));
      assert.match((await failure()).dlmsError.message, pattern);
      await helper.unload();
    }
  });

  it("is refused where the heartbeat is no regular expression", async () => {
    const nodes = flow({}, { heartbeat: "/ID=(/" });
    await helper.load(allNodes, nodes);
    assert.match((await failure()).dlmsError.message, /^heartbeat: expected text, or a regular expression/);
  });
});
