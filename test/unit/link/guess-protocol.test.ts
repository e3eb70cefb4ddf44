import assert from "node:assert/strict";
import { looksLike } from "../../../src/link/guess-protocol";

const text = (value: string): Uint8Array => Buffer.from(value);

describe("protocols recognised in bytes of another framing", () => {
  it("does not treat a flood of flags as text", () => {
    assert.match(looksLike(new Uint8Array(16).fill(0x7e), "hdlc"), /^only flags \(7E\)/);
    assert.match(looksLike(new Uint8Array(16).fill(0x7e), "wrapper"), /^only flags \(7E\)/);
  });

  it("names the protocol of a text and does not quote it", () => {
    for (const [first, kind] of [
      ["HTTP/1.1 400 Bad", "HTTP"],
      ["SSH-2.0-OpenSSH", "SSH"],
      ["220 mail.example", "a mail or FTP server"],
      ["root:x:0:0:root", "text"],
    ] as const) {
      const hint = `this looks like ${kind}: the device at the other end does not speak DLMS here`;
      assert.equal(looksLike(text(first), "hdlc"), hint);
    }
    assert.match(looksLike(text("/ABC5\\2METER01"), "hdlc"), /identification: set framing HDLC_MODE_E$/);
  });

  it("one frame on a wrapper port is HDLC", () => {
    assert.match(looksLike(Uint8Array.of(0x7e, 0xa0, 0x07, 0x03), "wrapper"), /looks like HDLC/);
  });
});
