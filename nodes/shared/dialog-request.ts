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

/** What goes to a meter by the settings of an open dialog, and tells what it finds one by one. */
type Lines = (RED: NodeAPI, body: unknown, signal: AbortSignal) => AsyncIterable<object>;

async function answer(RED: NodeAPI, what: string, linesOf: Lines, request: Request, response: Response): Promise<void> {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  response.type("application/x-ndjson").set("Cache-Control", "no-store");
  const work = async (): Promise<void> => {
    for await (const line of linesOf(RED, request.body, ending.signal)) response.write(`${JSON.stringify(line)}\n`);
  };
  const { id } = objectOf(request.body);
  const deployed = RED.nodes.getNode(typeof id === "string" ? id : "") as Node | null | undefined;
  const session = isMeterNode(deployed) ? deployed.meter.session : undefined;
  try {
    // what another dialog asked before must not be open beside it
    await draftMetersOf(RED.events).vacate();
    // many meters take one connection only, and an association of the same client would end the one that is open
    await (session === undefined ? work() : session.lend(work));
  } catch (error) {
    // somebody who has left hears nothing any more
    if (!ending.signal.aborted) RED.log.error(`dlms-meter: ${what}: ${String(error)}`);
  }
  response.end();
}

/** A request that is answered line by line, before the first deploy too: so it needs the right to write. */
export function registerLines(RED: NodeAPI, path: string, what: string, linesOf: Lines): void {
  RED.httpAdmin.post(path, RED.auth.needsPermission("dlms.write"), (request, response) => {
    void answer(RED, what, linesOf, request, response);
  });
}
