/** Chooses between logical and short names, once for each association. */
import type { Association, Kept } from "../association/association";
import { logicalNames } from "./logical-names";
import type { Referencing } from "./referencing";
import { shortNames } from "./short-names";

const ways: Readonly<Record<"ln" | "sn", Referencing>> = { ln: logicalNames, sn: shortNames };

const chosen: Kept<Referencing> = {
  make: ({ session }) => ways[session.association?.referencing ?? "ln"],
};

/** How the meter of this association names its objects. */
export function referencingOf(active: Association): Referencing {
  return active.kept(chosen);
}
