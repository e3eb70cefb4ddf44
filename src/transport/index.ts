export * from "./list-ports";
export * from "./memory";
export * from "./serial";
export type { SerialPortInfo } from "./serial-port";
export * from "./tcp";
export * from "./tcp-server";
export * from "./tls";
export * from "./transport";
export * from "./udp";
