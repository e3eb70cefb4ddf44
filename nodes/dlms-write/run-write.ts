/** Runs a request on a meter: reads before, sends once, reads back. */
import {
  attribute,
  attributeName,
  type AttributeRef,
  attributeType,
  className,
  type ControlledClient,
  decodeData,
  type DlmsClient,
  DlmsAccessError,
  DlmsConfigError,
  encodeData,
  type ErrorJson,
  isDlmsError,
  type MethodRef,
  type Reading,
  setClock,
  type SharedMeter,
  systemClock,
  toHex,
  typeLike,
  type WriteValues,
} from "../../src/index";
import { methodName } from "../meters/dangerous";
import { hostClockDoubt } from "./host-clock";
import { plainValue } from "./plain-value";
import type { WriteRequest } from "./write-request";

/** `msg.dlms` of a write. */
export interface WriteInfo {
  readonly meter: string;
  readonly action: WriteRequest["action"];
  readonly logicalName: string;
  readonly objectType: string;
  readonly classId: number;
  readonly attributeId?: number;
  readonly attribute?: string;
  readonly methodId?: number;
  readonly method?: string;
  /** the meter has confirmed it; false: the clock was right, and nothing was sent */
  readonly written: boolean;
  /** A-XDR data that was sent, hex */
  readonly raw?: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** null: not compared, because it was not asked for, or nothing tells the result */
  readonly verified: boolean | null;
  /** the reason why the result could not be read back */
  readonly verifyError?: ErrorJson;
  /** of the clock: how it was corrected */
  readonly way?: string;
  /** of the clock: ms by which it was ahead of this machine's, and by which it was moved */
  readonly clockOffset?: number;
  readonly correction?: number;
  /** the true offset lies within this many ms of `clockOffset` */
  readonly uncertainty?: number;
  readonly notes?: readonly string[];
  /** ISO, UTC; absent if nothing was sent */
  readonly sentAt?: string;
}

export interface WriteResult {
  /** absent: the payload stays */
  readonly payload?: unknown;
  readonly dlms: WriteInfo;
}

export interface WriterOptions {
  /** ends the wait for the meter, and the reads before and after */
  readonly signal: AbortSignal;
  /** ms that are left for the request itself */
  left(): number;
  /** Called before the request goes to the client: from now on its outcome may be unknown. */
  sending(): void;
}

interface State {
  readonly attributeId: number;
  /** by method id: the values that prove the method */
  readonly after?: Readonly<Record<number, readonly unknown[]>>;
}

/** The attribute that shows the result of a class's methods. */
const states: Readonly<Record<number, State>> = {
  3: { attributeId: 2 },
  4: { attributeId: 2 },
  7: { attributeId: 7 },
  8: { attributeId: 2 },
  18: { attributeId: 6 },
  20: { attributeId: 2 },
  // remote_reconnect leads to "connected" or, in some control modes, to "ready for reconnection"
  70: { attributeId: 3, after: { 1: [0], 2: [1, 2] } },
};

/** The clock goes on between a write and the read back. */
const clockClass = 8;

export class MeterWriter {
  readonly #session: SharedMeter;
  readonly #meter: string;
  readonly #options: WriterOptions;

  /** @param meter the meter's name or id, for `msg.dlms.meter` */
  constructor(session: SharedMeter, meter: string, options: WriterOptions) {
    this.#session = session;
    this.#meter = meter;
    this.#options = options;
  }

  run(request: WriteRequest): Promise<WriteResult> {
    switch (request.action) {
      case "WRITE":
        return this.#write(request);
      case "METHOD":
        return this.#invoke(request);
      case "SET_CLOCK":
        return this.#setClock(request);
    }
  }

  async #write(request: Extract<WriteRequest, { action: "WRITE" }>): Promise<WriteResult> {
    const { ref, verify, value, dataType } = request;
    const before = verify || dataType === undefined ? await this.#readBefore(ref) : undefined;
    const { sentAt, result: raw } = await this.#send(async (client, timeoutMs, sending) => {
      const sent = client.valueToWrite({ ref, value, ...typeOf(ref, dataType, before) });
      sending();
      await client.write(ref, sent, { timeoutMs });
      return toHex(encodeData(sent));
    });
    const { after, verifyError } = verify ? await this.#readAfter(ref) : {};
    const moves = ref.classId === clockClass && ref.attributeId === 2;
    return {
      ...(after === undefined ? {} : { payload: after.value }),
      dlms: {
        ...this.#about(request.action, ref),
        attributeId: ref.attributeId,
        attribute: attributeName(ref.classId, ref.attributeId, ref.version),
        ...{ written: true, raw },
        ...(verify && before !== undefined ? { before: before.value } : {}),
        ...(after === undefined ? {} : { after: after.value }),
        verified: after === undefined || moves ? null : toHex(after.raw) === raw,
        ...(verifyError === undefined ? {} : { verifyError }),
        sentAt,
      },
    };
  }

  async #invoke(request: Extract<WriteRequest, { action: "METHOD" }>): Promise<WriteResult> {
    const { ref, verify, argument, dataType } = request;
    const state = verify ? states[ref.classId] : undefined;
    const shown = state === undefined ? undefined : { ...ref, attributeId: state.attributeId };
    const before = shown === undefined ? undefined : await this.#readBefore(shown);
    const { sentAt, result } = await this.#send((client, timeoutMs, sending) => {
      sending();
      const type = dataType === undefined ? {} : { type: dataType };
      return client.invoke(ref, argument, { timeoutMs, ...type });
    });
    const { after, verifyError } = shown === undefined ? {} : await this.#readAfter(shown);
    const proofs = state?.after?.[ref.methodId];
    const name = methodName(ref);
    return {
      ...(result.type === "null-data" ? {} : { payload: plainValue(result) }),
      dlms: {
        ...this.#about(request.action, ref),
        methodId: ref.methodId,
        ...(name === undefined ? {} : { method: name }),
        written: true,
        ...(before === undefined ? {} : { before: before.valueName ?? before.value }),
        ...(after === undefined ? {} : { after: after.valueName ?? after.value }),
        verified: after === undefined || proofs === undefined ? null : proofs.includes(after.value),
        ...(verifyError === undefined ? {} : { verifyError }),
        sentAt,
      },
    };
  }

  async #setClock(request: Extract<WriteRequest, { action: "SET_CLOCK" }>): Promise<WriteResult> {
    const { logicalName, maxCorrection } = request;
    const ref = attribute("CLOCK", logicalName, "time");
    const doubt = hostClockDoubt();
    const { sentAt, result } = await this.#send((client, timeoutMs, sending) =>
      setClock(watched(client, sending), { logicalName, timeoutMs, maxCorrectionMs: maxCorrection }),
    ).catch((error: unknown) => {
      throw inWordsOfNode(error);
    });
    const { way, correctionMs, before, after, verified, notes } = result;
    const allNotes = [...(doubt === undefined ? [] : [doubt]), ...notes];
    return {
      payload: (after ?? before).meterTime,
      dlms: {
        ...this.#about(request.action, ref),
        ...{ attributeId: ref.attributeId, attribute: "time", written: way !== "none", way },
        ...{ before: before.meterTime, ...(after === undefined ? {} : { after: after.meterTime }), verified },
        ...{ clockOffset: before.offsetMs, correction: correctionMs, uncertainty: before.uncertaintyMs },
        ...(allNotes.length === 0 ? {} : { notes: allNotes }),
        ...(sentAt === "" ? {} : { sentAt }),
      },
    };
  }

  #about(action: WriteInfo["action"], { logicalName, classId }: AttributeRef | MethodRef) {
    return { meter: this.#meter, action, logicalName, objectType: className(classId), classId };
  }

  #read(ref: AttributeRef): Promise<Reading> {
    const { signal } = this.#options;
    return this.#session.run((client) => client.read(ref, { signal }), signal);
  }

  /** The present value; undefined where the meter does not let this client read it. */
  async #readBefore(ref: AttributeRef): Promise<Reading | undefined> {
    try {
      return await this.#read(ref);
    } catch (error) {
      if (error instanceof DlmsAccessError) return undefined;
      throw error;
    }
  }

  /** The value after the write. An error is part of the result, because the write has succeeded. */
  async #readAfter(ref: AttributeRef): Promise<{ readonly after?: Reading; readonly verifyError?: ErrorJson }> {
    try {
      return { after: await this.#read(ref) };
    } catch (error) {
      if (isDlmsError(error)) return { verifyError: error.toJSON() };
      throw error;
    }
  }

  /** Sends once. The signal ends the wait for the meter only: later, an abort would hide whether it was sent. */
  async #send<T>(
    work: (client: DlmsClient, timeoutMs: number, sending: () => void) => Promise<T>,
  ): Promise<{ readonly sentAt: string; readonly result: T }> {
    const { signal } = this.#options;
    let sentAt = "";
    const result = await this.#session.run((client) => {
      signal.throwIfAborted();
      return work(client, this.#options.left(), () => {
        if (sentAt === "") sentAt = new Date(systemClock.wallTime()).toISOString();
        this.#options.sending();
      });
    }, signal);
    return { sentAt, result };
  }
}

/** The type of the value: the given one, else the one that the meter holds with the class table's names. */
function typeOf(
  ref: AttributeRef,
  dataType: string | undefined,
  before: Reading | undefined,
): Pick<WriteValues, "type" | "scaler"> {
  if (dataType !== undefined) return { type: dataType };
  if (before === undefined || before.type === "null-data") return {};
  if (before.scaler !== null) return { scaler: before.scaler, type: before.type };
  return { type: typeLike(attributeType(ref), decodeData(before.raw)) };
}

/** A client that tells when it sends a request that changes the meter. */
function watched(client: DlmsClient, sending: () => void): ControlledClient {
  return {
    open: (options) => client.open(options),
    read: (ref, options) => client.read(ref, options),
    browse: (options) => client.browse(options),
    write: (ref, value, options) => {
      sending();
      return client.write(ref, value, options);
    },
    invoke: (ref, argument, options) => {
      sending();
      return client.invoke(ref, argument, options);
    },
  };
}

/** The library names its own option for the limit of a correction. */
function inWordsOfNode(error: unknown): unknown {
  if (!isDlmsError(error) || error.details.maxCorrectionMs === undefined) return error;
  const text = error.message.replace(
    "raise maxCorrectionMs",
    'raise "Largest correction" in the dialog of this dlms-write',
  );
  return new DlmsConfigError("CONFIG_INVALID", text, { details: error.details, cause: error });
}
