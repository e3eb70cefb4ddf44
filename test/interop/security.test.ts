/** Every association that the foreign implementations support. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attribute, connect, createMeter, fileCounterStore, type SimulatedMeter } from "../../src";
import { longText } from "./held-values";
import { describeMessageProtection, type JudgedMessage } from "./message-protection";
import { freePort } from "../support/node-red-process";
import {
  type Fleet,
  type JavaFleet,
  needsJava,
  needsJdlms,
  needsPython,
  type PeerReport,
  readWithDlmsCosem,
  startJavaFleet,
  startJdlmsFleet,
} from "./peers";
import {
  type Cell,
  cells,
  clientOptions,
  dlmsCosemClient,
  javaClient,
  javaFault,
  javaMeter,
  jdlmsPeer,
  meterDefinition,
  nameOf,
  readable,
} from "./security-cells";
import { type Judged, matrixText } from "./security-matrix";

/** First byte of a GET request in each kind of ciphering; C0 is plain. */
const getTags = { glo: 0xc8, ded: 0xd0, "general-glo": 0xdb, "general-ded": 0xdc } as const;
const expectedTag = (cell: Cell): number => (cell.policy === "none" ? 0xc0 : getTags[cell.ciphering]);

function checkReport(report: PeerReport): void {
  assert.equal(report.associated, true, report.error);
  assert.deepEqual(report.errors, {});
  assert.deepEqual(report.values, {
    [readable[0] ?? ""]: "12345678",
    [readable[1] ?? ""]: Buffer.from(longText).toString("hex"),
  });
}

/** Our client reads a meter of another implementation. */
async function readMeter(cell: Cell, port: number): Promise<void> {
  const client = await connect(clientOptions(cell, port));
  const sent: number[] = [];
  client.on("trace", (event) => {
    if (event.kind === "bytes" && event.layer === "apdu" && event.direction === "out") sent.push(event.bytes[0] ?? 0);
  });
  try {
    assert.equal((await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2))).value, 12345678);
    assert.equal((await client.read(attribute("DATA", "0.0.96.50.0.255", 2))).value, longText);
    assert.deepEqual([...new Set(sent)], [expectedTag(cell)]);
  } finally {
    await client.close();
  }
}

/** The APDU tags that a meter received on the wrapper. */
function tagsAt(meter: SimulatedMeter): number[] {
  return meter.received.flatMap((item) => (item.kind === "frame" ? [item.bytes[8] ?? 0] : []));
}

describe("security: every association that the peers support", function () {
  const judged: Judged[] = [];
  const judgedMessages: JudgedMessage[] = [];
  this.timeout(30_000);

  describe("our client and Gurux' Java meter", () => {
    let fleet: JavaFleet;
    before(function () {
      needsJava(this);
      fleet = startJavaFleet();
    });
    after(async () => {
      await fleet?.close();
    });

    for (const cell of cells) {
      const fault = javaFault(cell, "our client");
      if (fault === undefined) {
        it(nameOf(cell), async () => {
          await readMeter(cell, await fleet.meter(javaMeter(cell)));
          judged.push({ cell, judge: "C" });
        });
      } else {
        it(`${nameOf(cell)}: the peer is wrong (${fault})`, async () => {
          await assert.rejects(readMeter(cell, await fleet.meter(javaMeter(cell))), {
            name: /^Dlms(Association|Decode)Error$/,
          });
        });
      }
    }

    it("client 16 reads the counter after the loss of its file, and the ciphered client continues above it", async () => {
      const folder = mkdtempSync(join(tmpdir(), "dlms-counter-"));
      const path = join(folder, "counter");
      const marker = `${path}.known`;
      writeFileSync(marker, "the counter existed\n");
      try {
        const cell = cells.find(({ mechanism, policy }) => mechanism === "hls-gmac" && policy !== "none");
        assert.ok(cell);
        const port = await fleet.meter(javaMeter(cell));
        const { security, ...options } = clientOptions(cell, port);
        assert.ok(security);
        const invocationCounter = fileCounterStore(path, { marker });
        // a number that this meter holds
        const counterSource = { when: "lost", logicalName: "0.0.96.15.0.255" } as const;
        const client = await connect({ ...options, security: { ...security, invocationCounter, counterSource } });
        try {
          assert.equal((await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2))).value, 12345678);
        } finally {
          await client.close();
        }
        assert.ok(((await invocationCounter.mark?.()) ?? 0) > 123456789);
        assert.equal(await invocationCounter.lost?.(), undefined);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  describe("Gurux' Java client and our simulated meter", () => {
    let fleet: JavaFleet;
    before(function () {
      needsJava(this);
      fleet = startJavaFleet();
    });
    after(async () => {
      await fleet?.close();
    });

    for (const cell of cells) {
      const fault = javaFault(cell, "our meter");
      it(fault === undefined ? nameOf(cell) : `${nameOf(cell)}: the peer is wrong (${fault})`, async () => {
        const meter = createMeter(meterDefinition(cell));
        const listener = await meter.listen();
        const read = (): Promise<PeerReport> => fleet.read(javaClient(cell, listener.port));
        try {
          if (fault !== undefined) {
            assert.equal((await read()).associated, false);
            return;
          }
          checkReport(await read());
          assert.ok(tagsAt(meter).includes(expectedTag(cell)), "the requests came in the envelope of this cell");
          judged.push({ cell, judge: "M" });
        } finally {
          await listener.close();
        }
      });
    }
  });

  describe("dlms-cosem's client and our simulated meter", () => {
    for (const cell of cells) {
      if (dlmsCosemClient(cell, 0) === undefined) continue;
      it(nameOf(cell), async function () {
        needsPython(this);
        const meter = createMeter(meterDefinition(cell));
        const listener = await meter.listen();
        try {
          const options = dlmsCosemClient(cell, listener.port);
          assert.ok(options);
          checkReport(await readWithDlmsCosem(options));
          assert.ok(tagsAt(meter).includes(expectedTag(cell)));
          judged.push({ cell, judge: "P" });
        } finally {
          await listener.close();
        }
      });
    }
  });

  describe("jDLMS", () => {
    let fleet: Fleet;
    before(function () {
      needsJdlms(this);
      fleet = startJdlmsFleet();
    });
    after(async () => {
      await fleet?.close();
    });

    for (const cell of cells) {
      const meterOptions = jdlmsPeer(cell, "meter");
      if (meterOptions !== undefined) {
        it(`our client and its meter: ${nameOf(cell)}`, async () => {
          const text = Buffer.from(longText).toString("hex");
          await readMeter(
            cell,
            await fleet.meter({ ...meterOptions, port: await freePort(), register: 12345678, text }),
          );
          judged.push({ cell, judge: "J" });
        });
      }

      const clientPeer = jdlmsPeer(cell, "client");
      if (clientPeer !== undefined) {
        it(`its client and our meter: ${nameOf(cell)}`, async () => {
          const meter = createMeter(meterDefinition(cell));
          const listener = await meter.listen();
          try {
            checkReport(await fleet.read({ ...clientPeer, port: listener.port, read: readable.join(",") }));
            assert.ok(tagsAt(meter).includes(expectedTag(cell)), "the requests came in the envelope of this cell");
            judged.push({ cell, judge: "D" });
          } finally {
            await listener.close();
          }
        });
      }
    }
  });

  describeMessageProtection(judgedMessages);

  // a separate suite, so that it runs after the others
  describe("the table", () => {
    it("the table in security-matrix.md matches the verified combinations", function () {
      needsJava(this);
      needsPython(this);
      const path = join(__dirname, "security-matrix.md");
      const text = matrixText(judged, judgedMessages);
      if (process.env.UPDATE_MATRIX === "1") writeFileSync(path, text);
      assert.equal(readFileSync(path, "utf8"), text, "run it with UPDATE_MATRIX=1 and look at what changed");
    });
  });
});
