/** Terminates TLS in front of a TCP port, with the test certificate. */
import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { testCertificate, testKey } from "./test-certificate";

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** Terminates TLS in front of a local port, with the self-signed certificate of "meter.test". */
export async function tlsFront(port: number, more: tls.TlsOptions = {}): Promise<TlsFront> {
  const open = new Set<net.Socket>();
  const server = tls.createServer({ cert: testCertificate, key: testKey, ...more }, (secure) => {
    const plain = net.connect({ host: "127.0.0.1", port });
    for (const [socket, other] of [
      [secure, plain],
      [plain, secure],
    ] as const) {
      open.add(socket);
      socket
        .on("error", () => undefined)
        .on("close", () => {
          open.delete(socket);
          other.destroy();
        });
      socket.pipe(other);
    }
  });
  server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
