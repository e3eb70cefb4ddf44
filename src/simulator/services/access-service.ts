/** The ACCESS service of a simulated meter. */
import type { AccessRequest, AccessResponse, AccessSpecification } from "../../apdu";
import { encodeValueBytes } from "../../codec/encode";
import { wholeOf } from "../behaviours/fault";
import type { MeterModel, ClientView } from "../objects/model";
import { dataAccess } from "../../apdu/results";

const nullData = Uint8Array.of(0);

interface Item {
  readonly data: Uint8Array;
  readonly result: number;
}

/** Answers each item of an access-request, in the order of the request. */
export function answerAccess(request: AccessRequest, model: MeterModel, view: ClientView): AccessResponse {
  const items = request.specifications.map((specification, index) => {
    return run(specification, request.data[index] ?? nullData, model, view);
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

function run(specification: AccessSpecification, data: Uint8Array, model: MeterModel, view: ClientView): Item {
  switch (specification.kind) {
    case "get": {
      const outcome = model.read(specification.attribute, view);
      if (!outcome.ok) return { data: nullData, result: outcome.result };
      const whole = wholeOf(outcome.pieces);
      if (whole === undefined) return { data: nullData, result: dataAccess["hardware-fault"] };
      return { data: whole, result: 0 };
    }
    case "set":
      return { data: nullData, result: model.write(specification.attribute, data, view) };
    case "action": {
      const { result, value } = model.invoke(specification.method, data, view);
      return { data: value === undefined ? nullData : encodeValueBytes(value), result };
    }
  }
}
