/** Ciphering and HLS of the simulated meter. */
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { fromHex, toHex } from "../../../src/bytes";
import { createMeter, tamperWithAnswer, type MeterDefinition, type SimulatedAssociation } from "../../../src/simulator";
import { exampleKeys, plain } from "./definitions";
import { openLine, type HandLine } from "./line";
import { actionResult, exceptionResponse, getData, getRequest } from "../../support/apdus";

/** The client's side of GCM, written against node:crypto alone, so that the meter is not tested with its own code. */
const clientTitle = fromHex("4d4d4d0000bc614e");
const meterTitle = fromHex("53494d0000000001");
const { encryptionKey, authenticationKey } = exampleKeys;

const counterBytes = (counter: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(counter);
  return bytes;
};

function seal(tag: string, apdu: string, counter: number, key: Uint8Array = encryptionKey): string {
  const cipher = createCipheriv("aes-128-gcm", key, Buffer.concat([clientTitle, counterBytes(counter)]), {
    authTagLength: 12,
  });
  cipher.setAAD(Buffer.concat([Buffer.of(0x30), authenticationKey]));
  const text = Buffer.concat([cipher.update(fromHex(apdu)), cipher.final()]);
  const content = Buffer.concat([Buffer.of(0x30), counterBytes(counter), text, cipher.getAuthTag()]);
  return `${tag}${content.length.toString(16).padStart(2, "0")}${toHex(content)}`;
}

function open(apdu: string, tag: string, key: Uint8Array = encryptionKey): string {
  assert.equal(apdu.slice(0, 2), tag);
  const content = fromHex(apdu).subarray(2);
  assert.equal(content[0], 0x30);
  const iv = Buffer.concat([meterTitle, content.subarray(1, 5)]);
  const decipher = createDecipheriv("aes-128-gcm", key, iv, { authTagLength: 12 });
  decipher.setAAD(Buffer.concat([Buffer.of(0x30), authenticationKey]));
  decipher.setAuthTag(content.subarray(-12));
  return toHex(Buffer.concat([decipher.update(content.subarray(5, -12)), decipher.final()]));
}

function gmac(title: Uint8Array, counter: number, challenge: Uint8Array): string {
  const cipher = createCipheriv("aes-128-gcm", encryptionKey, Buffer.concat([title, counterBytes(counter)]), {
    authTagLength: 12,
  });
  cipher.setAAD(Buffer.concat([Buffer.of(0x10), authenticationKey, challenge]));
  cipher.final();
  return `10${toHex(counterBytes(counter))}${toHex(cipher.getAuthTag())}`;
}

const account: SimulatedAssociation = {
  client: 18,
  mechanism: "hls-gmac",
  suite: 0,
  policy: "authenticated-encrypted",
  ...exampleKeys,
};
const definition: MeterDefinition = { ...plain, associations: [{ client: 16 }, account] };
const initiate = "01000000065f1f0400007e1f04b0";
const ctos = "4b35366956616759";

/** AARQ: LN ciphered, title, mechanism 5, CtoS, glo-initiate-request. */
function ciphered(userInformation: string): string {
  const parts =
    "a109060760857405080103" +
    `a60a0408${toHex(clientTitle)}` +
    "8a0207808b0760857405080205" +
    `ac0a8008${ctos}` +
    `be${(userInformation.length / 2 + 2).toString(16)}04${(userInformation.length / 2).toString(16)}${userInformation}`;
  return `60${(parts.length / 2).toString(16)}${parts}`;
}

interface Passes {
  readonly line: HandLine;
  readonly stoc: Uint8Array;
  readonly aare: string;
}

function firstPasses(meter = createMeter(definition), userInformation = seal("21", initiate, 1)): Passes {
  const line = openLine(meter);
  const [aare = ""] = line.apdu(ciphered(userInformation), 18);
  const stoc = /aa12 ?8010([0-9a-f]{32})/.exec(aare)?.[1];
  assert.ok(stoc, aare);
  return { line, stoc: fromHex(stoc), aare };
}

function associated(meter = createMeter(definition)): HandLine {
  const { line, stoc } = firstPasses(meter);
  const proof = gmac(clientTitle, 2, stoc);
  line.apdu(seal("cb", `c301c1000f0000280000ff01010911${proof}`, 3), 18);
  assert.equal(meter.associations, 1);
  return line;
}

const register = getRequest();

describe("simulated meter: GMAC and ciphering", () => {
  it("accepts with diagnostic 14, its title, a challenge and a ciphered initiate-response", () => {
    const { aare, stoc } = firstPasses();
    assert.equal(stoc.length, 16);
    assert.ok(aare.includes("a109060760857405080103a203020100a305a10302010ea40a0408" + toHex(meterTitle)), aare);
    assert.ok(aare.includes("880207808907" + "60857405080205"), aare);
    const information = /be230421(28[0-9a-f]+)$/.exec(aare)?.[1] ?? "";
    assert.match(open(information, "28"), /^0800065f1f0400005e1f04000007$/);
  });

  it("proves itself over CtoS once the client has proved itself over StoC", () => {
    const { line, stoc } = firstPasses();
    const proof = gmac(clientTitle, 2, stoc);
    const [answer = ""] = line.apdu(seal("cb", `c301c1000f0000280000ff01010911${proof}`, 3), 18);
    const plainAnswer = open(answer, "cf");
    const theirs = /^c701c10001000911(.{34})$/.exec(plainAnswer)?.[1] ?? "";
    const counter = Number.parseInt(theirs.slice(2, 10), 16);
    assert.equal(theirs, gmac(meterTitle, counter, fromHex(ctos)));
    assert.equal(open(line.apdu(seal("c8", register, 4), 18)[0] ?? "", "cc"), getData("06000003ed"));
  });

  it("rejects a wrong proof and discards the association", () => {
    const { line, stoc } = firstPasses();
    const proof = gmac(
      clientTitle,
      2,
      stoc.map((byte) => byte ^ 1),
    );
    const [answer = ""] = line.apdu(seal("cb", `c301c1000f0000280000ff01010911${proof}`, 3), 18);
    assert.equal(open(answer, "cf"), actionResult(250));
    assert.deepEqual(line.apdu(seal("c8", register, 4), 18), [exceptionResponse(1, 1)]);
  });

  it("rejects requests before the proof", () => {
    const { line } = firstPasses();
    assert.deepEqual(line.apdu(seal("c8", register, 3), 18), [exceptionResponse(1, 1)]);
  });

  it("rejects requests in clear", () => {
    assert.deepEqual(associated().apdu(register, 18), [exceptionResponse(1, 1)]);
  });

  it("names the expected counter when a counter does not rise", () => {
    const line = associated();
    assert.deepEqual(line.apdu(seal("c8", register, 3), 18), ["d80106" + "00000004"]);
    assert.match(line.apdu(seal("c8", register, 4), 18)[0] ?? "", /^cc/);
    assert.deepEqual(line.apdu(seal("c8", register, 4), 18), ["d80106" + "00000005"]);
  });

  it("rejects a modified message without advancing its counter", () => {
    const line = associated();
    const request = seal("c8", register, 10);
    assert.deepEqual(line.apdu(`${request.slice(0, -2)}00`, 18), [exceptionResponse(1, 5)]);
    assert.match(line.apdu(request, 18)[0] ?? "", /^cc/);
  });

  it("never uses its own counter twice", () => {
    const meter = createMeter({ ...definition, invocationCounter: 100 });
    const line = associated(meter);
    const counters = [4, 5, 6].map((counter) => (line.apdu(seal("c8", register, counter), 18)[0] ?? "").slice(6, 14));
    // 100 initiate-response, 101 proof, 102 the action-response around it
    assert.deepEqual(counters, ["00000067", "00000068", "00000069"]);
  });

  it("shows the last counter to the public client", () => {
    const meter = createMeter(definition);
    const line = associated(meter);
    const aarq = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0";
    line.apdu(aarq, 16);
    assert.deepEqual(line.apdu("c001c1000100002b0100ff0200", 16), [getData("0600000003")]);
    line.apdu(seal("c8", register, 77), 18);
    assert.deepEqual(line.apdu("c001c1000100002b0100ff0200", 16), [getData("060000004d")]);
  });

  it("answers general-glo in general-glo, and a dedicated key by the dedicated key", () => {
    const dedicated = fromHex("00112233445566778899aabbccddeeff");
    const meter = createMeter(definition);
    const { line, stoc } = firstPasses(meter, seal("21", `010110${toHex(dedicated)}0000065f1f0400007e1f04b0`, 1));
    line.apdu(seal("cb", `c301c1000f0000280000ff01010911${gmac(clientTitle, 2, stoc)}`, 3), 18);
    const ded = line.apdu(seal("d0", register, 1, dedicated), 18)[0] ?? "";
    assert.equal(open(ded, "d4", dedicated), getData("06000003ed"));
    const general = line.apdu(`db08${toHex(clientTitle)}${seal("", register, 4)}`, 18)[0] ?? "";
    assert.ok(general.startsWith(`db08${toHex(meterTitle)}`), general);
    assert.equal(open(`db${general.slice(20)}`, "db"), getData("06000003ed"));
  });

  it("allows a behaviour to change a protected answer", () => {
    const meter = createMeter(definition);
    const line = associated(meter);
    meter.use(tamperWithAnswer(-1));
    const answer = line.apdu(seal("c8", register, 4), 18)[0] ?? "";
    assert.throws(() => open(answer, "cc"), /unable to authenticate/i);
  });

  it("splits blocks so that they fit the client's PDU size with their protection", () => {
    const meter = createMeter(definition);
    const line = openLine(meter);
    const [aare = ""] = line.apdu(ciphered(seal("21", initiate.replace(/04b0$/, "0040"), 1)), 18);
    const stoc = fromHex(/aa128010([0-9a-f]{32})/.exec(aare)?.[1] ?? "");
    line.apdu(seal("cb", `c301c1000f0000280000ff01010911${gmac(clientTitle, 2, stoc)}`, 3), 18);
    const [first = ""] = line.apdu(seal("c8", "c001c100010000600100ff0200", 4), 18);
    assert.ok(first.length / 2 <= 64, `${first.length / 2} bytes`);
    assert.match(open(first, "cc"), /^c402c100/);
  });
});

describe("simulated meter: HLS with a secret", () => {
  const hash = (name: string, ...parts: readonly Uint8Array[]): string =>
    createHash(name).update(Buffer.concat(parts)).digest("hex");
  const secret = new TextEncoder().encode("secret00");

  for (const [n, mechanism, name] of [
    [3, "hls-md5", "md5"],
    [4, "hls-sha1", "sha1"],
  ] as const) {
    it(`${mechanism}: four passes`, () => {
      const line = openLine(createMeter({ ...plain, associations: [{ client: 1, mechanism, secret }] }));
      const aarq = `6036a1090607608574050801018a0207808b076085740508020${n}ac0a8008${ctos}be10040e${initiate}`;
      const [aare = ""] = line.apdu(aarq, 1);
      const stoc = fromHex(/aa128010([0-9a-f]{32})/.exec(aare)?.[1] ?? "");
      const proof = hash(name, stoc, secret);
      const size = (proof.length / 2).toString(16);
      assert.deepEqual(line.apdu(`c301c1000f0000280000ff010109${size}${proof}`, 1), [
        `c701c1000100` + `09${size}${hash(name, fromHex(ctos), secret)}`,
      ]);
      assert.deepEqual(line.apdu(register, 1), [getData("06000003ed")]);
    });
  }
});
