/** Transports: TCP, TLS, UDP, serial ports and memory, and a TCP server for simulated meters. */

export { boundedTransport } from "./bounded";
export { type DatagramPeer, type DatagramServer, type DatagramServerOptions, listenDatagrams } from "./datagram-server";
export { listPorts, type PortFolders } from "./list-ports";
export { type MemoryLine, type MemoryPeer, memoryTransport } from "./memory";
export { deviceOf, type SerialOptions, serialTransport } from "./serial";
export type { SerialPortInfo } from "./serial-port";
export {
  type IncomingStream,
  listenStreams,
  type ServerTlsOptions,
  type StreamHandlers,
  type StreamServer,
  type StreamServerEvents,
  type StreamServerOptions,
} from "./stream-server";
export { hostAndPort, hostKey, type TcpOptions, tcpTransport } from "./tcp";
export { type ListenOptions, listenTcp, type TcpListener } from "./tcp-server";
export { type TlsOptions, tlsTransport } from "./tls";
export type { Connection, ConnectionEvents, Transport, TransportLineSettings } from "./transport";
export { type HostAddress, type ResolveHost, type UdpOptions, udpTransport } from "./udp";
