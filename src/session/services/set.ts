/** SET of one attribute or of a list, whole or in blocks. */
import { encodeApdu } from "../../apdu";
import type { Apdu, AttributeDescriptorWithSelection, DataBlock, SetRequest } from "../../apdu/model";
import { ByteWriter, joinBytes } from "../../bytes";
import { DlmsAssociationError } from "../../errors";
import type { ServiceChannel } from "../exchange/service-channel";
import { inconsistentAnswer, unexpectedAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";
import { uploadBlocks } from "./upload";

/** last-block, number, and a length of up to three bytes */
const blockFields = 8;
const laterBlockHeader = 3 + blockFields;

/** SET of one attribute: its data-access-result. */
export function* setAttribute(
  channel: ServiceChannel,
  attribute: AttributeDescriptorWithSelection,
  data: Uint8Array,
): Operation<number> {
  channel.require("set");
  const invokeId = channel.nextInvokeId();
  const request: SetRequest = { apdu: "set-request-normal", invokeId, attribute, data };
  const answer = yield* send(channel, request, data, (block) => ({
    apdu: "set-request-with-first-datablock",
    invokeId,
    attribute,
    block,
  }));
  if (answer.apdu === "set-response-normal" || answer.apdu === "set-response-last-datablock") return answer.result;
  throw unexpectedAnswer("a set-response", answer);
}

/** SET with list: a data-access-result per item, positions kept. */
export function* setList(
  channel: ServiceChannel,
  attributes: readonly AttributeDescriptorWithSelection[],
  values: readonly Uint8Array[],
): Operation<readonly number[]> {
  channel.require("set");
  channel.require("multiple-references");
  const invokeId = channel.nextInvokeId();
  const request: SetRequest = { apdu: "set-request-with-list", invokeId, attributes, values };
  const whole = new ByteWriter().writeLength(values.length).bytes(joinBytes(values)).toBytes();
  const answer = yield* send(channel, request, whole, (block) => ({
    apdu: "set-request-with-list-and-first-datablock",
    invokeId,
    attributes,
    block,
  }));
  if (answer.apdu !== "set-response-with-list" && answer.apdu !== "set-response-last-datablock-with-list") {
    throw unexpectedAnswer("a set-response-with-list", answer);
  }
  if (answer.results.length !== attributes.length) {
    throw inconsistentAnswer(`${attributes.length} items were set, ${answer.results.length} were answered`, {
      expected: attributes.length,
      got: answer.results.length,
    });
  }
  return answer.results;
}

/** Whole if it fits the meter's PDU size, else in blocks, else in general blocks. */
function* send(
  channel: ServiceChannel,
  request: SetRequest,
  whole: Uint8Array,
  first: (block: DataBlock) => SetRequest,
): Operation<Apdu> {
  const { invokeId } = request;
  const length = encodeApdu(request).length;
  let answer: Apdu;
  if (channel.fits(length) || !channel.supports("block-transfer-with-set-or-write")) {
    refuseUnsendable(channel, length);
    answer = yield* channel.exchange(request);
  } else {
    const upload = {
      whole,
      firstHeader: length - whole.length + blockFields,
      laterHeader: laterBlockHeader,
      request: (block: DataBlock): SetRequest =>
        block.blockNumber === 1 ? first(block) : { apdu: "set-request-with-datablock", invokeId, block },
      acknowledged: (apdu: Apdu) => (apdu.apdu === "set-response-datablock" ? apdu.blockNumber : undefined),
      failed: hasFailed,
    };
    answer = yield* uploadBlocks(channel, upload);
  }
  return answer;
}

function refuseUnsendable(channel: ServiceChannel, length: number): void {
  if (channel.fits(length) || channel.supports("general-block-transfer")) return;
  throw new DlmsAssociationError(
    "ASSOC_SERVICE_NOT_NEGOTIATED",
    `the request has ${length} bytes, the meter takes ${channel.meterLimit} at once and offers no block transfer for it`,
    { details: { length, maxPduSize: channel.meterLimit } },
  );
}

function hasFailed(apdu: Apdu): boolean {
  if (apdu.apdu === "set-response-normal" || apdu.apdu === "set-response-last-datablock") return apdu.result !== 0;
  if (apdu.apdu === "set-response-with-list" || apdu.apdu === "set-response-last-datablock-with-list") {
    return apdu.results.some((result) => result !== 0);
  }
  return false;
}
