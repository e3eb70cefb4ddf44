/** ACCESS: a list of gets, sets and actions in one request. */
import type { AccessRequest, AccessResponse, AccessSpecification } from "../../apdu/model";
import type { ServiceChannel } from "../exchange/service-channel";
import { inconsistentAnswer, unexpectedAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";

/** long-invoke-id-and-priority: confirmed (bit 30), high priority (bit 31) */
const confirmedHigh = 0xc0000000;

/** ACCESS: a list of gets, sets and actions in one request; each has its result. */
export function* accessList(
  channel: ServiceChannel,
  specifications: readonly AccessSpecification[],
  data: readonly Uint8Array[],
): Operation<AccessResponse> {
  channel.require("access");
  const longInvokeId = (confirmedHigh | (channel.nextInvokeId() & 0x0f)) >>> 0;
  const request: AccessRequest = { apdu: "access-request", longInvokeId, specifications, data };
  const reading = specifications.every(({ kind }) => kind === "get");
  const answer = yield* channel.exchange(request, reading ? "correlated" : "never");
  if (answer.apdu !== "access-response") throw unexpectedAnswer("an access-response", answer);
  const expected = specifications.length;
  if (answer.results.length !== expected || answer.data.length !== expected) {
    throw inconsistentAnswer(
      `expected ${expected} items, got ${answer.results.length} results and ${answer.data.length} data`,
      { expected, got: answer.results.length },
    );
  }
  return answer;
}
