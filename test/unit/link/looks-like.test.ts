import assert from "node:assert/strict";
import { looksLike } from "../../../src/link/looks-like";

const text = (value: string): Uint8Array => Buffer.from(value);

describe("what bytes look like that are not the framing", () => {
  it("a flood of flags is no text", () => {
    assert.match(looksLike(new Uint8Array(16).fill(0x7e), "hdlc"), /^only flags \(7E\)/);
    assert.match(looksLike(new Uint8Array(16).fill(0x7e), "wrapper"), /^only flags \(7E\)/);
  });

  it("an HTTP answer is text, one frame on a wrapper port is HDLC", () => {
    assert.match(looksLike(text("HTTP/1.1 400 Bad"), "hdlc"), /looks like text \("HTTP\/1\.1 400 Bad"\)/);
    assert.match(looksLike(Uint8Array.of(0x7e, 0xa0, 0x07, 0x03), "wrapper"), /looks like HDLC/);
  });
});
