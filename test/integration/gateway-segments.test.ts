/** A TCP gateway that splits answers at any byte. */
import assert from "node:assert/strict";
import net from "node:net";
import { type ConnectOptions, connect, createMeter, type MeterDefinition } from "../../src";
import { registerRef, registers } from "../support/meters";

/** Bytes of a gateway, cut in two at one place, and the pieces sent as two segments. */
interface Gateway {
  readonly port: number;
  readonly sent: number;
  close(): Promise<void>;
}

/**
 * A TCP gateway in front of a meter. The answer stream is cut in front of byte `cut`, with a turn of the event loop
 * between the pieces, so that they are two segments on the socket.
 */
async function gateway(definition: MeterDefinition, cut: number): Promise<Gateway> {
  const meter = createMeter(definition);
  let sent = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let last = Promise.resolve();
    const write = (bytes: Uint8Array): void => {
      if (bytes.length === 0) return;
      last = last.then(
        () =>
          new Promise((resolve) => {
            socket.write(bytes, () => setImmediate(resolve));
          }),
      );
    };
    const peer = meter.connect({
      send: (bytes) => {
        const at = Math.min(Math.max(0, cut - sent), bytes.length);
        sent += bytes.length;
        write(bytes.slice(0, at));
        write(bytes.slice(at));
      },
      drop: () => socket.destroy(),
    });
    socket.on("data", (bytes) => {
      peer.receive(bytes);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      peer.closed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    get sent() {
      return sent;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

const refs = [0, 1, 2].map((n) => registerRef(n));

async function session(definition: MeterDefinition, link: ConnectOptions["link"], cut: number): Promise<number> {
  const line = await gateway(definition, cut);
  try {
    const client = await connect({
      transport: { kind: "tcp", host: "127.0.0.1", port: line.port },
      ...(link === undefined ? {} : { link }),
      client: { sap: 16 },
      server: { logical: 1 },
      timeouts: { retries: 0 },
    });
    const outcomes = await client.readMany(refs);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.ok && outcome.value.value),
      [100, 100.1, 100.2],
    );
    assert.equal(client.statistics.associations, 1);
    await client.close();
    return line.sent;
  } finally {
    await line.close();
  }
}

describe("a TCP gateway that cuts the answers", function () {
  this.timeout(60_000);
  const common = { associations: [{ client: 16 }], objects: registers(3) };
  const small = { maxInfoTransmit: 32, maxInfoReceive: 32, windowTransmit: 2, windowReceive: 2 };

  for (const [name, definition, link] of [
    ["wrapper", { ...common, framing: "WRAPPER" }, { kind: "wrapper" }],
    ["HDLC", { ...common, framing: "HDLC", hdlc: small }, { kind: "hdlc" }],
    ["mode E", { ...common, framing: "HDLC_MODE_E" }, { kind: "hdlc-mode-e", startBaud: 9600 }],
  ] as const) {
    it(`${name}: the values are right wherever the cut is, without a repetition`, async () => {
      const total = await session(definition, link, Number.MAX_SAFE_INTEGER);
      for (let cut = 1; cut < total; cut++) await session(definition, link, cut);
      console.log(`      ${total - 1} cuts of ${total} bytes`);
    });
  }
});
