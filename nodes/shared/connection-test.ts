import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { type ConnectionStep, isDlmsError, testConnection } from "../../src/index";
import { keepsakesIn } from "./keepsakes";
import { type MeterCredentials, parseMeterSettings } from "./meter-config";
import { isMeterNode } from "./meter-node";
import { migrate, migrations } from "./migrations";
import { isAbsent } from "./settings";

/** What the dialog sends: the node as it stands there, deployed or not. */
interface TestRequest {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, unknown>>;
}

/** A line of the answer. */
export interface TestLine {
  readonly step: ConnectionStep["step"] | "settings";
  readonly ok: boolean;
  readonly text: string;
  readonly durationMs?: number;
  readonly advice?: readonly string[];
}

/** Node-RED shows this in place of a stored secret. */
const unchanged = "__PWRD__";
const longestTestMs = 120_000;

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

function requestOf(body: unknown): TestRequest {
  const { id, properties, credentials } = objectOf(body);
  return {
    id: typeof id === "string" ? id : "",
    properties: objectOf(properties),
    credentials: objectOf(credentials),
  };
}

/** `${NAME}` as a deploy would resolve it. */
function resolved(RED: NodeAPI, value: unknown): unknown {
  const name = typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const known: unknown = RED.util.evaluateNodeProperty(name, "env", {} as Node, {});
  return isAbsent(known) ? value : known;
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
    yield { step: "settings", ok: false, text: error.message };
  }
}

const lineOf = ({ step, ok, text, durationMs, advice }: ConnectionStep): TestLine => ({
  step,
  ok,
  text,
  durationMs,
  ...(advice === undefined ? {} : { advice }),
});

async function answer(RED: NodeAPI, request: Request, response: Response): Promise<void> {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  response.type("application/x-ndjson").set("Cache-Control", "no-store");
  const work = async (): Promise<void> => {
    for await (const line of testLines(RED, request.body, ending.signal)) response.write(`${JSON.stringify(line)}\n`);
  };
  const deployed = RED.nodes.getNode(requestOf(request.body).id) as Node | null | undefined;
  const session = isMeterNode(deployed) ? deployed.meter.session : undefined;
  try {
    // many meters take one connection only, and an association of the same client would end the one that is open
    await (session === undefined ? work() : session.lend(work));
  } catch (error) {
    // somebody who has left hears nothing any more
    if (!ending.signal.aborted) RED.log.error(`dlms-meter: connection test: ${String(error)}`);
  }
  response.end();
}

/** Goes to the meter with the settings of an open dialog, before the first deploy too: so it needs the right to write. */
export function registerConnectionTest(RED: NodeAPI): void {
  RED.httpAdmin.post("/dlms/test-connection", RED.auth.needsPermission("dlms.write"), (request, response) => {
    void answer(RED, request, response);
  });
}
