/** `dlms write`: writes an attribute and reads it back, or calls a method. */
import {
  attributeName,
  type AttributeRef,
  attributeType,
  className,
  type DataType,
  decodeData,
  type DlmsClient,
  DlmsAccessError,
  type DlmsValue,
  type MethodRef,
  obisPrinted,
  type Reading,
  scaledValue,
  toDlmsValue,
  typeLike,
} from "../../index";
import { type Arguments, flag, text } from "../arguments";
import { type Command, type Context, positionalsOf, withMeter } from "../context";
import { dangerOfMethod, dangerOfWrite } from "../dangers";
import { parseMethod, parseObject } from "../objects";
import { json, jsonLine, printable, shown, table } from "../output";
import { usage } from "../usage";

/** The clock moves on between a write and the reading back. */
const clockClass = 8;

/** @throws DlmsConfigError unless the switches allow it */
function allow(args: Arguments, what: string, danger: string | undefined): void {
  if (!flag(args, "yes")) throw usage(`--yes is missing: without it nothing is changed (${what})`);
  if (danger === undefined || flag(args, "dangerous")) return;
  throw usage(`--dangerous is missing: ${what} needs it, because ${danger}`);
}

/** JSON for objects, lists, booleans and null; else the text, of which the type makes a number, bytes or a date. */
function valueOf(word: string): unknown {
  if (!/^\s*[[{]|^(true|false|null)$/.test(word)) return word;
  try {
    return JSON.parse(word);
  } catch {
    throw usage("value: it begins like JSON but is not valid JSON");
  }
}

export const write: Command = (context) => {
  const { args } = context;
  const { others } = positionalsOf(context);
  const method = text(args, "method");
  const [object, value] = method === undefined ? others : [method, ...others];
  const most = method === undefined ? 2 : 1;
  if (others.length > most) throw usage(`unexpected argument "${others[most] ?? ""}"; put a value in quotes`);
  if (object === undefined) throw usage("no object: expected OBJECT VALUE, or --method CLASS/OBIS/METHOD");
  if (method !== undefined) {
    const ref = parseMethod(object);
    allow(args, `method ${object}`, dangerOfMethod(ref));
    return call(context, ref, value === undefined ? undefined : valueOf(value));
  }
  if (value === undefined) throw usage("no value: expected OBJECT VALUE");
  const ref = parseObject(object);
  allow(args, `write of ${object}`, dangerOfWrite(ref));
  return change(context, ref, valueOf(value));
};

/** The present value; undefined where the meter does not let this client read it. */
async function present(client: DlmsClient, ref: AttributeRef, signal: AbortSignal): Promise<Reading | undefined> {
  try {
    return await client.read(ref, { signal });
  } catch (error) {
    if (error instanceof DlmsAccessError) return undefined;
    throw error;
  }
}

/** By --data-type, else by the value that the meter holds, else by the class table. @throws DlmsConfigError */
function typed({ args }: Context, ref: AttributeRef, value: unknown, before: Reading | undefined): DlmsValue {
  const path = `${obisPrinted(ref.logicalName)}/${ref.attributeId}`;
  const timeZone = text(args, "time-zone");
  const reversedDeviation = text(args, "deviation-sign")?.toUpperCase() === "REVERSED";
  const dateTimes = { ...(timeZone === undefined ? {} : { timeZone }), reversedDeviation };
  const dataType = text(args, "data-type");
  if (dataType !== undefined) return toDlmsValue(value, dataType as DataType, { path, dateTimes });
  if (before === undefined || before.type === "null-data") {
    return toDlmsValue(value, attributeType(ref) ?? { type: "" }, { path, dateTimes });
  }
  if (before.scaler !== null) return scaledValue(value, before.scaler, before.type, path);
  return toDlmsValue(value, typeLike(attributeType(ref), decodeData(before.raw)), { path, dateTimes });
}

async function change(context: Context, ref: AttributeRef, value: unknown): Promise<number> {
  const { args, out, err, signal } = context;
  const { before, sent, after } = await withMeter(context, async (client) => {
    const before = await present(client, ref, signal);
    const sent = typed(context, ref, value, before);
    signal.throwIfAborted();
    // without the signal: an abort would hide whether the meter has written the value
    await client.write(ref, sent);
    return { before, sent, after: signal.aborted ? undefined : await present(client, ref, signal) };
  });
  const moves = ref.classId === clockClass && ref.attributeId === 2;
  const verified = after === undefined || moves ? null : jsonLine(decodeData(after.raw)) === jsonLine(sent);
  const name = `${obisPrinted(ref.logicalName)}/${attributeName(ref.classId, ref.attributeId)}`;
  if (flag(args, "json")) {
    const { logicalName, classId, attributeId } = ref;
    const of = { logicalName, objectType: className(classId), classId, attributeId };
    const values = { before: before?.value ?? null, after: after?.value ?? null };
    await out.write(json({ ...of, written: true, verified, ...values, sent }));
  } else {
    const unit = after?.unit ?? before?.unit ?? "";
    await out.write(
      table(["object", "before", "after", "unit"], [[name, shown(before?.value), shown(after?.value), unit]]),
    );
    if (verified === null && !moves) await err.write("dlms: written; it could not be read back\n");
  }
  if (verified !== false) return 0;
  await err.write(`dlms: ${name} was written, but the meter holds another value: ${printable(shown(after?.value))}\n`);
  return 1;
}

async function call(context: Context, ref: MethodRef, argument: unknown): Promise<number> {
  const { args, out } = context;
  const type = text(args, "data-type");
  const returned = await withMeter(context, (client) =>
    client.invoke(ref, argument, type === undefined ? {} : { type }),
  );
  const { logicalName, classId, methodId } = ref;
  if (flag(args, "json")) {
    await out.write(json({ logicalName, objectType: className(classId), classId, methodId, invoked: true, returned }));
    return 0;
  }
  const answer = returned.type === "null-data" ? "" : `: ${printable(shown(returned.value))}`;
  await out.write(`${obisPrinted(logicalName)} method ${methodId} was executed${answer}\n`);
  return 0;
}
