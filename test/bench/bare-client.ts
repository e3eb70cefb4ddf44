/** Benchmark: the same bytes over a bare socket. */
import { connect } from "node:net";

/** The floor: the bytes of one register read, sent and received over a bare socket. Prints the median in µs. */
const [port = "0", rounds = "4000"] = process.argv.slice(2);
const request = Buffer.from("000100100001000dc001c100030100010800ff0200", "hex");
const answerLength = 8 + 9;
const times: number[] = [];
let received = 0;
let start = 0n;

const socket = connect(Number(port), "127.0.0.1", () => {
  socket.setNoDelay(true);
  next();
});
socket.on("data", (bytes) => {
  received += bytes.length;
  if (received < answerLength) return;
  times.push(Number(process.hrtime.bigint() - start) / 1000);
  next();
});

function next(): void {
  if (times.length === Number(rounds)) {
    const warm = times.slice(times.length / 2).sort((a, b) => a - b);
    console.log(JSON.stringify({ medianMicroseconds: warm[Math.floor(warm.length / 2)] }));
    socket.destroy();
    return;
  }
  received = 0;
  start = process.hrtime.bigint();
  socket.write(request);
}
