/** The meter as a target: `tcp://host:port`, `hdlc+tcp://host:port?clientAddress=1`, `/dev/ttyUSB0`, `COM3`. */
import { dashed, namesSecret, type SettingName, settingNames } from "./settings";
import { secretRefused, usage } from "./usage";

export type RawSettings = Partial<Record<SettingName, string | true>>;

const framings: Readonly<Record<string, string>> = { wrapper: "WRAPPER", hdlc: "HDLC", "mode-e": "HDLC_MODE_E" };
const transports = ["tcp", "tls", "udp", "serial"];
const maxTargetLength = 2048;

const isSerialPath = (target: string): boolean => /^(\/dev\/|COM\d+$|\\\\\.\\)/i.test(target);

/** @throws DlmsConfigError */
export function parseTarget(target: string): RawSettings {
  if (target.length > maxTargetLength) throw usage(`target: more than ${maxTargetLength} characters`);
  if (isSerialPath(target)) return { transportType: "SERIAL", serialPort: target };
  const full = target.includes("://") ? target : `tcp://${target}`;
  const scheme = /^(?:([a-z-]+)\+)?([a-z]+):\/\/(.*)$/is.exec(full);
  const [, framing, transport = "", rest = ""] = scheme ?? [];
  if (rest.split(/[/?#]/, 1)[0]?.includes("@") === true) throw secretRefused("target");
  if (!transports.includes(transport.toLowerCase())) {
    throw usage(`target: expected tcp://, tls://, udp:// or serial://, got "${transport}://"`);
  }
  return {
    transportType: transport.toUpperCase(),
    ...framingOf(framing),
    ...placeOf(transport.toLowerCase(), rest.split("?", 1)[0] ?? ""),
    ...queryOf(rest),
  };
}

function framingOf(word: string | undefined): RawSettings {
  if (word === undefined) return {};
  const framing = framings[word.toLowerCase()];
  if (framing === undefined) throw usage(`target: expected wrapper+, hdlc+ or mode-e+, got "${word}+"`);
  return { framing };
}

function placeOf(transport: string, place: string): RawSettings {
  if (transport === "serial") {
    if (place === "") throw usage("target: expected a path, as in serial:///dev/ttyUSB0");
    return { serialPort: place };
  }
  const match = /^(\[[0-9a-f:.%]+\]|[^:/[\]]+)(?::(\d+))?\/?$/i.exec(place);
  if (match === null) throw usage(`target: expected host or host:port, got "${place}"`);
  const [, host = "", port] = match;
  return { host: host.replace(/^\[|\]$/g, ""), ...(port === undefined ? {} : { port }) };
}

/** Settings in the query of a target. */
function queryOf(rest: string): RawSettings {
  const at = rest.indexOf("?");
  const found: RawSettings = {};
  for (const [key, value] of new URLSearchParams(at < 0 ? "" : rest.slice(at + 1))) {
    if (namesSecret(key)) throw secretRefused(`target: ${key}`);
    const name = settingNames.find((one) => one === key || dashed(one) === key);
    if (name === undefined) throw usage(`target: unknown setting "${key}"; dlms help meter lists them`);
    found[name] = value;
  }
  return found;
}
