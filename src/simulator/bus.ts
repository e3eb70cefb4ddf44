import { type MemoryLine, type MemoryPeer, memoryTransport } from "../transport/memory";
import { listenTcp, type TcpListener } from "../transport/tcp-server";
import type { Transport } from "../transport/transport";
import type { MeterListenOptions, SimulatedMeter } from "./meter";

/** Several meters on one line, as on RS-485: each hears everything and answers to its own address alone. */
export interface SimulatedBus {
  readonly meters: readonly SimulatedMeter[];
  transport(): Transport;
  connect(line: MemoryLine): MemoryPeer;
  /** The bus behind a serial-to-Ethernet gateway. */
  listen(options?: MeterListenOptions): Promise<TcpListener>;
}

/** A dead meter is one that is not in the list, or one with `neverAnswer`. */
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
