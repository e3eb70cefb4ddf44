/** ACTION of one method or of a list, whole or in blocks. */
import { encodeApdu, parseApdu } from "../../apdu";
import type { ActionRequest, ActionResponseWithPblock, ActionResult, Apdu, MethodDescriptor } from "../../apdu/model";
import { ByteWriter, concatBytes, joinBytes } from "../../bytes";
import { DlmsDecodeError } from "../../errors";
import type { ServiceChannel } from "../exchange/service-channel";
import { Collector } from "../exchange/collector";
import { noteTrailing } from "../exchange/trailing-bytes";
import { inconsistentAnswer, unexpectedAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";
import { noteStep, progressStep } from "../steps/steps";
import { uploadBlocks } from "./upload";

/** C3, choice, invoke-id, class, logical name, method; last-block, number, length of up to three bytes */
const firstBlockHeader = 12 + 8;
const laterBlockHeader = 3 + 8;

/** ACTION of one method. */
export function* invokeMethod(
  channel: ServiceChannel,
  method: MethodDescriptor,
  parameters: Uint8Array | undefined,
): Operation<ActionResult> {
  channel.require("action");
  return yield* invokeUnchecked(channel, method, parameters);
}

/** ACTION whether it was negotiated or not: authentication itself is an ACTION. */
export function* invokeUnchecked(
  channel: ServiceChannel,
  method: MethodDescriptor,
  parameters: Uint8Array | undefined,
): Operation<ActionResult> {
  const invokeId = channel.nextInvokeId();
  const request: ActionRequest = {
    apdu: "action-request-normal",
    invokeId,
    method,
    ...(parameters === undefined ? {} : { parameters }),
  };
  const answer = yield* send(channel, request, { whole: parameters, firstHeader: firstBlockHeader }, (block) => ({
    apdu: "action-request-with-first-pblock",
    invokeId,
    method,
    block,
  }));
  if (answer.apdu === "action-response-with-pblock") {
    return yield* singleFrom(yield* collectBlocks(channel, invokeId, answer), invokeId);
  }
  if (answer.apdu !== "action-response-normal") throw unexpectedAnswer("an action-response", answer);
  return answer.response;
}

/** ACTION with list; the results keep their positions. */
export function* invokeList(
  channel: ServiceChannel,
  methods: readonly MethodDescriptor[],
  parameters: readonly Uint8Array[],
): Operation<readonly ActionResult[]> {
  channel.require("action");
  channel.require("multiple-references");
  const invokeId = channel.nextInvokeId();
  const request: ActionRequest = { apdu: "action-request-with-list", invokeId, methods, parameters };
  const descriptors = 3 + 3 + 9 * methods.length;
  const whole = new ByteWriter().writeLength(parameters.length).bytes(joinBytes(parameters)).toBytes();
  let answer = yield* send(channel, request, { whole, firstHeader: descriptors + 8 }, (block) => ({
    apdu: "action-request-with-list-and-first-pblock",
    invokeId,
    methods,
    block,
  }));
  if (answer.apdu === "action-response-with-pblock") {
    const raw = yield* collectBlocks(channel, invokeId, answer);
    answer = yield* channel.parse(concatBytes(Uint8Array.of(0xc7, 0x03, invokeId), raw));
  }
  if (answer.apdu !== "action-response-with-list") throw unexpectedAnswer("an action-response-with-list", answer);
  if (answer.responses.length !== methods.length) {
    throw inconsistentAnswer(`${methods.length} methods were invoked, ${answer.responses.length} were answered`, {
      expected: methods.length,
      got: answer.responses.length,
    });
  }
  return answer.responses;
}

/** Sends the request whole if the meter accepts it, otherwise in blocks; the answer has the same invoke-id. */
function* send(
  channel: ServiceChannel,
  request: ActionRequest,
  { whole, firstHeader }: { readonly whole: Uint8Array | undefined; readonly firstHeader: number },
  first: (block: ActionResponseWithPblock["block"]) => ActionRequest,
): Operation<Apdu> {
  const { invokeId } = request;
  const answer =
    whole !== undefined && tooLong(channel, request)
      ? yield* sendBlocks(channel, invokeId, whole, firstHeader, first)
      : yield* channel.exchange(request);
  return answer;
}

/** Whether a request has to be split; without negotiated blocks it is sent whole, or in general blocks. */
function tooLong(channel: ServiceChannel, request: ActionRequest): boolean {
  return channel.supports("block-transfer-with-action") && !channel.fits(encodeApdu(request).length);
}

function* sendBlocks(
  channel: ServiceChannel,
  invokeId: number,
  whole: Uint8Array,
  firstHeader: number,
  first: (block: ActionResponseWithPblock["block"]) => ActionRequest,
): Operation<Apdu> {
  return yield* uploadBlocks(channel, {
    whole,
    firstHeader,
    laterHeader: laterBlockHeader,
    request: (block) =>
      block.blockNumber === 1 ? first(block) : { apdu: "action-request-with-pblock", invokeId, block },
    acknowledged: (answer) => (answer.apdu === "action-response-next-pblock" ? answer.blockNumber : undefined),
    failed: (answer) => answer.apdu === "action-response-normal" && answer.response.result !== 0,
  });
}

function* collectBlocks(
  channel: ServiceChannel,
  invokeId: number,
  first: ActionResponseWithPblock,
): Operation<Uint8Array> {
  const collected = new Collector(channel.maxResultSize);
  let { block } = first;
  if (block.blockNumber !== 1) yield* noteStep(`the blocks start at number ${block.blockNumber}`);
  for (;;) {
    collected.add(block.raw);
    if (block.last) return collected.bytes();
    yield* progressStep(collected.size);
    const { blockNumber } = block;
    const answer = yield* channel.exchange({ apdu: "action-request-next-pblock", invokeId, blockNumber });
    if (answer.apdu !== "action-response-with-pblock") throw unexpectedAnswer("the next block", answer);
    const expected = (blockNumber + 1) >>> 0;
    if (answer.block.blockNumber !== expected) {
      throw inconsistentAnswer(`expected block ${expected}, got block ${answer.block.blockNumber}`, {
        expected,
        got: answer.block.blockNumber,
      });
    }
    if (answer.block.raw.length === 0 && !answer.block.last) {
      throw inconsistentAnswer(`block ${expected} is empty and not the last`);
    }
    block = answer.block;
  }
}

/**
 * The blocks contain the fields after the invoke-id of the unblocked form: result and optional data. Some meters omit
 * the result and send the Get-Data-Result, or the data alone: then the method succeeded. A result other than success
 * has two bytes and no data; longer content that begins like one is data alone (01 array, 02 structure).
 */
function* singleFrom(raw: Uint8Array, invokeId: number): Operation<ActionResult> {
  const parse = (prefix: readonly number[], allowTrailing: boolean): ReturnType<typeof tryParse> =>
    tryParse(concatBytes(Uint8Array.of(0xc7, 0x01, invokeId), Uint8Array.from(prefix), raw), allowTrailing);
  for (const prefix of [[], [0x00, 0x01], [0x00, 0x01, 0x00]]) {
    const parsed = parse(prefix, false);
    if (parsed !== undefined && (parsed.response.result === 0 || raw.length === 2)) return parsed.response;
  }
  // no form uses up all bytes: some follow the data, so the first bytes select the form
  const [first, second = 0] = raw;
  const parsed = parse(first !== 0 ? [0x00, 0x01, 0x00] : second > 1 ? [0x00, 0x01] : [], true);
  if (parsed !== undefined) {
    yield* noteTrailing(parsed.trailing);
    return parsed.response;
  }
  throw inconsistentAnswer(`the ${raw.length} bytes of the blocks are no action-response`);
}

function tryParse(
  bytes: Uint8Array,
  allowTrailing: boolean,
): { readonly response: ActionResult; readonly trailing: number } | undefined {
  let trailing = 0;
  const onTrailing = (rest: Uint8Array): void => {
    trailing = rest.length;
  };
  try {
    const apdu = parseApdu(bytes, { allowTrailing, onTrailing });
    return apdu.apdu === "action-response-normal" ? { response: apdu.response, trailing } : undefined;
  } catch (error) {
    if (error instanceof DlmsDecodeError) return undefined;
    throw error;
  }
}
