/** The meters that a node uses: its own, those that messages name, and those that messages describe. */
import { DlmsConfigError, DlmsStateError, type Lease, type MeterView } from "../../src/index";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { isAbsent, quote } from "../node-red/raw-settings";
import { findMeter, type MeterNode } from "./meter-node";
import { lowerRight, type WriteRight } from "./write-rights";

/** A session for the requests of one message, with the name for `msg.dlms.meter`. */
export interface MeterSource extends Lease {
  readonly label: string;
  /** what may be written */
  readonly writing: WriteRight;
  /** ms that the request waited for a place in the pool */
  readonly waitedMs?: number;
}

export interface UsedMetersOptions {
  /** The state of the meter of the last message, or of the node's own meter. */
  changed(view: MeterView): void;
  /** The settings of that meter are invalid. */
  invalid(): void;
}

/** `msg.meter` as an object: settings that override those of the config node. */
function isDescription(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class UsedMeters {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #options: UsedMetersOptions;
  /** meters that the node is registered with, by id */
  readonly #meters = new Map<string, MeterNode>();
  #shown: MeterNode | undefined;

  constructor(RED: NodeAPI, node: Node, options: UsedMetersOptions) {
    this.#RED = RED;
    this.#node = node;
    this.#options = options;
  }

  /** The meter whose state the node shows; undefined: the last message described another one. */
  get shown(): MeterNode["meter"] | undefined {
    return this.#shown?.meter;
  }

  /** Registers with the node's own meter. @throws DlmsConfigError */
  useOwn(wanted: unknown): void {
    this.#use(findMeter(this.#RED, wanted, "meter"));
  }

  /** The meter of a message. @param own the node's own setting @throws DlmsConfigError */
  of(msg: NodeMessage, own: unknown): MeterNode {
    const { wanted, source } = wantedMeter(msg.meter, own);
    if (isAbsent(wanted)) {
      throw new DlmsConfigError("CONFIG_MISSING", "meter: choose a meter in the node, or name one in msg.meter", {
        details: { property: "meter" },
      });
    }
    const meter = findMeter(this.#RED, wanted, source);
    this.#use(meter, isDescription(msg.meter));
    return meter;
  }

  /**
   * The deployed meter's own session, or one of its pool for a message that describes a meter.
   * @throws DlmsConfigError, DlmsStateError, the signal's reason
   */
  async sourceOf({ meter }: MeterNode, msg: NodeMessage, signal: AbortSignal): Promise<MeterSource> {
    if (isDescription(msg.meter)) {
      const { meter: _base, credentials, ...overrides } = msg.meter;
      const node = isAbsent(credentials) ? undefined : findMeter(this.#RED, credentials, "msg.meter.credentials");
      if (meter.described === undefined)
        throw meter.problem ?? new DlmsStateError("STATE_CLOSED", "the meter is closed");
      const source = await meter.described.open(overrides, node?.meter.described?.credentials, signal);
      if (node === undefined || node.meter.credentialsOnly === true) return source;
      // the secrets of a read-only meter are lent for reading
      return { ...source, writing: lowerRight(source.writing, node.meter.writing) };
    }
    const { session, problem, label, writing } = meter;
    if (session === undefined) throw problem ?? new DlmsStateError("STATE_CLOSED", `${label}: the meter is closed`);
    return { session, label, writing, release: () => undefined };
  }

  /** Resolves when the sessions are released that no other node uses. Never rejects; bounded. */
  async close(): Promise<void> {
    const meters = [...this.#meters.values()];
    this.#meters.clear();
    await Promise.all(
      meters.map(async (meter) => {
        delete meter.users[this.#node.id];
        await meter.meter.session?.removeUser(this.#node.id);
      }),
    );
  }

  /**
   * `described`: the message describes another meter, so the state of the node's own meter does not explain the error.
   */
  #use(meter: MeterNode, described = false): void {
    this.#shown = described ? undefined : meter;
    if (this.#meters.get(meter.id) === meter) return;
    this.#meters.set(meter.id, meter);
    meter.users[this.#node.id] = this.#node;
    if (meter.meter.session === undefined) {
      if (!described) this.#options.invalid();
      return;
    }
    meter.meter.session.addUser({
      id: this.#node.id,
      meterChanged: (view) => {
        if (meter === this.#shown) this.#options.changed(view);
      },
    });
  }
}

function wantedMeter(given: unknown, own: unknown): { wanted: unknown; source: string } {
  if (isDescription(given)) {
    if (!isAbsent(given.meter)) return { wanted: given.meter, source: "msg.meter.meter" };
  } else if (!isAbsent(given)) {
    if (typeof given === "string") return { wanted: given, source: "msg.meter" };
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `msg.meter: expected the name or id of a dlms-meter node, or an object with its settings, got ${quote(given)}`,
      { details: { property: "msg.meter" } },
    );
  }
  return { wanted: own, source: "meter" };
}
