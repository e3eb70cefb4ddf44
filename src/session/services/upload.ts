/** Sends a value that is too long for one request in blocks (SET, ACTION). */
import type { Apdu, DataBlock } from "../../apdu/model";
import type { ServiceChannel } from "../exchange/service-channel";
import { inconsistentAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";

/** How one service splits a long request into blocks. */
export interface Upload {
  /** the encoding to be split */
  readonly whole: Uint8Array;
  /** bytes before the raw piece in the first request and in the later ones, its length field included */
  readonly firstHeader: number;
  readonly laterHeader: number;
  request(block: DataBlock): Apdu;
  /** Block number that an answer acknowledges; undefined for any other answer. */
  acknowledged(answer: Apdu): number | undefined;
  /** Whether an answer reports that the request failed, possibly before the last block. */
  failed(answer: Apdu): boolean;
}

/**
 * Sends a long request block by block; returns the answer to the last block, or the one that ended the transfer early.
 */
export function* uploadBlocks(channel: ServiceChannel, upload: Upload): Operation<Apdu> {
  const { whole } = upload;
  let at = 0;
  for (let blockNumber = 1; ; blockNumber++) {
    const size = channel.roomFor(blockNumber === 1 ? upload.firstHeader : upload.laterHeader);
    const raw = whole.subarray(at, at + size);
    at += raw.length;
    const last = at >= whole.length;
    const answer = yield* channel.exchange(upload.request({ last, blockNumber, raw }));
    if (last) return answer;
    const acknowledged = upload.acknowledged(answer);
    if (acknowledged === undefined) {
      if (upload.failed(answer)) return answer;
      throw inconsistentAnswer(`block ${blockNumber} is not the last, but the meter answered ${answer.apdu}`);
    }
    if (acknowledged !== blockNumber) {
      throw inconsistentAnswer(`block ${blockNumber} was sent, block ${acknowledged} was acknowledged`, {
        expected: blockNumber,
        got: acknowledged,
      });
    }
  }
}
