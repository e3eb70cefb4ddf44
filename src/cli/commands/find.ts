/** `dlms find`: the search for a meter's address. */
import { findAddress } from "../../index";
import { flag, text, whole } from "../arguments";
import { type Command, loggerOf, meterSettingsOf, refuseOthers, secretsOf } from "../context";
import { transportAndLink } from "../meter-options";
import { jsonLine, printable, Progress } from "../output";

export const find: Command = async (context) => {
  refuseOthers(context);
  const { args, out, err, now, signal } = context;
  const { transport, link } = transportAndLink(meterSettingsOf(context), secretsOf(context));
  const response = whole(args, "timeout", 1, 600_000);
  const serialNumber = text(args, "serial-number");
  const progress = new Progress(err, now);
  let found = 0;
  const trials = findAddress(
    {
      transport,
      ...(link === undefined ? {} : { link }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
      ...(response === undefined ? {} : { timeouts: { response } }),
      all: flag(args, "all"),
      logger: loggerOf(context),
    },
    { signal },
  );
  for await (const trial of trials) {
    if (trial.answered) found++;
    progress.show(`${trial.index} of ${trial.total}`);
    if (flag(args, "json")) {
      await out.write(jsonLine({ ...trial, ...(trial.error === undefined ? {} : { error: trial.error.toJSON() }) }));
    } else if (trial.answered) {
      progress.end();
      const physical = trial.physical === undefined ? "" : ` --physical-address ${trial.physical}`;
      const size = trial.addressSize === undefined ? "" : ` --address-size ${String(trial.addressSize).toUpperCase()}`;
      await out.write(`--server-address ${trial.logical}${physical}${size}: ${printable(trial.text)}\n`);
    }
  }
  progress.end();
  signal.throwIfAborted();
  if (found === 0) await err.write("dlms: no address answered; check the line and the framing with dlms test\n");
  return found > 0 ? 0 : 1;
};
