/** `dlms profile`: rows of a profile as CSV or JSON. */
import { lineProtocol, pointsOfProfile, type ProfileRange, type ProfileReader, type ProfileRow } from "../../index";
import { text, whole, word } from "../arguments";
import { type Command, type Context, positionalsOf, withMeter } from "../context";
import { parseLogicalName } from "../objects";
import { csvLine, json, Progress, shown } from "../output";
import { usage } from "../usage";

const loadProfile = "1.0.99.1.0.255";
const periods = ["today", "yesterday", "this-month", "last-month"] as const;
const maxEntries = 4_294_967_295;

/** @throws DlmsConfigError */
function rangeOf({ args }: Context): ProfileRange | undefined {
  const given = ["last", "from", "after", "entries", "range"].filter((name) => text(args, name) !== undefined);
  if (given.length > 1) throw usage(`--${given.join(" and --")}: choose one`);
  const [from, after, to] = [text(args, "from"), text(args, "after"), text(args, "to")];
  const entries = text(args, "entries");
  const last = whole(args, "last", 1, maxEntries);
  if (to !== undefined && from === undefined && after === undefined) throw usage("--to: --from or --after is missing");
  if (last !== undefined) return { last };
  if (from !== undefined) return { from, ...(to === undefined ? {} : { to }) };
  if (after !== undefined) return { after, ...(to === undefined ? {} : { to }) };
  if (text(args, "range") !== undefined) return word(args, "range", periods, "today");
  if (entries === undefined) return undefined;
  const match = /^(\d{1,10})-(\d{1,10})$/.exec(entries);
  if (match === null) throw usage(`--entries: expected FIRST-LAST such as 1-96, got "${entries}"`);
  return { entries: [Number(match[1]), Number(match[2])] };
}

export const profile: Command = async (context) => {
  const { args, err, now, signal } = context;
  const [given = loadProfile, extra] = positionalsOf(context).others;
  const obis = parseLogicalName(given);
  if (extra !== undefined) throw usage(`unexpected argument "${extra}"; dlms help profile shows examples`);
  const format = word(args, "format", ["csv", "json", "line"], args.options["json"] === true ? "json" : "csv");
  const dates = word(args, "dates", ["iso", "epoch"], "iso");
  const range = rangeOf(context);
  const columns = text(args, "columns")
    ?.split(",")
    .map((key) => key.trim());
  const progress = new Progress(err, now);
  const onProgress = ({ rows }: { rows: number }): void => {
    progress.show(`${rows} rows`);
  };
  await withMeter(context, async (client) => {
    const reader = client.profile(obis, range, {
      ...{ dates, signal, onProgress },
      ...(columns === undefined ? {} : { columns }),
    });
    if (format === "csv") await writeCsv(context, reader);
    else if (format === "json") await writeJson(context, reader);
    else await writeLines(context, reader, obis, text(args, "meter") ?? client.endpoint);
    progress.end();
    for (const note of reader.notes) await err.write(`dlms: ${note}\n`);
  }).finally(() => {
    progress.end();
  });
  return 0;
};

async function writeJson({ out }: Context, reader: ProfileReader): Promise<void> {
  const { rows } = await reader.toTable();
  await out.write(json(rows));
}

/** Line protocol, as InfluxDB reads it; times in ms. */
async function writeLines({ out, err }: Context, reader: ProfileReader, obis: string, meter: string): Promise<void> {
  const { points, leftOut } = pointsOfProfile(await reader.toTable(), obis, { meter });
  if (points.length > 0) await out.write(`${lineProtocol(points)}\n`);
  if (leftOut > 0) await err.write(`dlms: ${leftOut} rows without an instant were left out; try --time-zone\n`);
}

/** Written as the rows arrive, so that the size of a profile has no bound here. */
async function writeCsv({ out, signal }: Context, reader: ProfileReader): Promise<void> {
  const keys = (await reader.columns()).map(({ key }) => key);
  let head: readonly string[] | undefined;
  for await (const row of reader) {
    signal.throwIfAborted();
    if (head === undefined) await out.write(csvLine((head = headOf(keys, row))));
    await out.write(csvLine(head.map((key) => shown(row[key]))));
  }
  if (head === undefined) await out.write(csvLine(keys));
}

/** The columns, and what a row has besides them: `time` of time marks. */
function headOf(keys: readonly string[], row: ProfileRow): readonly string[] {
  return [...Object.keys(row).filter((key) => !keys.includes(key)), ...keys];
}
