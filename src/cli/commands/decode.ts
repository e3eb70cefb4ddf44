/** `dlms decode`: frames, APDUs, data and pushes as readable trees or JSON. */
import {
  decodeApdu,
  decodeData,
  decodeFrame,
  decodePush,
  describeApdu,
  describeData,
  describeFrame,
  DlmsConfigError,
  fromHex,
  type InspectKeys,
  isDlmsError,
  parseSystemTitle,
} from "../../index";
import { flag, text, word } from "../arguments";
import { type Command, type Context, secretsOf } from "../context";
import { jsonLine, printable } from "../output";
import { pushKeys, pushTable } from "../pushes";
import { usage } from "../usage";

const kinds = ["AUTO", "HDLC", "WRAPPER", "APDU", "DATA", "PUSH"] as const;
type Kind = (typeof kinds)[number];
type Single = Exclude<Kind, "AUTO" | "PUSH">;
const maxInputBytes = 16_777_216;

interface Decoded {
  readonly kind: Single;
  readonly value: unknown;
  readonly tree: string;
}

function decodeAs(kind: Single, bytes: Uint8Array, keys: InspectKeys): Decoded {
  switch (kind) {
    case "HDLC":
    case "WRAPPER": {
      const link = kind === "HDLC" ? "hdlc" : "wrapper";
      return { kind, value: decodeFrame(bytes, link, keys), tree: describeFrame(bytes, link, { keys }) };
    }
    case "APDU":
      return { kind, value: decodeApdu(bytes, keys), tree: describeApdu(bytes, { keys }) };
    case "DATA": {
      const value = decodeData(bytes);
      return { kind, value, tree: describeData(value) };
    }
  }
}

/** By the first bytes; what is no APDU may be A-XDR data. */
function decodeAny(bytes: Uint8Array, keys: InspectKeys): Decoded {
  if (bytes[0] === 0x7e) return decodeAs("HDLC", bytes, keys);
  const length = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
  if (bytes[0] === 0 && bytes[1] === 1 && length === bytes.length - 8) return decodeAs("WRAPPER", bytes, keys);
  try {
    return decodeAs("APDU", bytes, keys);
  } catch (error) {
    if (!isDlmsError(error) || error.layer !== "codec") throw error;
    try {
      return decodeAs("DATA", bytes, keys);
    } catch {
      throw error;
    }
  }
}

async function inputOf({ input, signal }: Context): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of input) {
    signal.throwIfAborted();
    size += part.length;
    if (size > maxInputBytes) throw usage(`standard input: more than ${maxInputBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function bytesOf(hex: string): Uint8Array {
  try {
    return fromHex(hex.replace(/0x/gi, "").replace(/[\s:,;-]+/g, ""));
  } catch (error) {
    throw isDlmsError(error) ? usage(`input: ${error.message}`) : error;
  }
}

async function decodePushes(context: Context, payload: Uint8Array | string): Promise<number> {
  const { args, out, err } = context;
  const keys = pushKeys(secretsOf(context), args);
  const { pushes, problems } = decodePush(payload, {
    ...(keys === undefined ? {} : { keys, tryKeys: true }),
    lists: text(args, "lists") ?? "auto",
  });
  for (const push of pushes) await out.write(flag(args, "json") ? jsonLine(push) : pushTable(push));
  for (const problem of problems) {
    await err.write(flag(args, "json") ? jsonLine(problem.toJSON()) : `dlms: ${printable(problem.message)}\n`);
  }
  if (pushes.length > 0) return problems.length === 0 ? 0 : 1;
  if (problems.length === 0) await err.write("dlms: the input holds no push\n");
  return 1;
}

export const decode: Command = async (context) => {
  const { args, out } = context;
  const kind = word(args, "as", kinds, "AUTO");
  const given = args.positionals;
  if (kind === "PUSH") return decodePushes(context, given.length > 0 ? given.join("") : await inputOf(context));
  const lines = given.length > 0 ? given : (await inputOf(context)).toString("utf8").split(/\r?\n/);
  const { encryptionKey, authenticationKey, broadcastKey } = pushKeys(secretsOf(context), args) ?? {};
  const title = text(args, "system-title");
  const keys: InspectKeys = {
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
    ...(broadcastKey === undefined ? {} : { broadcastKey }),
    ...(title === undefined ? {} : { systemTitle: parseSystemTitle(title, "--system-title") }),
  };
  const texts = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (texts.length === 0)
    throw new DlmsConfigError("CONFIG_MISSING", "no input: expected hex as an argument or a line");
  for (const hex of texts) {
    const bytes = bytesOf(hex);
    const decoded = kind === "AUTO" ? decodeAny(bytes, keys) : decodeAs(kind, bytes, keys);
    const { kind: as, value, tree } = decoded;
    await out.write(flag(args, "json") ? jsonLine({ kind: as, value }) : `${printable(tree)}\n`);
  }
  return 0;
};
