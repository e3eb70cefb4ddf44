/** The settings of a shared meter. */
import type { ConnectOptions } from "../client";

/** The options of a shared meter: how it is reached, and when it counts as offline. */
export interface MeterSettings {
  readonly connect: ConnectOptions;
  /** for logs: "tcp meter.example:4059" */
  readonly endpointLabel: string;
  /** ms, 0 = none */
  readonly probeInterval: number;
  /** ms without an answer after which a probed meter counts as offline */
  readonly offlineAfter: number;
}
