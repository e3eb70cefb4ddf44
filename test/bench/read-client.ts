/** Benchmark: a register read through the client. */
import { attribute, connect } from "../../src";

/** The same exchange through `client.read`, scaler known after the first. Prints the median in µs. */
async function main(): Promise<void> {
  const [port = "0", rounds = "4000"] = process.argv.slice(2);
  const client = await connect({
    transport: { kind: "tcp", host: "127.0.0.1", port: Number(port) },
    client: { sap: 16 },
    server: { logical: 1 },
  });
  const energy = attribute("REGISTER", "1-0:1.8.0*255", "value");
  const times: number[] = [];
  for (let i = 0; i < Number(rounds); i++) {
    const start = process.hrtime.bigint();
    const reading = await client.read(energy);
    times.push(Number(process.hrtime.bigint() - start) / 1000);
    if (reading.value !== 12345678 || reading.unit !== "Wh") throw new Error(`wrong value ${String(reading.value)}`);
  }
  await client.close();
  const warm = times.slice(times.length / 2).sort((a, b) => a - b);
  console.log(JSON.stringify({ medianMicroseconds: warm[Math.floor(warm.length / 2)] }));
}

void main();
