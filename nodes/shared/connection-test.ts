import type { NodeAPI } from "node-red";
import {
  type ConnectionStep,
  type ConnectOptions,
  type DlmsError,
  DlmsTimeoutError,
  type ErrorJson,
  isDlmsError,
  testConnection,
} from "../../src/index";
import { dialogSettings } from "./dialog-meter";
import { type EndingError, registerLines } from "./dialog-request";
import { wholeMeter } from "./meter-place";
import { type SecretAccount, processLedger } from "./secret-ledger";

/** A line of the answer. The dialog makes its sentences of facts, error and hints, in its own language. */
export interface TestLine extends Pick<ConnectionStep, "ok" | "text" | "facts" | "advice" | "hints"> {
  readonly step: ConnectionStep["step"] | "settings";
  readonly durationMs?: number;
  readonly error?: ErrorJson | EndingError;
}

const longestTestMs = 120_000;

/** The steps of a test, the check of the settings first. */
export async function* testLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<TestLine, void, undefined> {
  let brokenOff = (): void => undefined;
  try {
    const settings = dialogSettings(RED, body);
    const secrets = processLedger.account(settings, "dialog");
    for await (const step of testConnection(settings.connect, { signal, timeoutMs: longestTestMs })) {
      note(step, settings.connect, secrets);
      brokenOff = (): void => {
        if (step.step === "link" && step.ok) noteBrokenOff(secrets);
      };
      yield lineOf(step);
    }
  } catch (error) {
    if (signal.aborted) brokenOff();
    if (signal.aborted || !isDlmsError(error)) throw error;
    yield { step: "settings", ok: false, text: error.message, error: error.toJSON() };
  }
}

/** A test may always send its secret; what came of it decides whether the flows may, which have the same. */
function note({ step, ok, error }: ConnectionStep, connect: ConnectOptions, secrets: SecretAccount): void {
  if (ok && step === "authentication") secrets.accepted();
  if (error === undefined) return;
  if (step === "authentication") secrets.refused(error);
  else if (step === "association" && isUnanswered(error, connect)) secrets.unanswered(error);
}

/** Ended while it associated: the meter may have had the secret. */
function noteBrokenOff(secrets: SecretAccount): void {
  if (secrets.tripsBefore === Infinity) return;
  const text = "the test was ended before the meter answered its association request";
  secrets.unanswered(new DlmsTimeoutError("TIMEOUT_ASSOCIATE", text));
}

/** Whether a secret was on its way when associating ended without a word on it. */
function isUnanswered(error: DlmsError, { auth, security }: ConnectOptions): boolean {
  if (auth?.mechanism === "none" && (security === undefined || security.policy === "none")) return false;
  // without ciphering, the association request of HLS carries no secret: it comes with the proof
  const inRequest = auth?.mechanism === "lls" || (security !== undefined && security.policy !== "none");
  if (error.code === "DLMS_TIMEOUT_ASSOCIATE") return inRequest;
  return error instanceof DlmsTimeoutError || ["transport", "link", "codec"].includes(error.layer);
}

const lineOf = ({ error, ...step }: ConnectionStep): TestLine =>
  error === undefined ? step : { ...step, error: error.toJSON() };

const steps: readonly TestLine["step"][] = ["settings", "line", "link", "association", "authentication", "read"];

/** The step under way when something unexpected happened: the one after the last that was done. */
function brokenStep(error: EndingError, before: object | undefined): TestLine {
  const told = before as TestLine | undefined;
  const next = told === undefined ? 0 : steps.indexOf(told.step) + (told.ok ? 1 : 0);
  return { step: steps[next] ?? "read", ok: false, text: error.message, error };
}

export function registerConnectionTest(RED: NodeAPI): void {
  registerLines(RED, "/dlms/test-connection", {
    what: "connection test",
    linesOf: testLines,
    claimOf: (runtime, body) => wholeMeter(dialogSettings(runtime, body)),
    lastLine: brokenStep,
  });
}
