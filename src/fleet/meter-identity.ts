import { endpointKey } from "../client";
import type { MeterSettings } from "./meter-options";
import type { EndpointScope } from "./exclusive-access";

/**
 * Where meters are reached: a host and port, or a serial port. As a line is shared, so that whoever is one to the meter
 * takes turns: links to a device are that device, and the short names of this machine its address.
 */
export function endpointOf({ connect: { transport }, place }: MeterSettings): string {
  return "open" in transport ? place : endpointKey(transport);
}

/** Which of the meters at an endpoint. */
export function serverOf({ connect: { server } }: MeterSettings): string {
  // no physical address and 0 are the same to a meter
  return `${server.logical} ${server.physical ?? 0}`;
}

/** The meter itself, whatever client asks it, and how: many allow one association at a time. */
function meterOf(settings: MeterSettings): string {
  return `${endpointOf(settings)} ${serverOf(settings)}`;
}

/** Who asks which meter: what a meter keeps an account, and on HDLC a link, for. */
export function clientIdentity(settings: MeterSettings): string {
  return `${meterOf(settings)} ${settings.connect.client.sap}`;
}

/** The meter, for somebody who has nobody beside it. */
export function scopeOfMeter(settings: MeterSettings): EndpointScope {
  return { endpoint: endpointOf(settings), server: serverOf(settings) };
}

/** The meter, for a session: other clients may be there too, unless they are of the same owner. */
export function scopeOfSession(settings: MeterSettings, owner: object): EndpointScope {
  const { client, security } = settings.connect;
  const reader = security?.counterSource;
  // for a moment the session is the one that reads the counter as well
  const clients = reader === undefined ? [client.sap] : [client.sap, reader.client ?? 16];
  return { ...scopeOfMeter(settings), clients, owner };
}
