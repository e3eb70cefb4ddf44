/** Child process of tiny-pieces.test.ts: a meter that sends one byte at a time. */
import { encodeApdu } from "../../src/apdu";
import { concatBytes, fromHex, joinBytes } from "../../src/bytes";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { isDlmsError } from "../../src/errors";
import { encodeHdlcFrame } from "../../src/link/hdlc/frame";
import { memoryTransport } from "../../src/transport";
import type { Operation } from "../../src/session";
import { createMeter } from "../../src/simulator";
import { associated, energy } from "../unit/session/fixtures";

/**
 * A process in which a meter sends one byte at a time: one case, named by the first argument, with the number of pieces
 * as the second. It prints how the case ended and the largest heap that it saw.
 */
const [scenario = "", pieces = "0"] = process.argv.slice(2);
const count = Number(pieces);

let peak = 0;
const look = (): void => {
  const { heapUsed, external } = process.memoryUsage();
  peak = Math.max(peak, heapUsed + external);
};

const server = { logical: 1, physical: 17, size: 2 } as const;
const client = { logical: 16, size: 1 } as const;

/** A segment with one byte of an APDU. */
function segment(type: "I" | "UI", n: number, info: Uint8Array, last: boolean): Uint8Array {
  const control =
    type === "UI"
      ? ({ type, pollFinal: false } as const)
      : ({ type, sendSequence: n & 7, receiveSequence: 2, pollFinal: last } as const);
  return encodeHdlcFrame({ destination: client, source: server, control, segmented: !last, info });
}

/** Chunks as a socket delivers them, each of complete frames. */
function* chunks(type: "I" | "UI", apdu: Uint8Array, firstSequence: number): Generator<Uint8Array> {
  const whole = concatBytes(fromHex("e6e700"), apdu);
  let held: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at++) {
    const last = at === whole.length - 1;
    held.push(segment(type, firstSequence + at, whole.subarray(at, at + 1), last));
    if (held.length < 2000 && !last) continue;
    yield joinBytes(held);
    held = [];
  }
}

/** get-response-normal with an octet-string that makes the APDU `length` bytes long. */
function longAnswer(invokeId: number, length: number): Uint8Array {
  const content = new Uint8Array(length - 9).fill(0x41);
  const size = content.length;
  return concatBytes(
    Uint8Array.of(0xc4, 0x01, invokeId, 0x00, 0x09, 0x83, size >> 16, (size >> 8) & 0xff, size & 0xff),
    content,
  );
}

/** data-notification with an octet-string of `length` bytes. */
function longPush(length: number): Uint8Array {
  const head = Uint8Array.of(0x0f, 0, 0, 0, 1, 0, 0x09, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return concatBytes(head, new Uint8Array(length).fill(0x41));
}

/** A client on an in-memory line to a simulated meter, with a way to inject bytes. */
function onLine(): { readonly dlms: DlmsClient; say: (bytes: Uint8Array) => void; deaf: () => void } {
  const meter = createMeter({
    framing: "HDLC",
    serverAddress: 1,
    physicalAddress: 17,
    associations: [{ client: 16 }],
    objects: [{ classId: 3, logicalName: "1.0.1.8.0.255", attributes: { 2: { type: "unsigned", value: 1 } } }],
  });
  let hears = true;
  let say = (_bytes: Uint8Array): void => undefined;
  const transport = memoryTransport((line) => {
    const peer = meter.connect(line);
    say = (bytes) => {
      line.send(bytes);
    };
    return {
      receive: (bytes) => {
        if (hears) peer.receive(bytes);
      },
      closed: () => {
        peer.closed();
      },
    };
  });
  const dlms = new DlmsClient(
    {
      transport,
      link: { kind: "hdlc" },
      client: { sap: 16 },
      server: { logical: 1, physical: 17 },
      timeouts: { response: 30_000, close: 200 },
    },
    { lines: new SharedLines() },
  );
  return {
    dlms,
    say: (bytes) => {
      say(bytes);
    },
    deaf: () => {
      hears = false;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function hdlcAnswer(): Promise<string> {
  const { dlms, say, deaf } = onLine();
  await dlms.open();
  deaf();
  const reading = dlms.read({ classId: 1, logicalName: "0.0.96.1.0.255", attributeId: 2 });
  const ended = reading.then(
    ({ value }) => `value ${String(value).length}`,
    (error: unknown) => errorText(error),
  );
  let over = false;
  void ended.then(() => (over = true));
  await turn();
  for (const chunk of chunks("I", longAnswer(0xc1, count), 1)) {
    if (over) break;
    say(chunk);
    await turn();
    look();
  }
  const text = await ended;
  await dlms.close();
  return text;
}

async function hdlcPush(): Promise<string> {
  const { dlms, say } = onLine();
  let text = "nothing";
  dlms.on("notification", ({ raw }) => (text = `push ${raw.length}`));
  dlms.on("state", ({ error }) => {
    if (error !== undefined) text = errorText(error);
  });
  await dlms.open();
  for (const chunk of chunks("UI", longPush(count), 0)) {
    if (dlms.state !== "open") break;
    say(chunk);
    await turn();
    look();
  }
  await turn();
  await dlms.close();
  return text;
}

/** Runs an operation; `answer` returns the response to the n-th request. */
function drive<T>(operation: Operation<T>, answer: (n: number) => Uint8Array): T {
  let step = operation.next();
  for (let n = 0; step.done !== true;) {
    const { kind } = step.value;
    const due = kind === "exchange" || kind === "receive";
    step = operation.next(due ? answer(++n) : undefined);
    if (n % 5000 === 0) look();
  }
  return step.value;
}

function getBlocks(): string {
  const session = associated({ maxResultSize: count });
  const block = (n: number): Uint8Array =>
    Uint8Array.of(0xc4, 2, 0xc1, 0, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff, 0, 1, 0x41);
  drive(session.get(energy, "read"), block);
  return "value";
}

function generalBlocks(): string {
  const session = associated({ maxResultSize: count });
  drive(session.get(energy, "read"), (n) =>
    encodeApdu({
      apdu: "general-block-transfer",
      last: false,
      streaming: n % 7 !== 0,
      window: 7,
      blockNumber: n & 0xffff,
      blockNumberAck: 1,
      data: Uint8Array.of(0xdb),
    }),
  );
  return "value";
}

function errorText(error: unknown): string {
  return isDlmsError(error) ? error.code : `foreign ${String(error)}`;
}

const scenarios: Readonly<Record<string, () => string | Promise<string>>> = {
  "hdlc-answer": hdlcAnswer,
  "hdlc-push": hdlcPush,
  "get-blocks": getBlocks,
  "general-blocks": generalBlocks,
};

void (async () => {
  let ended: string;
  try {
    ended = (await scenarios[scenario]?.()) ?? "no such case";
  } catch (error) {
    ended = errorText(error);
  }
  look();
  process.stdout.write(`${JSON.stringify({ ended, peakMb: Math.ceil(peak / 1024 / 1024) })}\n`);
})();
