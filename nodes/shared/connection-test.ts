import type { NodeAPI } from "node-red";
import { type ConnectionStep, type ErrorJson, isDlmsError, testConnection } from "../../src/index";
import { objectOf, registerLines, resolved } from "./dialog-request";
import { keepsakesIn } from "./keepsakes";
import { type MeterCredentials, parseMeterSettings } from "./meter-config";
import { migrate, migrations } from "./migrations";

/** What the dialog sends: the node as it stands there, deployed or not. */
interface TestRequest {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, unknown>>;
}

/** A line of the answer. The dialog makes its sentences of facts, error and hints, in its own language. */
export interface TestLine extends Pick<ConnectionStep, "ok" | "text" | "facts" | "advice" | "hints"> {
  readonly step: ConnectionStep["step"] | "settings";
  readonly durationMs?: number;
  readonly error?: ErrorJson;
}

/** Node-RED shows this in place of a stored secret. */
const unchanged = "__PWRD__";
const longestTestMs = 120_000;

function requestOf(body: unknown): TestRequest {
  const { id, properties, credentials } = objectOf(body);
  return {
    id: typeof id === "string" ? id : "",
    properties: objectOf(properties),
    credentials: objectOf(credentials),
  };
}

/** Secrets that were not typed anew are the stored ones. */
function credentialsOf(RED: NodeAPI, { id, credentials }: TestRequest): MeterCredentials {
  const stored = objectOf(id === "" ? undefined : RED.nodes.getCredentials(id));
  const names = new Set([...Object.keys(stored), ...Object.keys(credentials)]);
  const entries = [...names].map((name) => {
    const typed = credentials[name];
    return [name, resolved(RED, typed === undefined || typed === unchanged ? stored[name] : typed)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => typeof value === "string"));
}

/** The steps of a test, the check of the settings first. */
export async function* testLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<TestLine, void, undefined> {
  const request = requestOf(body);
  const properties = Object.fromEntries(
    Object.entries(request.properties).map(([name, value]) => [name, resolved(RED, value)]),
  );
  try {
    const raw = migrate(properties, migrations["dlms-meter"]);
    const keepsakes = keepsakesIn(RED.settings.userDir ?? ".");
    const { connect } = parseMeterSettings(raw, credentialsOf(RED, request), keepsakes);
    for await (const step of testConnection(connect, { signal, timeoutMs: longestTestMs })) yield lineOf(step);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    yield { step: "settings", ok: false, text: error.message, error: error.toJSON() };
  }
}

const lineOf = ({ error, ...step }: ConnectionStep): TestLine =>
  error === undefined ? step : { ...step, error: error.toJSON() };

export function registerConnectionTest(RED: NodeAPI): void {
  registerLines(RED, "/dlms/test-connection", "connection test", testLines);
}
