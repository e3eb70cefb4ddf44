import {
  type AddressTrial,
  endpointOf,
  type ErrorJson,
  findAddress,
  type FindAddressOptions,
  isDlmsError,
} from "../../src/index";
import type { NodeAPI } from "node-red";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { dialogSettings } from "./dialog-settings";
import { objectOf, registerLines } from "./streaming-route";
import { searchSettings } from "../meters/settings-rules";

/** A line of the answer: an address that was tried, or why the search ended. */
export type SearchLine =
  | (Pick<AddressTrial, "index" | "total" | "logical" | "bytes" | "answered" | "result" | "text" | "why" | "device"> & {
      /** as the dialog has them: "" = none */
      readonly physical: number | "";
      readonly addressSize: string;
      readonly error?: ErrorJson;
    })
  | { readonly error: ErrorJson };

const longestSearchMs = 180_000;

/** Addresses, clients and secrets of the dialog are left out. A TLS client's key is no secret of the meter. */
const parts = {
  properties: ["version", ...searchSettings.properties],
  credentials: searchSettings.credentials,
} as const;

function optionsOf(RED: NodeAPI, body: Readonly<Record<string, unknown>>): FindAddressOptions {
  const { connect } = dialogSettings(RED, body, parts);
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
    for await (const trial of findAddress(options, { signal, timeoutMs: longestSearchMs }, nodeRuntimeOf(RED).runtime))
      yield lineOf(trial);
  } catch (error) {
    if (signal.aborted || !isDlmsError(error)) throw error;
    yield { error: error.toJSON() };
  }
}

function lineOf(trial: AddressTrial): SearchLine {
  const { index, total, logical, physical, addressSize, bytes, answered, result, text, why, device, error } = trial;
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
    ...(error === undefined ? {} : { error: error.toJSON() }),
  };
}

export function registerAddressSearch(RED: NodeAPI): void {
  registerLines(RED, "/dlms/find-address", {
    what: "the search for the address",
    linesOf: searchLines,
    // it knocks at every address, those too at which sessions are open
    claimOf: (runtime, body) => ({ endpoint: endpointOf(dialogSettings(runtime, body, parts)) }),
    lastLine: (error) => ({ error }),
  });
}
