/** "What arrives": listens with the settings of an open dialog, before the first deploy, and streams a report. */
import {
  type Clock,
  describeObis,
  type DlmsError,
  isDlmsError,
  type Push,
  type PushDecoder,
  systemClock,
  type TimerHandle,
} from "../../src/index";
import type { Node, NodeAPI } from "node-red";
import { valueText } from "../meters/status";
import { migrate, migrations } from "../node-red/migrations";
import { senderOf } from "../push/problem-limit";
import { listenTransportOf } from "../push/push-place";
import { PushSource, type PushUser } from "../push/push-source";
import type { PushSourceNode } from "../push/push-source-node";
import { pushSourceSettingsOf, type PushSourceSettings } from "../push/source-settings";
import type { ArrivalLine, EndingError } from "./answers";
import { credentialsOf, deployedNode, resolvedLike } from "./dialog-settings";
import { languageOf } from "./editor-language";
import { objectOf, registerLines, resolvedVariable } from "./streaming-route";

/** ms for which a dialog listens. */
const maxArrivalMs = 600_000;
/** Lines of one request. */
const maxArrivalLines = 2000;
const factsEveryMs = 1000;
/** Values of one push that are shown. */
const maxShownValues = 60;
/** Number of senders that are distinguished. */
const maxPeers = 16;

/** The settings of the dialog; keys that it does not show are the deployed ones. @throws DlmsConfigError */
export function pushDialogSettings(RED: NodeAPI, body: unknown): PushSourceSettings {
  const { id, properties, credentials } = objectOf(body);
  const deployed = deployedNode(RED, id, "dlms-push-source");
  const raw = migrate(resolvedLike(RED, objectOf(properties), deployed.properties), migrations["dlms-push-source"]);
  const stored = deployed.credentials;
  const typed = resolvedLike(RED, objectOf(credentials), stored);
  const settings = pushSourceSettingsOf(raw, credentialsOf(typed, resolvedLike(RED, stored, stored)));
  // a preview updates no counter and rejects no push as replayed
  return { ...settings, counters: "off", silenceAfter: 0 };
}

/** Lines that wait until the response takes them. */
class LineQueue {
  readonly #lines: ArrivalLine[] = [];
  #count = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  add(line: ArrivalLine): void {
    if (this.#ended) return;
    this.#count++;
    this.#lines.push(line);
    if (line.kind === "end") this.#ended = true;
    else if (this.#count >= maxArrivalLines) this.add({ kind: "end", reason: "lines" });
    this.#wake?.();
  }

  async *drain(signal: AbortSignal): AsyncGenerator<ArrivalLine, void, undefined> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        const line = this.#lines.shift();
        if (line !== undefined) yield line;
        else if (this.#ended) return;
        else {
          signal.throwIfAborted();
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
            // an abort between the check and here must not be missed
            if (signal.aborted) resolve();
          });
        }
        if (line?.kind === "end") return;
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}

function pushLine(push: Push, language: string): ArrivalLine {
  const { meter, meterId, systemTitle, link, table, time, security, items, notes } = push;
  const shown = items.slice(0, maxShownValues);
  return {
    kind: "push",
    ...{ meter, meterId, systemTitle, table, time, notes },
    framing: link.framing,
    verified: security === null ? null : security.verified,
    values: shown.map(({ name, logicalName, value, unit, scalerFrom }) => ({
      ...{ name, text: valueText(value, unit), scalerFrom },
      description: logicalName === null ? "" : describeObis(logicalName, { language }),
    })),
    more: items.length - shown.length,
  };
}

function problemLine(error: DlmsError): ArrivalLine {
  const systemTitle = senderOf(error);
  return { kind: "problem", error: error.toJSON(), ...(/^[0-9A-F]{16}$/.test(systemTitle) && { systemTitle }) };
}

/** The deployed source of the dialog if it has the same port open, because a port can be opened only once. */
function openSource(RED: NodeAPI, body: unknown, settings: PushSourceSettings): PushSource | undefined {
  const { id } = objectOf(body);
  const node = RED.nodes.getNode(typeof id === "string" ? id : "") as Node | null | undefined;
  if (node?.type !== "dlms-push-source" || !("push" in node)) return undefined;
  const { source } = (node as PushSourceNode).push;
  const isSame = JSON.stringify(source?.settings.place) === JSON.stringify(settings.place);
  return isSame && source?.view.state === "listening" ? source : undefined;
}

class Arrivals {
  readonly queue = new LineQueue();
  readonly #clock: Clock;
  readonly #draft: PushSource;
  /** undefined: the draft listens itself */
  readonly #shared: PushSource | undefined;
  readonly #decoders = new Map<string, PushDecoder>();
  readonly #user: string;
  readonly #language: string;
  #timers: TimerHandle[] = [];
  #bytes = 0;
  #units = 0;
  #told = "";
  #toldState = "";

  constructor(draft: PushSource, shared: PushSource | undefined, clock: Clock, language: string) {
    this.#language = language;
    this.#draft = draft;
    this.#shared = shared;
    this.#clock = clock;
    this.#user = `dialog ${clock.now()}`;
  }

  begin(): void {
    this.#timers.push(
      this.#clock.setTimeout(() => {
        this.queue.add({ kind: "end", reason: "time" });
      }, maxArrivalMs),
    );
    (this.#shared ?? this.#draft).addUser(this.#listening());
    this.#factsLater();
  }

  async end(): Promise<void> {
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers = [];
    this.#shared?.removeUser(this.#user);
    await this.#draft.close();
  }

  #listening(): PushUser {
    const shared = this.#shared !== undefined;
    return {
      id: this.#user,
      push: (push) => {
        if (!shared) this.queue.add(pushLine(push, this.#language));
      },
      problem: ({ error }) => {
        if (!shared) this.queue.add(problemLine(error));
      },
      changed: ({ state, line }) => {
        if (state === "idle") return;
        const text = line === undefined ? {} : { line: `${line.baudRate} ${line.mode}` };
        const added: ArrivalLine = { kind: "state", state, ...text, ...(shared && { shared }) };
        const told = JSON.stringify(added);
        // a further connection changes no state
        if (told !== this.#toldState) this.queue.add(added);
        this.#toldState = told;
      },
      bytes: ({ peer, bytes }) => {
        this.#bytes += bytes.length;
        if (shared) this.#decode(peer, bytes);
      },
    };
  }

  /** The keys in the dialog may differ from those of the deployed source. */
  #decode(peer: string, bytes: Uint8Array): void {
    let decoder = this.#decoders.get(peer);
    if (decoder === undefined) {
      if (this.#decoders.size >= maxPeers) return;
      decoder = this.#draft.decoder(peer, (problem) => {
        this.queue.add(problemLine(problem));
      });
      this.#decoders.set(peer, decoder);
    }
    for (const push of decoder.add(Uint8Array.from(bytes), this.#clock.wallTime()))
      this.queue.add(pushLine(push, this.#language));
    this.#units = [...this.#decoders.values()].reduce((sum, { facts }) => sum + facts.units, 0);
  }

  #factsLater(): void {
    this.#timers[1] = this.#clock.setTimeout(() => {
      const facts = this.#shared === undefined ? this.#draft.view.facts : undefined;
      const line: ArrivalLine = {
        kind: "facts",
        bytes: facts?.bytes ?? this.#bytes,
        units: facts?.units ?? this.#units,
        ...(facts?.hint !== null && facts?.hint !== undefined && { hint: facts.hint.kind }),
      };
      const text = JSON.stringify(line);
      if (text !== this.#told) this.queue.add(line);
      this.#told = text;
      this.#factsLater();
    }, factsEveryMs);
  }
}

/** Yields received data until the dialog ends the request or a limit is reached. */
export async function* arrivalLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<ArrivalLine, void, undefined> {
  let arrivals: Arrivals | undefined;
  try {
    const settings = pushDialogSettings(RED, body);
    if (settings.place.from === "MESSAGE") {
      yield { kind: "end", reason: "message" };
      return;
    }
    const shared = openSource(RED, body, settings);
    const problems: DlmsError[] = [];
    const draft = new PushSource({
      ...{ label: "dialog", settings, clock: systemClock },
      transport: listenTransportOf(RED, settings),
      variable: (name) => {
        const value = resolvedVariable(RED, `\${${name}}`);
        return typeof value === "string" && value !== `\${${name}}` ? value : undefined;
      },
      onProblem: (problem) => problems.push(problem),
    });
    arrivals = new Arrivals(draft, shared, systemClock, languageOf(objectOf(body)));
    arrivals.begin();
    yield* arrivals.queue.drain(signal);
  } catch (error) {
    if (signal.aborted || !isDlmsError(error)) throw error;
    yield { kind: "end", error: error.toJSON() };
  } finally {
    await arrivals?.end();
  }
}

export function registerPushArrivals(RED: NodeAPI): void {
  registerLines(RED, "/dlms/push-arrivals", {
    task: "listening",
    linesOf: arrivalLines,
    lastLine: (error: EndingError) => ({ kind: "end", error }),
  });
}
