/** Content that a long answer has to bring on average, in bytes/s: a seventh of what a line of 300 bit/s carries. */
export const slowestContent = 4;
/** How long a long answer may take besides, in response time-outs: the meter collects data, the line is disturbed. */
export const graceTimeouts = 20;

/**
 * How long an answer in pieces may take in all, in ms. Each piece has a time-out of its own, so a peer that sends one
 * byte in each could go on for weeks.
 */
export function longestTransfer(content: number, response: number): number {
  return graceTimeouts * response + (content * 1000) / slowestContent;
}

/** "40 bytes in 138 s; at least 4 bytes/s were expected" */
export function paceText(content: number, ms: number): string {
  return `the answer came too slowly: ${content} bytes in ${Math.round(ms / 1000)} s, at least ${slowestContent} bytes/s are expected after a while; check the line and the meter, or raise the time-out`;
}
