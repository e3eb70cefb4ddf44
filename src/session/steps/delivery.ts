/** Faults of messages between client and meter, and the policy of a session for them. */

/** How the message of one step is delivered over a link that may lose messages; no effect on other links. */
export interface Delivery {
  /** The driver throws silence in as an error that leaves the link up: the session retries. */
  readonly reportSilence?: boolean;
  /** a retry of the previous request, under a new invocation counter */
  readonly isRetry?: boolean;
  /** the answer does not name its request */
  readonly uncorrelated?: boolean;
  /** The received APDU was no answer: the running time-out continues. */
  readonly sameWait?: boolean;
}

/** The policy of a session, chosen by its transport and its framing. */
export interface DeliveryPolicy {
  /** Retries of a request that changes nothing in the meter, after a missing answer. */
  readonly retries: number;
  /** Answers keep their order: an APDU with the id of the request is its answer. */
  readonly keepsOrder: boolean;
  /** The link numbers its messages and drops copies; otherwise a copy of an answer reaches the session. */
  readonly numbered: boolean;
  /** The connection outlives an abandoned association: answers to its requests may still arrive. */
  readonly outlivesAssociation: boolean;
  /** An answer with a past invocation counter is a copy, or was overtaken: the session drops it and waits on. */
  readonly dropsReplays: boolean;
}

interface StreamOptions {
  readonly numbered?: boolean;
  readonly outlivesAssociation?: boolean;
}

/** A connection or a serial line: the link notices each lost message. */
export function streamDelivery({ numbered = true, outlivesAssociation = false }: StreamOptions = {}): DeliveryPolicy {
  return { retries: 0, keepsOrder: true, numbered, outlivesAssociation, dropsReplays: !numbered };
}

/** Datagrams: each may be lost, duplicated, or reordered. */
export function datagramDelivery({
  retries,
  numbered = true,
}: {
  readonly retries: number;
  readonly numbered?: boolean;
}): DeliveryPolicy {
  return {
    retries,
    keepsOrder: false,
    numbered,
    outlivesAssociation: false,
    dropsReplays: !numbered || retries > 0,
  };
}
