/** `dlms simulate`: a meter on a TCP port. */
import { once } from "node:events";
import { createMeter, householdDefinition, type MeterDefinition, parseDefinition } from "../../index";
import { flag, text, whole, word } from "../arguments";
import { type Command, type Context } from "../context";
import { jsonLine } from "../output";
import { fileText } from "../secrets";

function definitionOf({ args }: Context): MeterDefinition {
  const framing = word(args, "framing", ["WRAPPER", "HDLC", "HDLC_MODE_E"], "WRAPPER");
  const file = text(args, "definition");
  if (file !== undefined) return { framing, ...parseDefinition(fileText(file, "--definition", "public")) };
  const serialNumber = text(args, "serial-number");
  return householdDefinition({ framing, ...(serialNumber === undefined ? {} : { serialNumber }) });
}

export const simulate: Command = async (context) => {
  const { args, out, signal } = context;
  const host = text(args, "host") ?? "127.0.0.1";
  const definition = definitionOf(context);
  const listener = await createMeter(definition).listen({ host, port: whole(args, "port", 0, 65_535) ?? 4059 });
  try {
    const clients = definition.associations.map(({ client, mechanism = "none" }) => ({ client, mechanism }));
    const { port } = listener;
    const words = clients.map(({ client, mechanism }) => `${client} (${mechanism})`).join(", ");
    const sentence = `Listening on ${host}:${port}. Clients: ${words}. Ctrl-C ends it.\n`;
    await out.write(flag(args, "json") ? jsonLine({ host, port, clients }) : sentence);
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await listener.close();
  }
  return 0;
};
