/** `dlms listen`: pushes from a port, a serial line or a gateway. */
import { listenPush, type ListenTransport, type Push } from "../../index";
import { flag, text, whole, word } from "../arguments";
import { type Command, type Context, secretsOf } from "../context";
import { jsonLine, printable } from "../output";
import { pushKeys, pushTable } from "../pushes";
import { parseTarget } from "../target";
import { usage } from "../usage";

function transportOf({ args }: Context): ListenTransport {
  const raw = parseTarget(args.positionals[0] ?? "tcp://127.0.0.1:4059");
  const mode = word(args, "serial-mode", ["8N1", "8E1", "7E1"], "8N1");
  if (raw.transportType === "SERIAL") {
    const rate = text(args, "baud-rate");
    const baudRate =
      rate === undefined || rate === "auto" ? "auto" : (whole(args, "baud-rate", 300, 921_600) ?? "auto");
    return { kind: "serial", path: String(raw.serialPort), baudRate, mode };
  }
  const host = String(raw.host);
  const port = Number(raw.port ?? 4059);
  if (raw.transportType === "UDP") return { kind: "udp", host, port };
  if (raw.transportType === "TCP") {
    return flag(args, "connect") ? { kind: "tcp", host, port } : { kind: "tcp-server", host, port };
  }
  throw usage("target: expected tcp://, udp:// or a serial port");
}

export const listen: Command = async (context) => {
  const { args, out, err, signal } = context;
  const count = whole(args, "count", 1, 1_000_000_000) ?? Infinity;
  const framing = word(args, "framing", ["auto", "hdlc", "wrapper", "mbus", "apdu", "p1"], "auto");
  const keys = pushKeys(secretsOf(context), args);
  const listener = await listenPush({
    transport: transportOf(context),
    framing,
    ...(keys === undefined ? {} : { keys, tryKeys: true }),
    lists: text(args, "lists") ?? "auto",
    confirm: flag(args, "confirm"),
  });
  const stop = (): void => {
    void listener.close();
  };
  signal.addEventListener("abort", stop);
  listener.on("problem", ({ error, peer }) => {
    void err.write(flag(args, "json") ? jsonLine({ ...error.toJSON(), peer }) : `dlms: ${printable(error.message)}\n`);
  });
  listener.on("state", ({ state, error }) => {
    if (!flag(args, "json"))
      void err.write(`dlms: ${state}${error === undefined ? "" : `: ${printable(error.message)}`}\n`);
  });
  const asJson = flag(args, "json");
  await err.write(asJson ? jsonLine({ listening: listener.address }) : `dlms: listening on ${listener.endpoint}\n`);
  try {
    if (signal.aborted) return 0;
    let received = 0;
    const each = async (push: Push): Promise<void> => {
      await out.write(flag(args, "json") ? jsonLine(push) : pushTable(push));
    };
    for await (const push of listener) {
      await each(push);
      if (++received >= count) break;
    }
    return 0;
  } finally {
    signal.removeEventListener("abort", stop);
    await listener.close();
  }
};
