/** The Read and Write services of a simulated meter with short names. */
import {
  type Apdu,
  type DataBlock,
  encodeApdu,
  hasConformance,
  type ReadRequest,
  type ReadResult,
  type UnconfirmedWriteRequest,
  type VariableAccess,
  type WriteRequest,
  type WriteResult,
} from "../../apdu";
import { ByteReader, concatBytes } from "../../bytes";
import { decodeValueBytes } from "../../codec/decode";
import { encodeValueBytes } from "../../codec/encode";
import { findClass } from "../../cosem/lookup";
import { isDlmsError } from "../../errors";
import { parseApdu } from "../../apdu";
import { ByteSource } from "../objects/byte-source";
import { wholeOf } from "../behaviours/fault";
import { IncomingBlocks } from "./long-transfer";
import { attributeIds, type MeterModel, type ModelObject, type ClientView } from "../objects/model";
import { dataAccess } from "../../apdu/results";

/** tag, count, choice, last, block number (2), length (up to 3) */
const blockOverhead = 9;
const nullData = Uint8Array.of(0);

type Target =
  | { readonly kind: "attribute"; readonly object: ModelObject; readonly id: number }
  | { readonly kind: "method"; readonly object: ModelObject; readonly id: number };

/** Read and Write of short names, for one association; IEC 62056-5-3, 6.14 to 6.17. */
export class ShortNameService {
  readonly #model: MeterModel;
  #outgoing: { readonly source: ByteSource; blockNumber: number } | undefined;
  #incoming: IncomingBlocks<undefined> | undefined;
  #asked: IncomingBlocks<undefined> | undefined;

  constructor(model: MeterModel) {
    this.#model = model;
  }

  read(request: ReadRequest, view: ClientView, room: number): Apdu {
    const [first] = request.variables;
    if (first?.kind === "block-number-access") return this.#next(first.blockNumber, room);
    if (first?.kind === "read-data-block-access") return this.#takeRequest(first.block, view, room);
    this.#asked = undefined;
    this.#outgoing = undefined;
    const results = request.variables.map((variable) => this.#readOne(variable, view));
    const whole = encodeApdu({ apdu: "read-response", results });
    if (whole.length <= room) return { apdu: "read-response", results };
    if (!hasConformance(view.conformance, "block-transfer-with-get-or-read")) {
      return { apdu: "read-response", results: request.variables.map(() => failure("data-block-unavailable")) };
    }
    // The blocks carry everything after the tag.
    this.#outgoing = { source: new ByteSource([whole.subarray(1)]), blockNumber: 0 };
    return this.#block(this.#outgoing, room);
  }

  write(request: WriteRequest | UnconfirmedWriteRequest, view: ClientView): Apdu {
    const [first] = request.variables;
    if (first?.kind === "write-data-block-access") return this.#take(first, request.values[0], view);
    this.#incoming = undefined;
    const results = request.variables.map((variable, index): WriteResult => {
      const value = request.values[index];
      const result = value === undefined ? dataAccess["type-unmatched"] : this.#writeOne(variable, value, view);
      return result === 0 ? { kind: "success" } : { kind: "error", result };
    });
    return { apdu: "write-response", results };
  }

  #readOne(variable: VariableAccess, view: ClientView): ReadResult {
    if (variable.kind !== "variable-name" && variable.kind !== "parameterized-access") return failure("other-reason");
    const target = this.#resolve(variable.name, view);
    if (target === undefined) return failure("object-undefined");
    const { object, id } = target;
    const descriptor = { classId: object.classId, instanceId: object.name };
    const parameters = variable.kind === "parameterized-access" ? variable.data : undefined;
    if (target.kind === "method") {
      const { result, value } = this.#model.invoke({ ...descriptor, methodId: id }, parameters, view);
      if (result !== 0) return { kind: "error", result };
      return { kind: "data", data: value === undefined ? nullData : encodeValueBytes(value) };
    }
    const access =
      variable.kind === "parameterized-access"
        ? { access: { selector: variable.selector, parameters: decodeValueBytes(variable.data) } }
        : {};
    const outcome = this.#model.read({ ...descriptor, attributeId: id, ...access }, view);
    if (!outcome.ok) return { kind: "error", result: outcome.result };
    const data = wholeOf(outcome.pieces);
    return data === undefined ? failure("hardware-fault") : { kind: "data", data };
  }

  #writeOne(variable: VariableAccess, value: Uint8Array, view: ClientView): number {
    if (variable.kind !== "variable-name") return dataAccess["other-reason"];
    const target = this.#resolve(variable.name, view);
    if (target === undefined) return dataAccess["object-undefined"];
    const { object, id } = target;
    const descriptor = { classId: object.classId, instanceId: object.name };
    if (target.kind === "method") return this.#model.invoke({ ...descriptor, methodId: id }, value, view).result;
    return this.#model.write({ ...descriptor, attributeId: id }, value, view);
  }

  /** Attribute n is at base + 8(n-1); the class table gives the offsets of methods. */
  #resolve(name: number, view: ClientView): Target | undefined {
    const bases = this.#model.visibleObjects(view).filter((object) => object.shortName <= name);
    const object = bases.reduce<ModelObject | undefined>(
      (best, candidate) => (best === undefined || candidate.shortName > best.shortName ? candidate : best),
      undefined,
    );
    const offset = name - (object?.shortName ?? 0);
    if (object === undefined || offset % 8 !== 0) return undefined;
    const method = findClass(object.classId, object.version)?.methods.find((row) => row.shortNameOffset === offset);
    if (method !== undefined) return { kind: "method", object, id: method.id };
    const id = offset / 8 + 1;
    return attributeIds(object).includes(id) ? { kind: "attribute", object, id } : undefined;
  }

  #next(acknowledged: number, room: number): Apdu {
    const outgoing = this.#outgoing;
    if (outgoing?.blockNumber !== acknowledged) {
      this.#outgoing = undefined;
      const why = outgoing === undefined ? "no-long-get-in-progress" : "data-block-number-invalid";
      return { apdu: "read-response", results: [failure(why)] };
    }
    return this.#block(outgoing, room);
  }

  #block(outgoing: { readonly source: ByteSource; blockNumber: number }, room: number): Apdu {
    const raw = outgoing.source.take(room - blockOverhead);
    const last = outgoing.source.exhausted;
    outgoing.blockNumber += 1;
    if (last) this.#outgoing = undefined;
    const block = { last, blockNumber: outgoing.blockNumber, raw };
    return { apdu: "read-response", results: [{ kind: "data-block", block }] };
  }

  /** Processes one block of a long read-request. */
  #takeRequest(block: DataBlock, view: ClientView, room: number): Apdu {
    const answer = (result: ReadResult): Apdu => ({ apdu: "read-response", results: [result] });
    if (block.blockNumber === 1) this.#asked = new IncomingBlocks(undefined, 1);
    const asked = this.#asked;
    const problem = asked === undefined ? dataAccess["no-long-get-in-progress"] : asked.add(block);
    if (asked === undefined || problem !== undefined) {
      this.#asked = undefined;
      return answer({ kind: "error", result: problem ?? dataAccess["other-reason"] });
    }
    if (!block.last) return answer({ kind: "block-number", blockNumber: block.blockNumber });
    this.#asked = undefined;
    const whole = behindTag(0x05, asked.bytes());
    return whole?.apdu === "read-request"
      ? this.read(whole, view, room)
      : answer({ kind: "error", result: dataAccess["type-unmatched"] });
  }

  #take(
    access: Extract<VariableAccess, { readonly kind: "write-data-block-access" }>,
    value: Uint8Array | undefined,
    view: ClientView,
  ): Apdu {
    const answer = (result: WriteResult): Apdu => ({ apdu: "write-response", results: [result] });
    const { blockNumber, last } = access;
    const piece = value === undefined ? undefined : octetString(value);
    if (blockNumber === 1) this.#incoming = new IncomingBlocks(undefined, 1);
    const incoming = this.#incoming;
    const problem =
      incoming === undefined || piece === undefined
        ? dataAccess["no-long-set-in-progress"]
        : incoming.add({ last, blockNumber, raw: piece });
    if (incoming === undefined || problem !== undefined) {
      this.#incoming = undefined;
      return answer({ kind: "error", result: problem ?? dataAccess["other-reason"] });
    }
    if (!last) return answer({ kind: "block-number", blockNumber });
    this.#incoming = undefined;
    const whole = behindTag(0x06, incoming.bytes());
    return whole?.apdu === "write-request"
      ? this.write(whole, view)
      : answer({ kind: "error", result: dataAccess["type-unmatched"] });
  }
}

function failure(why: keyof typeof dataAccess): ReadResult {
  return { kind: "error", result: dataAccess[why] };
}

function octetString(data: Uint8Array): Uint8Array | undefined {
  const reader = new ByteReader(data);
  if (reader.u8("tag") !== 9) return undefined;
  return reader.bytes(reader.length("length"), "octet-string");
}

/** Parses a reassembled request: the blocks carry everything after its tag. */
function behindTag(tag: number, rest: Uint8Array): Apdu | undefined {
  try {
    return parseApdu(concatBytes(Uint8Array.of(tag), rest));
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
