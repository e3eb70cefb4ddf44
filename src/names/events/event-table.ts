/** The form of the event code tables. */

/** One event log of a companion specification. */
export interface EventLog {
  /** unique within the table, for example `power-quality` */
  readonly log: string;
  /** dotted logical name of the profile that contains the log */
  readonly profile: string;
  /** dotted logical name of the object that contains the code of the last event, if the sources name one */
  readonly code?: string;
  /** code -> English text; the id follows from the text */
  readonly events: Readonly<Record<number, string>>;
}

/** The event codes of a companion specification. */
export interface EventTable {
  readonly logs: readonly EventLog[];
}
