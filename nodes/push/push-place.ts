// The place of listening in the words of the library.
import { DlmsConfigError, type ListenTransport } from "../../src/index";
import type { Node, NodeAPI } from "node-red";
import type { PushSourceSettings } from "./source-settings";

/** What a core `tls-config` node puts into the options of a TLS socket. */
interface TlsMaterial {
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly ca?: unknown;
  readonly servername?: unknown;
  readonly rejectUnauthorized?: boolean;
}

interface TlsConfigNode extends Node {
  addTLSOptions(options: object): TlsMaterial;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : undefined;

function tlsOf(RED: NodeAPI, id: string): TlsMaterial {
  const node = RED.nodes.getNode(id) as Node | null | undefined;
  if (node?.type === "tls-config" && "addTLSOptions" in node) return (node as TlsConfigNode).addTLSOptions({});
  throw new DlmsConfigError("CONFIG_MISSING", "tls: the TLS configuration was not found; choose another one", {
    details: { property: "tls" },
  });
}

/** TLS to a gateway, in the words of the library. */
function gatewayTls({ cert, key, ca, servername, rejectUnauthorized }: TlsMaterial): object {
  const named = { certificate: textOf(cert), key: textOf(key), ca: textOf(ca), serverName: textOf(servername) };
  const given = Object.entries(named).filter(([, text]) => text !== undefined && text !== "");
  return { ...Object.fromEntries(given), ...(rejectUnauthorized === false && { verify: false }) };
}

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
    return tls === "" ? { kind: "tcp", host, port } : { kind: "tls", host, port, ...gatewayTls(tlsOf(RED, tls)) };
  }
  if (tls === "") return { kind: "tcp-server", host, port };
  const { cert, key, ca, rejectUnauthorized } = tlsOf(RED, tls);
  const [certificate, privateKey, authorities] = [textOf(cert), textOf(key), textOf(ca)];
  if (certificate === undefined || privateKey === undefined) {
    throw new DlmsConfigError("CONFIG_MISSING", "tls: a port that meters connect to needs a certificate and its key", {
      details: { property: "tls" },
    });
  }
  const clients =
    authorities === undefined ? {} : { ca: authorities, requireClientCertificate: rejectUnauthorized === true };
  return { kind: "tcp-server", host, port, tls: { cert: certificate, key: privateKey, ...clients } };
}
