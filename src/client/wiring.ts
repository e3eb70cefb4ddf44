import { conformanceMask } from "../apdu";
import { hdlcLink, type LinkProtocol, type LinkTimeouts, modeELink, wrapperLink } from "../link";
import { Session } from "../session";
import type { ClientSession } from "./active-session";
import type { Settings } from "./settings";

/** The services that are proposed by logical names, and by short names. */
const proposedLn = [
  "general-block-transfer",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "data-notification",
  "access",
  "get",
  "set",
  "selective-access",
  "event-notification",
  "action",
] as const;
const proposedSn = [
  "general-block-transfer",
  "read",
  "write",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "multiple-references",
  "information-report",
  "data-notification",
  "parameterized-access",
] as const;

/** @throws DlmsConfigError CONFIG_INVALID for a name that the standard does not have */
export function proposedConformance(settings: Settings): number {
  if (settings.conformance !== undefined) return conformanceMask(settings.conformance);
  const names: string[] = [...(settings.referencing === "sn" ? proposedSn : proposedLn)];
  if (settings.security !== undefined) names.push("general-protection");
  const refused = settings.quirks.noGeneralBlockTransfer ? "general-block-transfer" : undefined;
  return conformanceMask(names.filter((name) => name !== refused));
}

/** The association machine for one association. */
export function makeSession(settings: Settings): ClientSession {
  const { security, client, server, quirks } = settings;
  return new Session({
    referencing: settings.referencing,
    maxPduSize: settings.maxPduSize,
    conformance: proposedConformance(settings),
    auth: settings.auth,
    quirks,
    random: settings.random,
    receivedCounters: settings.receivedCounters,
    ...(security === undefined ? {} : { security }),
    ...(client.systemTitle === undefined ? {} : { clientSystemTitle: client.systemTitle }),
    ...(server.systemTitle === undefined ? {} : { meterSystemTitle: server.systemTitle }),
  });
}

/** The link to the meter: one for the life of a client, since it remembers how the last session ended. */
export function makeLink(settings: Settings): LinkProtocol {
  const { link, client, server, transport } = settings;
  const { response, interFrame, close, retries } = settings.timeouts;
  const timeouts: LinkTimeouts = { response, close, ...(interFrame === undefined ? {} : { interFrame }) };
  if (link.kind === "wrapper") {
    return wrapperLink({
      clientSap: client.sap,
      serverSap: server.logical,
      timeouts,
      retries,
      datagrams: transport.kind === "udp",
      swappedBytes: settings.quirks.wrapperSwappedBytes,
    });
  }
  const hdlc = {
    clientAddress: client.sap,
    server: {
      logical: server.logical,
      ...(server.physical === undefined ? {} : { physical: server.physical }),
    },
    timeouts,
    retries,
    ...(link.addressSize === undefined ? {} : { addressSize: link.addressSize }),
    ...(link.maxInfo === undefined ? {} : { maxInfo: link.maxInfo }),
    ...(link.window === undefined ? {} : { window: link.window }),
    ...(transport.baudRate === undefined ? {} : { baudRate: transport.baudRate }),
  };
  if (link.kind === "hdlc") return hdlcLink(hdlc);
  return modeELink({
    ...hdlc,
    ...(link.deviceAddress === undefined ? {} : { deviceAddress: link.deviceAddress }),
    ...(link.startBaud === undefined ? {} : { startBaud: link.startBaud }),
  });
}
