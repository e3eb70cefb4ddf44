/** A simulator that pushes: the settings of the node, seen from the receiver. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { decodePush, demoKeys, type Push } from "../../src/index";
import { freePort } from "../support/node-red-process";
import { allNodes, clean, helper, statusesOf } from "./support";

interface Receiver {
  readonly port: number;
  /** Resolves when the decoded pushes meet the condition. */
  until(condition: (pushes: readonly Push[]) => boolean): Promise<readonly Push[]>;
  close(): Promise<void>;
}

const keysOfMeter = (title: Uint8Array) => {
  const encryptionKey = Uint8Array.from(demoKeys.encryptionKey);
  encryptionKey[15] = (encryptionKey[15] ?? 0) + (title[7] ?? 0);
  return { ...demoKeys, encryptionKey };
};

/** Decodes the data on each connection, and checks the condition again with each piece. */
async function tcpReceiver(port = 0): Promise<Receiver> {
  const pieces = new Map<net.Socket, Buffer[]>();
  const server = net.createServer((socket) => {
    pieces.set(socket, []);
    socket.on("data", (bytes: Buffer) => {
      pieces.get(socket)?.push(bytes);
      server.emit("piece");
    });
    socket.on("error", () => undefined);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const pushes = (): Push[] =>
    [...pieces.values()].flatMap((all) => [...decodePush(Buffer.concat(all), { keys: keysOfMeter }).pushes]);
  return {
    port: (server.address() as AddressInfo).port,
    until: async (condition) => {
      for (;;) {
        const all = pushes();
        if (condition(all)) return all;
        await once(server, "piece");
      }
    },
    close: async () => {
      for (const socket of pieces.keys()) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

async function simulator(settings: object): Promise<void> {
  const node = { id: "s", type: "dlms-simulator", host: "127.0.0.1", port: await freePort(), ...settings };
  await helper.load(allNodes, [node]);
}

describe("a simulator that pushes", () => {
  let receiver: Receiver | undefined;
  let socket: Socket | undefined;
  afterEach(async () => {
    await clean();
    await receiver?.close();
    socket?.close();
    receiver = undefined;
    socket = undefined;
  });

  it("sends the household's values with names and units to a TCP listener, and shows it in the status", async () => {
    receiver = await tcpReceiver();
    await simulator({ push: "TCP", pushPort: receiver.port, pushFraming: "HDLC", pushEvery: "1" });
    const statuses = statusesOf("s");
    const [push] = await receiver.until((all) => all.length > 0);
    assert.equal(push?.link.framing, "hdlc");
    assert.equal(push.meterId, "SIM00000001");
    const voltage = push.items.find(({ logicalName }) => logicalName === "1.0.32.7.0.255");
    assert.deepEqual([voltage?.unit, voltage?.scalerFrom], ["V", "frame"]);
    const { port } = receiver;
    assert.match((await statuses.until(/^green/)).text ?? "", new RegExp(`pushing|127\\.0\\.0\\.1:${port}`));
  });

  it("sends telegrams to a UDP port", async () => {
    socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const message = once(socket, "message");
    await simulator({ push: "UDP", pushPort: socket.address().port, pushFraming: "P1" });
    const [bytes] = (await message) as [Buffer];
    assert.match(bytes.toString("latin1"), /^\/SIM5.*\r\n![0-9A-F]{4}\r\n$/s);
  });

  it("is a fleet with titles and keys that count up", async () => {
    receiver = await tcpReceiver();
    await simulator({
      push: "TCP",
      pushPort: receiver.port,
      pushMeters: "5",
      pushEvery: "1",
      pushSecurity: "AUTHENTICATED_ENCRYPTED",
      systemTitle: "53494D0000000000",
    });
    const titles = (all: readonly Push[]): Set<string | null> => new Set(all.map(({ systemTitle }) => systemTitle));
    const pushes = await receiver.until((all) => titles(all).size === 5);
    assert.deepEqual(
      [...titles(pushes)].sort(),
      [0, 1, 2, 3, 4].map((index) => `53494D000000000${index}`),
    );
    assert.ok(pushes.every(({ security }) => security?.verified === true));
    assert.equal(new Set(pushes.map(({ meterId }) => meterId)).size, 5);
  });

  it("reports a missing receiver, and continues once it listens", async () => {
    const port = await freePort();
    await simulator({ push: "TCP", pushPort: port, pushEvery: "1" });
    await statusesOf("s").until(/^yellow.*notReached/);
    const later = statusesOf("s").until(/^green/);
    receiver = await tcpReceiver(port);
    await receiver.until((all) => all.length > 0);
    await later;
  });

  it("refuses push settings for a meter that defines its pushes", async () => {
    const definition = JSON.stringify({ associations: [{ client: 16 }], objects: [] });
    await simulator({ push: "TCP", definition });
    await statusesOf("s").until(/^red.*invalid/);
  });

  it("pushes as defined in a JSON definition", async () => {
    receiver = await tcpReceiver();
    const number = {
      classId: 1,
      logicalName: "0-0:96.1.0*255",
      attributes: { 2: { type: "visible-string", value: "4711" } },
    };
    const to = { kind: "tcp", host: "127.0.0.1", port: receiver.port };
    const pushSetups = [{ objects: [{ logicalName: "0-0:96.1.0*255" }], to, every: 1000, list: "items" }];
    await simulator({ definition: JSON.stringify({ associations: [{ client: 16 }], objects: [number], pushSetups }) });
    const [push] = await receiver.until((all) => all.length > 0);
    assert.equal(push?.meterId, "4711");
  });
});
