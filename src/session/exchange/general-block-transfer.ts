/** General block transfer: sends and receives an APDU in numbered blocks. */
import { encodeApdu } from "../../apdu";
import type { GeneralBlockTransfer } from "../../apdu/model";
import { DlmsTimeoutError } from "../../errors";
import type { Exchange } from "./exchange";
import { Collector } from "./collector";
import type { ContentStream } from "./content-stream";
import { isNotificationTag } from "../protection/ciphering";
import { digest, maxStaleAnswers, requestDigest } from "../steps/correlation";
import { copiedBlock, inconsistentAnswer, isNoAnswer, limitExceeded, unexpectedAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";
import { defaultBlockWindow, defaultMaxBlockTransfer, maxEmptyBlocks } from "../steps/options";
import { exchangeStep, noteStep, progressStep, receiveStep, transmitStep } from "../steps/steps";

const nothing = new Uint8Array(0);
/** tag, control, two block numbers, length of up to three bytes */
const blockHeader = 9;
/** Maximum number of acknowledgements in a row without a new block. */
const maxStalls = 3;
/** The largest window that fits six bits: no meter streams more blocks before it waits. */
const maxWindowBlocks = 63;

/** Key of the first block for its digest without the invoke-id, instead of its number. */
const firstWithoutId = -1;

/** general-glo-ciphering, general-ded-ciphering, general-ciphering, general-signing */
const protections: ReadonlySet<number> = new Set([0xdb, 0xdc, 0xdd, 0xdf]);

/** Both directions of one general block transfer, seen from the client. */
class Transfer {
  readonly channel: Exchange;
  readonly #received: Collector;
  /** blocks received before a missing one */
  readonly #early = new Map<number, GeneralBlockTransfer>();
  /** number of our next block */
  #ownNumber = 1;
  /** number of the meter's first block */
  #first = 1;
  /** number of the next expected block of the meter */
  #expected = 1;
  #window: number;
  /** blocks without data since the last with some */
  #empty = 0;
  /** received bytes of the answer, including delivered ones */
  content = 0;
  /** digests of the last received blocks, by block number */
  readonly #taken = new Map<number, string>();
  /** blocks that equal one of an earlier transfer, received once so far */
  readonly #doubted = new Set<number>();
  /** The answer differs from the previous one to an equal request. */
  #changed = false;
  readonly #request: string;
  /** A block was received out of order: the line loses or copies messages. */
  #sawGap = false;
  complete = false;
  stalls = 0;
  readonly #stream: ContentStream | undefined;

  constructor(channel: Exchange, stream?: ContentStream) {
    this.channel = channel;
    this.#stream = stream;
    this.#request = requestDigest(channel.asked);
    this.#received = new Collector(channel.options.maxResultSize ?? defaultMaxBlockTransfer);
    this.#window = Math.min(maxWindowBlocks, Math.max(1, channel.options.blockWindow ?? defaultBlockWindow));
  }

  get receivedTo(): number {
    return this.#expected - 1;
  }

  /**
   * With a window of one the meter sends no further block without an acknowledgement, whatever its streaming bit says
   * (Gurux' server sets it).
   */
  get mayStream(): boolean {
    return this.#window > 1;
  }

  bytes(): Uint8Array {
    return this.#received.bytes();
  }

  /** Skips a block that contains only an acknowledgement: some meters number these too, or restart at 1 after them. */
  pass(block: GeneralBlockTransfer): void {
    if (block.blockNumber === this.#expected) this.#expected = (this.#expected + 1) & 0xffff;
  }

  /** Sets the number of the next block that `own` creates; a lost block is sent again under its old number. */
  restartAt(number: number): void {
    this.#ownNumber = number;
  }

  /**
   * Whether the received APDU is a notification, or may turn out to be one when deciphered: then the answer arrives
   * separately.
   */
  get report(): "yes" | "perhaps" | "no" {
    const tag = this.#received.first;
    if (isNotificationTag(tag)) return "yes";
    return tag !== undefined && protections.has(tag) ? "perhaps" : "no";
  }

  /** Whether a block begins the next message although the last block of a notification is missing. */
  isOvertakenBy({ blockNumber, data }: GeneralBlockTransfer): boolean {
    const taken = this.#taken.get(blockNumber);
    return this.report === "yes" && blockNumber === this.#first && taken !== undefined && taken !== digest(data);
  }

  /** Creates our next block, which acknowledges the blocks received so far. */
  own(data: Uint8Array, last: boolean, streaming: boolean): Uint8Array {
    const block: GeneralBlockTransfer = {
      apdu: "general-block-transfer",
      last,
      streaming,
      window: this.#window,
      blockNumber: this.#ownNumber,
      blockNumberAck: this.receivedTo & 0xffff,
      data,
    };
    this.#ownNumber = (this.#ownNumber + 1) & 0xffff;
    return encodeApdu(block);
  }

  /** Some meters number their blocks from 0: such a first block is accepted with a note. */
  *begin({ blockNumber }: GeneralBlockTransfer): Operation<void> {
    if (blockNumber !== 0 || !this.#received.empty) return;
    this.#first = this.#expected = 0;
    yield* noteStep("the general blocks start at number 0");
  }

  /** Adds a block of the meter; returns whether the answer made progress. */
  take(block: GeneralBlockTransfer): boolean {
    if (block.blockNumber === 1 && this.#first === 1 && this.#received.empty) this.#expected = 1;
    const ahead = (block.blockNumber - this.#expected) & 0xffff;
    this.#refuseOtherContent(block);
    if (ahead > maxWindowBlocks) return false;
    if (this.#isDoubtful(block, ahead > 0)) return false;
    this.#early.set(block.blockNumber, block);
    let moved = false;
    for (;;) {
      const number = this.#expected & 0xffff;
      const next = this.#early.get(number);
      if (next === undefined) return moved;
      this.#early.delete(number);
      this.#add(next);
      this.#expected = (this.#expected + 1) & 0xffff;
      moved = true;
      if (next.last) {
        this.complete = true;
        this.channel.correlation.finished({ request: this.channel.asked, blocks: this.#taken });
        return true;
      }
    }
  }

  /**
   * Whether a block may belong to an earlier transfer, because blocks do not identify the request that they answer. On
   * a link that keeps the order but does not number its messages, a plain block that arrives early is a copy. An
   * expected block that equals one of an earlier transfer is accepted only when it is received a second time: answers
   * to other requests may well have equal parts, and ciphered ones may have an equal short last block by chance. If
   * blocks were also received out of order, the transfer fails. An answer that has so far equalled the previous one to
   * an equal request may continue to do so.
   */
  #isDoubtful({ blockNumber, data }: GeneralBlockTransfer, early: boolean): boolean {
    const { delivery, ciphering, correlation } = this.channel;
    const ciphered = ciphering?.active === true;
    if (early) {
      // the blocks after a rejected one are out of order too
      if (!this.#doubted.has(this.#expected & 0xffff)) this.#sawGap = true;
      return (delivery.keepsOrder && !delivery.numbered && !ciphered) || correlation.isFinishedBlock(blockNumber, data);
    }
    // the first block of a plain answer has the invoke-id, unless the meter has its own ids; two ciphered answers to one
    // request are never equal
    if (blockNumber === this.#first && !ciphered && !correlation.hasOwnIds) return false;
    const request = correlation.requestOfBlock(blockNumber, digest(data));
    if (request === undefined || (!ciphered && !this.#changed && request === this.#request)) return false;
    if (!this.#doubted.has(blockNumber)) {
      this.#doubted.add(blockNumber);
      return true;
    }
    if (this.#sawGap) throw copiedBlock(blockNumber);
    return false;
  }

  /**
   * Refuses a block number that was received before with different data: one of the two belongs to another transfer.
   */
  #refuseOtherContent({ blockNumber, data }: GeneralBlockTransfer): void {
    const taken = this.#taken.get(blockNumber);
    if (taken === undefined || data.length === 0 || taken === digest(data)) return;
    const { correlation, isRepeated } = this.channel;
    // copies on the line, and answers to two attempts, do not mean that the meter's general block transfer is faulty
    const isCopy = correlation.isFinishedBlock(blockNumber, data);
    const wasCopy = correlation.requestOfBlock(blockNumber, taken) !== undefined;
    if (isRepeated || isCopy || wasCopy) throw copiedBlock(blockNumber);
    throw inconsistentAnswer(`general block ${blockNumber} was received twice, with different data`);
  }

  #add({ data, blockNumber }: GeneralBlockTransfer): void {
    this.content += data.length;
    if (this.#taken.size === maxWindowBlocks) this.#taken.delete((blockNumber - maxWindowBlocks) & 0xffff);
    const isFirst = blockNumber === this.#first;
    this.#taken.set(blockNumber, digest(data));
    if (isFirst) this.#taken.set(firstWithoutId, requestDigest(data));
    const compared = isFirst ? firstWithoutId : blockNumber;
    const key = this.#taken.get(compared) ?? "";
    this.#changed ||= this.channel.correlation.requestOfBlock(compared, key) !== this.#request;
    this.#empty = data.length === 0 ? this.#empty + 1 : 0;
    if (this.#empty > maxEmptyBlocks) {
      throw limitExceeded(`${this.#empty} consecutive empty general blocks were received`, maxEmptyBlocks);
    }
    if (this.#stream?.take(data, blockNumber) !== true) this.#received.add(data);
  }

  /** Delivers the received data to the stream; the meter sends nothing at this moment. */
  *deliver(): Operation<void> {
    if (this.#stream !== undefined) yield* this.#stream.deliver(this.complete);
  }

  /** Handles a missing block: requests one block at a time from now on, and gives up after `maxStalls` attempts. */
  *receivingStalled(): Operation<void> {
    this.#countStall(`block ${this.#expected} was not received`);
    this.#window = 1;
    yield* noteStep(`block ${this.#expected} is missing, the client requests it again`);
  }

  /**
   * Handles a missing acknowledgement: the blocks are sent again, and the transfer gives up after `maxStalls` attempts.
   */
  *sendingStalled(acknowledged: number): Operation<void> {
    this.#countStall(`the meter acknowledged no block after block ${acknowledged}`);
    yield* noteStep(`block ${acknowledged + 1} is sent again`);
  }

  #countStall(problem: string): void {
    this.stalls += 1;
    if (this.stalls <= maxStalls) return;
    throw limitExceeded(
      `general block transfer failed: ${problem}; try a window of 1 (association.blockWindow), or without it (quirk noGeneralBlockTransfer)`,
      maxStalls,
    );
  }
}

/**
 * The APDU that the meter sends in general blocks, from its first block on; without the part that the stream delivered.
 */
export function* receiveByBlocks(
  channel: Exchange,
  first: GeneralBlockTransfer,
  stream?: ContentStream,
): Operation<Uint8Array> {
  return yield* receiveRest(new Transfer(channel, stream), first);
}

function* receiveRest(transfer: Transfer, first: GeneralBlockTransfer): Operation<Uint8Array> {
  yield* transfer.begin(first);
  let block: GeneralBlockTransfer | undefined = first;
  let moved = false;
  let streamed = 0;
  for (;;) {
    if (block !== undefined && transfer.take(block)) moved = true;
    if (transfer.complete) {
      yield* transfer.deliver();
      return transfer.bytes();
    }
    yield* progressStep(transfer.content);
    streamed += 1;
    if (block?.streaming === true && !block.last && transfer.mayStream && streamed <= maxWindowBlocks) {
      block = yield* awaitStreamed(transfer);
      continue;
    }
    streamed = 0;
    if (moved) transfer.stalls = 0;
    else yield* transfer.receivingStalled();
    moved = false;
    yield* transfer.deliver();
    const acknowledgement = transfer.own(nothing, true, false);
    block = yield* askForBlock(transfer, acknowledgement);
  }
}

/** Sends an acknowledgement and returns the next block; undefined if it was lost and has to be requested again. */
function* askForBlock(transfer: Transfer, acknowledgement: Uint8Array): Operation<GeneralBlockTransfer | undefined> {
  const { channel } = transfer;
  const isReport = transfer.report === "yes";
  const delivery = channel.delivery.retries === 0 && !isReport ? undefined : ({ reportSilence: true } as const);
  try {
    return yield* parseBlock(transfer, yield* exchangeStep(acknowledgement, "request", delivery));
  } catch (error) {
    // a report is not worth a retry, because the answer is still outstanding
    if (delivery === undefined || isReport || !isNoAnswer(error)) throw error;
    yield* noteStep(`no block was received after block ${transfer.receivedTo}`);
    return undefined;
  }
}

/** The next streamed block; undefined if it did not arrive in time and has to be requested. */
function* awaitStreamed(transfer: Transfer): Operation<GeneralBlockTransfer | undefined> {
  try {
    return yield* parseBlock(transfer, yield* receiveStep({ reportSilence: true }, "block"));
  } catch (error) {
    if (!(error instanceof DlmsTimeoutError)) throw error;
    yield* noteStep(`no block was received after block ${transfer.receivedTo}`);
    return undefined;
  }
}

/**
 * The next block. It may be preceded by an answer to an earlier request, a push and, if the blocks may be those of a
 * report, the answer to the request.
 */
function* parseBlock(transfer: Transfer, first: Uint8Array): Operation<GeneralBlockTransfer> {
  const { channel, report, receivedTo } = transfer;
  let bytes = first;
  for (let others = 0; others < maxStaleAnswers; others++) {
    const apdu = yield* channel.parse(bytes);
    if (apdu.apdu === "general-block-transfer") {
      if (!transfer.isOvertakenBy(apdu) || !channel.setAside(bytes)) return apdu;
      throw inconsistentAnswer(`general block ${receivedTo + 1} is missing, and the next message began`);
    }
    const ends = apdu.apdu === "exception-response" || apdu.apdu === "confirmed-service-error";
    if (report !== "no" && !(ends && report === "perhaps") && channel.setAside(bytes)) {
      yield* noteStep(`${apdu.apdu} was received between the blocks of a notification`);
    } else if (ends || !(yield* channel.isBeside(bytes, apdu))) {
      throw unexpectedAnswer(`general block ${receivedTo + 1}`, apdu);
    }
    bytes = yield* receiveStep({ reportSilence: true, sameWait: true }, "block");
  }
  throw limitExceeded(
    `${maxStaleAnswers} answers to other requests were received between general blocks`,
    maxStaleAnswers,
  );
}

/**
 * Sends an APDU that exceeds the meter's limit in general blocks, and receives the answer: the bytes of a plain
 * APDU, or of one sent in blocks itself.
 * @param repeatable lost blocks may be sent again, because the request changes nothing
 */
export function* sendByBlocks(channel: Exchange, whole: Uint8Array, repeatable: boolean): Operation<Uint8Array> {
  const transfer = new Transfer(channel);
  const size = Math.max(1, channel.meterLimit - blockHeader);
  const count = Math.ceil(whole.length / size);
  let acknowledged = 0;
  let window = 1;
  for (;;) {
    const end = Math.min(count, acknowledged + window);
    transfer.restartAt(acknowledged + 1);
    for (let i = acknowledged; i < end - 1; i++) {
      yield* transmitStep(transfer.own(whole.subarray(i * size, (i + 1) * size), false, true));
    }
    const piece = whole.subarray((end - 1) * size, end * size);
    const bytes = yield* sendLastOfWindow(transfer.own(piece, end === count, false), repeatable);
    if (bytes === undefined) {
      yield* transfer.sendingStalled(acknowledged);
      continue;
    }
    const answer = yield* channel.parse(bytes);
    // an answer that is not a block answers the whole request, or refuses it
    if (answer.apdu !== "general-block-transfer") return bytes;
    if (answer.blockNumberAck === count) {
      return answer.data.length === 0 ? yield* receiveAfter(transfer, answer) : yield* receiveRest(transfer, answer);
    }
    transfer.pass(answer);
    if (answer.blockNumberAck > acknowledged && answer.blockNumberAck <= end) transfer.stalls = 0;
    else yield* transfer.sendingStalled(acknowledged);
    acknowledged = Math.max(acknowledged, Math.min(answer.blockNumberAck, end));
    window = Math.max(1, answer.window);
  }
}

/** The answer to the last block of a window; undefined without one, in which case the window may be sent again. */
function* sendLastOfWindow(block: Uint8Array, repeatable: boolean): Operation<Uint8Array | undefined> {
  try {
    return yield* exchangeStep(block, "request", repeatable ? { reportSilence: true } : undefined);
  } catch (error) {
    if (!repeatable || !isNoAnswer(error)) throw error;
    return undefined;
  }
}

/** An empty block acknowledged the last block: the answer follows without a request, in blocks or whole. */
function* receiveAfter(transfer: Transfer, acknowledgement: GeneralBlockTransfer): Operation<Uint8Array> {
  transfer.pass(acknowledgement);
  const bytes = yield* receiveStep(undefined, "any");
  const apdu = yield* transfer.channel.parse(bytes);
  return apdu.apdu === "general-block-transfer" ? yield* receiveRest(transfer, apdu) : bytes;
}
