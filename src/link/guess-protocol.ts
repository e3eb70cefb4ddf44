/** Guesses the protocol of received bytes that do not fit the expected framing. */
import { latin1, toHex } from "../bytes";

/** Text is named by its kind and not quoted, because text of another service is no error of a meter. */
const textProtocols: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["HTTP", /^(HTTP\/|<!DOCTYPE|<html)/i],
  ["SSH", /^SSH-/],
  ["a mail or FTP server", /^(220[ -]|\+OK|\* OK)/],
];

/**
 * Guesses the protocol of bytes that do not have the expected framing: a sentence for the user, or "" if no known
 * protocol matches.
 */
export function looksLike(first: Uint8Array, expected: "hdlc" | "wrapper"): string {
  const [a, b] = first;
  if (a === undefined) return "";
  if (first.length >= 4 && first.every((byte) => byte === 0x7e)) {
    return "only flags (7E): the line idles with flags, or the adapter repeats one byte; check baud rate and adapter";
  }
  if (expected === "wrapper") {
    if (a === 0x7e) return "this looks like HDLC: set framing HDLC";
    if (a === 0x01 && b === 0x00) {
      return "this looks like a wrapper header with swapped bytes: switch on the quirk wrapperSwappedBytes";
    }
  } else if (a === 0x00 && b === 0x01) return "this looks like the wrapper: set framing WRAPPER";
  if (a === 0x15 && b === 0x03) return "this looks like a TLS alert: the meter speaks TLS, choose transport TLS";
  if (a === 0x16 && b === 0x03) return "this looks like TLS: choose transport TLS";
  if (a === 0x68 && first[3] === 0x68) return "this looks like wired M-Bus, which is another protocol";
  // 7E1 text that is read on a line set to 8N1 has even parity in bit 7.
  const text = Array.from(first, (byte) => byte & 0x7f);
  if (text.length >= 4 && text.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0d || byte === 0x0a)) {
    const shown = latin1(Uint8Array.from(text)).trim();
    if (shown.startsWith("/")) return "this looks like an IEC 62056-21 identification: set framing HDLC_MODE_E";
    const [kind] = textProtocols.find(([, pattern]) => pattern.test(shown)) ?? ["text"];
    return `this looks like ${kind}: the device at the other end does not speak DLMS here`;
  }
  if (first.length >= 4 && first.every((byte) => byte === 0x00 || byte === 0xff)) {
    return "only 00 and FF: check the baud rate and the wiring (A and B swapped, no termination)";
  }
  return "";
}

/** Bytes as messages show them: at most 16, in hex. */
export function shownBytes(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 16)) + (bytes.length > 16 ? "..." : "");
}
