// The place of listening in the words of the library.
import { DlmsConfigError, type ListenTransport } from "../../src/index";
import type { NodeAPI } from "node-red";
import { clientTls, tlsMaterialOf } from "../node-red/tls-config";
import type { PushSourceSettings } from "./source-settings";

/**
 * Undefined if messages bring the bytes.
 * @throws DlmsConfigError for a TLS configuration that is missing, or has no certificate
 */
export function listenTransportOf(
  RED: NodeAPI,
  { place, tls, findLine }: PushSourceSettings,
): ListenTransport | undefined {
  if (place.from === "MESSAGE") return undefined;
  if (place.from === "SERIAL") {
    const { path, baudRate, mode } = place;
    return findLine ? { kind: "serial", path, baudRate: "auto" } : { kind: "serial", path, baudRate, mode };
  }
  const { host, port } = place;
  if (place.from === "UDP") return { kind: "udp", host, port };
  if (place.from === "TCP_CONNECT") {
    return tls === ""
      ? { kind: "tcp", host, port }
      : { kind: "tls", host, port, ...clientTls(tlsMaterialOf(RED, tls)) };
  }
  if (tls === "") return { kind: "tcp-server", host, port };
  const { certificate, key, ca, isVerified } = tlsMaterialOf(RED, tls);
  if (certificate === undefined || key === undefined) {
    throw new DlmsConfigError("CONFIG_MISSING", "tls: a port that meters connect to needs a certificate and its key", {
      details: { property: "tls" },
    });
  }
  const clients = ca === undefined ? {} : { ca, requireClientCertificate: isVerified };
  return { kind: "tcp-server", host, port, tls: { cert: certificate, key, ...clients } };
}
