/** "Find address": tries server addresses with the settings of an open dialog and reports each in a line. */
import { type AddressTrial, endpointOf, findAddress, type FindAddressOptions, isDlmsError } from "../../src/index";
import type { NodeAPI } from "node-red";
import type { SearchLine } from "./answers";
import { nodeRuntimeOf } from "../meters/node-runtime";
import { dialogSettings } from "./dialog-settings";
import { objectOf, registerLines } from "./streaming-route";
import { searchSettings } from "../meters/settings-rules";

const maxSearchMs = 180_000;

/** The search uses no address, client or secret of the dialog. The key of a TLS client is not a secret of the meter. */
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

/** Yields a line for each address that was tried. An error ends the search and is the last line. */
export async function* searchLines(
  RED: NodeAPI,
  body: unknown,
  signal: AbortSignal,
): AsyncGenerator<SearchLine, void, undefined> {
  try {
    const options = optionsOf(RED, objectOf(body));
    for await (const trial of findAddress(options, { signal, timeoutMs: maxSearchMs }, nodeRuntimeOf(RED).runtime))
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
    task: "the search for the address",
    linesOf: searchLines,
    // the search tries the addresses of open sessions too
    claimOf: (runtime, body) => ({ endpoint: endpointOf(dialogSettings(runtime, body, parts)) }),
    lastLine: (error) => ({ error }),
  });
}
