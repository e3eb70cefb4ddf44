/** The ACTION service of a simulated meter. */
import type { ActionRequest, ActionResult, Apdu, DataBlock, MethodDescriptor } from "../../apdu/model";
import { encodeValueBytes } from "../../codec/encode";
import { ByteSource } from "../objects/byte-source";
import { IncomingBlocks } from "./long-transfer";
import type { MeterModel, ClientView } from "../objects/model";
import { actionAccess, dataAccess } from "../../apdu/results";
import { valuesOf } from "./set-service";

interface Target {
  readonly methods: readonly MethodDescriptor[];
  readonly list: boolean;
}

/** tag, choice, invoke-id, result, presence, choice */
const normalOverhead = 6;
/** tag, choice, invoke-id, last, block number (4), length (up to 3) */
const blockOverhead = 11;

/** The ACTION service of one association. */
export class ActionService {
  readonly #model: MeterModel;
  #incoming: IncomingBlocks<Target> | undefined;
  #outgoing: { readonly source: ByteSource; blockNumber: number } | undefined;

  constructor(model: MeterModel) {
    this.#model = model;
  }

  handle(request: ActionRequest, view: ClientView, room: number): Apdu {
    const { invokeId } = request;
    if (request.apdu === "action-request-next-pblock") return this.#next(invokeId, request.blockNumber, room);
    this.#outgoing = undefined;
    switch (request.apdu) {
      case "action-request-normal":
        this.#incoming = undefined;
        return this.#answer(invokeId, this.#run(request.method, request.parameters, view), room);
      case "action-request-with-list":
        this.#incoming = undefined;
        return {
          apdu: "action-response-with-list",
          invokeId,
          responses: this.#runAll(request.methods, request.parameters, view),
        };
      case "action-request-with-first-pblock":
        this.#incoming = new IncomingBlocks({ methods: [request.method], list: false }, 1);
        return this.#add(invokeId, request.block, view, room);
      case "action-request-with-list-and-first-pblock":
        this.#incoming = new IncomingBlocks({ methods: request.methods, list: true }, 1);
        return this.#add(invokeId, request.block, view, room);
      case "action-request-with-pblock":
        return this.#add(invokeId, request.block, view, room);
    }
  }

  #run(method: MethodDescriptor, parameter: Uint8Array | undefined, view: ClientView): ActionResult {
    const { result, value } = this.#model.invoke(method, parameter, view);
    if (value === undefined) return { result };
    return { result, returnParameters: { ok: true, data: encodeValueBytes(value) } };
  }

  #runAll(methods: readonly MethodDescriptor[], parameters: readonly Uint8Array[], view: ClientView): ActionResult[] {
    return methods.map((method, index) => this.#run(method, parameters[index], view));
  }

  #answer(invokeId: number, response: ActionResult, room: number): Apdu {
    const returned = response.returnParameters;
    if (returned?.ok !== true || returned.data.length <= room - normalOverhead) {
      return { apdu: "action-response-normal", invokeId, response };
    }
    this.#outgoing = { source: new ByteSource([returned.data]), blockNumber: 0 };
    return this.#block(invokeId, this.#outgoing, room);
  }

  #add(invokeId: number, block: DataBlock, view: ClientView, room: number): Apdu {
    const incoming = this.#incoming;
    const failure = (result: number): Apdu => {
      this.#incoming = undefined;
      return { apdu: "action-response-normal", invokeId, response: { result } };
    };
    if (incoming === undefined) return failure(actionAccess["no-long-action-in-progress"]);
    if (incoming.add(block) !== undefined) return failure(actionAccess["long-action-aborted"]);
    if (!block.last) return { apdu: "action-response-next-pblock", invokeId, blockNumber: block.blockNumber };
    this.#incoming = undefined;
    const { methods, list } = incoming.target;
    const [method] = methods;
    if (!list && method !== undefined) {
      return this.#answer(invokeId, this.#run(method, incoming.bytes(), view), room);
    }
    const parameters = valuesOf(incoming.bytes(), methods.length);
    if (parameters === undefined) return failure(dataAccess["type-unmatched"]);
    return { apdu: "action-response-with-list", invokeId, responses: this.#runAll(methods, parameters, view) };
  }

  #next(invokeId: number, acknowledged: number, room: number): Apdu {
    const outgoing = this.#outgoing;
    if (outgoing?.blockNumber !== acknowledged) {
      this.#outgoing = undefined;
      const why = outgoing === undefined ? "no-long-action-in-progress" : "long-action-aborted";
      return { apdu: "action-response-normal", invokeId, response: { result: actionAccess[why] } };
    }
    return this.#block(invokeId, outgoing, room);
  }

  #block(invokeId: number, outgoing: { readonly source: ByteSource; blockNumber: number }, room: number): Apdu {
    const raw = outgoing.source.take(room - blockOverhead);
    const last = outgoing.source.exhausted;
    outgoing.blockNumber += 1;
    if (last) this.#outgoing = undefined;
    const block = { last, blockNumber: outgoing.blockNumber, raw };
    return { apdu: "action-response-with-pblock", invokeId, block };
  }
}
