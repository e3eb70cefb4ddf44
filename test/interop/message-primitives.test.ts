/** Keys and signatures of single messages, verified by the Python package cryptography. */
import assert from "node:assert/strict";
import {
  attribute,
  connect,
  type ConnectOptions,
  createMeter,
  type MeterDefinition,
  type SecuritySuite,
  toHex,
} from "../../src";
import { needsPython, openWithPython, type OpenTask } from "./peers";
import { type Cell, clientOptions, meterDefinition, signingOf } from "./security-cells";

type Kind = "identified-key" | "wrapped-key" | "one-pass" | "static-unified" | "general-signing";
type Policy = "authenticated" | "authenticated-encrypted";

interface Message {
  readonly direction: "out" | "in";
  readonly apdu: string;
  /** the APDU that the meter decoded or protected */
  readonly plain: string;
}

const cellOf = (suite: SecuritySuite, policy: Policy): Cell => ({ mechanism: "none", policy, suite, ciphering: "glo" });
const masterKeyOf = (suite: SecuritySuite): Uint8Array => new Uint8Array(suite === 2 ? 32 : 16).fill(0x6b);

function clientOf(kind: Kind, cell: Cell, port: number): ConnectOptions {
  const { client, meter } = signingOf(cell.suite);
  const options = clientOptions(cell, port);
  assert.ok(options.security);
  const pairs =
    cell.suite === 0
      ? {}
      : {
          signingKey: client.own,
          agreementKey: client.own,
          meterSigningCertificate: meter.shown,
          meterAgreementCertificate: meter.shown,
        };
  const protection =
    kind === "general-signing"
      ? { generalSigning: { signingKey: client.own, meterSigningCertificate: meter.shown } }
      : { generalCiphering: { key: kind, masterKey: masterKeyOf(cell.suite), ...pairs } };
  return { ...options, security: { ...options.security, ...protection } };
}

function meterOf(cell: Cell): MeterDefinition {
  const { client, meter } = signingOf(cell.suite);
  const definition = meterDefinition(cell);
  const keys = {
    masterKey: masterKeyOf(cell.suite),
    ...(cell.suite === 0
      ? {}
      : {
          signingKey: meter.own,
          clientSigningCertificate: client.shown,
          agreementKey: meter.own,
          clientAgreementCertificate: client.shown,
        }),
  };
  return { ...definition, associations: definition.associations.map((account) => ({ ...account, ...keys })) };
}

/** A read between our client and our meter: the messages on the line, and their contents. */
async function dialogue(kind: Kind, cell: Cell): Promise<Message[]> {
  const meter = createMeter(meterOf(cell));
  const answers: string[] = [];
  meter.use({
    name: "listen",
    answer: (bytes) => {
      if (bytes[0] === 0xc4) answers.push(toHex(bytes));
      return undefined;
    },
  });
  const listener = await meter.listen();
  const seen = { out: [] as string[], in: [] as string[] };
  try {
    const client = await connect(clientOf(kind, cell, listener.port));
    client.on("trace", (event) => {
      if (event.kind !== "bytes" || event.layer !== "apdu") return;
      if (event.bytes[0] === 0xdd || event.bytes[0] === 0xdf) seen[event.direction].push(toHex(event.bytes));
    });
    assert.equal((await client.read(attribute("REGISTER", "1.0.1.8.0.255", 2))).value, 12345678);
    await client.close();
  } finally {
    await listener.close();
  }
  const requests = meter.received.flatMap((item) =>
    item.kind === "apdu" && item.bytes[0] === 0xc0 ? [toHex(item.bytes)] : [],
  );
  assert.ok(requests.length > 0 && answers.length > 0);
  assert.deepEqual([seen.out.length, seen.in.length], [requests.length, answers.length]);
  return [
    ...requests.map((plain, n): Message => ({ direction: "out", apdu: seen.out[n] ?? "", plain })),
    ...answers.map((plain, n): Message => ({ direction: "in", apdu: seen.in[n] ?? "", plain })),
  ];
}

function taskOf(message: Message, cell: Cell): OpenTask {
  const { client, meter } = signingOf(cell.suite);
  const [own, peer] = message.direction === "out" ? [meter, client] : [client, meter];
  const { security } = clientOptions(cell, 1);
  assert.ok(security);
  return {
    apdu: message.apdu,
    suite: cell.suite,
    encryptionKey: toHex(security.encryptionKey),
    authenticationKey: toHex(security.authenticationKey),
    masterKey: toHex(masterKeyOf(cell.suite)),
    agreementKey: toHex(own.own),
    agreementCertificate: toHex(peer.shown),
    signingCertificate: toHex(peer.shown),
  };
}

/** How the script names the kinds. */
const words = {
  "identified-key": "identified 0",
  "wrapped-key": "wrapped",
  "one-pass": "one-pass",
  "static-unified": "static-unified",
  "general-signing": "signed",
} as const satisfies Record<Kind, string>;

describe("keys and signatures of single messages, opened by the Python package cryptography", function () {
  this.timeout(30_000);
  before(function () {
    needsPython(this);
  });

  for (const suite of [0, 1, 2] as const) {
    const kinds: readonly Kind[] = ["identified-key", "wrapped-key", "one-pass", "static-unified", "general-signing"];
    it(`suite ${suite}: accepts requests and answers of every kind, and rejects each with a changed bit`, async () => {
      const tasks: OpenTask[] = [];
      const expected: { key: string; plain: string | undefined }[] = [];
      const changed: OpenTask[] = [];
      for (const kind of kinds.slice(0, suite === 0 ? 2 : kinds.length)) {
        for (const policy of ["authenticated", "authenticated-encrypted"] as const) {
          const cell = cellOf(suite, policy);
          for (const message of await dialogue(kind, cell)) {
            const task = taskOf(message, cell);
            tasks.push(task);
            // signed content is ciphered separately
            expected.push({ key: words[kind], plain: kind === "general-signing" ? undefined : message.plain });
            // transaction-id, the last byte of the header's titles, and the end
            for (const at of [5, 18, task.apdu.length / 2 - 1]) {
              const bytes = Buffer.from(task.apdu, "hex");
              bytes[at] = (bytes[at] ?? 0) ^ 1;
              changed.push({ ...task, apdu: bytes.toString("hex") });
            }
          }
        }
      }
      const opened = await openWithPython([...tasks, ...changed]);
      tasks.forEach((_, n) => {
        const { key, plain } = expected[n] ?? {};
        const one = opened[n];
        assert.equal(one?.error, undefined, `${key}: ${one?.error}`);
        assert.equal(one?.key, key);
        if (plain !== undefined) assert.equal(one?.plain, plain);
        else assert.match(one?.plain ?? "", /^c[8c]/);
      });
      for (const one of opened.slice(tasks.length)) assert.ok(one.error !== undefined, `${one.key} was opened`);
    });
  }
});
