import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { listenTcp } from "../../../src/transport";
import type { ListenOptions } from "../../../src/transport/tcp-server";
import type { MemoryLine, MemoryPeer } from "../../../src/transport/memory";

const answer = new Uint8Array(1024).fill(0x5a);

/** A peer that answers each byte with 1 KiB, and keeps count. */
class Generous implements MemoryPeer {
  taken = 0;
  readonly gone: Promise<void>;
  #tell: () => void = () => undefined;

  constructor(private readonly line: MemoryLine) {
    this.gone = new Promise((resolve) => (this.#tell = resolve));
  }

  receive(bytes: Uint8Array): void {
    this.taken += bytes.length;
    for (let i = 0; i < bytes.length; i++) this.line.send(answer);
  }

  closed(): void {
    this.#tell();
  }
}

interface Served {
  readonly peers: readonly Generous[];
  readonly connect: () => net.Socket;
  readonly close: () => Promise<void>;
}

async function serving(options: Partial<ListenOptions> = {}): Promise<Served> {
  const peers: Generous[] = [];
  const listener = await listenTcp({ host: "127.0.0.1", port: 0, ...options }, (line) => {
    const peer = new Generous(line);
    peers.push(peer);
    return peer;
  });
  return {
    peers,
    connect: () => net.connect(listener.port, "127.0.0.1").on("error", () => undefined),
    close: () => listener.close(),
  };
}

describe("TCP server", () => {
  const requests = new Uint8Array(100_000);

  it("reads no more requests than the client reads answers, and disconnects a client that reads none", async () => {
    const { peers, connect, close } = await serving({ stalledMs: 50 });
    const socket = connect();
    socket.pause();
    await once(socket, "connect");
    socket.write(requests);
    while (peers[0] === undefined) await new Promise(setImmediate);
    await peers[0].gone;
    // the system chooses the buffer sizes of the two sockets
    assert.ok(peers[0].taken > 0 && peers[0].taken < 50_000, `${peers[0].taken} requests were taken`);
    socket.destroy();
    await close();
  });

  it("answers all requests of a client that reads late", async () => {
    const { connect, close } = await serving();
    const socket = connect();
    socket.pause();
    await once(socket, "connect");
    socket.write(requests.subarray(0, 20_000));
    let received = 0;
    const all = new Promise<void>((resolve) => {
      socket.on("data", (bytes: Buffer) => {
        received += bytes.length;
        if (received === 20_000 * answer.length) resolve();
      });
    });
    socket.resume();
    await all;
    socket.destroy();
    await close();
  });

  it("bounds the number of connections", async () => {
    const { peers, connect, close } = await serving({ maxConnections: 1 });
    const first = connect();
    await once(first, "connect");
    const second = connect();
    await once(second.resume(), "close");
    assert.equal(peers.length, 1);
    first.destroy();
    await close();
  });

  it("closes an idle connection", async () => {
    const { peers, connect, close } = await serving({ idleMs: 30 });
    const socket = connect();
    await once(socket.resume(), "close");
    await peers[0]?.gone;
    assert.equal(peers.length, 1);
    await close();
  });
});
