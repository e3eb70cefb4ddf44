/** The SET service of a simulated meter. */
import type { Apdu, AttributeDescriptorWithSelection, DataBlock, SetRequest } from "../../apdu/model";
import { ByteReader } from "../../bytes";
import { sliceValue } from "../../codec/skip";
import { isDlmsError } from "../../errors";
import { IncomingBlocks } from "./long-transfer";
import type { MeterModel, ClientView } from "../objects/model";
import { dataAccess } from "../../apdu/results";

interface Target {
  readonly attributes: readonly AttributeDescriptorWithSelection[];
  readonly list: boolean;
}

/** The SET service of one association, with at most one block transfer in progress. */
export class SetService {
  readonly #model: MeterModel;
  #long: IncomingBlocks<Target> | undefined;

  constructor(model: MeterModel) {
    this.#model = model;
  }

  handle(request: SetRequest, view: ClientView): Apdu {
    const { invokeId } = request;
    switch (request.apdu) {
      case "set-request-normal":
        this.#long = undefined;
        return {
          apdu: "set-response-normal",
          invokeId,
          result: this.#model.write(request.attribute, request.data, view),
        };
      case "set-request-with-list":
        this.#long = undefined;
        return {
          apdu: "set-response-with-list",
          invokeId,
          results: this.#writeAll(request.attributes, request.values, view),
        };
      case "set-request-with-first-datablock":
        return this.#first(invokeId, { attributes: [request.attribute], list: false }, request.block, view);
      case "set-request-with-list-and-first-datablock":
        return this.#first(invokeId, { attributes: request.attributes, list: true }, request.block, view);
      case "set-request-with-datablock":
        return this.#add(invokeId, request.block, view);
    }
  }

  #first(invokeId: number, target: Target, block: DataBlock, view: ClientView): Apdu {
    this.#long = new IncomingBlocks(target, 1);
    return this.#add(invokeId, block, view);
  }

  #add(invokeId: number, block: DataBlock, view: ClientView): Apdu {
    const { blockNumber } = block;
    const long = this.#long;
    const problem = long === undefined ? dataAccess["no-long-set-in-progress"] : long.add(block);
    if (long === undefined || problem !== undefined) {
      this.#long = undefined;
      return { apdu: "set-response-last-datablock", invokeId, result: problem ?? 0, blockNumber };
    }
    if (!block.last) return { apdu: "set-response-datablock", invokeId, blockNumber };
    this.#long = undefined;
    const { attributes, list } = long.target;
    if (!list) {
      const [attribute] = attributes;
      const result = attribute === undefined ? 250 : this.#model.write(attribute, long.bytes(), view);
      return { apdu: "set-response-last-datablock", invokeId, result, blockNumber };
    }
    const values = valuesOf(long.bytes(), attributes.length);
    const results = values === undefined ? [] : this.#writeAll(attributes, values, view);
    if (values === undefined) {
      return { apdu: "set-response-last-datablock", invokeId, result: dataAccess["type-unmatched"], blockNumber };
    }
    return { apdu: "set-response-last-datablock-with-list", invokeId, results, blockNumber };
  }

  #writeAll(
    attributes: readonly AttributeDescriptorWithSelection[],
    values: readonly Uint8Array[],
    view: ClientView,
  ): number[] {
    return attributes.map((attribute, index) => {
      const value = values[index];
      return value === undefined ? dataAccess["type-unmatched"] : this.#model.write(attribute, value, view);
    });
  }
}

/** Splits the value list of a list request in blocks; undefined when it is malformed. */
export function valuesOf(bytes: Uint8Array, count: number): Uint8Array[] | undefined {
  try {
    const reader = new ByteReader(bytes);
    if (reader.length("count") !== count) return undefined;
    return Array.from({ length: count }, () => sliceValue(reader));
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
