import type { AccessRequest, AccessResponse, AccessSpecification } from "../../apdu";
import { encodeValueBytes } from "../../codec/encode";
import { wholeOf } from "../behaviours/fault";
import type { MeterModel, Viewer } from "../objects/model";
import { dataAccess } from "../../apdu/results";

const NULL_DATA = Uint8Array.of(0);

interface Item {
  readonly data: Uint8Array;
  readonly result: number;
}

/** The ACCESS service: each item of a list is a get, a set or an action of its own; positions are kept. */
export function answerAccess(request: AccessRequest, model: MeterModel, viewer: Viewer): AccessResponse {
  const items = request.specifications.map((specification, index) => {
    return run(specification, request.data[index] ?? NULL_DATA, model, viewer);
  });
  return {
    apdu: "access-response",
    longInvokeId: request.longInvokeId,
    data: items.map((item) => item.data),
    results: items.map((item, index) => ({
      kind: request.specifications[index]?.kind ?? "get",
      result: item.result,
    })),
  };
}

function run(specification: AccessSpecification, data: Uint8Array, model: MeterModel, viewer: Viewer): Item {
  switch (specification.kind) {
    case "get": {
      const outcome = model.read(specification.attribute, viewer);
      if (!outcome.ok) return { data: NULL_DATA, result: outcome.result };
      const whole = wholeOf(outcome.pieces);
      if (whole === undefined) return { data: NULL_DATA, result: dataAccess["hardware-fault"] };
      return { data: whole, result: 0 };
    }
    case "set":
      return { data: NULL_DATA, result: model.write(specification.attribute, data, viewer) };
    case "action": {
      const { result, value } = model.invoke(specification.method, data, viewer);
      return { data: value === undefined ? NULL_DATA : encodeValueBytes(value), result };
    }
  }
}
