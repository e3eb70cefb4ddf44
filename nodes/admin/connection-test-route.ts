/** "Test connection": connects with the settings of an open dialog and reports each step in a line. */
import { type ConnectionStep, isDlmsError, testConnection, scopeOfMeter } from "../../src/index";
import type { NodeAPI } from "node-red";
import { nodeRuntimeOf } from "../meters/node-runtime";
import type { EndingError, TestLine } from "./answers";
import { dialogSettings } from "./dialog-settings";
import { registerLines } from "./streaming-route";

const maxTestMs = 120_000;

/**
 * Yields the steps of a test; the first one checks the settings. A test may always send its secret, and its outcome
 * decides whether the flows may send the same secret.
 */
export async function* testLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<TestLine, void, undefined> {
  try {
    const settings = dialogSettings(RED, body);
    const { runtime } = nodeRuntimeOf(RED);
    const init = { signal, timeoutMs: maxTestMs };
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

const following: Readonly<Record<TestLine["step"], TestLine["step"]>> = {
  settings: "line",
  line: "link",
  counter: "link",
  link: "association",
  association: "authentication",
  authentication: "read",
  read: "read",
};

/** The step that an unexpected error or a deploy ended. @param before the previous line */
export function endedStep(error: EndingError, before: Pick<TestLine, "step" | "ok"> | undefined): TestLine {
  const step = before === undefined ? "settings" : before.ok ? following[before.step] : before.step;
  return { step, ok: false, text: error.message, error };
}

export function registerConnectionTest(RED: NodeAPI): void {
  registerLines(RED, "/dlms/test-connection", {
    task: "connection test",
    linesOf: testLines,
    claimOf: (runtime, body) => scopeOfMeter(dialogSettings(runtime, body)),
    lastLine: (error, before) => endedStep(error, before as TestLine | undefined),
  });
}
