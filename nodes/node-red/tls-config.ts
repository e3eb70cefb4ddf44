// The TLS settings of a core `tls-config` node, in the words of the library.
import { decryptedPem, DlmsConfigError } from "../../src/index";
import type { Node, NodeAPI } from "node-red";

/** What a `tls-config` node puts into the options of a TLS socket. */
interface SocketOptions {
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly passphrase?: unknown;
  readonly pfx?: unknown;
  readonly ca?: unknown;
  readonly servername?: unknown;
  readonly rejectUnauthorized?: boolean;
}

interface TlsConfigNode extends Node {
  addTLSOptions(options: object): SocketOptions;
}

/** PEM texts; the key is decrypted. */
export interface TlsMaterial {
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly serverName?: string;
  /** the other side's certificate is checked */
  readonly isVerified: boolean;
}

const textOf = (value: unknown): string | undefined => {
  const text = typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : "";
  return text === "" ? undefined : text;
};

const refused = (name: "CONFIG_MISSING" | "CONFIG_INVALID" | "CONFIG_UNSUPPORTED", text: string): DlmsConfigError =>
  new DlmsConfigError(name, `tls: ${text}`, { details: { property: "tls" } });

function decrypted(key: string | undefined, passphrase: string | undefined): string | undefined {
  if (key === undefined || passphrase === undefined || !key.includes("ENCRYPTED")) return key;
  const plain = decryptedPem(key, passphrase);
  if (plain !== undefined) return plain;
  throw refused("CONFIG_INVALID", "the passphrase does not decrypt the private key of the TLS configuration");
}

/**
 * The settings of a deployed `tls-config` node.
 * @throws DlmsConfigError if it is missing, or its key cannot be used
 */
export function tlsMaterialOf(RED: NodeAPI, id: string): TlsMaterial {
  const node = RED.nodes.getNode(id) as Node | null | undefined;
  if (node?.type !== "tls-config" || !("addTLSOptions" in node)) {
    throw refused("CONFIG_MISSING", "the TLS configuration was not found; choose another one, or deploy it first");
  }
  const { cert, key, passphrase, pfx, ca, servername, rejectUnauthorized } = (node as TlsConfigNode).addTLSOptions({});
  if (pfx !== undefined) {
    throw refused("CONFIG_UNSUPPORTED", "a PKCS#12 file is not supported; enter certificate and key as PEM");
  }
  const texts = {
    certificate: textOf(cert),
    key: decrypted(textOf(key), textOf(passphrase)),
    ca: textOf(ca),
    serverName: textOf(servername),
  };
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  return { ...(Object.fromEntries(given) as Partial<TlsMaterial>), isVerified: rejectUnauthorized !== false };
}

/** TLS of a client. */
export function clientTls({ isVerified, ...texts }: TlsMaterial): Omit<TlsMaterial, "isVerified"> & {
  readonly verify?: false;
} {
  return { ...texts, ...(!isVerified && { verify: false as const }) };
}
