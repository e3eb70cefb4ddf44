/** A gateway on a TCP port: passes wrapper messages with the prefix E6 to its devices, and their answers with E7. */
import { createServer, connect as open, type Socket } from "node:net";
import { once } from "node:events";

export interface Gateway {
  readonly port: number;
  /** header and device of each request, as `e6 1 12345678` */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly network?: number;
  /** ports of the meters by the ASCII text of their physical addresses */
  readonly devices: Readonly<Record<string, number>>;
  /** the device that answers name, if not the one that was asked */
  readonly answersAs?: string;
}

/** Calls `each` with header and payload of every complete WPDU. */
function splitter(each: (header: Buffer, payload: Buffer) => void): (bytes: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 8 && pending.length >= 8 + pending.readUInt16BE(6)) {
      const end = 8 + pending.readUInt16BE(6);
      each(pending.subarray(0, 8), pending.subarray(8, end));
      pending = pending.subarray(end);
    }
  };
}

function wpdu(header: Buffer, ...payload: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(payload);
  const head = Buffer.from(header);
  head.writeUInt16BE(content.length, 6);
  return Buffer.concat([head, content]);
}

/** The header of an answer: source and destination change places. */
const swapped = (header: Buffer): Buffer =>
  Buffer.concat([header.subarray(0, 2), header.subarray(4, 6), header.subarray(2, 4), header.subarray(6)]);

export async function startGateway({ network = 1, devices, answersAs }: GatewayOptions): Promise<Gateway> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    const meters = new Map<string, Socket>();
    const meterOf = (device: string, port: number): Socket => {
      const known = meters.get(device);
      if (known !== undefined) return known;
      const meter = open(port, "127.0.0.1");
      sockets.add(meter);
      meters.set(device, meter);
      const name = Buffer.from(answersAs ?? device);
      const prefix = Buffer.concat([Buffer.of(0xe7, network, name.length), name]);
      meter.on(
        "data",
        splitter((header, payload) => client.write(wpdu(header, prefix, payload))),
      );
      meter.on("error", () => client.destroy());
      return meter;
    };
    const onRequest = (header: Buffer, payload: Buffer): void => {
      const [tag = 0, asked = 0, size = 0] = payload;
      const device = payload.subarray(3, 3 + size).toString("latin1");
      requests.push(`${tag.toString(16)} ${asked} ${device}`);
      const port = devices[device];
      // exception-response: service not allowed, other reason
      if (tag !== 0xe6 || asked !== network || port === undefined)
        client.write(wpdu(swapped(header), Buffer.of(0xd8, 1, 3)));
      else meterOf(device, port).write(wpdu(header, payload.subarray(3 + size)));
    };
    client.on("data", splitter(onRequest));
    client.on("error", () => undefined);
    client.on("close", () => {
      for (const meter of meters.values()) meter.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
