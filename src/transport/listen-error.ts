/** Errors of a server socket that does not open. */
import { DlmsConfigError, DlmsConnectionError, type DlmsError } from "../errors";
import { causeCode, exhaustedAdvice } from "./socket-errors";

/** The error for an address that cannot be listened on, with advice. */
export function listenError(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): DlmsError {
  const where = `${host}:${port}`;
  const options = { cause: error, details: { host, port } };
  const code = causeCode(error);
  switch (code) {
    case "EADDRINUSE":
      return new DlmsConnectionError(
        "CONN_PORT_BUSY",
        `listen on ${where}: the port is in use by another program; choose another port, or stop that program`,
        options,
      );
    case "EACCES":
    case "EPERM":
      return new DlmsConnectionError(
        "CONN_PORT_FORBIDDEN",
        `listen on ${where}: not permitted; ports below 1024 need privileges, choose a higher one`,
        options,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new DlmsConfigError(
        "CONFIG_INVALID",
        `listen on ${where}: "${host}" is not an address of this machine; use 127.0.0.1 or 0.0.0.0`,
        options,
      );
    default: {
      const reason = error instanceof Error ? error.message : String(error);
      return new DlmsConfigError("CONFIG_INVALID", `listen on ${where}: ${exhaustedAdvice(code) ?? reason}`, options);
    }
  }
}
