// Meters that dial in to a source: the heartbeat of their modems, and the line that a `dlms-meter` uses.
import { DlmsConfigError, type HeartbeatOptions, type Transport } from "../../src/index";

export interface DialIn {
  /** undefined: the modems send none */
  readonly heartbeat: HeartbeatOptions | undefined;
}

const escapes: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", "0": "\0", "\\": "\\" };

/** Text with \r, \n, \t, \0 and \x41 for bytes that a field cannot hold. */
const unescaped = (text: string): string =>
  text.replace(/\\(?:x([0-9a-f]{2})|([rnt0\\]))/gi, (whole, hex: string | undefined, one: string | undefined) =>
    hex === undefined ? (escapes[one?.toLowerCase() ?? ""] ?? whole) : String.fromCharCode(parseInt(hex, 16)),
  );

/** @throws DlmsConfigError for an invalid regular expression */
function patternOf(text: string): RegExp | Uint8Array {
  const [, source] = /^\/(.+)\/$/.exec(text) ?? [];
  if (source === undefined) return Buffer.from(unescaped(text), "latin1");
  try {
    return new RegExp(source);
  } catch {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      "heartbeat: expected text, or a regular expression between slashes like /ID=(\\w+)\\r\\n/",
      { details: { property: "heartbeat" } },
    );
  }
}

/**
 * @param pattern text, or a regular expression between slashes whose first group is the name of the meter
 * @throws DlmsConfigError
 */
export function dialInOf(pattern: string, answer: string): DialIn {
  if (pattern === "") return { heartbeat: undefined };
  const reply = answer === "" ? {} : { answer: Buffer.from(unescaped(answer), "latin1") };
  return { heartbeat: { pattern: patternOf(pattern), ...reply } };
}

/** A source as seen by the meters that are read over it. */
export interface IncomingLines {
  incoming(meterId: string): Promise<Transport>;
}

/**
 * The line of a meter that dials in. Its source is looked up for each connection, because a deploy creates a new one.
 * @param find the source. @throws DlmsConfigError if the source is missing
 */
export function incomingLine(source: string, meterId: string, find: (source: string) => IncomingLines): Transport {
  return {
    kind: "tcp",
    endpoint: `incoming ${meterId}`,
    lineKey: `incoming:${source}:${meterId}`,
    open: async (events, options) => {
      const line = await find(source).incoming(meterId);
      return line.open(events, options);
    },
  };
}
