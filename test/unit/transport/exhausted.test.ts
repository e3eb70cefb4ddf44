import assert from "node:assert/strict";
import { serialOpenError } from "../../../src/transport/serial-port";
import { socketError } from "../../../src/transport/socket-errors";

const failure = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });
const facts = { endpoint: "tcp meter:4059", phase: "connect", bytesIn: 0, bytesOut: 0 } as const;

describe("transport: the operating system runs out of resources", () => {
  for (const code of ["EMFILE", "ENFILE"]) {
    it(`${code}: reports that file descriptors are exhausted, and where their limit is set`, () => {
      for (const error of [
        socketError(failure(code), facts),
        serialOpenError(failure(code), "/dev/ttyUSB0", "serial /dev/ttyUSB0"),
      ]) {
        assert.equal(error.code, "DLMS_CONN_LOST");
        assert.equal(error.fault, "user");
        assert.match(error.message, new RegExp(`no free file descriptor \\(${code}\\): raise the limit`));
      }
    });
  }

  it("ENOBUFS: reports that memory is exhausted", () => {
    assert.match(socketError(failure("ENOBUFS"), facts).message, /no memory left for a connection \(ENOBUFS\)/);
  });
});
