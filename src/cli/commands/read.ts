/** `dlms read`: one or several attributes. */
import {
  attributeName,
  type AttributeRef,
  className,
  findClass,
  isDlmsError,
  obisPrinted,
  type Outcome,
} from "../../index";
import { flag, word } from "../arguments";
import { type Command, positionalsOf, withMeter } from "../context";
import { json, printable, shown, table } from "../output";
import { parseObject } from "../objects";
import { usage } from "../usage";

export const read: Command = async (context) => {
  const { args, out, err, signal } = context;
  const refs = positionalsOf(context).others.map(parseObject);
  if (refs.length === 0) throw usage("no object: expected an OBIS code after the target, such as 1.8.0");
  const dates = word(args, "dates", ["iso", "epoch"], "iso");
  const outcomes = await withMeter(context, (client) => client.readMany(refs, { dates, signal }));
  const results = refs.flatMap((ref, i) => {
    const outcome = outcomes[i];
    return outcome === undefined ? [] : [{ ref, outcome }];
  });
  if (flag(args, "json")) await out.write(json(results.map(({ ref, outcome }) => jsonOf(ref, outcome))));
  else {
    const rows = results.flatMap(({ ref, outcome }) =>
      outcome.ok ? [[nameOf(ref), shown(outcome.value.value), outcome.value.unit ?? ""]] : [],
    );
    if (rows.length > 0) await out.write(table(["object", "value", "unit"], rows));
    for (const { outcome } of results) {
      if (!outcome.ok) await err.write(`dlms: ${printable(outcome.error.message)}\n`);
    }
  }
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
};

function nameOf(ref: AttributeRef): string {
  const name = obisPrinted(ref.logicalName);
  return ref.attributeId === 2 ? name : `${name}/${attributeName(ref.classId, ref.attributeId)}`;
}

function jsonOf(ref: AttributeRef, outcome: Outcome): object {
  const of = {
    logicalName: ref.logicalName,
    objectType: className(ref.classId),
    classId: ref.classId,
    version: findClass(ref.classId)?.version ?? null,
    attributeId: ref.attributeId,
    attribute: attributeName(ref.classId, ref.attributeId),
  };
  if (outcome.ok) return { ...of, ...outcome.value };
  return { ...of, error: isDlmsError(outcome.error) ? outcome.error.toJSON() : outcome.error };
}
