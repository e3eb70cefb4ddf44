import { attribute, type AttributeRef, obisPrinted, parseObis } from "../cosem";
import { type DlmsError, DlmsStateError, isDlmsError } from "../errors";
import type { GetDataResult } from "../apdu/model";
import { accessError } from "./access-error";
import { ActiveSession } from "./active-session";
import { adviceFor, type ConnectionStepName } from "./connection-advice";
import { type Attempt, attemptOn } from "./connection-attempt";
import { endangersAccount } from "./failure";
import { checkOperation } from "./guards";
import { pause, publicSettings, raiseFromMeter, readingCounter } from "./invocation-counter";
import { processLines, type LineRegistry } from "./line";
import type { ConnectOptions, OperationOptions } from "./options";
import { resolveSettings, type Settings } from "./settings";
import { makeLink, makeSession } from "./wiring";

/** One step of a connection test. After the first that is not ok no other follows. */
export interface ConnectionStep {
  readonly step: ConnectionStepName;
  readonly ok: boolean;
  /** what was found, in a sentence */
  readonly text: string;
  readonly durationMs: number;
  /** what went wrong */
  readonly error?: DlmsError;
  /** what to try then, the likeliest first */
  readonly advice?: readonly string[];
}

export interface TestConnectionParts {
  readonly lines: LineRegistry;
}

/** Read one after the other until the meter gives one: its name, its clock. */
const firstReads: readonly AttributeRef[] = [
  attribute("DATA", "0.0.42.0.0.255", "value"),
  attribute("CLOCK", "0.0.1.0.0.255", "time"),
];

/**
 * Goes through everything between here and a first value, a step at a time: line, link, invocation counter (where it
 * comes from the meter), association, authentication, first read. Each secret is sent once, and only to an address that
 * answered the link set-up. Whatever happens, and also when the caller stops listening, nothing stays open.
 *
 * Throws DlmsConfigError for options that cannot be right, and `signal.reason` when it is aborted; everything else
 * is the result of a step.
 */
export async function* testConnection(
  options: ConnectOptions,
  init: OperationOptions = {},
  parts: TestConnectionParts = { lines: processLines },
): AsyncGenerator<ConnectionStep, void, undefined> {
  checkOperation(init);
  const settings = resolveSettings(options);
  const bound = new AbortController();
  const timer =
    init.timeoutMs === undefined
      ? undefined
      : settings.clock.setTimeout(() => {
          bound.abort(new DlmsStateError("STATE_CLOSED", `the test was given up after ${init.timeoutMs} ms`));
        }, init.timeoutMs);
  const signal = init.signal === undefined ? bound.signal : AbortSignal.any([init.signal, bound.signal]);
  signal.throwIfAborted();
  const attempt = attemptOn(settings, parts.lines, signal);
  try {
    for (const step of steps(settings, attempt, signal)) {
      const result = await settle(step, settings, signal);
      init.signal?.throwIfAborted();
      for (const one of result) yield one;
      if (result.some(({ ok }) => !ok)) return;
    }
  } finally {
    settings.clock.clearTimeout(timer);
    await attempt.end();
  }
}

interface Step {
  readonly name: ConnectionStepName;
  /** resolves with what was found */
  readonly run: () => Promise<string>;
}

/** The steps in order; the ones behind it are not looked at after a failure. */
function* steps(settings: Settings, attempt: Attempt, signal: AbortSignal): Generator<Step> {
  const { transport, counterSource, client, server, auth, security } = settings;
  yield {
    name: "line",
    run: async () => {
      await attempt.openLine();
      return `${transport.endpoint} is open`;
    },
  };
  if (counterSource !== undefined) {
    const open = publicSettings(settings, counterSource);
    yield {
      name: "counter",
      run: async () => {
        const channel = await attempt.openLink(makeLink(open));
        const value = await raiseFromMeter(
          new ActiveSession(makeSession(open), channel, undefined, attempt),
          counterSource,
          settings,
        );
        await attempt.closeLink({ line: counterSource.reconnect });
        await pause(settings.clock, counterSource.pauseMs, signal);
        return `${readingCounter(counterSource)}: ${value}`;
      },
    };
  }
  let active: ActiveSession | undefined;
  yield {
    name: "link",
    run: async () => {
      const channel = await attempt.openLink(makeLink(settings));
      active = attempt.use(new ActiveSession(makeSession(settings), channel, settings.counters, attempt));
      return settings.link.kind === "wrapper"
        ? "the wrapper has no set-up of its own; the meter answers with the next step"
        : `the meter at server address ${addressText(server)} answered the set-up`;
    },
  };
  yield {
    name: "association",
    run: async () => {
      const info = await made(active).run(made(active).session.associate());
      const size = info.maxPduSize === 0 ? "without limit" : `up to ${info.maxPduSize} bytes`;
      const services = info.conformanceNames.join(", ");
      return `client ${client.sap} is associated (${info.referencing.toUpperCase()}, requests ${size}; ${services})`;
    },
  };
  yield {
    name: "authentication",
    run: () => {
      const ciphered = security !== undefined && security.policy !== "none";
      const protection = ciphered ? `; APDUs are ${security.policy}, suite ${security.suite}` : "";
      if (auth.mechanism === "none") return Promise.resolve(`none was asked for${protection}`);
      if (auth.mechanism === "lls") return Promise.resolve(`the meter accepted the password${protection}`);
      return Promise.resolve(`${auth.mechanism}: meter and client have proved themselves to each other${protection}`);
    },
  };
  yield { name: "read", run: () => firstRead(made(active)) };
}

function made(active: ActiveSession | undefined): ActiveSession {
  if (active !== undefined) return active;
  throw new DlmsStateError("STATE_CLOSED", "the link is not open", { fault: "internal" });
}

const addressText = ({ logical, physical }: Settings["server"]): string =>
  physical === undefined ? String(logical) : `${logical}/${physical}`;

async function firstRead(active: ActiveSession): Promise<string> {
  const sn = active.session.association?.referencing === "sn";
  if (sn) {
    const [result] = await active.run(active.session.read([{ kind: "variable-name", name: 0xfa00 }], "first read"));
    if (result?.kind === "data") return "the association object answered";
    throw accessError("get", { classId: 12, logicalName: "0.0.40.0.0.255", attributeId: 1 }, 250);
  }
  let refused: { readonly ref: AttributeRef; readonly result: number } | undefined;
  for (const ref of firstReads) {
    const what = `read ${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
    const descriptor = { classId: ref.classId, instanceId: parseObis(ref.logicalName), attributeId: ref.attributeId };
    const result: GetDataResult = await active.run(active.session.get(descriptor, what));
    if (result.ok) return `${obisPrinted(ref.logicalName)} was read (${result.data.length} bytes)`;
    refused ??= { ref, result: result.result };
  }
  throw accessError(
    "get",
    refused?.ref ?? { classId: 1, logicalName: "0.0.42.0.0.255", attributeId: 2 },
    refused?.result ?? 250,
  );
}

/** A step's result. A failed proof or password is one of the authentication, which the association request carries. */
async function settle(step: Step, settings: Settings, signal: AbortSignal): Promise<ConnectionStep[]> {
  const started = settings.clock.now();
  const since = (): number => Math.round(settings.clock.now() - started);
  try {
    const text = await step.run();
    return [{ step: step.name, ok: true, text, durationMs: since() }];
  } catch (error) {
    if (!isDlmsError(error)) throw signal.aborted ? (signal.reason as Error) : error;
    const secret = settings.auth.mechanism !== "none" || settings.security !== undefined;
    const name = step.name === "association" && endangersAccount(error, secret) ? "authentication" : step.name;
    const answered: ConnectionStep[] =
      name === step.name
        ? []
        : [
            {
              step: "association",
              ok: true,
              text: `the meter answered client ${settings.client.sap}`,
              durationMs: since(),
            },
          ];
    const failed: ConnectionStep = {
      step: name,
      ok: false,
      text: error.message,
      durationMs: since(),
      error,
      advice: adviceFor(name, error, settings),
    };
    return [...answered, failed];
  }
}
