import type { MeterSettings } from "./meter-config";

/** Where meters are reached: a host and port, or a serial port. What is written in other ways is another one. */
export function endpointOf({ place }: MeterSettings): string {
  return place.slice(place.indexOf(" ") + 1).toLowerCase();
}

/** Which of the meters at an endpoint. */
export function serverOf({ connect: { server } }: MeterSettings): string {
  return `${server.logical} ${server.physical ?? ""}`;
}

/** The meter itself, whatever client asks it, and how: many allow one association at a time. */
export function meterOf(settings: MeterSettings): string {
  return `${endpointOf(settings)} ${serverOf(settings)}`;
}
