/** Meters that dial in: names, heartbeats, reading and pushing over one connection, and connections that come again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { attribute, connect, type DlmsClient } from "../../src";
import { isDlmsError } from "../../src/errors";
import { acceptMeters, type AcceptMetersOptions, type IncomingMeter, type MeterAcceptor } from "../../src/listener";
import type { Push } from "../../src/push";
import { createMeter, type PushHandle, type SimulatedMeter } from "../../src/simulator";
import { cipheredPush, plainPush, pushKeys } from "../support/meter-pushes";

const energy = attribute("REGISTER", "1.0.1.8.0.255", 2);

function meterWith(value: number): SimulatedMeter {
  return createMeter({
    associations: [{ client: 16 }],
    objects: [
      {
        classId: 3,
        logicalName: "1.0.1.8.0.255",
        attributes: {
          2: { type: "double-long-unsigned", value },
          3: {
            type: "structure",
            value: [
              { type: "integer", value: 0 },
              { type: "enum", value: 30 },
            ],
          },
        },
      },
    ],
  });
}

describe("meters that dial in", () => {
  const closers: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function accept(options: Partial<AcceptMetersOptions> = {}): Promise<MeterAcceptor> {
    const acceptor = await acceptMeters({ port: 0, ...options });
    closers.push(() => acceptor.close());
    return acceptor;
  }

  function dial(meter: SimulatedMeter, acceptor: MeterAcceptor, more: object = {}): PushHandle {
    const { port } = acceptor.address;
    const handle = meter.dialIn({ to: { kind: "tcp", host: "127.0.0.1", port }, reconnectAfter: 10, ...more });
    closers.push(() => handle.close());
    return handle;
  }

  const nextMeter = (acceptor: MeterAcceptor): Promise<IncomingMeter> =>
    new Promise((resolve) => {
      const stop = acceptor.on("meter", (meter) => {
        stop();
        resolve(meter);
      });
    });

  const nextPush = (acceptor: MeterAcceptor): Promise<Push> =>
    new Promise((resolve) => {
      const stop = acceptor.on("push", (push) => {
        stop();
        resolve(push);
      });
    });

  async function clientOf(acceptor: MeterAcceptor, id: string, connectMs = 5000): Promise<DlmsClient> {
    const client = await connect({
      transport: acceptor.transport(id),
      client: { sap: 16 },
      server: { logical: 1 },
      timeouts: { connect: connectMs, reconnectMin: 10 },
    });
    closers.push(() => client.close());
    return client;
  }

  async function rawDial(acceptor: MeterAcceptor): Promise<net.Socket> {
    const socket = net.connect(acceptor.address.port, "127.0.0.1");
    closers.push(() => socket.destroy());
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  }

  it("names meters by their heartbeat, answers it, and reads over their connections", async () => {
    const heartbeat = { pattern: /ID=(\w+)\r\n/, answer: "OK\r\n" };
    const acceptor = await accept({ heartbeat });
    const both = new Promise<string[]>((resolve) => {
      const ids: string[] = [];
      acceptor.on("meter", ({ id }) => {
        if (ids.push(id) === 2) resolve(ids.sort());
      });
    });
    const modem = (name: string): object => ({ heartbeat: `ID=${name}\r\n`, heartbeatAnswer: "OK\r\n" });
    dial(meterWith(111), acceptor, modem("alpha"));
    dial(meterWith(222), acceptor, modem("beta"));
    assert.deepEqual(await both, ["alpha", "beta"]);
    const [a, b] = [await clientOf(acceptor, "alpha"), await clientOf(acceptor, "beta")];
    assert.equal((await a.read(energy)).value, 111);
    assert.equal((await b.read(energy)).value, 222);
    assert.deepEqual(acceptor.meters.map(({ id }) => id).sort(), ["alpha", "beta"]);
  });

  it("waits for a meter that has not dialled in, as long as the client waits for a connection", async () => {
    const acceptor = await accept({ heartbeat: { pattern: /#(\d+);/ } });
    const reading = clientOf(acceptor, "7").then((client) => client.read(energy));
    dial(meterWith(70), acceptor, { heartbeat: "#7;" });
    assert.equal((await reading).value, 70);
    await assert.rejects(
      () => clientOf(acceptor, "8", 20),
      (error) => isDlmsError(error) && error.is("TIMEOUT_CONNECT") && /has not dialled in/.test(error.message),
    );
  });

  it("asks over the next connection after the meter has dialled in again", async () => {
    const acceptor = await accept({ heartbeat: { pattern: /#(\d+);/ } });
    const first = nextMeter(acceptor);
    const handle = dial(meterWith(5), acceptor, { heartbeat: "#5;" });
    await first;
    const client = await clientOf(acceptor, "5");
    assert.equal((await client.read(energy)).value, 5);
    const gone = new Promise<void>((resolve) => {
      acceptor.on("gone", () => {
        resolve();
      });
    });
    await handle.close();
    await gone;
    assert.deepEqual(acceptor.meters, []);
    const again = nextMeter(acceptor);
    dial(meterWith(6), acceptor, { heartbeat: "#5;" });
    await again;
    assert.equal((await client.read(energy)).value, 6);
  });

  it("names a meter by the system title of its first push, and delivers its pushes", async () => {
    const acceptor = await accept({ push: { keys: pushKeys } });
    const [push, meter] = [nextPush(acceptor), nextMeter(acceptor)];
    const socket = await rawDial(acceptor);
    socket.write(cipheredPush({ meter: 9, counter: 1, value: 90 }));
    assert.equal((await push).values["1.0.1.8.0.255"], 90);
    assert.equal((await meter).id, "5453540000000009");
  });

  it("delivers pushes of a meter that a client reads over the same connection, and mistakes no answer for one", async () => {
    const acceptor = await accept({ heartbeat: { pattern: /#(\d+);/ } });
    const problems: string[] = [];
    acceptor.on("problem", ({ error }) => problems.push(error.message));
    const found = nextMeter(acceptor);
    const { port } = acceptor.address;
    const handle = meterWith(5).dialIn(
      { to: { kind: "tcp", host: "127.0.0.1", port }, heartbeat: "#5;" },
      { objects: [{ logicalName: "1.0.1.8.0.255" }], list: "items" },
    );
    closers.push(() => handle.close());
    await found;
    const client = await clientOf(acceptor, "5");
    assert.equal((await client.read(energy)).value, 5);
    const push = nextPush(acceptor);
    await handle.push();
    assert.equal((await push).values["1.0.1.8.0.255"], 5);
    assert.equal((await client.read(energy)).value, 5);
    assert.deepEqual(problems, []);
  });

  it("allows the program to name a meter, and to read it over the connection", async () => {
    const acceptor = await accept({
      heartbeat: { pattern: "HELLO" },
      identify: async (_evidence, transport) => {
        const client = await connect({ transport, client: { sap: 16 }, server: { logical: 1 } });
        const { value } = await client.read(energy);
        await client.close();
        return `meter ${String(value)}`;
      },
    });
    const found = nextMeter(acceptor);
    dial(meterWith(31), acceptor, { heartbeat: "HELLO" });
    assert.equal((await found).id, "meter 31");
    const client = await clientOf(acceptor, "meter 31");
    assert.equal((await client.read(energy)).value, 31);
  });

  it("accepts a heartbeat in pieces, and skips further ones between frames", async () => {
    const acceptor = await accept({ heartbeat: { pattern: /ID=(\w+)\r\n/ } });
    const found = nextMeter(acceptor);
    const socket = await rawDial(acceptor);
    socket.setNoDelay(true);
    for (const byte of Buffer.from("ID=tango\r\n")) socket.write(Buffer.of(byte));
    assert.equal((await found).id, "tango");
    const push = nextPush(acceptor);
    socket.write(Buffer.concat([Buffer.from("ID=tango\r\n"), plainPush(3)]));
    assert.equal((await push).values["1.0.1.8.0.255"], 3);
  });

  it("refuses a second client of one connection, and frees the port when it closes", async () => {
    const acceptor = await accept({ heartbeat: { pattern: /#(\d+);/ } });
    const found = nextMeter(acceptor);
    dial(meterWith(5), acceptor, { heartbeat: "#5;" });
    const { transport } = await found;
    const events = { data: () => undefined, lost: () => undefined };
    const connection = await transport.open(events, { timeoutMs: 1000 });
    await assert.rejects(
      () => transport.open(events, { timeoutMs: 1000 }),
      (error) => isDlmsError(error) && error.is("CONN_PORT_BUSY"),
    );
    await connection.close();
    await (await transport.open(events, { timeoutMs: 1000 })).close();
    const { port } = acceptor.address;
    await acceptor.close();
    await accept({ port });
  });
});
