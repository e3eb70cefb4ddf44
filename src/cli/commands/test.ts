/** `dlms test`: the connection test, step by step. */
import { testConnection } from "../../index";
import { flag } from "../arguments";
import { type Command, meterOptions, refuseOthers } from "../context";
import { jsonLine, printable } from "../output";

export const test: Command = async (context) => {
  refuseOthers(context);
  const { args, out, signal } = context;
  let complete = false;
  for await (const step of testConnection(meterOptions(context), { signal })) {
    complete = step.ok;
    if (flag(args, "json")) {
      await out.write(jsonLine({ ...step, ...(step.error === undefined ? {} : { error: step.error.toJSON() }) }));
      continue;
    }
    await out.write(`${step.ok ? "ok    " : "FAILED"} ${step.step}: ${printable(step.text)}\n`);
    for (const advice of step.advice ?? []) await out.write(`       - ${printable(advice)}\n`);
  }
  signal.throwIfAborted();
  return complete ? 0 : 1;
};
