/** Connection test: connects step by step, up to the first value, and reports each step. */
import { associationShortName, classIds, dataAccess, serviceErrorCode } from "../../apdu";
import { afterRunning, sleep } from "../../clock";
import { decodeValueBytes } from "../../codec";
import { attribute, type AttributeRef, obisPrinted, parseObis, presentAttribute, wellKnownObjects } from "../../cosem";
import { type DlmsError, DlmsServiceError, DlmsStateError, isDlmsError } from "../../errors";
import type { GetDataResult } from "../../apdu/model";
import { accessError } from "../association/access-error";
import type { SecretMessage } from "../account/account-guard";
import { Association } from "../association/association";
import { AssociationCounter } from "../association/association-counter";
import { type ConnectionHint, type ConnectionStepName, describeHint, hintsFor } from "./hints";
import { type Attempt, attemptOn } from "./connection-attempt";
import { type ConnectionFacts, describeFacts, sizesOf } from "./facts";
import { checkOperation } from "../options/check-arguments";
import { needsReading, publicSettings, raiseFromMeter } from "../connection/counter-reader";
import { processLines, type SharedLines } from "../../driver/shared-line";
import type { CounterSource } from "../options/counter-source";
import type { ConnectOptions, OperationOptions } from "../options/options";
import { refusesSecret, SecretAttempt } from "../connection/secret-attempt";
import { resolveSettings, type Settings } from "../options/resolve-options";
import { makeLink, makeSession } from "../connection/factories";

/** One step of a connection test. A step that is not ok is the last one. */
export interface ConnectionStep {
  readonly step: ConnectionStepName;
  readonly ok: boolean;
  /** the result, in a sentence */
  readonly text: string;
  readonly durationMs: number;
  /** the facts in the sentence, where the step is ok */
  readonly facts?: ConnectionFacts;
  /** the cause of the failure */
  readonly error?: DlmsError;
  /** suggestions, most likely first */
  readonly advice?: readonly string[];
  /** the same, by keys */
  readonly hints?: readonly ConnectionHint[];
}

export interface TestConnectionParts {
  readonly lines: SharedLines;
}

/** Tried in order until one read succeeds: name, then clock. */
const firstReads: readonly AttributeRef[] = [
  attribute("DATA", wellKnownObjects.logicalDeviceName, "value"),
  attribute("CLOCK", wellKnownObjects.clock, "time"),
];

/**
 * Connects step by step up to a first value: line, invocation counter (if read from the meter), link, association,
 * authentication, first read. Each secret is sent once, and only to an address that answered the link setup. It closes
 * everything it opened, also when the caller stops the iteration.
 *
 * Throws DlmsConfigError for invalid options, and `signal.reason` when it is aborted; everything else is the result of
 * a step.
 */
export function testConnection(
  options: ConnectOptions,
  init?: OperationOptions,
): AsyncGenerator<ConnectionStep, void, undefined>;
/** @internal */
export function testConnection(
  options: ConnectOptions,
  init?: OperationOptions,
  parts?: TestConnectionParts,
): AsyncGenerator<ConnectionStep, void, undefined>;
export async function* testConnection(
  options: ConnectOptions,
  init: OperationOptions = {},
  parts: TestConnectionParts = { lines: processLines },
): AsyncGenerator<ConnectionStep, void, undefined> {
  checkOperation(init);
  const settings = resolveSettings(options);
  const bound = new AbortController();
  const wait =
    init.timeoutMs === undefined
      ? undefined
      : afterRunning(
          settings.clock,
          () => {
            bound.abort(new DlmsStateError("STATE_CLOSED", `the test was given up after ${init.timeoutMs} ms`));
          },
          init.timeoutMs,
        );
  const signal = init.signal === undefined ? bound.signal : AbortSignal.any([init.signal, bound.signal]);
  signal.throwIfAborted();
  const attempt = attemptOn(settings, parts.lines, signal);
  try {
    for (const step of steps(settings, await sourceUsed(settings), attempt, signal)) {
      const result = await settle(step, settings, signal);
      init.signal?.throwIfAborted();
      for (const one of result) yield one;
      if (result.some(({ ok }) => !ok)) return;
    }
  } finally {
    wait?.cancel();
    await attempt.end();
  }
}

/** The source of the counter; undefined if the store has it. The step that uses the store shows its error. */
async function sourceUsed(settings: Settings): Promise<CounterSource | undefined> {
  const { counterSource } = settings;
  const reads = counterSource !== undefined && (await needsReading(counterSource, settings).catch(() => false));
  return reads ? counterSource : undefined;
}

interface Step {
  readonly name: ConnectionStepName;
  readonly run: () => Promise<ConnectionFacts>;
}

/** The steps in order. A failed step is the last. */
function* steps(
  settings: Settings,
  counterSource: CounterSource | undefined,
  attempt: Attempt,
  signal: AbortSignal,
): Generator<Step> {
  const { transport, client, server, counters } = settings;
  const counter = counters === undefined ? undefined : new AssociationCounter(counters, settings);
  yield { name: "line", run: () => lineOpened(attempt, transport) };
  if (counterSource !== undefined) {
    yield { name: "counter", run: () => counterRead(settings, counterSource, counter, attempt, signal) };
  }
  let active: Association | undefined;
  // the user started the test, so it does not ask the guard; its outcome counts for all clients with this secret
  const secret = new SecretAttempt(settings.accountGuard, settings.account, settings);
  yield {
    name: "link",
    run: async () => {
      const link = makeLink(settings);
      const channel = await attempt.openLink(link, settings);
      const events = { ...quiet, sending: (message: SecretMessage) => secret.sending(message) };
      active = attempt.use(new Association(makeSession(settings), channel, counter, events));
      if (link.kind === "wrapper") return { found: "noSetUp" };
      if (settings.link.kind !== "wrapper" && settings.link.skipSetUp === true) return { found: "setUpSkipped" };
      const sizes = sizesOf(link);
      return { found: "linkUp", server: addressText(server), ...(sizes === undefined ? {} : { sizes }) };
    },
  };
  yield {
    name: "association",
    run: async () => {
      await settings.receivedCounters.ready(settings.security?.keys);
      const info = await made(active)
        .run(made(active).session.associate())
        .catch((error: unknown) => {
          secret.failed(error);
          throw error;
        });
      secret.accepted();
      if (settings.preEstablished) return probeAssociation(made(active), client.sap);
      const { referencing, maxPduSize, conformanceNames: services } = info;
      return { found: "associated", client: client.sap, referencing, maxPduSize, services };
    },
  };
  yield { name: "authentication", run: () => Promise.resolve(authenticated(active, settings)) };
  yield { name: "read", run: () => firstRead(made(active), settings) };
}

async function lineOpened(attempt: Attempt, transport: Settings["transport"]): Promise<ConnectionFacts> {
  await attempt.openLine();
  const unverified = transport.warning === undefined ? {} : ({ unverified: true } as const);
  return { found: "lineOpen", endpoint: transport.endpoint, ...unverified };
}

async function counterRead(
  settings: Settings,
  source: CounterSource,
  counter: AssociationCounter | undefined,
  attempt: Attempt,
  signal: AbortSignal,
): Promise<ConnectionFacts> {
  const open = publicSettings(settings, source);
  const channel = await attempt.openLink(makeLink(open), open);
  const association = new Association(makeSession(open), channel, undefined, attempt);
  const value = await raiseFromMeter(association, source, settings, counter);
  await attempt.closeLink({ line: source.reconnect });
  await sleep(settings.clock, source.pauseMs, signal);
  return { found: "counter", logicalName: obisPrinted(source.logicalName), client: source.client, value };
}

function authenticated(active: Association | undefined, { auth, security }: Settings): ConnectionFacts {
  const ciphered = security !== undefined && security.policy !== "none";
  const protection = ciphered ? { policy: security.policy, suite: security.suite } : {};
  if (auth.mechanism === "none") return { found: "noAuthentication", ...protection };
  if (auth.mechanism === "lls") return { found: "passwordAccepted", ...protection };
  const found = active?.session.association?.meterProven === false ? "clientProven" : "bothProven";
  return { found, mechanism: auth.mechanism, ...protection };
}

/** A test reports only its steps. */
const quiet = { note: (): void => undefined, notification: (): void => undefined };

function made(active: Association | undefined): Association {
  if (active !== undefined) return active;
  throw new DlmsStateError("STATE_CLOSED", "the link is not open", { fault: "internal" });
}

const addressText = ({ logical, physical }: Settings["server"]): string =>
  physical === undefined ? String(logical) : `${logical}/${physical}`;

/** A pre-established association sends no request: a read of the association object shows whether the meter answers. */
async function probeAssociation(active: Association, client: number): Promise<ConnectionFacts> {
  const { session } = active;
  const referencing = session.association?.referencing ?? "ln";
  const request = "read the association object";
  try {
    const ok =
      referencing === "sn"
        ? (await active.run(session.read([{ kind: "variable-name", name: associationShortName }], request)))[0]
            ?.kind === "data"
        : (await active.run(session.get(associationObject, request))).ok;
    return { found: ok ? "presumed" : "presumedRefused", client, referencing };
  } catch (error) {
    // an error of keys or counters is not a refusal of the object
    if (!(error instanceof DlmsServiceError) || envelopeErrors.has(error.details.serviceError)) throw error;
    return { found: "presumedRefused", client, referencing };
  }
}

const envelopeErrors: ReadonlySet<unknown> = new Set([
  serviceErrorCode["deciphering-error"],
  serviceErrorCode["invocation-counter-error"],
]);

/** logical_name of the current association */
const associationObject = {
  classId: classIds["association-ln"],
  instanceId: parseObis(wellKnownObjects.currentAssociation),
  attributeId: 1,
};

/** A longer value is truncated; it is a name or a time. */
const maxValueCharacters = 64;

async function firstRead(active: Association, { present }: Settings): Promise<ConnectionFacts> {
  const sn = active.session.association?.referencing === "sn";
  if (sn) {
    const [result] = await active.run(
      active.session.read([{ kind: "variable-name", name: associationShortName }], "first read"),
    );
    if (result?.kind === "data") return { found: "associationObject" };
    throw accessError(
      "get",
      { classId: classIds["association-sn"], logicalName: wellKnownObjects.currentAssociation, attributeId: 1 },
      dataAccess["other-reason"],
    );
  }
  let refused: { readonly ref: AttributeRef; readonly result: number } | undefined;
  for (const ref of firstReads) {
    const request = `read ${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
    const descriptor = { classId: ref.classId, instanceId: parseObis(ref.logicalName), attributeId: ref.attributeId };
    const result: GetDataResult = await active.run(active.session.get(descriptor, request));
    if (result.ok) {
      const { value } = presentAttribute(decodeValueBytes(result.data, undefined, request), ref, undefined, present);
      const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
      return { found: "value", logicalName: obisPrinted(ref.logicalName), value: text.slice(0, maxValueCharacters) };
    }
    refused ??= { ref, result: result.result };
  }
  throw accessError(
    "get",
    refused?.ref ?? { classId: classIds.data, logicalName: wellKnownObjects.logicalDeviceName, attributeId: 2 },
    refused?.result ?? dataAccess["other-reason"],
  );
}

/**
 * A step's result. A failed proof or password belongs to the authentication, although the association request contains
 * it.
 */
async function settle(step: Step, settings: Settings, signal: AbortSignal): Promise<ConnectionStep[]> {
  const started = settings.clock.now();
  const since = (): number => Math.round(settings.clock.now() - started);
  try {
    return [passed(step.name, await step.run(), since())];
  } catch (error) {
    if (!isDlmsError(error)) throw signal.aborted ? (signal.reason as Error) : error;
    const secret = settings.auth.mechanism !== "none" || settings.security !== undefined;
    const name = step.name === "association" && refusesSecret(error, secret) ? "authentication" : step.name;
    const hints = hintsFor(name, error, settings);
    const failed: ConnectionStep = {
      step: name,
      ok: false,
      text: error.message,
      durationMs: since(),
      error,
      advice: hints.map(describeHint),
      hints,
    };
    if (name === step.name) return [failed];
    return [passed("association", { found: "answered", client: settings.client.sap }, since()), failed];
  }
}

function passed(step: ConnectionStepName, facts: ConnectionFacts, durationMs: number): ConnectionStep {
  return { step, ok: true, text: describeFacts(facts), durationMs, facts };
}
