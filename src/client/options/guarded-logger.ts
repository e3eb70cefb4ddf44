/** Calls the user's logger so that its errors do not reach the client. */
import { callSafely, reportUnexpected } from "../../errors/boundary";
import type { Logger } from "./options";

/** A logger whose failures have no effect. The first is a warning of the process, because no logger can report it. */
export function guardedLogger(logger: Logger): Logger {
  let reported = false;
  const failed = (error: unknown): void => {
    if (reported) return;
    reported = true;
    reportUnexpected("node-red-contrib-dlms: the logger threw, and may miss lines", error);
  };
  const call = (run: () => unknown): void => {
    callSafely(run, failed);
  };
  return {
    debug: (text) => {
      call(() => logger.debug(text));
    },
    info: (text) => {
      call(() => logger.info(text));
    },
    warn: (text) => {
      call(() => logger.warn(text));
    },
    error: (text) => {
      call(() => logger.error(text));
    },
  };
}
