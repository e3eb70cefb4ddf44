/** Fuzz targets for framers and link protocols. */
import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import { HdlcFramer, hdlcLink, type LinkOutput, type LinkProtocol, modeELink, wrapperLink } from "../../../src/link";
import { checkError, type Target } from "./target";

const request = fromHex("c001c100080000010000ff0200");
const server = { logical: 1 };
const ua = fromHex("7ea01e0321737c38818012050107ee060107ee0704000000070804000000073f277e");

/** Maximum output of a link for each received byte: frames, notes, answers. */
const outputsPerByte = 4;

class Feed {
  outputs = 0;
  given = 0;
  bytes = 0;
  now = 0;
  readonly #link: LinkProtocol;

  constructor(link: LinkProtocol) {
    this.#link = link;
  }

  take(work: () => LinkOutput[]): void {
    for (const output of work()) {
      this.outputs++;
      if (output.kind === "apdu" || output.kind === "notification") this.bytes += output.apdu.length;
      if (output.kind === "failed" || output.kind === "unanswered") checkError(output.error);
    }
  }

  receive(bytes: Uint8Array): void {
    this.given += bytes.length;
    this.take(() => this.#link.receive(bytes, this.now));
  }

  get link(): LinkProtocol {
    return this.#link;
  }

  /** Checks that every wait ends: without input, the link becomes idle within a few deadlines. */
  settle(): void {
    for (let rounds = 0; this.#link.deadline !== undefined; rounds++) {
      assert.ok(rounds < 200, `the link still waits after ${rounds} deadlines`);
      this.now = Math.max(this.now, this.#link.deadline);
      this.take(() => this.#link.tick(this.now));
    }
  }

  check(): void {
    assert.ok(this.bytes <= this.given, `${this.given} bytes became APDUs of ${this.bytes} bytes`);
    const most = 400 + outputsPerByte * this.given;
    assert.ok(this.outputs <= most, `${this.given} bytes made the link say ${this.outputs} things`);
  }
}

/**
 * The first byte says where the pieces end and whether the link is open first, the second how often time passes; the
 * other bytes arrive in pieces.
 */
function feedLink(make: () => LinkProtocol, opening: readonly Uint8Array[], input: Uint8Array): void {
  const [shape = 0, times = 0, ...rest] = input;
  const link = make();
  const feed = new Feed(link);
  feed.take(() => link.open(feed.now));
  if ((shape & 0x80) === 0) for (const bytes of opening) feed.receive(bytes);
  const send = (): void => {
    if (link.state === "open") feed.take(() => link.send(request, feed.now, { request: "read" }));
  };
  send();
  const stream = Uint8Array.from(rest);
  const size = [1, 2, 3, 7, 16, 64, 1024, 1 << 20][shape & 7] ?? 1;
  for (let at = 0, piece = 0; at < stream.length; at += size, piece++) {
    feed.receive(stream.subarray(at, at + size));
    if (times > 0 && piece % times === times - 1) {
      feed.now = Math.max(feed.now + 1, (shape & 8) === 0 ? feed.now + 50 : (link.deadline ?? 0));
      feed.take(() => link.tick(feed.now));
    }
    if (link.state === "closed" && (shape & 16) !== 0) feed.take(() => link.open(feed.now));
    send();
  }
  feed.settle();
  if (link.state !== "closed") feed.take(() => link.close(feed.now));
  feed.settle();
  assert.equal(link.state, "closed");
  feed.check();
}

/** In pieces of 7 bytes, of 1 byte with time between, and whole into a link that is not open. */
const prefixes = [
  [3, 0],
  [0, 5],
  [0x97, 1],
];
const hdlcOptions = { clientAddress: 16, server };

export const linkTargets: readonly Target[] = [
  { name: "link-hdlc", seeds: ["hdlc"], prefixes, run: (input) => feedLink(() => hdlcLink(hdlcOptions), [ua], input) },
  {
    name: "link-wrapper",
    seeds: ["wrapper"],
    prefixes,
    run: (input) => feedLink(() => wrapperLink({ clientSap: 16, serverSap: 1 }), [], input),
  },
  {
    name: "link-datagrams",
    seeds: ["wrapper"],
    prefixes,
    run: (input) =>
      feedLink(() => wrapperLink({ clientSap: 16, serverSap: 1, datagrams: true, retries: 2 }), [], input),
  },
  {
    name: "link-mode-e",
    seeds: ["mode-e", "hdlc"],
    prefixes,
    run: (input) => feedLink(() => modeELink({ ...hdlcOptions, maxBaud: 9600, softwareParity: true }), [], input),
  },
  {
    name: "framer-hdlc",
    seeds: ["hdlc"],
    run: (input) => {
      // the same frames, whatever the pieces are
      const whole = new HdlcFramer().push(input).map(({ frame }) => frame);
      const framer = new HdlcFramer();
      const singly = [...input].flatMap((byte) => framer.push(Uint8Array.of(byte)).map(({ frame }) => frame));
      assert.deepEqual(singly, whole);
    },
  },
];
