/** Creates the link and the session from resolved settings. */
import { conformanceMask } from "../../apdu";
import {
  gatewayLink,
  hdlcLink,
  type HdlcLinkOptions,
  type LinkProtocol,
  type LinkTimeouts,
  modeELink,
  wrapperLink,
} from "../../link";
import { datagramDelivery, type DeliveryPolicy, Session, streamDelivery } from "../../session";
import type { LinkAddress } from "../../driver/address-reservations";
import type { Settings } from "../options/resolve-options";
import { partPushes } from "./part-pushes";

/** The services proposed by logical names, and by short names. */
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
export function defaultConformance(settings: Settings): number {
  if (settings.conformance !== undefined) return conformanceMask(settings.conformance);
  const names: string[] = [...(settings.referencing === "sn" ? proposedSn : proposedLn)];
  if (settings.security !== undefined) names.push("general-protection");
  const refused =
    settings.quirks.noGeneralBlockTransfer || mixesGeneralBlocks(settings) ? "general-block-transfer" : undefined;
  return conformanceMask(names.filter((name) => name !== refused));
}

/**
 * General blocks have numbers, but do not identify their answer: over datagrams a late one fits into the next answer.
 * The blocks of GET contain the invoke-id.
 */
function mixesGeneralBlocks({ transport, link }: Settings): boolean {
  return transport.kind === "udp" && link.kind === "wrapper";
}

/** The options without general block transfer, also where they name it. */
export function withoutGeneralBlocks(settings: Settings): Settings {
  return {
    ...settings,
    conformance: settings.conformance?.filter((name) => name !== "general-block-transfer"),
    quirks: { ...settings.quirks, noGeneralBlockTransfer: true },
  };
}

/** Faults that the line may cause. HDLC numbers its frames and retries lost ones itself. */
function deliveryOf({ transport, link, timeouts }: Settings): DeliveryPolicy {
  const numbered = link.kind !== "wrapper";
  if (transport.kind === "udp") return datagramDelivery({ retries: numbered ? 0 : timeouts.retries, numbered });
  return streamDelivery({ numbered, outlivesAssociation: !numbered && transport.lineKey !== undefined });
}

/** The association machine for one association. */
export function makeSession(settings: Settings): Session {
  const { security, client, server, quirks } = settings;
  return new Session({
    referencing: settings.referencing,
    delivery: deliveryOf(settings),
    maxPduSize: settings.maxPduSize,
    blockWindow: settings.blockWindow,
    conformance: defaultConformance(settings),
    auth: settings.auth,
    preEstablished: settings.preEstablished,
    quirks,
    random: settings.random,
    receivedCounters: settings.receivedCounters,
    correlation: settings.correlation,
    ...(security === undefined ? {} : { security }),
    ...(client.systemTitle === undefined ? {} : { clientSystemTitle: client.systemTitle }),
    ...(server.systemTitle === undefined ? {} : { meterSystemTitle: server.systemTitle }),
  });
}

/** The link to the meter: one for the life of a client, because it remembers how the last session ended. */
export function makeLink(settings: Settings): LinkProtocol {
  const link = bareLink(settings);
  return settings.gateway === undefined ? link : gatewayLink(link, settings.gateway);
}

function bareLink(settings: Settings): LinkProtocol {
  const { link, client, server, transport } = settings;
  if (link.kind === "wrapper") {
    return wrapperLink({
      clientSap: client.sap,
      serverSap: server.logical,
      timeouts: linkTimeouts(settings.timeouts),
      retries: settings.timeouts.retries,
      datagrams: transport.kind === "udp",
      swappedBytes: settings.quirks.wrapperSwappedBytes,
      partPushes,
      ...(transport.baudRate === undefined ? {} : { baudRate: transport.baudRate }),
    });
  }
  const hdlc = hdlcOptionsOf(settings, link);
  if (link.kind === "hdlc") return hdlcLink(hdlc);
  const { deviceAddress, startBaud = 300, maxBaud, softwareParity, unannounced = false } = link;
  return modeELink({
    ...hdlc,
    unannounced,
    startBaud,
    // a gateway transmits eight bits, at a rate that this side cannot switch
    maxBaud: maxBaud ?? transport.baudRate ?? startBaud,
    softwareParity: softwareParity ?? transport.baudRate === undefined,
    ...(deviceAddress === undefined ? {} : { deviceAddress }),
  });
}

/** The address that the meter identifies this client by. */
export function linkAddress({ link, server, client }: Settings): LinkAddress {
  const { logical, physical } = server;
  // the wrapper's header has one number for the server
  if (link.kind === "wrapper")
    return { framing: "wrapper", server: { logical, physical: undefined }, client: client.sap };
  return { framing: "hdlc", server: { logical, physical }, client: client.sap };
}

/** The options that both kinds of HDLC link need. */
export function hdlcOptionsOf(
  { client, server, transport, timeouts }: Settings,
  link: Exclude<Settings["link"], { kind: "wrapper" }>,
): HdlcLinkOptions {
  const { addressSize, maxInfo, window, keepAlive, discFirst, skipSetUp } = link;
  const { baudRate } = transport;
  return {
    clientAddress: client.sap,
    server: {
      logical: server.logical,
      ...(server.physical === undefined ? {} : { physical: server.physical }),
    },
    timeouts: linkTimeouts(timeouts),
    retries: timeouts.retries,
    partPushes,
    ...(addressSize === undefined ? {} : { addressSize }),
    ...(maxInfo === undefined ? {} : { maxInfo }),
    ...(window === undefined ? {} : { window }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(discFirst === undefined ? {} : { discFirst }),
    ...(skipSetUp === undefined ? {} : { skipSetUp }),
    ...(baudRate === undefined ? {} : { baudRate }),
  };
}

function linkTimeouts({ response, interFrame, close }: Settings["timeouts"]): LinkTimeouts {
  return { response, close, ...(interFrame === undefined ? {} : { interFrame }) };
}
