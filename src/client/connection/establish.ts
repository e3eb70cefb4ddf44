/** Establishes an association: line, link, counter, secret, in this order. A failed step undoes the earlier ones. */
import { onAbort, settledWithin, sleep } from "../../clock";
import { type DlmsError, DlmsLinkError, DlmsStateError, isDlmsError } from "../../errors";
import type { LinkProtocol } from "../../link";
import { isAnswer } from "../../link/apdu-kind";
import type { AssociationInfo } from "../../session/steps/options";
import type { Session } from "../../session/session";
import { Association, type AssociationEvents } from "../association/association";
import { AssociationCounter } from "../association/association-counter";
import type { LinkDriverEvents } from "../../driver/driver-parts";
import { LinkDriver } from "../../driver/link-driver";
import type { SecretMessage } from "../account/account-guard";
import { needsReading, publicSettings, raiseFromMeter, whileReading } from "./counter-reader";
import type { CounterSource } from "../options/counter-source";
import type { SharedLine, SharedLines, LineUser } from "../../driver/shared-line";
import type { Observer } from "./observer";
import { connectAfterBlocks } from "./deaf-after-blocks";
import { type AccountRisk, SecretAttempt } from "./secret-attempt";
import type { Settings } from "../options/resolve-options";
import { publicClient, signOfLife, withoutSecret } from "./sign-of-life";
import type { Establish } from "./supervisor";
import { linkAddress } from "./factories";

/** Parts of a client besides its options; tests replace them. */
export interface ClientParts {
  readonly lines: SharedLines;
  readonly makeLink: (settings: Settings) => LinkProtocol;
  readonly makeSession: (settings: Settings) => Session;
  /** Whether general blocks failed on the link before this connection; called once for each connection. */
  readonly takeBlockFailure?: () => boolean;
}

export interface EstablishEvents {
  /** The association request is about to be sent. */
  associating(): void;
  associated(association: AssociationInfo): void;
  lost(active: Association, error: DlmsError): void;
  /** No association was established. */
  failed(risk: AccountRisk): void;
}

/**
 * Connects the line, sets the link up and associates. A failed step undoes the earlier ones. If the invocation counter
 * is read from the meter, or its store has lost it, the public client reads it first.
 */
export function establisher(
  settings: Settings,
  parts: ClientParts,
  observer: Observer,
  events: EstablishEvents,
): Establish {
  const { transport, counters, counterSource } = settings;
  // one link for all connections: it remembers how the last session ended
  const link = parts.makeLink(settings);
  const reader = counterSource === undefined ? undefined : counterReader(settings, counterSource, parts, observer);
  const look = makeLook(settings, parts, observer);
  const connect = async (signal: AbortSignal, secret: SecretAttempt): Promise<Association> => {
    let active: Association | undefined;
    await settings.receivedCounters.ready(settings.security?.keys);
    const counter = counters === undefined ? undefined : new AssociationCounter(counters, settings);
    const reads = counterSource !== undefined && (await needsReading(counterSource, settings));
    const kept = reads ? await reader?.(signal, counter) : undefined;
    if (reads) secret.answers();
    else if (secret.lock?.lookFirst === true && link.kind === "wrapper" && settings.client.sap !== publicClient) {
      await look(signal);
      secret.answers();
    }
    try {
      const channelEvents = channelEventsFor(observer, () => active, events, settings);
      // a line that was lost in the meantime may have been replaced for its other users
      const line = kept?.line.connected === true ? kept.line : parts.lines.lineFor(transport);
      forgetConnection(line, settings);
      const channel = makeChannel(line, link, channelEvents, observer, settings);
      const sending = (message: SecretMessage): void => secret.sending(message);
      const ofSession = { ...sessionEvents(observer), sending };
      const made = new Association(parts.makeSession(settings), channel, counter, ofSession);
      events.associating();
      const association = await openAndRun(channel, settings, signal, () => {
        // the meter answered the link set-up
        if (link.kind !== "wrapper") secret.answers();
        secret.check();
        return made.run(made.session.associate());
      });
      secret.accepted();
      active = made;
      observer.associated();
      events.associated(association);
      return made;
    } finally {
      await kept?.release();
    }
  };
  return async (signal) => {
    const secret = new SecretAttempt(settings.accountGuard, settings.account, settings);
    const afterBlocks = parts.takeBlockFailure?.() === true && settings.link.kind !== "wrapper";
    const once = (): Promise<Association> => connect(signal, secret);
    const note = (text: string): void => observer.note(text);
    try {
      return await (afterBlocks ? connectAfterBlocks(once, settings, signal, note) : once());
    } catch (error) {
      events.failed(secret.failed(error));
      throw error;
    }
  };
}

/** Asks as the public client, without a secret, whether the meter answers. */
function makeLook(settings: Settings, parts: ClientParts, observer: Observer): (signal: AbortSignal) => Promise<void> {
  const open = withoutSecret(settings, publicClient);
  return async (signal) => {
    const line = parts.lines.lineFor(settings.transport);
    forgetConnection(line, open);
    const channel = makeChannel(
      line,
      parts.makeLink(open),
      channelEventsFor(observer, () => undefined, noEvents, open),
      observer,
      open,
    );
    const active = new Association(parts.makeSession(open), channel, undefined, sessionEvents(observer));
    await openAndRun(channel, settings, signal, () => signOfLife(active));
    observer.note("the meter answers without a secret");
    await abandon(channel, settings);
  };
}

const noEvents: EstablishEvents = {
  associating: () => undefined,
  associated: () => undefined,
  lost: () => undefined,
  failed: () => undefined,
};

/** A reopened port is the same wire; a reopened socket is a new connection. */
function forgetConnection(line: SharedLine, { transport, correlation }: Settings): void {
  if (!line.connected && transport.kind !== "serial") correlation.forgetConnection();
}

/** A connection that stays open between two associations. */
interface KeptLine {
  readonly line: SharedLine;
  release(): Promise<void>;
}

/** Reads the counter in a separate association, before the one that needs it. */
function counterReader(
  settings: Settings,
  source: CounterSource,
  parts: ClientParts,
  observer: Observer,
): (signal: AbortSignal, counter: AssociationCounter | undefined) => Promise<KeptLine | undefined> {
  const open = publicSettings(settings, source);
  const link = parts.makeLink(open);
  return async (signal, counter) => {
    const line = parts.lines.lineFor(settings.transport);
    forgetConnection(line, open);
    const channel = makeChannel(
      line,
      link,
      channelEventsFor(observer, () => undefined, noEvents, open),
      observer,
      open,
    );
    const active = new Association(parts.makeSession(open), channel, undefined, sessionEvents(observer));
    const value = await openAndRun(channel, settings, signal, () =>
      raiseFromMeter(active, source, settings, counter),
    ).catch((error: unknown) => {
      throw isDlmsError(error) && error.is("STATE_BUSY") ? whileReading(error, source) : error;
    });
    observer.note(`invocation counter: the meter reports ${value}`);
    const holder: LineUser = { settings: undefined, data: () => undefined, lost: () => undefined };
    const release = (): Promise<void> => line.detach(holder);
    try {
      if (!source.reconnect) await line.attach(holder, { timeoutMs: settings.timeouts.connect, signal });
    } finally {
      await abandon(channel, settings);
    }
    try {
      await sleep(settings.clock, source.pauseMs, signal);
    } catch (error) {
      await release();
      throw error;
    }
    return source.reconnect ? undefined : { line, release };
  };
}

/** Opens the channel and runs the set-up on it; an abort or a failure closes it. */
async function openAndRun<T>(
  channel: LinkDriver,
  settings: Settings,
  signal: AbortSignal,
  run: () => Promise<T>,
): Promise<T> {
  const stop = onAbort(signal, () => void channel.destroy(signal.reason as Error));
  try {
    await channel.open({ timeoutMs: settings.timeouts.connect, signal });
    return await run();
  } catch (error) {
    await abandon(channel, settings);
    throw error;
  } finally {
    stop();
  }
}

function makeChannel(
  line: SharedLine,
  link: LinkProtocol,
  events: LinkDriverEvents,
  observer: Observer,
  settings: Settings,
): LinkDriver {
  const { transport, clock, timeouts } = settings;
  const { response } = timeouts;
  const { baudRate } = transport;
  const lineSettings = baudRate === undefined ? {} : { settings: { baudRate, dataBits: 8, parity: "none" } as const };
  const address = linkAddress(settings);
  return new LinkDriver({ line, link, clock, events, traffic: observer.traffic, address, response, ...lineSettings });
}

function sessionEvents(observer: Observer): AssociationEvents {
  return {
    note: (text) => {
      observer.note(text);
    },
    notification: (apdu, raw) => {
      observer.hub.emit("notification", { apdu, raw });
    },
  };
}

function channelEventsFor(
  observer: Observer,
  active: () => Association | undefined,
  events: EstablishEvents,
  { correlation }: Settings,
): LinkDriverEvents {
  return {
    notification: (apdu) => {
      observer.notified(active(), apdu);
    },
    unasked: (apdu) => {
      if (active()?.session.tellsAnswersApart !== false || !isAnswer(apdu)) return undefined;
      correlation.copiesCame = true;
      return answerUnasked();
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

/** The error for an unsolicited answer, which the session cannot distinguish from the answer to the next request. */
function answerUnasked(): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_SEQUENCE",
    "an answer arrived that no request was waiting for, and the meter's answers do not identify their request; the session ends, so that no value is taken for another; look for a device on the path that duplicates messages",
    { fault: "network" },
  );
}

/** Takes the link down in order after a refusal, so that the meter does not keep it; bounded. */
async function abandon(channel: LinkDriver, { clock, timeouts }: Settings): Promise<void> {
  if (channel.usable) await settledWithin(clock, timeouts.close, channel.close());
  await channel.destroy(new DlmsStateError("STATE_CLOSED", "the connection was given up"));
}
