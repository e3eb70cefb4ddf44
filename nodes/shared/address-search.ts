import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { type AddressTrial, findAddress, type FindAddressOptions, isDlmsError } from "../../src/index";
import { keepsakesIn } from "./keepsakes";
import { type MeterCredentials, parseMeterSettings } from "./meter-config";
import { isMeterNode } from "./meter-node";
import { migrate, migrations } from "./migrations";
import { type RawSettings, isAbsent } from "./settings";

/** A line of the answer: an address that was tried, or why the search ended. */
export type SearchLine =
  | (Pick<AddressTrial, "index" | "total" | "logical" | "bytes" | "answered" | "result" | "text" | "why" | "device"> & {
      /** as the dialog has them: "" = none */
      readonly physical: number | "";
      readonly addressSize: string;
    })
  | { readonly error: string };

const longestSearchMs = 180_000;

/** All that the search needs of a meter; addresses, clients and secrets of the dialog are left out. */
const needed = [
  ...["version", "transportType", "host", "port", "tlsCa", "tlsServerName", "serialPort", "baudRate"],
  ...["framing", "modeEAddress", "modeEStartBaud", "hdlcMaxInfo", "hdlcWindow", "wrapperSwappedBytes"],
] as const;

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};

/** `${NAME}` as a deploy would resolve it. */
function resolved(RED: NodeAPI, value: unknown): unknown {
  const name = typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const known: unknown = RED.util.evaluateNodeProperty(name, "env", {} as Node, {});
  return isAbsent(known) ? value : known;
}

function optionsOf(RED: NodeAPI, body: Readonly<Record<string, unknown>>): FindAddressOptions {
  const given = objectOf(body.properties);
  const raw: RawSettings = Object.fromEntries(needed.map((name) => [name, resolved(RED, given[name])]));
  const credentials: MeterCredentials = {};
  const stored = objectOf(typeof body.id === "string" && body.id !== "" ? RED.nodes.getCredentials(body.id) : {});
  for (const name of ["tlsCertificate", "tlsKey"] as const) {
    const value = stored[name];
    if (typeof value === "string") credentials[name] = value;
  }
  const { connect } = parseMeterSettings(
    migrate(raw, migrations["dlms-meter"]),
    credentials,
    keepsakesIn(RED.settings.userDir ?? "."),
  );
  const serial = typeof body.serialNumber === "string" ? body.serialNumber.trim().slice(0, 64) : "";
  return {
    transport: connect.transport,
    ...(connect.link === undefined ? {} : { link: connect.link }),
    ...(connect.quirks === undefined ? {} : { quirks: connect.quirks }),
    ...(serial === "" ? {} : { serialNumber: serial }),
    all: body.all === true,
  };
}

/** The addresses that were tried, one by one; an error ends them. */
export async function* searchLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<SearchLine, void, undefined> {
  try {
    const options = optionsOf(RED, objectOf(body));
    for await (const trial of findAddress(options, { signal, timeoutMs: longestSearchMs })) yield lineOf(trial);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    yield { error: error.message };
  }
}

function lineOf(trial: AddressTrial): SearchLine {
  const { index, total, logical, physical, addressSize, bytes, answered, result, text, why, device } = trial;
  return {
    index,
    total,
    logical,
    physical: physical ?? "",
    addressSize: addressSize === undefined || addressSize === "auto" ? "AUTO" : String(addressSize),
    bytes,
    answered,
    result,
    text,
    why,
    ...(device === undefined ? {} : { device }),
  };
}

async function answer(RED: NodeAPI, request: Request, response: Response): Promise<void> {
  const ending = new AbortController();
  response.on("close", () => {
    ending.abort(new Error("the dialog was closed"));
  });
  response.type("application/x-ndjson").set("Cache-Control", "no-store");
  const work = async (): Promise<void> => {
    for await (const line of searchLines(RED, request.body, ending.signal)) response.write(`${JSON.stringify(line)}\n`);
  };
  const { id } = objectOf(request.body);
  const deployed = RED.nodes.getNode(typeof id === "string" ? id : "") as Node | null | undefined;
  const session = isMeterNode(deployed) ? deployed.meter.session : undefined;
  try {
    // many meters take one connection only
    await (session === undefined ? work() : session.lend(work));
  } catch (error) {
    // somebody who has left hears nothing any more
    if (!ending.signal.aborted) RED.log.error(`dlms-meter: find the address: ${String(error)}`);
  }
  response.end();
}

/** Asks the line of an open dialog, before the first deploy too: so it needs the right to write. */
export function registerAddressSearch(RED: NodeAPI): void {
  RED.httpAdmin.post("/dlms/find-address", RED.auth.needsPermission("dlms.write"), (request, response) => {
    void answer(RED, request, response);
  });
}
