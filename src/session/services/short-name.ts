/** Read and Write of short names, whole or in blocks. */
import { encodeApdu, parseApdu, type ParseOptions } from "../../apdu";
import type { DataBlock, ReadResult, VariableAccess, WriteRequest, WriteResult } from "../../apdu/model";
import { concatBytes } from "../../bytes";
import { encodeValueBytes } from "../../codec";
import { isDlmsError } from "../../errors";
import type { Repetition } from "../exchange/exchange";
import type { ServiceChannel } from "../exchange/service-channel";
import { Collector } from "../exchange/collector";
import { noteTrailing } from "../exchange/trailing-bytes";
import { concernsOnlyTheRest, noteRest, ValueCollector } from "../exchange/value-collector";
import { inconsistentAnswer, unexpectedAnswer } from "../steps/errors";
import type { GetOutcome } from "./get";
import type { AnswerForm, Operation, Sink } from "../steps/operation";
import { noteStep, progressStep } from "../steps/steps";

/** Read of several variables; results keep their positions, blocks are reassembled. */
export function* readVariables(
  channel: ServiceChannel,
  variables: readonly VariableAccess[],
  form: AnswerForm = {},
): Operation<readonly ReadResult[]> {
  channel.require("read");
  return yield* readVariablesUnchecked(channel, variables, "uncorrelated", form);
}

/** Read whether it was negotiated or not: HLS authentication with short names is a Read, and must not be repeated. */
export function* readVariablesUnchecked(
  channel: ServiceChannel,
  variables: readonly VariableAccess[],
  repetition: Repetition = "never",
  form: AnswerForm = {},
): Operation<readonly ReadResult[]> {
  let results = yield* askFor(channel, variables, repetition, form);
  const [first] = results;
  if (first?.kind === "data-block" && results.length === 1) {
    results = yield* readBlocks(channel, first.block, variables.length, form);
  }
  return counted(results, variables.length);
}

/** Sends a request whole or, if it is too long for the meter and blocks were negotiated, in blocks. */
function* askFor(
  channel: ServiceChannel,
  variables: readonly VariableAccess[],
  repetition: Repetition,
  form: AnswerForm,
): Operation<readonly ReadResult[]> {
  const whole = encodeApdu({ apdu: "read-request", variables });
  if (channel.fits(whole.length) || !channel.supports("block-transfer-with-get-or-read")) {
    return yield* exchangeRead(channel, variables, repetition, form);
  }
  const results = yield* sendBlocks(channel, whole.subarray(1), form);
  const [first] = results;
  // a refused block refuses the whole request
  return first?.kind === "error" && results.length === 1 ? variables.map(() => first) : results;
}

/** tag, count, choice, last-block, number, length of up to three bytes */
const readBlockHeader = 9;

/** The blocks contain the fields after the tag of a read-request: the list of variables. */
function* sendBlocks(channel: ServiceChannel, whole: Uint8Array, form: AnswerForm): Operation<readonly ReadResult[]> {
  const size = channel.roomFor(readBlockHeader);
  for (let at = 0, blockNumber = 1; ; blockNumber++) {
    const raw = whole.subarray(at, at + size);
    at += raw.length;
    const last = at >= whole.length;
    const block = { kind: "read-data-block-access", block: { last, blockNumber, raw } } as const;
    const results = yield* exchangeRead(channel, [block], "never", form);
    const [first] = results;
    if (last || first?.kind === "error") return results;
    if (first?.kind !== "block-number" || first.blockNumber !== blockNumber) {
      throw inconsistentAnswer(`block ${blockNumber} was sent, the meter did not acknowledge it`);
    }
  }
}

function* exchangeRead(
  channel: ServiceChannel,
  variables: readonly VariableAccess[],
  repetition: Repetition,
  form: AnswerForm,
): Operation<readonly ReadResult[]> {
  const answer = yield* channel.exchange({ apdu: "read-request", variables }, repetition, form);
  if (answer.apdu !== "read-response") throw unexpectedAnswer("a read-response", answer);
  return answer.results;
}

/** The blocks contain the fields after the tag of a read-response: the list of results. */
function* readBlocks(
  channel: ServiceChannel,
  first: DataBlock,
  count: number,
  form: AnswerForm,
): Operation<readonly ReadResult[]> {
  if (count === 1 && form.dataToEnd !== true) return yield* readOneByBlocks(channel, first);
  const collected = new Collector(channel.maxResultSize);
  const refused = yield* takeBlocks(channel, first, form, collected.sink);
  return refused === undefined ? yield* resultsIn(channel, collected.bytes(), count, form) : [refused];
}

/** One result from blocks; further bytes, blocks or a refusal after its value are noted. */
function* readOneByBlocks(channel: ServiceChannel, first: DataBlock): Operation<readonly ReadResult[]> {
  const collected = new ValueCollector(channel.maxResultSize, startOfOnlyValue);
  try {
    const refused = yield* takeBlocks(channel, first, {}, collected.sink, () => collected.isEnough);
    if (refused !== undefined && !collected.isWhole) return [refused];
    if (refused !== undefined) {
      yield* noteRest(`the meter answered the request for the next one with result ${refused.result}`);
    }
  } catch (error) {
    if (!collected.isWhole || !concernsOnlyTheRest(channel, error)) throw error;
    yield* noteRest(error.message);
  }
  return yield* resultsIn(channel, collected.bytes(), 1, {});
}

/**
 * The start of the value after `01 00`, which Gurux' server omits; undefined while it cannot be determined, and for an
 * error (`01 01`).
 */
function startOfOnlyValue(bytes: Uint8Array): number | undefined {
  const [count, choice] = bytes;
  if (bytes.length < 3 || (count === 1 && choice === 1)) return undefined;
  return count === 1 && choice === 0 ? 2 : 0;
}

/** All blocks of a read-response, beginning with the received one; or the error with which one was refused. */
function* takeBlocks(
  channel: ServiceChannel,
  first: DataBlock,
  form: AnswerForm,
  sink: Sink,
  isEnough?: () => boolean,
): Operation<Extract<ReadResult, { kind: "error" }> | undefined> {
  let block = first;
  if (block.blockNumber !== 1) yield* noteStep(`the blocks start at number ${block.blockNumber}`);
  let content = 0;
  for (;;) {
    yield* sink(block.raw, block.blockNumber, block.last);
    if (block.last) return undefined;
    if (isEnough?.() === true) {
      yield* noteRest("the meter continues with blocks, the client requests no more");
      return undefined;
    }
    content += block.raw.length;
    yield* progressStep(content);
    const expected = (block.blockNumber + 1) & 0xffff;
    // never repeated, because a meter that sent the block has already advanced
    const variable = { kind: "block-number-access", blockNumber: block.blockNumber } as const;
    const [next] = yield* exchangeRead(channel, [variable], "never", form);
    if (next?.kind === "error") return next;
    if (next?.kind !== "data-block" || next.block.blockNumber !== expected) {
      const got = next?.kind === "data-block" ? `block ${next.block.blockNumber}` : (next?.kind ?? "nothing");
      throw inconsistentAnswer(`expected block ${expected}, got ${got}`);
    }
    if (next.block.raw.length === 0 && !next.block.last) {
      throw inconsistentAnswer(`block ${expected} is empty and not the last`);
    }
    block = next.block;
  }
}

/** Read of one variable whose data are delivered as the blocks arrive. */
export function* readChunks(channel: ServiceChannel, variable: VariableAccess): Operation<GetOutcome> {
  channel.require("read");
  const results = yield* askFor(channel, [variable], "uncorrelated", {});
  const [first] = counted(results, 1);
  if (first?.kind === "error") return { ok: false, result: first.result };
  if (first?.kind === "data") {
    yield* chunkStep(first.data, 1, true);
    return { ok: true };
  }
  if (first?.kind !== "data-block") throw inconsistentAnswer(`expected data, got ${first?.kind}`);
  const only = new OnlyResult(chunkStep);
  const refused = yield* takeBlocks(channel, first.block, {}, only.take);
  if (only.shortened) yield* noteStep("the blocks carry the results without their number");
  const result = refused?.result ?? only.error;
  return result === undefined ? { ok: true } : { ok: false, result };
}

function* chunkStep(bytes: Uint8Array, blockNumber: number, last: boolean): Operation<void> {
  yield { kind: "chunk", bytes, blockNumber, last };
}

/** `01 00` and data, or `01 01` and an error; Gurux' server leaves out the first two bytes before data. */
class OnlyResult {
  /** bytes received before the form was clear; undefined from then on */
  #begun: Uint8Array | undefined = new Uint8Array(0);
  readonly #sink: Sink;
  shortened = false;
  error: number | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  readonly take = function* (this: OnlyResult, piece: Uint8Array, blockNumber: number, last: boolean): Operation<void> {
    let data = piece;
    if (this.#begun !== undefined) {
      this.#begun = concatBytes(this.#begun, piece);
      // an error has three bytes, and so has an array of one null, which is not a row
      if (this.#begun.length <= 3 && !last) return;
      data = this.#dataOf(this.#begun);
      this.#begun = undefined;
      if (this.error !== undefined) return;
    }
    yield* this.#sink(data, blockNumber, last);
  }.bind(this);

  #dataOf(bytes: Uint8Array): Uint8Array {
    const [count, choice] = bytes;
    if (count === 1 && choice === 1 && bytes.length === 3) this.error = bytes[2];
    // an empty array has these bytes too, but no bytes after them
    else if (count === 1 && choice === 0 && bytes.length > 2) return bytes.subarray(2);
    else this.shortened = true;
    return bytes;
  }
}

/**
 * The list of results received in blocks. Gurux' server omits its first two bytes: the number of results, and the tag
 * that the first of them is data.
 */
function* resultsIn(
  channel: ServiceChannel,
  bytes: Uint8Array,
  count: number,
  form: AnswerForm,
): Operation<readonly ReadResult[]> {
  const completed = shortenedResults(bytes, count, form);
  if (completed !== undefined) {
    yield* noteStep("the blocks carry the results without their number");
    return completed;
  }
  const longer = shortenedWithTrailing(bytes, count);
  if (longer !== undefined) {
    yield* noteStep("the blocks carry the results without their number");
    yield* noteTrailing(longer.trailing);
    return longer.results;
  }
  const whole = yield* channel.parse(concatBytes(Uint8Array.of(0x0c), bytes));
  if (whole.apdu !== "read-response") throw unexpectedAnswer("a read-response", whole);
  return whole.results;
}

/**
 * The results of a list whose first two bytes are missing; undefined if these bytes are present, or if the rest is not
 * valid without them either.
 */
function shortenedResults(
  bytes: Uint8Array,
  count: number,
  { dataToEnd }: AnswerForm,
): readonly ReadResult[] | undefined {
  if (count >= 0x80 || exactResults(Uint8Array.of(0x0c), bytes, count) !== undefined) return undefined;
  // well-formed data are no proof here
  const onlyData = dataToEnd === true && count === 1 && (bytes[0] !== 1 || bytes[1] !== 0);
  return onlyData ? [{ kind: "data", data: bytes }] : exactResults(Uint8Array.of(0x0c, count, 0), bytes, count);
}

/** The same for results with bytes after them; undefined if the first two bytes look present. */
function shortenedWithTrailing(
  bytes: Uint8Array,
  count: number,
): { readonly results: readonly ReadResult[]; readonly trailing: number } | undefined {
  let trailing = 0;
  const onTrailing = (rest: Uint8Array): void => {
    trailing = rest.length;
  };
  const options = { allowTrailing: true, onTrailing };
  const hasHead = bytes[0] === count && (bytes[1] === 0 || bytes[1] === 1);
  if (count >= 0x80 || hasHead) return undefined;
  const results = exactResults(Uint8Array.of(0x0c, count, 0), bytes, count, options);
  return results && { results, trailing };
}

/** The results, if the bytes are exactly `count` data and errors; further bytes only if the options allow them. */
function exactResults(
  head: Uint8Array,
  bytes: Uint8Array,
  count: number,
  options: ParseOptions = {},
): readonly ReadResult[] | undefined {
  try {
    const apdu = parseApdu(concatBytes(head, bytes), options);
    if (apdu.apdu !== "read-response" || apdu.results.length !== count) return undefined;
    return apdu.results.every(({ kind }) => kind === "data" || kind === "error") ? apdu.results : undefined;
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

/** Write of several variables; results keep their positions. */
export function* writeVariables(
  channel: ServiceChannel,
  variables: readonly VariableAccess[],
  values: readonly Uint8Array[],
): Operation<readonly WriteResult[]> {
  channel.require("write");
  const request: WriteRequest = { apdu: "write-request", variables, values };
  const whole = encodeApdu(request);
  if (!channel.fits(whole.length) && channel.supports("block-transfer-with-set-or-write")) {
    return counted(yield* writeBlocks(channel, whole.subarray(1)), variables.length);
  }
  const answer = yield* channel.exchange(request);
  if (answer.apdu !== "write-response") throw unexpectedAnswer("a write-response", answer);
  return counted(answer.results, variables.length);
}

/** tag, count, choice, last-block, number; count, octet-string tag, length of up to three bytes */
const writeBlockHeader = 6 + 5;

/** The blocks contain the fields after the tag of a write-request, as octet-strings. */
function* writeBlocks(channel: ServiceChannel, whole: Uint8Array): Operation<readonly WriteResult[]> {
  const size = channel.roomFor(writeBlockHeader);
  for (let at = 0, blockNumber = 1; ; blockNumber++) {
    const piece = whole.subarray(at, at + size);
    at += piece.length;
    const last = at >= whole.length;
    const answer = yield* channel.exchange({
      apdu: "write-request",
      variables: [{ kind: "write-data-block-access", last, blockNumber }],
      values: [encodeValueBytes({ type: "octet-string", value: piece })],
    });
    if (answer.apdu !== "write-response") throw unexpectedAnswer("a write-response", answer);
    const [first] = answer.results;
    if (last || first?.kind === "error") return answer.results;
    if (first?.kind !== "block-number" || first.blockNumber !== blockNumber) {
      throw inconsistentAnswer(`block ${blockNumber} was sent, the meter did not acknowledge it`);
    }
  }
}

/** @throws DlmsDecodeError DECODE_VALUE unless there is one result per item */
function counted<T>(results: readonly T[], expected: number): readonly T[] {
  if (results.length === expected) return results;
  throw inconsistentAnswer(`expected ${expected} items, got ${results.length}`, {
    expected,
    got: results.length,
  });
}
