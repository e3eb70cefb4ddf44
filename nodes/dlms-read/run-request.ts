/** Runs a request on a meter and turns the result into payload, `msg.dlms` and status. */
import {
  convertTable,
  type DlmsError,
  type ErrorJson,
  type SharedMeter,
  type Outcome,
  type ProfileProgress,
  systemClock,
} from "../../src/index";
import type { NewestStore, NewestTurn } from "./newest-store";
import { payloadOfProfile, payloadOfValues } from "./payload-forms";
import { type ProfileRequest, type ReadRows, readRows } from "./read-profile";
import type { Point, ReadRequest, ReadShape } from "./read-request";
import { clockFacts, isClockTime } from "./clock-offset";
import { type Info, infoOf } from "./reading-info";
import { quantityText } from "../meters/status";

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
  /** to call after the message was sent */
  readonly sent?: () => void;
  /** to call when the message is done, sent or not */
  readonly end?: () => void;
}

export interface ReaderOptions {
  /** ends the read, also at the node's limit: the client's default limit must not apply besides it */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly shape: ReadShape;
  /** for the range "new" */
  readonly newest: NewestStore;
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

  async #profile(request: ProfileRequest): Promise<ReadOutcome> {
    const { signal, newest } = this.#options;
    if (request.range !== "new") return this.#profileOutcome(request, await this.#rows(request, undefined));
    const turn = await newest.turn(this.#meter, request.logicalName, signal);
    try {
      const read = await this.#rows(request, turn);
      const sent = (): void => {
        if (read.newest !== undefined) turn.sent(read.newest);
      };
      const end = (): void => {
        turn.end();
      };
      return { ...this.#profileOutcome(request, read), sent, end };
    } catch (error) {
      turn.end();
      throw error;
    }
  }

  #rows(request: ProfileRequest, turn: NewestTurn | undefined): Promise<ReadRows> {
    const { signal, timeoutMs, shape, progress } = this.#options;
    let next = 0;
    const onProgress = ({ rows }: ProfileProgress): void => {
      const now = systemClock.now();
      if (now < next) return;
      next = now + progressMs;
      progress(rows);
    };
    const options = { signal, timeoutMs, dates: shape.dates, onProgress };
    const wish = {
      timed: shape.differences || shape.format !== "OBJECT",
      newest: turn?.newest,
      now: systemClock.wallTime(),
    };
    return this.#session.run((client) => readRows(client, request, options, wish), signal);
  }

  #profileOutcome({ logicalName }: ProfileRequest, { table, only, withoutTime }: ReadRows): ReadOutcome {
    const { shape } = this.#options;
    const { capturePeriod, before } = table;
    const shown = convertTable(table.columns, table.rows, { ...shape, capturePeriod, before, only });
    const { payload, columns, notes } = payloadOfProfile(shown, {
      ...{ meter: this.#meter, logicalName, withoutTime },
      format: shape.format,
    });
    const count = shown.rows.length;
    const all = [...table.notes, ...shown.notes, ...notes];
    return {
      payload,
      dlms: {
        meter: this.#meter,
        mode: "profile",
        logicalName,
        readAt: new Date(systemClock.wallTime()).toISOString(),
        columns,
        selection: table.selection,
        rows: count,
        ...(all.length === 0 ? {} : { notes: all }),
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
    const { shape, signal, timeoutMs } = this.#options;
    const options = { signal, timeoutMs, dates: shape.dates };
    let sentAt = 0;
    const reading = await this.#session.run(async (client) => {
      // the time until the answer is that of the read alone
      if (isClockTime(ref)) await client.open({ signal, timeoutMs });
      sentAt = systemClock.now();
      return client.read(ref, options);
    }, signal);
    const roundTrip = systemClock.now() - sentAt;
    const plain = infoOf({ meter: this.#meter, mode: "attribute" }, ref, reading, shape.units);
    const info = isClockTime(ref) ? { ...plain, ...clockFacts(reading, roundTrip) } : plain;
    return {
      payload: payloadOfValues([[undefined, info]], info.value, this.#meter, shape),
      dlms: info,
      topic: info.logicalName,
      complete: true,
      status: { text: quantityText(info.value, info.unit) },
    };
  }

  /** Rejects with the first item's error when no item could be read. */
  async #list(points: readonly Point[]): Promise<ReadOutcome> {
    const { shape, signal, timeoutMs } = this.#options;
    const options = { signal, timeoutMs, dates: shape.dates };
    const refs = points.map((point) => point.ref);
    const outcomes: Outcome[] = await this.#session.run((client) => client.readMany(refs, options), signal);
    const read: [name: string, info: Info][] = [];
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
      const info = infoOf({ meter: this.#meter, mode: "list" }, ref, outcome.value, shape.units);
      readAt = info.readAt;
      read.push([name, info]);
      payload.push([name, info.value]);
      items.push([name, info]);
    });
    const count = payload.length;
    if (count === 0 && firstError !== undefined) throw firstError;
    const complete = count === points.length;
    return {
      // an assignment to a key named __proto__ would lose the value
      payload: payloadOfValues(read, Object.fromEntries(payload), this.#meter, shape),
      dlms: { meter: this.#meter, mode: "list", readAt, items: Object.fromEntries(items) },
      complete,
      status: complete
        ? { text: "values", values: { count } }
        : { text: "someFailed", values: { ok: count, count: points.length } },
    };
  }
}
