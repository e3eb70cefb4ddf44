/** Pushes of Gurux for Java, Gurux for Python and dlms-cosem, in separate processes, received by the push listener. */
import assert from "node:assert/strict";
import { listenPush, type Push, type PushListener } from "../../src";
import { needsJava, needsPython, pushWithJava, type SendPushTask, sendPushesWithPython } from "./peers";

const keys = {
  encryptionKey: "000102030405060708090a0b0c0d0e0f",
  authenticationKey: "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
} as const;
const title = "4D4D4D0000BC614E";
const energy = "1.0.1.8.0.255";

describe("the push listener receives pushes of other implementations", function () {
  this.timeout(60_000);
  const open: PushListener[] = [];

  afterEach(async () => {
    for (const listener of open.splice(0)) await listener.close();
  });

  /** A listener, and its next `count` pushes; a problem ends the wait. */
  async function listen(kind: "tcp-server" | "udp", count: number): Promise<{ port: number; pushes: Promise<Push[]> }> {
    const listener = await listenPush({ transport: kind === "udp" ? { kind, port: 0 } : { kind, port: 0 }, keys });
    open.push(listener);
    const pushes = new Promise<Push[]>((resolve, reject) => {
      const received: Push[] = [];
      listener.on("push", (push) => {
        if (received.push(push) === count) resolve(received);
      });
      listener.on("problem", ({ error }) => {
        reject(error);
      });
    });
    pushes.catch(() => undefined);
    assert.ok(listener.address !== null);
    return { port: listener.address.port, pushes };
  }

  const cases: readonly Omit<SendPushTask, "port" | "value">[] = [
    { library: "gurux", framing: "WRAPPER", transport: "tcp" },
    { library: "gurux", framing: "WRAPPER", transport: "udp" },
    { library: "gurux", framing: "WRAPPER", transport: "tcp", blocks: true },
    { library: "gurux", framing: "WRAPPER", transport: "tcp", security: "AUTHENTICATION" },
    { library: "gurux", framing: "WRAPPER", transport: "udp", security: "AUTHENTICATION_ENCRYPTION" },
    { library: "gurux", framing: "WRAPPER", transport: "tcp", security: "ENCRYPTION" },
    { library: "gurux", framing: "HDLC", transport: "tcp" },
    { library: "gurux", framing: "HDLC", transport: "tcp", blocks: true },
    { library: "gurux", framing: "HDLC", transport: "tcp", security: "AUTHENTICATION_ENCRYPTION" },
    { library: "dlms-cosem", framing: "WRAPPER", transport: "tcp" },
    { library: "dlms-cosem", framing: "WRAPPER", transport: "udp", security: "AUTHENTICATION_ENCRYPTION" },
  ];

  for (const one of cases) {
    const { library, framing, transport, security, blocks } = one;
    const how = [framing, transport, security ?? "plain", ...(blocks === true ? ["in general blocks"] : [])].join(", ");
    it(`${library} for Python: ${how}`, async function () {
      needsPython(this);
      const { port, pushes } = await listen(transport === "udp" ? "udp" : "tcp-server", 1);
      const secret = security === undefined ? {} : { ...keys, title, counter: 5 };
      await sendPushesWithPython([{ ...one, ...secret, port, value: 123_456 }]);
      const [push] = await pushes;
      assert.equal(push?.values[energy], 123_456);
      assert.equal(push.link.framing, framing.toLowerCase());
      assert.equal(push.systemTitle, security === undefined ? null : title);
      assert.equal(push.security?.verified, security === undefined ? undefined : security !== "ENCRYPTION");
      if (library === "gurux") assert.equal(push.time, "2026-01-15T12:00:00+01:00");
    });
  }

  for (const framing of ["WRAPPER", "HDLC"]) {
    for (const security of [undefined, "AUTHENTICATION", "ENCRYPTION", "AUTHENTICATION_ENCRYPTION"]) {
      it(`Gurux for Java: ${framing}, ${security ?? "plain"}, five pushes over one connection`, async function () {
        needsJava(this);
        const { port, pushes } = await listen("tcp-server", 5);
        const { encryptionKey, authenticationKey } = keys;
        const secret = { "encryption-key": encryptionKey, "authentication-key": authenticationKey, title };
        await pushWithJava({ port, count: 5, framing, ...(security === undefined ? {} : { ...secret, security }) });
        const received = await pushes;
        assert.deepEqual(
          received.map(({ values }) => values[energy]),
          [1, 2, 3, 4, 5],
        );
        const verified = security === undefined ? undefined : security !== "ENCRYPTION";
        for (const push of received) assert.equal(push.security?.verified, verified);
        if (security !== undefined) assert.ok(received.every(({ systemTitle }) => systemTitle === title));
      });
    }
  }
});
