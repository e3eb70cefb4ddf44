import { withExclusiveAccess, type ErrorJson, isDlmsError, type EndpointScope } from "../../src/index";
import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { isMeterNode } from "../meters/meter-node";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { isAbsent } from "../node-red/raw-settings";

export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** `${NAME}` as a deploy would resolve it. */
export function resolvedVariable(RED: NodeAPI, value: unknown): unknown {
  const name = typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const known: unknown = RED.util.evaluateNodeProperty(name, "env", {} as Node, {});
  return isAbsent(known) ? value : known;
}

/** Bytes of an answer that was no DLMS that an endpoint shows: enough to tell protocols apart, too few to read files. */
const shownForeignBytes = 4;

/**
 * An answer of an endpoint as text. What some other service answered (`details.first`, quoted in the sentences too) is
 * cut: the endpoints go wherever a request says, and are no way to read what answers there.
 */
export function answerText(answer: object): string {
  const text = JSON.stringify(answer);
  const { first } = objectOf(objectOf(objectOf(answer).error).details);
  const hex = typeof first === "string" ? (/^[0-9a-f]*/.exec(first)?.[0] ?? "") : "";
  const kept = hex.slice(0, 2 * shownForeignBytes);
  return kept === hex ? text : text.replaceAll(String(first), `${kept}...`).replaceAll(hex, `${kept}...`);
}

/** What ends a request: its dialog is closed. */
export function closingOf(response: Response): AbortController {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  return ending;
}

/** The same, or that the flows stop, as before each deploy: what asks a meter by itself is over before nodes may. */
export function endingOf(RED: NodeAPI, response: Response): AbortSignal {
  const ending = closingOf(response);
  const requests = nodeRuntimeOf(RED).dialogRequests.add(ending);
  response.on("close", () => {
    requests.delete(ending);
  });
  return ending.signal;
}

/** An error that nobody expected, as a dialog shows it. */
export interface UnexpectedError {
  readonly code: "INTERNAL";
  readonly message: string;
  readonly details?: never;
}

export type EndingError = UnexpectedError | ErrorJson;

/** Of the error itself only what kind it is: nobody knows what its message quotes. */
export function unexpectedError(what: string, error: unknown): UnexpectedError {
  const kind = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : "no error object";
  return { code: "INTERNAL", message: `${what} failed inside Node-RED (${kind}); Node-RED's log says more` };
}

/** What goes to a meter by the settings of an open dialog, and tells what it finds one by one. */
type Lines = (RED: NodeAPI, body: unknown, signal: AbortSignal) => AsyncIterable<object>;

/** The last line of an answer that an unexpected error ends, or a deploy. `before`: the line that was sent before it. */
type LastLine = (error: EndingError, before: object | undefined) => object;

interface Streaming {
  /** the request in messages: "connection test" */
  readonly what: string;
  readonly linesOf: Lines;
  /** What it needs for itself meanwhile. @throws DlmsConfigError for settings with which nothing is asked. */
  readonly claimOf?: (RED: NodeAPI, body: unknown) => EndpointScope;
  readonly lastLine: LastLine;
}

/**
 * The meter that is asked, and the one of the node whose dialog it is, which may be the same, reached in another way:
 * many meters take one connection only, and an association of the same client would end the one that is open.
 */
function claimsOf(RED: NodeAPI, of: Streaming, body: unknown): EndpointScope[] {
  const claims: EndpointScope[] = [];
  try {
    const claim = of.claimOf?.(RED, body);
    if (claim !== undefined) claims.push(claim);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return [];
  }
  const { id } = objectOf(body);
  const deployed = RED.nodes.getNode(typeof id === "string" ? id : "") as Node | null | undefined;
  const own = isMeterNode(deployed) ? deployed.meter.described?.meter : undefined;
  return own === undefined ? claims : [...claims, own];
}

async function answer(RED: NodeAPI, of: Streaming, request: Request, response: Response): Promise<void> {
  const ending = endingOf(RED, response);
  response.type("application/x-ndjson").set("Cache-Control", "no-store");
  let before: object | undefined;
  const send = (line: object): void => {
    response.write(`${answerText(line)}\n`);
    before = line;
  };
  const work = async (): Promise<void> => {
    for await (const line of of.linesOf(RED, request.body, ending)) send(line);
  };
  try {
    const access = nodeRuntimeOf(RED).runtime.access.to(claimsOf(RED, of, request.body));
    await withExclusiveAccess(access, ending, work);
  } catch (error) {
    const reason: unknown = ending.aborted ? ending.reason : undefined;
    if (isDlmsError(reason)) send(of.lastLine(reason.toJSON(), before));
    // somebody who has left hears nothing any more
    else if (!ending.aborted) {
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
