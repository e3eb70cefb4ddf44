import assert from "node:assert/strict";
import { DlmsClient } from "../../../../src/client/index";
import { type AddressTrial, findAddress, type FindAddressOptions } from "../../../../src/client/diagnosis/find-address";
import { SharedLines } from "../../../../src/driver/shared-line";
import { DlmsConnectionError } from "../../../../src/errors/index";
import { createBus, createMeter, type MeterDefinition, type SimulatedMeter } from "../../../../src/simulator/index";
import type { Transport } from "../../../../src/transport/index";
import { register, registerRef } from "../../../support/meters";
import { modeEPort } from "../../../support/mode-e-meter";
import { VirtualClock } from "../../../support/virtual-clock";

class Search {
  readonly clock = new VirtualClock();
  readonly lines = new SharedLines();
  readonly meters: readonly SimulatedMeter[];
  readonly transport: Transport;

  constructor(...definitions: readonly Partial<MeterDefinition>[]) {
    this.meters = definitions.map((one) =>
      createMeter(
        { framing: "HDLC", associations: [{ client: 16 }], objects: [register("1.0.1.8.0.255", 1)], ...one },
        { clock: this.clock },
      ),
    );
    this.transport = { ...createBus(this.meters).transport(), lineKey: "bus" };
  }

  async all(options: Partial<FindAddressOptions> = {}, signal?: AbortSignal): Promise<AddressTrial[]> {
    const trials: AddressTrial[] = [];
    const run = async (): Promise<void> => {
      const search = findAddress(
        { transport: this.transport, link: { kind: "hdlc" }, clock: this.clock, ...options },
        signal === undefined ? {} : { signal },
        { lines: this.lines },
      );
      for await (const trial of search) trials.push(trial);
    };
    await this.clock.runUntil(run());
    return trials;
  }

  nothingLeft(): void {
    assert.deepEqual(
      {
        timers: this.clock.pending,
        lines: this.lines.size,
        connections: this.meters.map((meter) => meter.counters.openConnections),
        associations: this.meters.map((meter) => meter.associations),
      },
      { timers: 0, lines: 0, connections: this.meters.map(() => 0), associations: this.meters.map(() => 0) },
    );
  }
}

const last = <T>(list: readonly T[]): T => {
  const one = list.at(-1);
  assert.ok(one !== undefined);
  return one;
};

describe("findAddress", () => {
  it("ends at the first address that answers, and reports the meter and the request", async () => {
    const search = new Search({ logicalDeviceName: "SIM0000000000007" });
    const trials = await search.all();
    assert.equal(trials.length, 1);
    const { logical, physical, bytes, result, text, device, index, total } = last(trials);
    assert.deepEqual(
      { logical, physical, bytes, result, device, index },
      { logical: 1, physical: undefined, bytes: "03", result: "accepted", device: "SIM0000000000007", index: 1 },
    );
    assert.ok(total > 10);
    assert.match(text, /link established; client 16 accepted; device name SIM0000000000007/);
    search.nothingLeft();
  });

  it("finds a physical address by the serial number rule", async () => {
    const search = new Search({ physicalAddress: 5678 + 1000, hdlc: { addressSize: 4 } });
    const trials = await search.all({ serialNumber: "SN 1234 5678" });
    const found = last(trials);
    assert.deepEqual(
      [found.logical, found.physical, found.addressSize, found.bytes, found.answered],
      [1, 6678, 4, "0002682d", true],
    );
    assert.match(found.why, /last four digits of the serial number plus 1000/);
    assert.ok(trials.slice(0, -1).every((trial) => trial.result === "silent" && trial.error?.layer === "link"));
    search.nothingLeft();
  });

  it("spends only a short time-out on a silent address", async () => {
    const search = new Search({ serverAddress: 1, physicalAddress: 18 });
    const trials = await search.all();
    assert.equal(last(trials).physical, 18);
    const silent = trials.slice(0, -1);
    assert.ok(silent.length > 5);
    for (const trial of silent) assert.ok(trial.durationMs <= 1500, `${trial.bytes}: ${trial.durationMs} ms`);
  });

  it("finds every meter of a line if it is to continue", async () => {
    const search = new Search(
      { physicalAddress: 17 },
      { physicalAddress: 16 },
      { physicalAddress: 1, serverAddress: 16 },
    );
    const candidates = [16, 17, 18].map((physical) => ({ logical: 1, physical, why: "mine" }));
    const trials = await search.all({ all: true, candidates });
    assert.deepEqual(
      trials.map((trial) => [trial.physical, trial.result]),
      [
        [16, "accepted"],
        [17, "accepted"],
        [18, "silent"],
      ],
    );
    search.nothingLeft();
  });

  it("finds a meter that rejects the public client", async () => {
    const search = new Search({ associations: [{ client: 1, mechanism: "lls", secret: "12345678" }] });
    const [trial] = await search.all();
    assert.deepEqual([trial?.answered, trial?.result, trial?.error?.code], [true, "refused", "DLMS_ASSOC_REJECTED"]);
    assert.match(trial?.text ?? "", /the meter answered/);
    search.nothingLeft();
  });

  it("sends no secret and asks as client 16 only", async () => {
    const search = new Search({ serverAddress: 2 });
    await search.all();
    const [meter] = search.meters;
    const frames = meter?.received.flatMap((item) => (item.kind === "frame" ? [item.client] : [])) ?? [];
    assert.deepEqual([...new Set(frames)], [16]);
    const requests = meter?.received.flatMap((item) => (item.kind === "apdu" ? [item.apdu] : [])) ?? [];
    const [aarq] = requests;
    assert.ok(aarq?.apdu === "aarq");
    assert.equal(aarq.mechanism, undefined);
  });

  it("recognises a meter on the wrapper by its answer to the association request", async () => {
    const clock = new VirtualClock();
    const meter = createMeter({ serverAddress: 17, associations: [{ client: 16 }], objects: [] }, { clock });
    const trials: AddressTrial[] = [];
    const run = async (): Promise<void> => {
      const options = { transport: meter.transport(), clock };
      for await (const trial of findAddress(options, {}, { lines: new SharedLines() })) trials.push(trial);
    };
    await clock.runUntil(run());
    assert.deepEqual(
      trials.map((trial) => [trial.logical, trial.bytes, trial.result]),
      [
        [1, "0001", "silent"],
        [16, "0010", "silent"],
        [17, "0011", "accepted"],
      ],
    );
    assert.equal(clock.pending, 0);
    assert.equal(meter.counters.openConnections, 0);
  });

  it("tries all addresses with one sign-on of an optical probe", async () => {
    const clock = new VirtualClock();
    const meter = createMeter(
      { framing: "HDLC", physicalAddress: 16, associations: [{ client: 16 }], objects: [] },
      { clock },
    );
    const sent: string[] = [];
    const port = modeEPort(meter, clock);
    const transport: Transport = {
      ...port,
      open: async (events, options) => {
        const connection = await port.open(events, options);
        return {
          ...connection,
          write: (bytes) => {
            sent.push(Buffer.from(bytes).toString("latin1"));
            connection.write(bytes);
          },
        };
      },
    };
    const trials: AddressTrial[] = [];
    const run = async (): Promise<void> => {
      const options = { transport, link: { kind: "hdlc-mode-e" }, clock } as const;
      for await (const trial of findAddress(options, {}, { lines: new SharedLines() })) trials.push(trial);
    };
    await clock.runUntil(run());
    assert.equal(last(trials).physical, 16);
    assert.equal(last(trials).result, "accepted");
    assert.equal(sent.filter((text) => text.startsWith("/?")).length, 1);
  });

  it("ends the search when a sign-on is not answered", async () => {
    const search = new Search({});
    await assert.rejects(search.all({ link: { kind: "hdlc-mode-e" } }), {
      code: "DLMS_TIMEOUT_LINK",
      message: /sign-on/,
    });
    search.nothingLeft();
  });

  it("stops at once when it is aborted, with the unchanged reason, and closes the connection", async () => {
    const search = new Search({ physicalAddress: 99 });
    const stop = new AbortController();
    const reason = new Error("stopped by the user");
    search.clock.setTimeout(() => {
      stop.abort(reason);
    }, 4000);
    await assert.rejects(search.all({}, stop.signal), (error) => error === reason);
    assert.ok(search.clock.now() <= 5100, `${search.clock.now()} ms`);
    search.nothingLeft();
  });

  it("closes the connection when the caller stops iterating", async () => {
    const search = new Search({});
    const run = async (): Promise<void> => {
      const options = { transport: search.transport, link: { kind: "hdlc" }, clock: search.clock, all: true } as const;
      for await (const trial of findAddress(options, {}, { lines: search.lines })) if (trial.index === 2) break;
    };
    await search.clock.runUntil(run());
    search.nothingLeft();
  });

  it("a line that cannot be opened is the error of the transport", async () => {
    const search = new Search({});
    const refused = new DlmsConnectionError("CONN_REFUSED", "memory: refused");
    const transport: Transport = { ...search.transport, open: () => Promise.reject(refused) };
    await assert.rejects(search.all({ transport }), (error) => error === refused);
    assert.equal(search.lines.size, 0);
  });

  it("continues when the gateway closes the connection for an unknown address", async () => {
    const search = new Search({ serverAddress: 1, physicalAddress: 16 });
    let connections = 0;
    const transport: Transport = {
      ...search.transport,
      open: async (events, options) => {
        connections++;
        const first = connections === 1;
        const connection = await search.transport.open(events, options);
        return {
          ...connection,
          write: (bytes) => {
            if (!first) connection.write(bytes);
            else {
              void connection.close();
              events.lost(new DlmsConnectionError("CONN_LOST", "bus: closed by the other side"));
            }
          },
        };
      },
    };
    const trials = await search.all({ transport });
    assert.deepEqual([trials[0]?.result, trials[0]?.error?.code], ["silent", "DLMS_CONN_LOST"]);
    assert.equal(last(trials).physical, 16);
    assert.equal(connections, 2);
  });

  it("shares the line with meters that are in use: they keep their associations and their turns", async () => {
    const search = new Search({ physicalAddress: 40 }, { physicalAddress: 41 });
    const client = new DlmsClient(
      {
        transport: search.transport,
        link: { kind: "hdlc" },
        client: { sap: 16 },
        server: { logical: 1, physical: 40 },
        clock: search.clock,
      },
      { lines: search.lines },
    );
    await search.clock.runUntil(client.open());
    let searching = true;
    let reads = 0;
    let slowest = 0;
    const reading = async (): Promise<void> => {
      while (searching) {
        const start = search.clock.now();
        await client.read(registerRef(0));
        reads++;
        slowest = Math.max(slowest, search.clock.now() - start);
        await new Promise<void>((resolve) => search.clock.setTimeout(resolve, 50));
      }
    };
    const polling = reading();
    const candidates = [50, 51, 41].map((physical) => ({ logical: 1, physical, why: "mine" }));
    const trials = await search.all({ candidates }).finally(() => {
      searching = false;
    });
    await search.clock.runUntil(polling);
    assert.deepEqual(
      trials.map((trial) => trial.result),
      ["silent", "silent", "accepted"],
    );
    assert.ok(reads > 2);
    assert.ok(slowest <= 1600, `${slowest} ms`);
    assert.equal(client.statistics.associations, 1);
    await search.clock.runUntil(client.close());
    search.nothingLeft();
  });
});
