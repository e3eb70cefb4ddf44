// Options of a meter's line: outputs of a serial port, the gateway before the meter, and TLS.
import { type ConnectOptions, DlmsConfigError, type TransportOptions } from "../../src/index";
import { isAbsent, type RawSettings } from "../node-red/raw-settings";
import { choice, flag, optionalInteger, text } from "./setting-values";
import { meterSettings } from "./settings-table";

/** DTR and RTS of a serial port, for optical heads that take their supply from them. */
export function outputsOf(raw: RawSettings): { readonly dtr?: boolean; readonly rts?: boolean } {
  const dtr = meterSettings.dtr.choices[choice(raw, "dtr")];
  const rts = meterSettings.rts.choices[choice(raw, "rts")];
  return { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) };
}

/** Without a device there is no gateway. */
export function gatewayOf(raw: RawSettings): Pick<ConnectOptions, "gateway"> {
  const network = optionalInteger(raw, "gatewayNetwork");
  const device = text(raw, "gatewayDevice");
  return device === "" ? {} : { gateway: { device, ...(network === undefined ? {} : { network }) } };
}

/** TLS without host and port. */
export type TlsSettings = Omit<Extract<TransportOptions, { kind: "tls" }>, "kind" | "host" | "port">;

/** The settings of a core `tls-config` node, by its id. */
export type TlsConfigs = (id: string) => TlsSettings;

/**
 * The chosen TLS configuration decides whether the certificate is checked. The meter's own fields apply where it has no
 * CA, no server name, and neither certificate nor key.
 */
export function tlsOf(
  raw: RawSettings,
  { tlsCertificate, tlsKey }: { readonly tlsCertificate?: string; readonly tlsKey?: string },
  configs: TlsConfigs | undefined,
): TlsSettings {
  const ca = text(raw, "tlsCa");
  const serverName = text(raw, "tlsServerName");
  const own = { ...(ca === "" ? {} : { ca }), ...(serverName === "" ? {} : { serverName }) };
  const client = {
    ...(isAbsent(tlsCertificate) ? {} : { certificate: tlsCertificate }),
    ...(isAbsent(tlsKey) ? {} : { key: tlsKey }),
  };
  const id = text(raw, "tls");
  if (id === "") return { ...own, ...client, ...(flag(raw, "tlsUnverified") ? { verify: false } : {}) };
  if (configs === undefined) {
    throw new DlmsConfigError("CONFIG_UNSUPPORTED", "tls: a TLS configuration needs a running Node-RED", {
      details: { property: "tls" },
    });
  }
  const chosen = configs(id);
  const isClient = chosen.certificate !== undefined || chosen.key !== undefined;
  return { ...own, ...(isClient ? {} : client), ...chosen };
}
