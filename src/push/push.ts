/** A push as it is handed out. */
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
  readonly kind: "data" | "event" | "text";
  /** name of the meter in the settings; null where it has none */
  readonly meter: string | null;
  /** the number of the meter, as its push says */
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
  /** ISO time of receipt; null where the decoder was given no time */
  readonly receivedAt: string | null;
  /** long-invoke-id-and-priority of a data-notification, 32 bits; null for other pushes */
  readonly longInvokeId: number | null;
  /**
   * The meter marks the push as one to be confirmed. Meters of one-way interfaces (Aidon, Kaifa) mark theirs too, so a
   * receiver confirms only where it is set to.
   */
  readonly confirmed: boolean;
  /** values by logical name ("#3" without one) */
  readonly values: Readonly<Record<string, unknown>>;
  readonly items: readonly PushItem[];
  readonly event?: PushEvent;
  /** null for a push that is not ciphered */
  readonly security: PushSecurity | null;
  readonly link: PushLink & { readonly peer: string | null };
  readonly notes: readonly string[];
}
