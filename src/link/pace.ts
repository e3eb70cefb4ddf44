/** Minimum average rate of a long answer, in bytes/s: a seventh of a line of 300 bit/s. */
export const minBytesPerSecond = 4;
/** Additional time for a long answer, in response time-outs: for a meter that collects data, or a disturbed line. */
export const graceTimeouts = 20;

/**
 * Maximum time of an answer in pieces, in ms. Each piece has its own time-out, so a peer that sends one byte in each
 * could continue for weeks.
 */
export function maxTransferMs(content: number, response: number): number {
  return graceTimeouts * response + (content * 1000) / minBytesPerSecond;
}

/** "40 bytes in 138 s; at least 4 bytes/s were expected" */
export function paceText(content: number, ms: number): string {
  return `the answer arrived too slowly: ${content} bytes in ${Math.round(ms / 1000)} s, at least ${minBytesPerSecond} bytes/s are expected after a while; check the line and the meter, or raise the time-out`;
}
