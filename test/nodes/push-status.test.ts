/** Statuses of a running flow that say why no push comes, on a virtual clock. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../src";
import type { PushSourceNode } from "../../nodes/push/push-source-node";
import { freePort } from "../support/node-red-process";
import { gak, generalGlo, guek, dataNotification, double32, item, structure, wrapped } from "../support/pushes";
import { VirtualClock } from "../support/virtual-clock";
import { aidon } from "./push-frames";
import { allNodes, clean, helper, next, sharedByNodes, statusesOf } from "./support";

const ownTitle = "54535400000000a1";
const otherTitle = "54535400000000a2";
const keys = { encryptionKey: guek.toString("hex"), authenticationKey: gak.toString("hex") };

describe("the status of a dlms-listen", () => {
  let clock: VirtualClock;
  let port: number;
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  let statuses: ReturnType<typeof statusesOf>;

  beforeEach(async () => {
    clock = new VirtualClock();
    sharedByNodes().clock = clock;
    port = await freePort();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await clean();
    for (const server of servers.splice(0)) server.close();
    sharedByNodes().clock = systemClock;
  });

  const source = () => (helper.getNode("source") as unknown as PushSourceNode).push.source;

  /** Resolves when the source is in a state. */
  const became = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      source()?.addUser({
        ...{ id: "test", push: () => undefined, problem: () => undefined },
        changed: ({ state }) => {
          if (state === wanted) resolve();
        },
      });
    });

  /** Loads a flow with a source and its listener, and waits until the source is open. */
  async function start(settings: object = {}, credentials: object = {}, state = "listening"): Promise<void> {
    const flow = [
      { id: "tab", type: "tab", label: "test" },
      {
        ...{ id: "source", type: "dlms-push-source", version: 1, name: "port", counters: "STRICT" },
        ...{ from: "TCP_LISTEN", port: String(port), ...settings },
      },
      { id: "listen", type: "dlms-listen", z: "tab", x: 0, y: 0, version: 1, source: "source", wires: [["out"]] },
      { id: "out", type: "helper", z: "tab", x: 0, y: 0 },
      { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
      { id: "caught", type: "helper", z: "tab", x: 0, y: 0 },
    ];
    await helper.load(allNodes, flow, { source: credentials });
    statuses = statusesOf("listen");
    await became(state);
  }

  async function dial(): Promise<Socket> {
    const opened = new Promise<void>((resolve) => {
      source()?.addUser({
        ...{ id: "dialled", push: () => undefined, problem: () => undefined },
        changed: ({ facts }) => {
          if ((facts?.connections ?? 0) > 0) resolve();
        },
      });
    });
    const socket = connect({ host: "127.0.0.1", port });
    sockets.push(socket);
    socket.on("error", () => undefined).resume();
    await opened;
    return socket;
  }

  /** A gateway that the source connects to; it stands for a serial line. */
  async function gateway(): Promise<{ send(bytes: Uint8Array): Promise<void> }> {
    let end: Socket | undefined;
    const server = createServer((socket) => {
      end = socket;
      sockets.push(socket);
      socket.on("error", () => undefined);
    });
    servers.push(server);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    await start({ from: "TCP_CONNECT" });
    return { send: (bytes) => arrive(bytes, () => end?.write(bytes)) };
  }

  /** Resolves when the source has received so many bytes more. */
  function arrive(bytes: Uint8Array, write: () => void): Promise<void> {
    let left = bytes.length;
    return new Promise((resolve) => {
      source()?.addUser({
        ...{ id: "bytes", push: () => undefined, problem: () => undefined, changed: () => undefined },
        bytes: ({ bytes: some }) => {
          left -= some.length;
          if (left === 0) setImmediate(resolve);
        },
      });
      write();
    });
  }

  /** Resolves when the node shows a status with this fill and phrase. */
  const shows = async (fill: string, phrase: string): Promise<void> => {
    await statuses.until(new RegExp(`^${fill} (ring|dot) dlms-listen\\.status\\.${phrase}$`));
  };

  const push = (title: string, counter: number, options: object = {}): Uint8Array =>
    wrapped(
      generalGlo(dataNotification(structure(item("1.0.1.8.0.255", double32(counter), 0, 30))), {
        ...{ counter, title, ...options },
      }),
    );

  it("says that no meter has connected, and that one has connected but sends nothing", async () => {
    await start();
    clock.tick(30_000);
    await shows("yellow", "noSender");
    await clean();
    await start();
    await dial();
    clock.tick(30_000);
    await shows("yellow", "connected");
  });

  it("says that a line brings no byte", async () => {
    await gateway();
    clock.tick(30_000);
    await shows("yellow", "noByte");
  });

  for (const [what, bytes, hint] of [
    ["an inverted signal", new Uint8Array(220).fill(0xff), "signal"],
    ["even parity", Uint8Array.from({ length: 220 }, (_, at) => evenParity(0x20 + (at % 90))), "parity"],
    ["another framing", Uint8Array.from({ length: 220 }, (_, at) => (at % 9 === 0 ? 0xe5 : 0x81 + (at % 7))), "mbus"],
  ] as const) {
    it(`says that bytes arrive but no frame, for ${what}`, async () => {
      const line = await gateway();
      await line.send(bytes);
      clock.tick(31_000);
      await shows("yellow", `hint.${hint}`);
    });
  }

  it("says that the meter is silent, once it has pushed, and that none has pushed at all", async () => {
    await start({ silenceAfter: "60" });
    clock.tick(61_000);
    await shows("yellow", "noPush");
    const socket = await dial();
    const sent = next("out");
    socket.write(aidon());
    await sent;
    const caught = next("caught");
    clock.tick(62_000);
    await shows("yellow", "silent: 7359992000000001");
    assert.equal((await caught).dlmsError?.code, "DLMS_PUSH_SILENT");
  });

  it("names the system title of a meter without a key", async () => {
    await start({ meters: [{ name: "house", systemTitle: ownTitle }] }, keys);
    const socket = await dial();
    const caught = next("caught");
    socket.write(push(otherTitle, 1));
    assert.equal((await caught).dlmsError?.code, "DLMS_PUSH_NO_KEY");
    clock.tick(1000);
    await shows("yellow", `noKey: ${otherTitle.toUpperCase()}`);
  });

  it("says that the key of a meter does not fit, by the name of the meter", async () => {
    await start({ meters: [{ name: "house", systemTitle: ownTitle }] }, { ...keys, encryptionKey: "ee".repeat(16) });
    const socket = await dial();
    const caught = next("caught");
    socket.write(push(ownTitle, 1));
    assert.equal((await caught).dlmsError?.code, "DLMS_SEC_TAG");
    clock.tick(1000);
    await shows("red", "wrongKey: house");
  });

  it("says that a push is secured more weakly than earlier pushes of the meter", async () => {
    await start({ meters: [{ name: "house", systemTitle: ownTitle }] }, keys);
    const socket = await dial();
    const sent = next("out");
    socket.write(push(ownTitle, 1));
    await sent;
    const caught = next("caught");
    socket.write(push(ownTitle, 2, { control: 0x20 }));
    assert.equal((await caught).dlmsError?.code, "DLMS_SEC_POLICY");
    clock.tick(1000);
    await shows("red", "downgrade: house");
  });

  it("says that the port is busy, and opens it once it is free", async () => {
    const other = createServer();
    servers.push(other);
    other.listen(port, "127.0.0.1");
    await once(other, "listening");
    await start({}, {}, "failed");
    clock.tick(1000);
    await shows("red", "retry");
    other.close();
    await once(other, "close");
    const opened = became("listening");
    clock.tick(10_000);
    await opened;
    await shows("grey", "waiting");
  });
});

function evenParity(byte: number): number {
  let ones = 0;
  for (let bit = 0; bit < 7; bit++) ones += (byte >> bit) & 1;
  return (byte & 0x7f) | (ones % 2 === 0 ? 0 : 0x80);
}
