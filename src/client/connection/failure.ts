/** Effect of an error on the association and on the request. */
import { DlmsError } from "../../errors";

/** Whether the association cannot be used after this error. `fresh`: it has not answered a request yet. */
export function breaksSession(error: unknown, fresh: boolean): boolean {
  if (!(error instanceof DlmsError)) return true;
  switch (error.layer) {
    case "transport":
    case "link":
    case "security":
      return true;
    case "service":
      // an error right after the association concerns the request, not the association
      return error.retry === "reconnect" && !fresh;
    // refused by the client itself: a service that was not negotiated is refused before anything is sent
    case "association":
    case "codec":
    case "config":
    case "state":
    case "access":
      return error.retry === "reconnect";
  }
}

/** Whether a read may be repeated on a new association: it was lost in transit and has no answer. */
export function worthRepeating(error: unknown): boolean {
  return error instanceof DlmsError && error.retry === "reconnect" && error.layer !== "codec";
}

/** "4 s", "4 min 30 s" */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
