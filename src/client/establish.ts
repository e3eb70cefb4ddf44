import type { TimerHandle } from "../clock";
import { type DlmsError, DlmsStateError } from "../errors";
import type { LinkProtocol } from "../link";
import type { AssociationInfo } from "../session/options";
import { ActiveSession, type ClientSession } from "./active-session";
import { Channel, type ChannelEvents } from "./channel";
import type { LineRegistry } from "./line";
import type { Observer } from "./observer";
import type { Settings } from "./settings";
import type { Establish } from "./supervisor";

/** What a client is made of besides its options; replaced in tests. */
export interface ClientParts {
  readonly lines: LineRegistry;
  readonly makeLink: (settings: Settings) => LinkProtocol;
  readonly makeSession: (settings: Settings) => ClientSession;
}

export interface EstablishEvents {
  associated(association: AssociationInfo): void;
  lost(active: ActiveSession, error: DlmsError): void;
}

/** Connects the line, sets the link up and associates; takes down what it had made when one of them fails. */
export function establisher(
  settings: Settings,
  parts: ClientParts,
  observer: Observer,
  events: EstablishEvents,
): Establish {
  const { transport, clock, counters, timeouts } = settings;
  // one for all connections: it remembers how the last session ended
  const link = parts.makeLink(settings);
  const lineSettings =
    transport.baudRate === undefined
      ? {}
      : { settings: { baudRate: transport.baudRate, dataBits: 8, parity: "none" } as const };
  return async (signal) => {
    let active: ActiveSession | undefined;
    const channelEvents = channelEventsFor(observer, () => active, events);
    const line = parts.lines.lineFor(transport);
    const channel = new Channel({
      line,
      link,
      clock,
      events: channelEvents,
      traffic: observer.traffic,
      ...lineSettings,
    });
    const session = parts.makeSession(settings);
    const made = new ActiveSession(session, channel, counters, {
      note: (text) => {
        observer.note(text);
      },
      notification: (apdu, raw) => {
        observer.hub.emit("notification", { apdu, raw });
      },
    });
    const aborted = (): void => {
      void channel.destroy(signal.reason as Error);
    };
    signal.addEventListener("abort", aborted, { once: true });
    try {
      await channel.open({ timeoutMs: timeouts.connect, signal });
      const association = await made.run(session.associate());
      active = made;
      observer.associated();
      events.associated(association);
      return made;
    } catch (error) {
      await abandon(channel, settings);
      throw error;
    } finally {
      signal.removeEventListener("abort", aborted);
    }
  };
}

function channelEventsFor(
  observer: Observer,
  active: () => ActiveSession | undefined,
  events: EstablishEvents,
): ChannelEvents {
  return {
    notification: (apdu) => {
      observer.notified(active(), apdu);
    },
    down: (error) => {
      const lost = active();
      if (lost !== undefined) events.lost(lost, error);
    },
    frame: (direction, bytes) => {
      observer.trace(direction, "link", bytes);
    },
    apdu: (direction, bytes) => {
      observer.trace(direction, "apdu", bytes);
    },
    note: (text) => {
      observer.note(text);
    },
  };
}

/** After a refusal the link is taken down in order, so that the meter does not keep it; bounded. */
async function abandon(channel: Channel, { clock, timeouts }: Settings): Promise<void> {
  if (channel.usable) {
    let timer: TimerHandle | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, timeouts.close);
    });
    await Promise.race([channel.close(), bound]);
    clock.clearTimeout(timer);
  }
  await channel.destroy(new DlmsStateError("STATE_CLOSED", "the connection was given up"));
}
