/** A meter process that answers with recorded bytes. */
import { createServer } from "node:net";

/**
 * A meter that answers from a list of recorded bytes, so that a benchmark measures the client: AARQ, GET of
 * attribute 3 (scaler_unit) and any other GET have one answer each, but for the invoke-id. Wrapper framing. Prints its port.
 */
const header = (source: number, destination: number, apdu: string): Buffer => {
  const body = Buffer.from(apdu, "hex");
  const head = Buffer.alloc(8);
  head.writeUInt16BE(1, 0);
  head.writeUInt16BE(source, 2);
  head.writeUInt16BE(destination, 4);
  head.writeUInt16BE(body.length, 6);
  return Buffer.concat([head, body]);
};

// AARE: accepted, LN, block transfer with get and get alone, PDU 1024
const aare = header(1, 16, "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000101004000007");
const value = header(1, 16, "c401c1000600bc614e");
const scalerUnit = header(1, 16, "c401c10002020f00161e");
const release = header(1, 16, "6303800100");

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    const tag = bytes[8];
    if (tag === 0x60) socket.write(aare);
    else if (tag === 0x62) socket.write(release);
    else {
      const answer = bytes[19] === 3 ? scalerUnit : value;
      // the invoke-id of the request, as meters answer
      answer[10] = bytes[10] ?? 0;
      socket.write(answer);
    }
  });
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : "");
});
process.stdin.on("end", () => process.exit(0)).resume();
