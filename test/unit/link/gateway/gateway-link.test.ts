/** The prefix of a gateway before requests and answers. */
import assert from "node:assert/strict";
import { concatBytes, fromHex, toHex } from "../../../../src/bytes";
import { isDlmsError } from "../../../../src/errors";
import { gatewayLink, hdlcLink, type LinkOutput, type LinkProtocol, wrapperLink } from "../../../../src/link";
import { gatewayPrefixOf, withGateway, withoutGateway } from "../../../../src/link/gateway";

const device = new TextEncoder().encode("12345678");
const address = { network: 3, device };
/** network 3, eight bytes of address */
const head = "03083132333435363738";
const request = fromHex("c001c100080000010000ff0200");
const answer = fromHex("c401c10009060000010000ff");
const timeouts = { response: 5000, close: 1000 };

function wrapper(datagrams = false): LinkProtocol {
  return gatewayLink(wrapperLink({ clientSap: 16, serverSap: 1, timeouts, retries: 1, datagrams }), address);
}

/** A WPDU from the gateway. */
const fromServer = (payload: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0, 1, 0, 1, 0, 16, payload.length >> 8, payload.length & 0xff), payload);

const prefixed = (apdu: Uint8Array, before = `e7${head}`): Uint8Array => concatBytes(fromHex(before), apdu);

function transmitted(outputs: readonly LinkOutput[]): string {
  const found = outputs.find((output) => output.kind === "transmit");
  assert.ok(found?.kind === "transmit");
  return toHex(found.bytes);
}

function sent(link: LinkProtocol): LinkProtocol {
  link.open(0);
  link.send(request, 0, { request: "read" });
  return link;
}

describe("gateway prefix", () => {
  it("is found before an APDU, and only where its length fits", () => {
    const bytes = withGateway(request, address);
    assert.equal(toHex(bytes), `e6${head}${toHex(request)}`);
    assert.deepEqual(gatewayPrefixOf(bytes), { network: 3, device, length: 11 });
    assert.deepEqual(withoutGateway(bytes), request);
    for (const hex of ["", "e6", "e603", "e60300c001", "e60308313233", "c001c1", `e6${head}`]) {
      assert.equal(gatewayPrefixOf(fromHex(hex)), undefined, hex);
    }
  });

  it("goes before each request and is taken from each answer over the wrapper", () => {
    const link = wrapper();
    link.open(0);
    assert.equal(transmitted(link.send(request, 0)), `0001001000010018e6${head}${toHex(request)}`);
    const outputs = link.receive(fromServer(prefixed(answer)), 1);
    assert.deepEqual(
      outputs.filter(({ kind }) => kind === "apdu"),
      [{ kind: "apdu", apdu: answer }],
    );
    assert.equal(link.state, "open");
  });

  it("stands after the LLC bytes over HDLC", () => {
    const link = gatewayLink(
      hdlcLink({ clientAddress: 16, server: { logical: 1 }, timeouts, retries: 0, skipSetUp: true }),
      address,
    );
    link.open(0);
    assert.ok(transmitted(link.send(request, 0)).includes(`e6e600e6${head}${toHex(request)}`));
  });

  const wrong: readonly (readonly [what: string, payload: Uint8Array, text: RegExp])[] = [
    ["another device", prefixed(answer, "e703083132333435363739"), /from device 3\/12345679, expected 3\/12345678/],
    ["another network", prefixed(answer, "e704083132333435363738"), /from device 4\/12345678, expected 3\/12345678/],
    ["no device", answer, /no gateway prefix \(E7\) of device 3\/12345678/],
  ];
  for (const [what, payload, text] of wrong) {
    it(`of ${what} in an answer ends the link with LINK_ADDRESS`, () => {
      const link = sent(wrapper());
      const failed = link.receive(fromServer(payload), 1).find((output) => output.kind === "failed");
      assert.ok(failed?.kind === "failed" && isDlmsError(failed.error) && failed.error.is("LINK_ADDRESS"));
      assert.match(failed.error.message, text);
      assert.equal(link.state, "closed");
    });
  }

  it("may be missing before an exception-response, which the gateway itself sends", () => {
    const exception = fromHex("d80102");
    const outputs = sent(wrapper()).receive(fromServer(exception), 1);
    assert.ok(outputs.some((output) => output.kind === "apdu" && toHex(output.apdu) === "d80102"));
  });

  it("is taken from pushes of the device during a request, and pushes of others are dropped", () => {
    const push = fromHex("0f00000001000100");
    const link = sent(wrapper());
    const own = link.receive(fromServer(prefixed(push)), 1).filter(({ kind }) => kind === "notification");
    assert.equal(own.length, 1);
    assert.ok(own[0]?.kind === "notification" && toHex(own[0].apdu) === toHex(push));
    const foreign = link.receive(fromServer(prefixed(push, "e703083132333435363739")), 2);
    assert.ok(!foreign.some(({ kind }) => kind === "notification"));
    assert.ok(foreign.some((output) => output.kind === "note" && /push of device 3\/12345679/.test(output.text)));
    assert.equal(link.state, "busy");
  });

  it("does not hide from the link over datagrams that a request may be repeated", () => {
    const link = sent(wrapper(true));
    const again = link.tick(link.deadline ?? 0);
    assert.ok(transmitted(again).endsWith(`e6${head}${toHex(request)}`));
  });

  it("leaves a push to another address as it is, because it may be for a link without a gateway", () => {
    const push = fromHex("0f000000010011" + "05");
    const link = wrapper();
    link.open(0);
    const outputs = link.receive(concatBytes(fromHex("0001000200100008"), push), 1);
    const address = { server: { logical: 2 }, client: 16 };
    assert.deepEqual(
      outputs.filter(({ kind }) => kind !== "frame"),
      [{ kind: "notification", apdu: push, address }],
    );
  });
});
