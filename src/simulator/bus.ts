/** Several simulated meters on one shared line. */
import { type MemoryLine, type MemoryPeer, memoryTransport } from "../transport/memory";
import { listenTcp, type TcpListener } from "../transport/tcp-server";
import type { Transport } from "../transport/transport";
import type { MeterListenOptions, SimulatedMeter } from "./meter";

/** Several meters on one line, as on RS-485: each receives all bytes and answers only to its own address. */
export interface SimulatedBus {
  readonly meters: readonly SimulatedMeter[];
  transport(): Transport;
  connect(line: MemoryLine): MemoryPeer;
  /** Listens like a serial-to-Ethernet gateway in front of the bus. */
  listen(options?: MeterListenOptions): Promise<TcpListener>;
}

/** Creates a bus. To simulate a dead meter, leave it out or add `neverAnswer`. */
export function createBus(meters: readonly SimulatedMeter[]): SimulatedBus {
  const connect = (line: MemoryLine): MemoryPeer => {
    const peers = meters.map((meter) => meter.connect(line));
    return {
      receive: (bytes) => {
        for (const peer of peers) peer.receive(bytes);
      },
      closed: () => {
        for (const peer of peers) peer.closed();
      },
    };
  };
  return {
    meters,
    connect,
    transport: () => memoryTransport(connect, `simulated bus of ${meters.length} meters`),
    listen: ({ host = "127.0.0.1", port = 0 } = {}) => listenTcp({ host, port }, connect),
  };
}
