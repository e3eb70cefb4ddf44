/** Runs a request on a meter and turns the result into payload, `msg.dlms` and status. */
import {
  type DlmsError,
  type ErrorJson,
  type SharedMeter,
  type Outcome,
  type ProfileProgress,
  systemClock,
} from "../../src/index";
import type { Point, ReadRequest } from "./read-request";
import { type Info, infoOf } from "./reading-info";
import { valueText } from "../meters/status";

export interface ReadOutcome {
  readonly payload: unknown;
  /** `msg.dlms` */
  readonly dlms: object;
  /** `msg.topic`, where it was empty */
  readonly topic?: string;
  /** false: some items of a list failed */
  readonly complete: boolean;
  /** a text as it is, or a phrase of the catalogue with its values */
  readonly status: { readonly text: string; readonly values?: Record<string, number> };
}

export interface ReaderOptions {
  /** ends the read, also at the node's limit: the client's default limit must not apply besides it */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly dates: "iso" | "date" | "epoch";
  /** called at intervals while a profile is received */
  readonly progress: (rows: number) => void;
}

/** Shortest time between two statuses of progress: Node-RED sends each status to every open editor. */
const progressMs = 500;

/** Runs the request of a message on one meter. */
export class MeterReader {
  readonly #session: SharedMeter;
  readonly #meter: string;
  readonly #options: ReaderOptions;

  /** `meter`: the meter's name or id, for `msg.dlms.meter` */
  constructor(session: SharedMeter, meter: string, options: ReaderOptions) {
    this.#session = session;
    this.#meter = meter;
    this.#options = options;
  }

  read(request: ReadRequest): Promise<ReadOutcome> {
    switch (request.mode) {
      case "attribute":
        return this.#attribute(request.ref);
      case "list":
        return this.#list(request.points);
      case "profile":
        return this.#profile(request);
      case "objects":
        return this.#objects();
    }
  }

  async #profile(request: Extract<ReadRequest, { mode: "profile" }>): Promise<ReadOutcome> {
    const { logicalName, range, columns } = request;
    const { signal, timeoutMs, dates, progress } = this.#options;
    let next = 0;
    const onProgress = ({ rows }: ProfileProgress): void => {
      const now = systemClock.now();
      if (now < next) return;
      next = now + progressMs;
      progress(rows);
    };
    const table = await this.#session.run(
      (client) => client.profile(logicalName, range, { signal, timeoutMs, dates, onProgress, columns }).toTable(),
      signal,
    );
    const count = table.rows.length;
    return {
      payload: table.rows,
      dlms: {
        meter: this.#meter,
        mode: "profile",
        logicalName,
        readAt: new Date(systemClock.wallTime()).toISOString(),
        columns: table.columns,
        selection: table.selection,
        rows: count,
        ...(table.notes.length === 0 ? {} : { notes: table.notes }),
      },
      topic: logicalName,
      complete: true,
      status: { text: "rows", values: { count } },
    };
  }

  async #objects(): Promise<ReadOutcome> {
    const { signal, timeoutMs } = this.#options;
    const { objects, skipped } = await this.#session.run((client) => client.browse({ signal, timeoutMs }), signal);
    return {
      payload: objects,
      dlms: {
        meter: this.#meter,
        mode: "objects",
        readAt: new Date(systemClock.wallTime()).toISOString(),
        objects: objects.length,
        skipped,
      },
      complete: true,
      status: { text: "objects", values: { count: objects.length } },
    };
  }

  async #attribute(ref: Extract<ReadRequest, { mode: "attribute" }>["ref"]): Promise<ReadOutcome> {
    const reading = await this.#session.run((client) => client.read(ref, this.#options), this.#options.signal);
    const info = infoOf({ meter: this.#meter, mode: "attribute" }, ref, reading);
    return {
      payload: reading.value,
      dlms: info,
      topic: info.logicalName,
      complete: true,
      status: { text: valueText(reading.value, reading.unit) },
    };
  }

  /** Rejects with the first item's error when no item could be read. */
  async #list(points: readonly Point[]): Promise<ReadOutcome> {
    const outcomes: Outcome[] = await this.#session.run(
      (client) =>
        client.readMany(
          points.map((point) => point.ref),
          this.#options,
        ),
      this.#options.signal,
    );
    const payload: [name: string, value: unknown][] = [];
    const items: [name: string, item: Info | { error: ErrorJson }][] = [];
    let readAt = "";
    let firstError: DlmsError | undefined;
    points.forEach(({ name, ref }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) return;
      if (!outcome.ok) {
        firstError ??= outcome.error;
        items.push([name, { error: outcome.error.toJSON() }]);
        return;
      }
      const info = infoOf({ meter: this.#meter, mode: "list" }, ref, outcome.value);
      readAt = info.readAt;
      payload.push([name, outcome.value.value]);
      items.push([name, info]);
    });
    const count = payload.length;
    if (count === 0 && firstError !== undefined) throw firstError;
    const complete = count === points.length;
    return {
      // an assignment to a key named __proto__ would lose the value
      payload: Object.fromEntries(payload),
      dlms: { meter: this.#meter, mode: "list", readAt, items: Object.fromEntries(items) },
      complete,
      status: complete
        ? { text: "values", values: { count } }
        : { text: "someFailed", values: { ok: count, count: points.length } },
    };
  }
}
