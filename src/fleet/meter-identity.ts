/** Decides whether two settings mean the same endpoint, the same meter, or the same client of a meter. */
import { endpointKey, gatewayKey } from "../client";
import type { MeterSettings } from "./meter-options";
import type { EndpointScope } from "./exclusive-access";

/**
 * Where meters are reached: a host and port, or a serial port. The key is the one of shared lines, so that all clients
 * that the meter cannot tell apart take turns: a link to a device counts as that device, a short name of this machine
 * as its address.
 */
export function endpointOf({ connect: { transport }, endpointLabel }: MeterSettings): string {
  return "open" in transport ? endpointLabel : endpointKey(transport);
}

/** Which of the meters at an endpoint. */
export function serverOf({ connect: { server, gateway } }: MeterSettings): string {
  // no physical address and 0 are the same to a meter
  return `${server.logical} ${server.physical ?? 0}${gatewayKey(gateway)}`;
}

/** The meter, regardless of client and access, because many meters allow one association at a time. */
function meterOf(settings: MeterSettings): string {
  return `${endpointOf(settings)} ${serverOf(settings)}`;
}

/** The client and the meter that it asks: the meter has an account for this pair, and on HDLC a link. */
export function clientIdentity(settings: MeterSettings): string {
  return `${meterOf(settings)} ${settings.connect.client.sap}`;
}

/** Scope for exclusive use of the whole meter. */
export function scopeOfMeter(settings: MeterSettings): EndpointScope {
  return { endpoint: endpointOf(settings), server: serverOf(settings) };
}

/** Scope of a session: other clients may use the meter too, unless they have the same owner. */
export function scopeOfSession(settings: MeterSettings, owner: object): EndpointScope {
  const { client, security } = settings.connect;
  const reader = security?.counterSource;
  // for a moment the session is the one that reads the counter as well; a lost counter is too rare to keep that client
  const clients = reader === undefined || reader.when === "lost" ? [client.sap] : [client.sap, reader.client ?? 16];
  return { ...scopeOfMeter(settings), clients, owner };
}
