/** Routes that query a meter with the settings of an open dialog and answer line by line. */
import { withExclusiveAccess, isDlmsError, type EndpointScope } from "../../src/index";
import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import type { EndingError, UnexpectedError } from "./answers";
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

/** Bytes that a route shows of an answer that is not DLMS: enough to identify the protocol, too few to read files. */
const maxForeignBytes = 4;

/**
 * The answer of a route as text. It shortens answers of another service (`details.first` and `details.bytes`, quoted in
 * the sentences too), because the route connects to any address in the request and must not let its user read that
 * service.
 */
export function answerText(answer: object): string {
  const { first, bytes } = objectOf(objectOf(objectOf(answer).error).details);
  return [first, bytes].reduce(shortened, JSON.stringify(answer));
}

function shortened(text: string, quoted: unknown): string {
  const hex = typeof quoted === "string" ? (/^[0-9a-f]*/.exec(quoted)?.[0] ?? "") : "";
  const kept = hex.slice(0, 2 * maxForeignBytes);
  return kept === hex ? text : text.replaceAll(String(quoted), `${kept}...`).replaceAll(hex, `${kept}...`);
}

/** Aborts when the dialog is closed. */
export function closingOf(response: Response): AbortController {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  return ending;
}

/** Aborts when the dialog is closed or the flows stop: requests of dialogs end before the new nodes connect. */
export function endingOf(RED: NodeAPI, response: Response): AbortSignal {
  const ending = closingOf(response);
  const requests = nodeRuntimeOf(RED).dialogRequests.add(ending);
  response.on("close", () => {
    requests.delete(ending);
  });
  return ending.signal;
}

/** Reports only the kind of the error, because its message may quote anything. */
export function unexpectedError(task: string, error: unknown): UnexpectedError {
  const kind = error instanceof Error && /^\w{1,40}$/.test(error.name) ? error.name : "no error object";
  return { code: "INTERNAL", message: `${task} failed inside Node-RED (${kind}); see Node-RED's log for details` };
}

/** Asks a meter with the settings of an open dialog, and yields a line for each result. */
type Lines = (RED: NodeAPI, body: unknown, signal: AbortSignal) => AsyncIterable<object>;

/** Makes the last line when an unexpected error or a deploy ends the answer. `before`: the previous line. */
type LastLine = (error: EndingError, before: object | undefined) => object;

interface Streaming {
  /** name of the request in messages: "connection test" */
  readonly task: string;
  readonly linesOf: Lines;
  /** The scope of the exclusive access that the request needs. @throws DlmsConfigError for settings that are not valid */
  readonly claimOf?: (RED: NodeAPI, body: unknown) => EndpointScope;
  readonly lastLine: LastLine;
}

/**
 * Exclusive access to the meter of the dialog's settings, and to the meter of the deployed node. Both may be one meter at
 * two addresses: many meters take one connection only, and a second association of one client ends the first.
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
    // a closed dialog receives nothing
    else if (!ending.aborted) {
      RED.log.error(`dlms-meter: ${of.task}: ${String(error)}`);
      send(of.lastLine(unexpectedError(of.task, error), before));
    }
  }
  response.end();
}

/** Registers a route that answers line by line. It works before the first deploy, so it needs the right to write. */
export function registerLines(RED: NodeAPI, path: string, of: Streaming): void {
  RED.httpAdmin.post(path, RED.auth.needsPermission("dlms.write"), (request, response) => {
    void answer(RED, of, request, response);
  });
}
