/** GET of one attribute or of a list, in one answer or in blocks. */
import { blockTransferFailed } from "../../apdu";
import type { Apdu, AttributeDescriptorWithSelection, GetDataResult, GetResponseWithDatablock } from "../../apdu/model";
import { concatBytes } from "../../bytes";
import { DlmsLinkError } from "../../errors";
import type { ServiceChannel } from "../exchange/service-channel";
import { Collector } from "../exchange/collector";
import { concernsOnlyTheRest, noteRest, ValueCollector } from "../exchange/value-collector";
import { maxStaleAnswers } from "../steps/correlation";
import { inconsistentAnswer, limitExceeded, unexpectedAnswer } from "../steps/errors";
import type { AnswerForm, Operation, Sink } from "../steps/operation";
import { maxEmptyBlocks } from "../steps/options";
import { noteStep, progressStep } from "../steps/steps";

/** How a read ended. */
export type GetOutcome = { readonly ok: true } | { readonly ok: false; readonly result: number };

/** GET of one attribute; blocks are reassembled. */
export function getAttribute(
  channel: ServiceChannel,
  attribute: AttributeDescriptorWithSelection,
  form?: AnswerForm,
): Operation<GetDataResult> {
  // the most frequent operation has no generator around it, because each costs a call for every step
  if (channel.delivery.retries === 0) return getWhole(channel, attribute, form);
  return retryLostTransfer(channel, () => getWhole(channel, attribute, form));
}

function* getWhole(
  channel: ServiceChannel,
  attribute: AttributeDescriptorWithSelection,
  form?: AnswerForm,
): Operation<GetDataResult> {
  channel.require("get");
  const invokeId = channel.nextInvokeId();
  const answer = yield* channel.exchange({ apdu: "get-request-normal", invokeId, attribute }, "correlated", form);
  if (answer.apdu === "get-response-normal" && fitsResult(channel, answer.result)) return answer.result;
  if (form?.dataToEnd === true) {
    const collected = new Collector(channel.maxResultSize);
    const outcome = yield* takeAnswer(channel, invokeId, answer, collected.sink);
    return outcome.ok ? { ok: true, data: collected.bytes() } : outcome;
  }
  return yield* collectValue(channel, invokeId, answer);
}

/** One value from blocks; further bytes, blocks or a refusal after it are noted. */
function* collectValue(channel: ServiceChannel, invokeId: number, answer: Apdu): Operation<GetDataResult> {
  const collected = new ValueCollector(channel.maxResultSize);
  try {
    const outcome = yield* takeAnswer(channel, invokeId, answer, collected.sink, () => collected.isEnough);
    if (!outcome.ok && !collected.isWhole) return outcome;
    if (!outcome.ok) yield* noteRest(`the meter answered the request for the next one with result ${outcome.result}`);
  } catch (error) {
    if (!collected.isWhole || !concernsOnlyTheRest(channel, error)) throw error;
    yield* noteRest(error.message);
  }
  return { ok: true, data: yield* collected.value() };
}

/**
 * Runs the operation that collects an answer; runs it again from the beginning when a lost message broke a block
 * transfer.
 */
function* retryLostTransfer<T>(channel: ServiceChannel, run: () => Operation<T>): Operation<T> {
  for (let again = 1; ; again++) {
    try {
      return yield* run();
    } catch (error) {
      // a transfer that lost its place, see refuseLostPlace; after a shift of answers the session has to end
      const lost = error instanceof DlmsLinkError && error.details.blockNumber !== undefined;
      if (!lost || again > channel.delivery.retries) throw error;
      yield* noteStep(`${error.message} (${again} of ${channel.delivery.retries})`);
    }
  }
}

function fitsResult(channel: ServiceChannel, result: GetDataResult): boolean {
  return !result.ok || result.data.length <= channel.maxResultSize;
}

/**
 * GET of one attribute whose pieces are delivered as they arrive: data blocks, ciphered one by one or plain, and plain
 * general blocks, window by window. A ciphered answer in general blocks is one piece, because its tag can be verified
 * only when it is complete; so is an answer to a request that was itself sent in general blocks.
 */
export function* getChunks(
  channel: ServiceChannel,
  attribute: AttributeDescriptorWithSelection,
): Operation<GetOutcome> {
  return yield* getInto(channel, attribute, function* (bytes, blockNumber, last) {
    yield { kind: "chunk", bytes, blockNumber, last };
  });
}

function* getInto(
  channel: ServiceChannel,
  attribute: AttributeDescriptorWithSelection,
  sink: Sink,
): Operation<GetOutcome> {
  channel.require("get");
  const invokeId = channel.nextInvokeId();
  const request = { apdu: "get-request-normal", invokeId, attribute } as const;
  const answer = yield* channel.exchange(request, "correlated", { sink });
  if (channel.handedOn) return { ok: true };
  return yield* takeAnswer(channel, invokeId, answer, sink);
}

function* takeAnswer(
  channel: ServiceChannel,
  invokeId: number,
  answer: Apdu,
  sink: Sink,
  isEnough?: () => boolean,
): Operation<GetOutcome> {
  if (answer.apdu === "get-response-with-datablock") return yield* getBlocks(channel, invokeId, answer, sink, isEnough);
  if (answer.apdu !== "get-response-normal") throw unexpectedAnswer("a get-response", answer);
  if (!answer.result.ok) return answer.result;
  yield* sink(answer.result.data, 1, true);
  return { ok: true };
}

/** GET with list; the items keep their positions. */
export function* getList(
  channel: ServiceChannel,
  attributes: readonly AttributeDescriptorWithSelection[],
): Operation<readonly GetDataResult[]> {
  channel.require("get");
  const [only] = attributes;
  if (only === undefined) return [];
  if (attributes.length === 1) return [yield* getAttribute(channel, only)];
  channel.require("multiple-references");
  return yield* retryLostTransfer(channel, () => getWholeList(channel, attributes));
}

function* getWholeList(
  channel: ServiceChannel,
  attributes: readonly AttributeDescriptorWithSelection[],
): Operation<readonly GetDataResult[]> {
  const invokeId = channel.nextInvokeId();
  const answer = yield* channel.exchange({ apdu: "get-request-with-list", invokeId, attributes }, "correlated");
  const list =
    answer.apdu === "get-response-with-datablock" ? yield* listFromBlocks(channel, invokeId, answer) : answer;
  if (list.apdu !== "get-response-with-list") {
    const refused = list.apdu === "get-response-normal" && !list.result.ok ? ` (result ${list.result.result})` : "";
    throw unexpectedAnswer(`a get-response-with-list${refused}`, list);
  }
  if (list.results.length !== attributes.length) {
    throw inconsistentAnswer(`expected ${attributes.length} items, got ${list.results.length}`, {
      expected: attributes.length,
      got: list.results.length,
    });
  }
  return list.results;
}

/** The blocks of a list contain the fields after the invoke-id of the unblocked form. */
function* listFromBlocks(channel: ServiceChannel, invokeId: number, first: GetResponseWithDatablock): Operation<Apdu> {
  const collected = new Collector(channel.maxResultSize);
  const outcome = yield* getBlocks(channel, invokeId, first, collected.sink);
  if (!outcome.ok) {
    return { apdu: "get-response-normal", invokeId, result: outcome };
  }
  const whole = concatBytes(Uint8Array.of(0xc4, 0x03, invokeId), collected.bytes());
  return yield* channel.parse(whole);
}

/**
 * All blocks of a get-response, beginning with the received one. Numbers start at 1, at 0, or where the last transfer
 * ended; within a transfer they have to rise by one.
 */
function* getBlocks(
  channel: ServiceChannel,
  invokeId: number,
  first: GetResponseWithDatablock,
  sink: Sink,
  isEnough?: () => boolean,
): Operation<GetOutcome> {
  if (!channel.supports("block-transfer-with-get-or-read")) {
    yield* noteStep("the meter answers in blocks, which were not negotiated");
  }
  if (first.blockNumber !== 1) yield* noteStep(`the blocks start at number ${first.blockNumber}`);
  let block = first;
  let empty = 0;
  let content = 0;
  for (;;) {
    if (!block.result.ok) return block.result;
    const piece = block.result.data;
    content += piece.length;
    empty = piece.length === 0 ? empty + 1 : 0;
    if (empty > maxEmptyBlocks) throw limitExceeded(`${empty} consecutive empty blocks were received`, maxEmptyBlocks);
    yield* sink(piece, block.blockNumber, block.last);
    if (block.last) return { ok: true };
    if (isEnough?.() === true) {
      yield* noteRest("the meter continues with blocks, the client requests no more");
      return { ok: true };
    }
    yield* progressStep(content);
    const next = yield* nextBlock(channel, invokeId, block.blockNumber);
    if (next.apdu === "get-response-normal") {
      if (next.result.ok) throw unexpectedAnswer("the next block", next);
      return next.result;
    }
    block = next;
  }
}

function* nextBlock(channel: ServiceChannel, invokeId: number, blockNumber: number) {
  const expected = (blockNumber + 1) >>> 0;
  let answer = yield* channel.exchange({ apdu: "get-request-next", invokeId, blockNumber }, "correlated");
  for (let copies = 0; copies < maxStaleAnswers && isEarlierBlock(answer, expected); copies++) {
    yield* noteStep(`block ${answer.blockNumber} was received again and dropped`);
    answer = yield* channel.further("same");
  }
  if (answer.apdu !== "get-response-normal" && answer.apdu !== "get-response-with-datablock") {
    throw unexpectedAnswer("the next block", answer);
  }
  if (!answer.result.ok) refuseLostPlace(channel, answer.result.result, blockNumber);
  if (answer.apdu === "get-response-normal") return answer;
  // an error may have any number: some meters repeat the last one, some send 0
  if (answer.result.ok && answer.blockNumber !== expected) {
    throw inconsistentAnswer(`expected block ${expected}, got block ${answer.blockNumber}`, {
      expected,
      got: answer.blockNumber,
    });
  }
  return answer;
}

/** Whether this block is a copy of an earlier one, because the line duplicated the block or its request. */
function isEarlierBlock(answer: Apdu, expected: number): answer is GetResponseWithDatablock {
  return answer.apdu === "get-response-with-datablock" && answer.result.ok && answer.blockNumber < expected;
}

/**
 * A meter that receives the request for a block twice may refuse it, because its position is already after that block.
 * This refusal says nothing about the attribute, which has to be requested again from the start.
 */
function refuseLostPlace(channel: ServiceChannel, result: number, blockNumber: number): void {
  if (channel.delivery.retries === 0 || !blockTransferFailed.has(result)) return;
  throw new DlmsLinkError(
    "LINK_SEQUENCE",
    `the block after block ${blockNumber} was lost on the way, and the meter does not send it again (result ${result}); read it again`,
    { fault: "network", details: { result, blockNumber } },
  );
}
