/** `dlms browse`: the object list. */
import { obisPrinted } from "../../index";
import { flag } from "../arguments";
import { type Command, refuseOthers, withMeter } from "../context";
import { json, Progress, table } from "../output";

export const browse: Command = async (context) => {
  refuseOthers(context);
  const { args, out, err, now, signal } = context;
  const progress = new Progress(err, now);
  progress.show("reading the object list");
  const { objects, skipped } = await withMeter(context, (client) => client.browse({ signal })).finally(() => {
    progress.end();
  });
  if (flag(args, "json")) {
    await out.write(json(objects));
  } else {
    const rows = objects.map(({ objectType, version, logicalName, description }) => [
      ...[objectType, String(version), obisPrinted(logicalName), description],
    ]);
    await out.write(table(["class", "version", "object", "description"], rows));
  }
  if (skipped > 0) await err.write(`dlms: ${skipped} entries of the object list were invalid or missing\n`);
  return 0;
};
