import assert from "node:assert/strict";
import {
  type ConnectionStepName,
  connectionHints,
  describeHint,
  hintsFor,
} from "../../../../src/client/diagnosis/hints";
import { describeFacts } from "../../../../src/client/diagnosis/facts";
import { SharedLines } from "../../../../src/driver/shared-line";
import type { ConnectOptions } from "../../../../src/client/options/options";
import { resolveSettings } from "../../../../src/client/options/resolve-options";
import { type ConnectionStep, testConnection } from "../../../../src/client/diagnosis/test-connection";
import { createMeter, type MeterDefinition, neverAnswer, type SimulatedMeter } from "../../../../src/simulator/index";
import {
  DlmsAssociationError,
  DlmsConnectionError,
  type DlmsError,
  DlmsLinkError,
  DlmsTimeoutError,
} from "../../../../src/errors/index";
import { fromHex, toHex, withEvenParity } from "../../../../src/bytes";
import { memoryTransport } from "../../../../src/transport";
import { wpdu } from "../../../support/apdus";
import { hdlcFrame, HdlcPeer } from "../../../support/hdlc-peer";
import { number, requests, silentWhen } from "../../../support/meters";
import { modeEPort } from "../../../support/mode-e-meter";
import { VirtualClock } from "../../../support/virtual-clock";
import { account, clientTitle, keys, watchedStore } from "../../../integration/security/secured";

interface Tried {
  readonly clock: VirtualClock;
  readonly meter: SimulatedMeter;
  readonly lines: SharedLines;
  readonly steps: () => AsyncGenerator<ConnectionStep, void, undefined>;
  readonly all: () => Promise<ConnectionStep[]>;
}

function trial(definition: Partial<MeterDefinition> = {}, options: Partial<ConnectOptions> = {}): Tried {
  const clock = new VirtualClock();
  const meter = createMeter({ associations: [{ client: 16 }], objects: [], ...definition }, { clock });
  const lines = new SharedLines();
  const steps = (): AsyncGenerator<ConnectionStep, void, undefined> =>
    testConnection(
      {
        transport: meter.transport(),
        client: { sap: 16 },
        server: { logical: 1 },
        clock,
        random: (count) => new Uint8Array(count).fill(0x5a),
        ...(definition.framing === "HDLC" ? { link: { kind: "hdlc" } } : {}),
        ...options,
      },
      {},
      { lines },
    );
  const all = async (): Promise<ConnectionStep[]> => {
    const taken: ConnectionStep[] = [];
    for await (const step of steps()) taken.push(step);
    return taken;
  };
  return { clock, meter, lines, steps, all };
}

const short = (steps: readonly ConnectionStep[]): string[] =>
  steps.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);

function nothingLeft({ clock, meter, lines }: Tried): void {
  assert.deepEqual(
    {
      timers: clock.pending,
      connections: meter.counters.openConnections,
      associations: meter.associations,
      lines: lines.size,
    },
    { timers: 0, connections: 0, associations: 0, lines: 0 },
  );
}

const hls = {
  client: { sap: 1, systemTitle: clientTitle },
  auth: { mechanism: "hls-gmac" },
  security: { suite: 0, policy: "authenticated-encrypted", ...keys },
} as const;

describe("testConnection", () => {
  for (const framing of ["WRAPPER", "HDLC"] as const) {
    it(`reports each step, and closes the connection (${framing})`, async () => {
      // transmit and receive are the meter's
      const hdlc = { maxInfoTransmit: 256, maxInfoReceive: 248, windowTransmit: 2, windowReceive: 3 };
      const tried = trial({ framing, ...(framing === "HDLC" ? { hdlc } : {}) });
      const steps = await tried.clock.runUntil(tried.all());
      assert.deepEqual(short(steps), ["line ok", "link ok", "association ok", "authentication ok", "read ok"]);
      assert.ok(steps.every(({ text, advice, error }) => text !== "" && advice === undefined && error === undefined));
      const [line, link, association, authentication, read] = steps.map(({ facts }) => facts);
      assert.deepEqual(line, { found: "lineOpen", endpoint: tried.meter.transport().endpoint });
      const sizes = { maxInfoTransmit: 248, maxInfoReceive: 256, windowTransmit: 3, windowReceive: 2 };
      assert.deepEqual(link, framing === "HDLC" ? { found: "linkUp", server: "1", sizes } : { found: "noSetUp" });
      assert.ok(association?.found === "associated");
      assert.deepEqual([association.client, association.referencing, association.maxPduSize], [16, "ln", 1024]);
      assert.ok(association.services.includes("get"));
      assert.deepEqual(authentication, { found: "noAuthentication" });
      assert.deepEqual(read, { found: "value", logicalName: "0-0:42.0.0*255", value: "SIM0000000000001" });
      for (const { facts, text } of steps) assert.equal(facts && describeFacts(facts), text);
      assert.equal(requests(tried.meter).at(-1), "rlrq");
      nothingLeft(tried);
    });

    it(`reads the counter first if the meter provides it (${framing})`, async () => {
      const tried = trial(
        { framing, associations: [{ client: 16 }, account] },
        { ...hls, security: { ...hls.security, invocationCounter: watchedStore(), counterSource: {} } },
      );
      const steps = await tried.clock.runUntil(tried.all());
      assert.deepEqual(short(steps), [
        "line ok",
        "counter ok",
        "link ok",
        "association ok",
        "authentication ok",
        "read ok",
      ]);
      assert.match(steps[4]?.text ?? "", /mutual authentication succeeded.*authenticated-encrypted, suite 0/);
      const proven = { found: "bothProven", mechanism: "hls-gmac", policy: "authenticated-encrypted", suite: 0 };
      assert.deepEqual(steps[4]?.facts, proven);
      const counter = steps[1]?.facts;
      assert.ok(counter?.found === "counter");
      assert.deepEqual([counter.logicalName, counter.client], ["0-0:43.1.0*255", 16]);
      nothingLeft(tried);
    });
  }

  describe("with a pre-established association", () => {
    /** A meter that answers each GET of its association object by `own`, and others with their name. */
    const trialOf = (own: string | undefined, hdlc = false): Promise<ConnectionStep[]> => {
      const answer = (apdu: string): string | undefined => {
        const id = apdu.slice(4, 6);
        return apdu.slice(6, 10) === "000f" ? own?.replace("c1", id) : `c401${id}000a0378797a`;
      };
      const peer = new HdlcPeer({ answer: (apdu) => [answer(apdu) ?? ""] });
      peer.receive(fromHex(hdlcFrame("0223", "21", 0x93)));
      const transport = memoryTransport((line) => ({
        receive: (bytes) => {
          const replies = hdlc
            ? peer.receive(bytes)
            : [answer(toHex(bytes.subarray(8)))].map((apdu) => apdu && wpdu(1, 16, apdu));
          for (const reply of replies) if (reply !== undefined) line.send(Buffer.from(reply, "hex"));
        },
        closed: () => undefined,
      }));
      const link = hdlc ? ({ kind: "hdlc", skipSetUp: true } as const) : ({ kind: "wrapper" } as const);
      const server = hdlc ? { logical: 1, physical: 17 } : { logical: 1 };
      const tried = trial({}, { transport, link, server, association: { preEstablished: true } });
      return tried.clock.runUntil(tried.all());
    };
    const facts = (steps: readonly ConnectionStep[]): unknown[] => steps.map((step) => step.facts?.found);

    it("reports that the association object was read, not that the client associated", async () => {
      const steps = await trialOf("c401c10009060000280000ff");
      assert.deepEqual(facts(steps), ["lineOpen", "noSetUp", "presumed", "noAuthentication", "value"]);
      assert.match(steps[2]?.text ?? "", /no association was requested: the meter answered client 16/);
    });

    for (const [what, own] of [
      ["a result", "c401c10103"],
      ["an exception", "d80202"],
    ] as const) {
      it(`reports that nothing is proven when the meter refuses by ${what}`, async () => {
        const steps = await trialOf(own);
        assert.deepEqual(facts(steps), ["lineOpen", "noSetUp", "presumedRefused", "noAuthentication", "value"]);
        assert.match(steps[2]?.text ?? "", /pre-established association is not proven/);
      });
    }

    it("fails at the association if the meter does not answer", async () => {
      const steps = await trialOf(undefined);
      assert.deepEqual(short(steps), ["line ok", "link ok", "association failed"]);
    });

    it("reports that the link setup was skipped", async () => {
      const steps = await trialOf("c401c10009060000280000ff", true);
      assert.deepEqual(facts(steps), ["lineOpen", "setUpSkipped", "presumed", "noAuthentication", "value"]);
    });
  });

  it("reports that an older Landis+Gyr meter sent no proof, for LN and SN", async () => {
    const secret = "3141592";
    for (const referencing of ["ln", "sn"] as const) {
      const own = { client: 16, mechanism: "hls-2", secret, landisGyrHls2: true } as const;
      const tried = trial(
        { referencing, associations: [own] },
        { auth: { mechanism: "hls-2", secret }, association: { referencing }, quirks: { landisGyrHls2: true } },
      );
      const steps = await tried.clock.runUntil(tried.all());
      assert.deepEqual(short(steps), ["line ok", "link ok", "association ok", "authentication ok", "read ok"]);
      assert.deepEqual(steps[3]?.facts, { found: "clientProven", mechanism: "hls-2" });
      assert.match(steps[3].text, /accepted the client's proof and sent none/);
      const strict = trial(
        { referencing, associations: [own] },
        { auth: { mechanism: "hls-2", secret }, association: { referencing } },
      );
      const refused = await strict.clock.runUntil(strict.all());
      assert.deepEqual(short(refused).at(-1), "authentication failed");
    }
  });

  it("reads the counter first only if its store has lost it", async () => {
    const reasons: string[] = [];
    const invocationCounter = { ...watchedStore(), lost: () => Promise.resolve(reasons[0]) };
    const security = { ...hls.security, invocationCounter, counterSource: { when: "lost" } } as const;
    const counter = number(5000);
    const objects = [{ classId: 1, logicalName: "0.0.43.1.0.255", attributes: { 2: counter } }];
    const tried = trial({ associations: [{ client: 16 }, account], objects }, { ...hls, security });
    const named = async (): Promise<string[]> => short(await tried.clock.runUntil(tried.all())).slice(0, 3);
    assert.deepEqual(await named(), ["line ok", "link ok", "association ok"]);
    reasons.push("the counter file is gone");
    assert.deepEqual(await named(), ["line ok", "counter ok", "link ok"]);
    assert.deepEqual(invocationCounter.raised, [5001]);
  });

  it("reports the negotiated parameters also after a mode E sign-on", async () => {
    const clock = new VirtualClock();
    const hdlc = { maxInfoTransmit: 200, windowTransmit: 1 };
    const meter = createMeter({ framing: "HDLC", hdlc, associations: [{ client: 16 }], objects: [] }, { clock });
    const options: ConnectOptions = {
      ...{ transport: modeEPort(meter, clock), link: { kind: "hdlc-mode-e" }, clock },
      ...{ client: { sap: 16 }, server: { logical: 1 } },
    };
    const taken: ConnectionStep[] = [];
    const run = async (): Promise<void> => {
      for await (const step of testConnection(options, {}, { lines: new SharedLines() })) taken.push(step);
    };
    await clock.runUntil(run());
    const facts = taken[1]?.facts;
    assert.ok(facts?.found === "linkUp");
    assert.deepEqual([facts.sizes?.maxInfoReceive, facts.sizes?.windowReceive], [200, 1]);
  });

  it("reports a line that cannot be opened, and a remedy", async () => {
    const tried = trial(
      {},
      {
        transport: {
          kind: "tcp",
          endpoint: "tcp meter.example:4059",
          open: () => Promise.reject(new DlmsConnectionError("CONN_REFUSED", "tcp meter.example:4059: refused")),
        },
      },
    );
    const steps = await tried.clock.runUntil(tried.all());
    assert.deepEqual(short(steps), ["line failed"]);
    assert.equal(steps[0]?.error?.code, "DLMS_CONN_REFUSED");
    assert.match(steps[0]?.advice?.[0] ?? "", /port/);
    assert.deepEqual(steps[0]?.hints, [{ key: "port" }, { key: "oneConnection" }]);
    assert.equal(steps[0]?.facts, undefined);
    nothingLeft(tried);
  });

  it("an HDLC meter that does not answer: the link failed, and no secret was sent", async () => {
    const tried = trial({ framing: "HDLC" }, { client: { sap: 17 }, auth: { mechanism: "lls", secret: "Tr1al-pass" } });
    tried.meter.use(neverAnswer());
    const steps = await tried.clock.runUntil(tried.all());
    assert.deepEqual(short(steps), ["line ok", "link failed"]);
    assert.ok((steps[1]?.advice?.length ?? 0) > 1);
    assert.match(steps[1]?.advice?.[0] ?? "", /^Choose the other framing/, "in a network, HDLC is the exception");
    assert.deepEqual(requests(tried.meter), []);
    nothingLeft(tried);
  });

  it("a meter that is silent to the association request", async () => {
    const tried = trial();
    tried.meter.use(silentWhen((request) => request === "aarq"));
    const steps = await tried.clock.runUntil(tried.all());
    assert.deepEqual(short(steps), ["line ok", "link ok", "association failed"]);
    assert.equal(steps[2]?.error?.code, "DLMS_TIMEOUT_ASSOCIATE");
    nothingLeft(tried);
  });

  it("an unknown client", async () => {
    const tried = trial({}, { client: { sap: 99 } });
    const steps = await tried.clock.runUntil(tried.all());
    assert.deepEqual(short(steps), ["line ok", "link ok", "association failed"]);
    assert.deepEqual(steps[2]?.hints, [{ key: "ownersSettings", client: 99 }, { key: "tryPublic" }]);
    assert.match(steps[2]?.advice?.[0] ?? "", /settings for client 99:/);
    nothingLeft(tried);
  });

  /** The advice for failures of a meter in a network. */
  function adviceOn(step: ConnectionStepName, error: DlmsError, options: Partial<ConnectOptions> = {}): string[] {
    const transport = { kind: "tcp", host: "192.0.2.1", port: 4059 } as const;
    const settings = resolveSettings({ transport, client: { sap: 16 }, server: { logical: 1 }, ...options });
    return hintsFor(step, error, settings).map(({ key }) => key);
  }

  it("advises to look at framing and port when something else than a meter answers", () => {
    for (const code of ["LINK_WRAPPER_HEADER", "LINK_FRAME_INVALID"] as const) {
      assert.deepEqual(adviceOn("association", new DlmsLinkError(code, "x")), ["otherFraming", "otherService"]);
    }
  });

  it("does not suggest the public client after it was tried", () => {
    const rejected = new DlmsAssociationError("ASSOC_REJECTED", "x");
    assert.deepEqual(adviceOn("association", rejected), ["ownersSettings", "otherClient"]);
    assert.deepEqual(adviceOn("association", rejected, { client: { sap: 1 } }), ["ownersSettings", "tryPublic"]);
  });

  it("suggests another mechanism, not another password, if the meter does not support the mechanism", () => {
    const lls: Partial<ConnectOptions> = { client: { sap: 17 }, auth: { mechanism: "lls", secret: "Tr1al-pass" } };
    const said = (diagnostic: number) =>
      new DlmsAssociationError("ASSOC_REJECTED", "x", { details: { diagnosticSource: "service-user", diagnostic } });
    for (const step of ["association", "authentication"] as const) {
      assert.deepEqual(adviceOn(step, said(11), lls), ["otherMechanism", "tryPublic"]);
      assert.deepEqual(adviceOn(step, said(12), lls), ["needsMechanism", "tryPublic"]);
    }
    assert.deepEqual(adviceOn("authentication", said(13), lls), ["password", "clientPassword", "lockOut"]);
    assert.deepEqual(adviceOn("association", said(14), { client: { sap: 17 } }), ["needsMechanism", "tryPublic"]);
  });

  it("suggests checking the wires only on a serial line", () => {
    const serial: Partial<ConnectOptions> = {
      transport: { kind: "serial", path: "/dev/ttyS0", baudRate: 9600 },
      link: { kind: "hdlc" },
    };
    const silent = new DlmsTimeoutError("TIMEOUT_LINK", "x");
    assert.deepEqual(adviceOn("link", silent, serial), ["wires", "setPhysical", "addressSize"]);
    assert.doesNotMatch(connectionHints.wires, /TCP|gateway/);
  });

  const onSerial: Partial<ConnectOptions> = {
    transport: { kind: "serial", path: "/dev/ttyS0", baudRate: 9600 },
    link: { kind: "hdlc" },
  };
  for (const [what, error, expected] of [
    ["a DM", new DlmsLinkError("LINK_REFUSED", "x"), ["anotherSession", "setPhysical", "addressSize"]],
    [
      "frames for others",
      new DlmsLinkError("LINK_ADDRESS", "x", { details: { bytes: 90, others: ["from 1/17 to 102"] } }),
      ["framesOfOthers", "setPhysical", "addressSize"],
    ],
    [
      "a meter without mode E",
      new DlmsLinkError("LINK_MODE_E", "x", { details: { modeE: "not-offered" } }),
      ["modeCOnly", "modeEUnannounced"],
    ],
    ["a mode C readout", new DlmsLinkError("LINK_MODE_E", "x", { details: { modeE: "readout" } }), ["modeCOnly"]],
    [
      "bytes before HDLC",
      new DlmsTimeoutError("TIMEOUT_LINK", "x", { details: { bytes: 0, bytesBefore: 9 } }),
      ["modeCOnly"],
    ],
    [
      "a line at 7E1",
      new DlmsLinkError("LINK_FRAME_INVALID", "x", { details: { sevenBits: "line", bytes: 9 } }),
      ["lineTo8N1"],
    ],
    [
      "a port at 7E1",
      new DlmsLinkError("LINK_FRAME_INVALID", "x", { details: { sevenBits: "port", bytes: 9 } }),
      ["portTo8N1"],
    ],
    [
      "damaged frames",
      new DlmsLinkError("LINK_FCS", "x", { details: { bytes: 9 } }),
      ["damagedFrames", "smallerFrames"],
    ],
    ["an FRMR", new DlmsLinkError("LINK_FRAME_REJECTED", "x"), ["smallerFrames"]],
    [
      "an echo",
      new DlmsTimeoutError("TIMEOUT_LINK", "x", { details: { bytes: 9, echoes: 3 } }),
      ["onlyEcho", "setPhysical", "addressSize"],
    ],
    [
      "bytes without a frame",
      new DlmsTimeoutError("TIMEOUT_LINK", "x", { details: { bytes: 9, echoes: 0 } }),
      ["speedAndFraming", "otherFraming"],
    ],
    [
      "unreadable bytes",
      new DlmsTimeoutError("TIMEOUT_LINK", "x", { details: { bytes: 9, echoing: false } }),
      ["opticalRate"],
    ],
    [
      "an optical echo",
      new DlmsTimeoutError("TIMEOUT_LINK", "x", { details: { bytes: 5, echoing: true } }),
      ["opticalEcho"],
    ],
  ] as const) {
    it(`follows the evidence: ${what}`, () => {
      assert.deepEqual(adviceOn("link", error, onSerial), expected);
    });
  }

  it("recognises a 7E1 line by the received bytes", async () => {
    const clock = new VirtualClock();
    const transport = memoryTransport((line) => ({
      receive: (bytes) => {
        line.send(withEvenParity(bytes));
      },
      closed: () => undefined,
    }));
    const options: ConnectOptions = {
      ...{ transport, link: { kind: "hdlc" }, clock, client: { sap: 16 }, server: { logical: 1 } },
    };
    const taken: ConnectionStep[] = [];
    const run = async (): Promise<void> => {
      for await (const step of testConnection(options, {}, { lines: new SharedLines() })) taken.push(step);
    };
    await clock.runUntil(run());
    assert.deepEqual(short(taken), ["line ok", "link failed"]);
    assert.match(taken[1]?.text ?? "", /our own frames with a parity bit: the line is at 7E1; set it to 8N1/);
    assert.deepEqual(taken[1]?.advice, [connectionHints.lineTo8N1]);
  });

  for (const [what, options] of [
    ["password", { client: { sap: 17 }, auth: { mechanism: "lls", secret: "not-the-one" } }],
    ["proof", { client: { sap: 18 }, auth: { mechanism: "hls-md5", secret: "not-the-one" } }],
    [
      "key",
      {
        ...hls,
        security: { ...hls.security, authenticationKey: keys.encryptionKey, invocationCounter: watchedStore() },
      },
    ],
  ] as const) {
    it(`a wrong ${what} is a failed authentication, tried once, with a warning`, async () => {
      const tried = trial(
        {
          associations: [
            { client: 17, mechanism: "lls", secret: "right" },
            { client: 18, mechanism: "hls-md5", secret: "right" },
            account,
          ],
        },
        options,
      );
      const steps = await tried.clock.runUntil(tried.all());
      assert.deepEqual(short(steps), ["line ok", "link ok", "association ok", "authentication failed"]);
      assert.match(steps[3]?.advice?.join(" ") ?? "", /lock the account/);
      assert.equal(requests(tried.meter).filter((name) => name === "aarq").length, 1);
      assert.doesNotMatch(JSON.stringify(steps), /not-the-one/);
      nothingLeft(tried);
    });
  }

  it("a first read that is refused, and one that another object answers", async () => {
    const denied = (logicalName: string) =>
      ({ classId: 1, logicalName, attributes: { 2: { type: "null-data", value: null } }, denied: [2] }) as const;
    const refused = trial({ objects: [denied("0.0.42.0.0.255")] });
    const steps = await refused.clock.runUntil(refused.all());
    assert.deepEqual(short(steps).at(-1), "read failed");
    assert.equal(steps.at(-1)?.error?.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    nothingLeft(refused);
    const clockOnly = trial({
      objects: [
        denied("0.0.42.0.0.255"),
        {
          classId: 8,
          logicalName: "0.0.1.0.0.255",
          attributes: { 2: { type: "octet-string", value: new Uint8Array(12) } },
        },
      ],
    });
    const answered = await clockOnly.clock.runUntil(clockOnly.all());
    assert.match(answered.at(-1)?.text ?? "", /read 0-0:1\.0\.0\*255/);
    nothingLeft(clockOnly);
  });

  it("closes the connection when the caller stops iterating after any step", async () => {
    for (let stopAfter = 1; stopAfter <= 5; stopAfter++) {
      const tried = trial({ framing: "HDLC" });
      const steps = tried.steps();
      for (let n = 0; n < stopAfter; n++) await tried.clock.runUntil(steps.next());
      await tried.clock.runUntil(steps.return());
      nothingLeft(tried);
    }
  });

  it("an abort rejects with its reason, in the middle of a wait too", async () => {
    const tried = trial();
    tried.meter.use(silentWhen((request) => request === "aarq"));
    const abort = new AbortController();
    const transport = tried.meter.transport();
    const run = async (): Promise<void> => {
      const options: ConnectOptions = { transport, client: { sap: 16 }, server: { logical: 1 }, clock: tried.clock };
      for await (const step of testConnection(options, { signal: abort.signal }, { lines: tried.lines })) void step;
    };
    const running = run();
    running.catch(() => undefined);
    await tried.clock.tickAsync(100);
    const reason = new Error("enough");
    abort.abort(reason);
    await assert.rejects(tried.clock.runUntil(running), (error) => error === reason);
    nothingLeft(tried);
  });

  it("is over after timeoutMs, with a failed step", async () => {
    const tried = trial();
    tried.meter.use(silentWhen((request) => request === "aarq"));
    const options: ConnectOptions = {
      transport: tried.meter.transport(),
      client: { sap: 16 },
      server: { logical: 1 },
      clock: tried.clock,
    };
    const taken: ConnectionStep[] = [];
    const run = async (): Promise<void> => {
      for await (const step of testConnection(options, { timeoutMs: 700 }, { lines: tried.lines })) taken.push(step);
    };
    await tried.clock.runUntil(run());
    assert.match(taken.at(-1)?.text ?? "", /given up after 700 ms/);
    assert.equal(taken.at(-1)?.ok, false);
    nothingLeft(tried);
  });

  it("each hint is a whole sentence", () => {
    for (const key of Object.keys(connectionHints) as (keyof typeof connectionHints)[]) {
      assert.match(describeHint({ key, client: 16 }), /^[A-Z][^_]+\.$/, key);
    }
  });

  it("refuses impossible options before it opens a line", async () => {
    await assert.rejects(trial({}, { client: { sap: -1 } }).all(), { code: "DLMS_CONFIG_INVALID" });
  });
});
