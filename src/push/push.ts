/** A push as it is returned to the user. */
import type { PushItem } from "./layouts/items";
import type { PushSecurity } from "./opening/open";
import type { PushLink } from "./units/unit";

export interface PushEvent {
  readonly classId: number;
  readonly logicalName: string;
  readonly attributeId: number;
  readonly attribute: string | null;
  readonly value: unknown;
}

export interface Push {
  /** "raw": not opened, only with `withoutKey: "raw"` */
  readonly kind: "data" | "event" | "text" | "raw";
  /** name of the meter in the settings; null if it has none */
  readonly meter: string | null;
  /** the meter's number, as sent in its push */
  readonly meterId: string | null;
  /** 16 hex digits; null for a push that is not ciphered */
  readonly systemTitle: string | null;
  readonly listId: string | null;
  /** the list table that named or scaled values */
  readonly table: string | null;
  /** of the APDU, with the offset as sent */
  readonly time: string | null;
  /** clock object among the values */
  readonly clock: string | null;
  /** ISO time of receipt; null if the caller passed no time */
  readonly receivedAt: string | null;
  /** long-invoke-id-and-priority of a data-notification, 32 bits; null for other pushes */
  readonly longInvokeId: number | null;
  /**
   * The meter requests a confirmation. Meters with one-way interfaces (Aidon, Kaifa) request one too, so a receiver
   * confirms only if it is configured to.
   */
  readonly confirmed: boolean;
  /** values by logical name ("#3" for the fourth value if it has none) */
  readonly values: Readonly<Record<string, unknown>>;
  readonly items: readonly PushItem[];
  readonly event?: PushEvent;
  /** of kind "raw": the ciphered APDU in hex */
  readonly raw?: string;
  /** null for a push that is not ciphered */
  readonly security: PushSecurity | null;
  readonly link: PushLink & { readonly peer: string | null };
  readonly notes: readonly string[];
}
