import { type ConnectionStep, type ErrorJson, isDlmsError, testConnection, scopeOfMeter } from "../../src/index";
import type { NodeAPI } from "node-red";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { dialogSettings } from "./dialog-settings";
import { type EndingError, registerLines } from "./streaming-route";

/** A line of the answer. The dialog makes its sentences of facts, error and hints, in its own language. */
export interface TestLine extends Pick<ConnectionStep, "ok" | "text" | "facts" | "advice" | "hints"> {
  readonly step: ConnectionStep["step"] | "settings";
  readonly durationMs?: number;
  readonly error?: ErrorJson | EndingError;
}

const longestTestMs = 120_000;

/**
 * The steps of a test, the check of the settings first. A test may always send its secret; what becomes of it decides
 * whether the flows may, which have the same.
 */
export async function* testLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<TestLine, void, undefined> {
  try {
    const settings = dialogSettings(RED, body);
    const { runtime } = nodeRuntimeOf(RED);
    const init = { signal, timeoutMs: longestTestMs };
    for await (const step of testConnection(runtime.guarded(settings, "dialog"), init, runtime)) {
      yield lineOf(step);
    }
  } catch (error) {
    if (signal.aborted || !isDlmsError(error)) throw error;
    yield { step: "settings", ok: false, text: error.message, error: error.toJSON() };
  }
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
    claimOf: (runtime, body) => scopeOfMeter(dialogSettings(runtime, body)),
    lastLine: brokenStep,
  });
}
