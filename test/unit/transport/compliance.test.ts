/** Each transport against the suite of rules that all of them keep. */
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { MockBinding, type MockPortBinding } from "@serialport/binding-mock";
import { SerialPortMock } from "serialport";
import {
  type MemoryLine,
  memoryTransport,
  serialTransport,
  tcpTransport,
  tlsTransport,
  type Transport,
  udpTransport,
} from "../../../src/transport";
import type { SerialModule } from "../../../src/transport/serial-port";
import { testCertificate, testKey } from "../../support/test-certificate";
import { type FarEnd, transportCompliance } from "../../support/transport-compliance";

/** Bytes received at the far end, returned in the order of the requests. */
class Inbox {
  #bytes: number[] = [];
  #waiting: { readonly bytes: readonly number[]; readonly resolve: () => void }[] = [];

  add(bytes: Iterable<number>): void {
    this.#bytes.push(...bytes);
    this.#match();
  }

  received = (bytes: readonly number[]): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#match();
    });

  #match(): void {
    for (let next = this.#waiting[0]; next && this.#bytes.length >= next.bytes.length; next = this.#waiting[0]) {
      this.#waiting.shift();
      assert.deepEqual(this.#bytes.splice(0, next.bytes.length), [...next.bytes]);
      next.resolve();
    }
  }
}

type Dial = (port: number, ...clock: Parameters<FarEnd["transport"]>) => Transport;

/** A TCP or TLS server of this machine. */
async function socketServer(server: net.Server, event: string, dial: Dial): Promise<FarEnd> {
  const inbox = new Inbox();
  const sockets: net.Socket[] = [];
  server.on("connection", (socket: net.Socket) => socket.on("error", () => undefined));
  server.on("tlsClientError", () => undefined);
  server.on(event, (socket: net.Socket) => {
    sockets.push(socket);
    socket
      .on("error", () => undefined)
      .on("data", (bytes: Buffer) => {
        inbox.add(bytes);
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    transport: (clock) => dial(port, clock),
    received: inbox.received,
    send: (bytes) => {
      const socket = sockets.at(-1);
      if (socket?.writable === true) socket.write(Uint8Array.from(bytes));
    },
    breakOff: () => sockets.at(-1)?.destroy(),
    stop: () =>
      (stopped ??= new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      })),
  };
}

const dialTcp: Dial = (port, clock) => tcpTransport({ host: "127.0.0.1", port }, clock);
const dialTls: Dial = (port, clock) =>
  tlsTransport({ host: "127.0.0.1", port, ca: testCertificate, serverName: "meter.test" }, clock);
const tlsServer = (): tls.Server => tls.createServer({ cert: testCertificate, key: testKey });

/** A port of this machine without a listener. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function datagramServer(): Promise<FarEnd> {
  const inbox = new Inbox();
  const socket = dgram.createSocket("udp4");
  let client: dgram.RemoteInfo | undefined;
  socket.on("message", (bytes, from) => {
    client = from;
    inbox.add(bytes);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= new Promise((resolve) => {
      socket.close(resolve);
    }));
  return {
    transport: (clock) => udpTransport({ host: "127.0.0.1", port }, clock),
    received: inbox.received,
    send: (bytes) => {
      if (client) socket.send(Uint8Array.from(bytes), client.port, client.address);
    },
    // only the answer to the next datagram reveals that a host is gone
    breakOff: (connection) => {
      void stop().then(() => {
        connection.write(Uint8Array.of(0));
      });
    },
    stop,
  };
}

const serialPath = "/dev/ttyCOMPLY";

/** serialport on its own mock binding. */
function serialPort(): Promise<FarEnd> {
  MockBinding.reset();
  MockBinding.createPort(serialPath, { echo: false });
  const inbox = new Inbox();
  const made: SerialPortMock[] = [];
  const load = (): Promise<SerialModule> =>
    Promise.resolve({
      SerialPort: class extends SerialPortMock {
        constructor(options: { path: string; baudRate: number; autoOpen: false }) {
          super(options);
          made.push(this);
          this.once("open", () => {
            if (this.port) hear(this.port, inbox);
          });
        }
      },
    });
  return Promise.resolve({
    transport: (clock) => serialTransport({ path: serialPath, baudRate: 9600 }, clock, load),
    received: inbox.received,
    send: (bytes) => {
      const port = made.at(-1)?.port;
      if (port?.isOpen === true) port.emitData(Buffer.from(bytes));
    },
    breakOff: () => made.at(-1)?.emit("close", Object.assign(new Error("disconnected"), { disconnected: true })),
    stop: async () => {
      await Promise.all(
        made
          .filter(({ isOpen }) => isOpen)
          .map(
            (port) =>
              new Promise<void>((done) =>
                port.close(() => {
                  done();
                }),
              ),
          ),
      );
    },
  });
}

/** The far end of the cable receives the bytes written to the mock binding. */
function hear(port: MockPortBinding, inbox: Inbox): void {
  const write = port.write.bind(port);
  port.write = async (bytes) => {
    await write(bytes);
    inbox.add(bytes);
  };
}

function memoryPeer(): Promise<FarEnd> {
  const inbox = new Inbox();
  let line: MemoryLine | undefined;
  const transport = memoryTransport((opened) => {
    line = opened;
    return {
      receive: (bytes) => {
        inbox.add(bytes);
      },
      closed: () => undefined,
    };
  });
  return Promise.resolve({
    transport: () => transport,
    received: inbox.received,
    send: (bytes) => line?.send(Uint8Array.from(bytes)),
    breakOff: () => line?.drop(),
    stop: () => Promise.resolve(),
  });
}

transportCompliance({
  name: "TCP",
  kind: "tcp",
  opensLater: true,
  start: () => socketServer(net.createServer(), "connection", dialTcp),
  nowhere: async () => dialTcp(await freePort()),
});
transportCompliance({
  name: "TLS",
  kind: "tls",
  opensLater: true,
  start: () => socketServer(tlsServer(), "secureConnection", dialTls),
  nowhere: async () => dialTls(await freePort()),
});
transportCompliance({ name: "UDP", kind: "udp", opensLater: true, start: datagramServer });
transportCompliance({
  name: "a serial port",
  kind: "serial",
  opensLater: true,
  start: serialPort,
  nowhere: async () => {
    const far = await serialPort();
    MockBinding.reset();
    return far.transport();
  },
});
transportCompliance({ name: "memory", kind: "memory", opensLater: false, start: memoryPeer });
