import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { draftMetersOf } from "./draft-meters";
import { isMeterNode } from "./meter-node";
import { isAbsent } from "./settings";

export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** `${NAME}` as a deploy would resolve it. */
export function resolved(RED: NodeAPI, value: unknown): unknown {
  const name = typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const known: unknown = RED.util.evaluateNodeProperty(name, "env", {} as Node, {});
  return isAbsent(known) ? value : known;
}

/** The secrets of a meter as they are kept; those of other kinds of nodes are nobody's business here. */
export function storedSecrets(RED: NodeAPI, id: unknown): Readonly<Record<string, unknown>> {
  let ofMeter = false;
  RED.nodes.eachNode((node) => {
    ofMeter ||= node.id === id && node.type === "dlms-meter";
  });
  return ofMeter ? objectOf(RED.nodes.getCredentials(String(id))) : {};
}

/** An error that nobody expected, as a dialog shows it. */
export interface UnexpectedError {
  readonly code: "INTERNAL";
  readonly message: string;
  readonly details?: never;
}

/** Of the error itself only what kind it is: nobody knows what its message quotes. */
export function unexpectedError(what: string, error: unknown): UnexpectedError {
  const kind = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : "no error object";
  return { code: "INTERNAL", message: `${what} failed inside Node-RED (${kind}); Node-RED's log says more` };
}

/** What goes to a meter by the settings of an open dialog, and tells what it finds one by one. */
type Lines = (RED: NodeAPI, body: unknown, signal: AbortSignal) => AsyncIterable<object>;

/** The last line of an answer that an unexpected error ends. `before`: the line that was sent before it. */
type LastLine = (error: UnexpectedError, before: object | undefined) => object;

interface Streaming {
  /** the request in messages: "connection test" */
  readonly what: string;
  readonly linesOf: Lines;
  readonly lastLine: LastLine;
}

async function answer(RED: NodeAPI, of: Streaming, request: Request, response: Response): Promise<void> {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  response.type("application/x-ndjson").set("Cache-Control", "no-store");
  let before: object | undefined;
  const send = (line: object): void => {
    response.write(`${JSON.stringify(line)}\n`);
    before = line;
  };
  const work = async (): Promise<void> => {
    for await (const line of of.linesOf(RED, request.body, ending.signal)) send(line);
  };
  try {
    const { id } = objectOf(request.body);
    const deployed = RED.nodes.getNode(typeof id === "string" ? id : "") as Node | null | undefined;
    const session = isMeterNode(deployed) ? deployed.meter.session : undefined;
    // what another dialog asked before must not be open beside it
    await draftMetersOf(RED.events).vacate();
    // many meters take one connection only, and an association of the same client would end the one that is open
    await (session === undefined ? work() : session.lend(work));
  } catch (error) {
    // somebody who has left hears nothing any more
    if (!ending.signal.aborted) {
      RED.log.error(`dlms-meter: ${of.what}: ${String(error)}`);
      send(of.lastLine(unexpectedError(of.what, error), before));
    }
  }
  response.end();
}

/** A request that is answered line by line, before the first deploy too: so it needs the right to write. */
export function registerLines(RED: NodeAPI, path: string, of: Streaming): void {
  RED.httpAdmin.post(path, RED.auth.needsPermission("dlms.write"), (request, response) => {
    void answer(RED, of, request, response);
  });
}
