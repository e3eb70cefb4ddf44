/** The parts of a link driver, the events that it reports, and its counts of the traffic. */
import type { Clock } from "../clock";
import type { DlmsError } from "../errors";
import type { LinkProtocol } from "../link/link";
import type { TransportLineSettings } from "../transport";
import type { LinkAddress } from "./address-reservations";
import type { SharedLine } from "./shared-line";

/** Events of a driver, in addition to its answers. */
export interface LinkDriverEvents {
  notification(apdu: Uint8Array): void;
  /** The reason why the connection has to end after an APDU that answers no request; undefined if it can continue. */
  unasked?(apdu: Uint8Array): DlmsError | undefined;
  /** The link went down while no operation was waiting for it. */
  down(error: DlmsError): void;
  frame(direction: "out" | "in", bytes: Uint8Array): void;
  apdu(direction: "out" | "in", bytes: Uint8Array): void;
  note(text: string): void;
}

/** Counts of the traffic, added up over the drivers of a client. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
  /** requests sent that expect an answer */
  roundTrips: number;
  /** pushes of meters that no client of the line reads; they were dropped */
  strayPushes?: number;
}

export interface LinkDriverParts {
  readonly line: SharedLine;
  readonly link: LinkProtocol;
  readonly clock: Clock;
  readonly events: LinkDriverEvents;
  readonly traffic: Traffic;
  /** Reserved for this driver while it is open. */
  readonly address?: LinkAddress;
  /** The address may have no meter, so a missing answer does not count against the connection. */
  readonly probe?: boolean;
  /** response time-out of the link, in ms: how slow an answer in blocks may be follows from it (5000) */
  readonly response?: number;
  /** line settings that the meter needs */
  readonly settings?: TransportLineSettings;
}
