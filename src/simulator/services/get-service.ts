/** The GET service of a simulated meter. */
import type { Apdu, AttributeDescriptorWithSelection, GetDataResult, GetRequest } from "../../apdu/model";
import { ByteWriter } from "../../bytes";
import { ByteSource } from "../objects/byte-source";
import { hasConformance } from "../../apdu";
import { DefinitionFault } from "../behaviours/fault";
import type { MeterModel, ReadOutcome, ClientView } from "../objects/model";
import { dataAccess } from "../../apdu/results";

/** Overhead of a get-response-normal: tag, choice, invoke-id, result choice. */
const normalOverhead = 4;
/** get-response-with-datablock: tag, choice, invoke-id, last, block number (4), result choice, length (up to 3). */
const blockOverhead = 12;

interface LongGet {
  readonly source: ByteSource;
  blockNumber: number;
}

/** The GET service of one association, with at most one block transfer in progress. */
export class GetService {
  readonly #model: MeterModel;
  #long: LongGet | undefined;

  constructor(model: MeterModel) {
    this.#model = model;
  }

  /** `room`: the maximum length of a plain answer in bytes. */
  handle(request: GetRequest, view: ClientView, room: number): Apdu {
    try {
      return this.#answer(request, view, room);
    } catch (error) {
      if (!(error instanceof DefinitionFault)) throw error;
      return this.#faulty(request);
    }
  }

  /** The answer when a row could not be computed. */
  #faulty(request: GetRequest): Apdu {
    const { invokeId } = request;
    if (request.apdu === "get-request-next") return this.#abort(invokeId, request.blockNumber, "hardware-fault");
    this.#long = undefined;
    const result: GetDataResult = { ok: false, result: dataAccess["hardware-fault"] };
    if (request.apdu === "get-request-normal") return { apdu: "get-response-normal", invokeId, result };
    return { apdu: "get-response-with-list", invokeId, results: request.attributes.map(() => result) };
  }

  #answer(request: GetRequest, view: ClientView, room: number): Apdu {
    if (request.apdu === "get-request-next") return this.#next(request.invokeId, request.blockNumber, room);
    this.#long = undefined;
    if (request.apdu === "get-request-normal") {
      return this.#normal(request.invokeId, request.attribute, view, room);
    }
    return this.#list(request.invokeId, request.attributes, view, room);
  }

  #normal(invokeId: number, attribute: AttributeDescriptorWithSelection, view: ClientView, room: number): Apdu {
    const outcome = this.#read(attribute, view);
    if (!outcome.ok) return { apdu: "get-response-normal", invokeId, result: outcome };
    const source = new ByteSource(outcome.pieces);
    const data = source.take(room - normalOverhead);
    if (source.exhausted) return { apdu: "get-response-normal", invokeId, result: { ok: true, data } };
    source.giveBack(data);
    const refused: GetDataResult = { ok: false, result: dataAccess["data-block-unavailable"] };
    if (!hasConformance(view.conformance, "block-transfer-with-get-or-read")) {
      return { apdu: "get-response-normal", invokeId, result: refused };
    }
    return this.#begin(invokeId, source, room);
  }

  #list(
    invokeId: number,
    attributes: readonly AttributeDescriptorWithSelection[],
    view: ClientView,
    room: number,
  ): Apdu {
    const outcomes = attributes.map((attribute) => this.#read(attribute, view));
    const source = new ByteSource(listPieces(outcomes));
    // Count and results follow tag, choice and invoke-id; blocks would carry only these.
    const whole = source.take(room - 3);
    source.giveBack(whole);
    if (whole.length < room - 3 || !hasConformance(view.conformance, "block-transfer-with-get-or-read")) {
      return { apdu: "get-response-with-list", invokeId, results: this.#results(attributes, view, room) };
    }
    return this.#begin(invokeId, source, room);
  }

  #results(attributes: readonly AttributeDescriptorWithSelection[], view: ClientView, room: number): GetDataResult[] {
    let left = room - 4;
    return attributes.map((attribute) => {
      const outcome = this.#read(attribute, view);
      if (!outcome.ok) return outcome;
      const source = new ByteSource(outcome.pieces);
      const data = source.take(Math.max(0, left - 1));
      if (!source.exhausted) return { ok: false, result: dataAccess["data-block-unavailable"] };
      left -= 1 + data.length;
      return { ok: true, data };
    });
  }

  #read(attribute: AttributeDescriptorWithSelection, view: ClientView): ReadOutcome {
    if (attribute.access !== undefined && !hasConformance(view.conformance, "selective-access")) {
      return { ok: false, result: dataAccess["scope-of-access-violated"] };
    }
    return this.#model.read(attribute, view);
  }

  #begin(invokeId: number, source: ByteSource, room: number): Apdu {
    this.#long = { source, blockNumber: 0 };
    return this.#block(invokeId, this.#long, room);
  }

  #next(invokeId: number, acknowledged: number, room: number): Apdu {
    const long = this.#long;
    if (long === undefined) return this.#abort(invokeId, acknowledged, "no-long-get-in-progress");
    if (acknowledged !== long.blockNumber) return this.#abort(invokeId, acknowledged, "data-block-number-invalid");
    return this.#block(invokeId, long, room);
  }

  #block(invokeId: number, long: LongGet, room: number): Apdu {
    const data = long.source.take(room - blockOverhead);
    const last = long.source.exhausted;
    long.blockNumber += 1;
    if (last) this.#long = undefined;
    const { blockNumber } = long;
    return { apdu: "get-response-with-datablock", invokeId, last, blockNumber, result: { ok: true, data } };
  }

  #abort(invokeId: number, blockNumber: number, why: keyof typeof dataAccess): Apdu {
    this.#long = undefined;
    const result: GetDataResult = { ok: false, result: dataAccess[why] };
    return { apdu: "get-response-with-datablock", invokeId, last: true, blockNumber, result };
  }
}

/** SEQUENCE OF Get-Data-Result, as a list answer in blocks carries it. */
function* listPieces(outcomes: readonly ReadOutcome[]): Generator<Uint8Array> {
  yield new ByteWriter().writeLength(outcomes.length).toBytes();
  for (const outcome of outcomes) {
    if (outcome.ok) {
      yield Uint8Array.of(0);
      yield* outcome.pieces;
    } else {
      yield Uint8Array.of(1, outcome.result);
    }
  }
}
