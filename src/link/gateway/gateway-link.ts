/** A link to a device behind a gateway: any other link, with the gateway's prefix before each APDU. */
import { bytesEqual, toHex } from "../../bytes";
import { DlmsLinkError } from "../../errors";
import type { LinkOutput, LinkProtocol, LinkSendOptions, PushAddress, PushMatch } from "../link";
import { prefix } from "../request-prefix";
import { type GatewayAddress, gatewayPrefixOf, withGateway } from "./gateway-prefix";

const exceptionResponse = 0xd8;

/** The device as text: its characters if all are printable, and hex otherwise. */
export function deviceText(device: Uint8Array): string {
  const printable = device.every((byte) => byte > 0x20 && byte < 0x7f);
  return printable ? new TextDecoder().decode(device) : `0x${toHex(device)}`;
}

export function gatewayLink(link: LinkProtocol, address: GatewayAddress): LinkProtocol {
  return new GatewayLink(link, address);
}

class GatewayLink implements LinkProtocol {
  readonly kind: LinkProtocol["kind"];
  readonly #link: LinkProtocol;
  readonly #address: GatewayAddress;
  readonly #prefixLength: number;
  #request = "";

  constructor(link: LinkProtocol, address: GatewayAddress) {
    this.kind = link.kind;
    this.#link = link;
    this.#address = address;
    this.#prefixLength = withGateway(new Uint8Array(0), address).length;
  }

  get state(): LinkProtocol["state"] {
    return this.#link.state;
  }

  get deadline(): number | undefined {
    return this.#link.deadline;
  }

  get isIdle(): boolean {
    return this.#link.isIdle ?? this.#link.state !== "busy";
  }

  get bytesPerTurn(): number | undefined {
    const { bytesPerTurn } = this.#link;
    return bytesPerTurn === undefined ? undefined : Math.max(1, bytesPerTurn - this.#prefixLength);
  }

  open(now: number): LinkOutput[] {
    return this.#received(this.#link.open(now));
  }

  send(apdu: Uint8Array, now: number, options: LinkSendOptions = {}): LinkOutput[] {
    this.#request = options.request ?? "";
    return this.#received(this.#link.send(withGateway(apdu, this.#address), now, options));
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    return this.#received(this.#link.await(now, options));
  }

  close(now: number): LinkOutput[] {
    return this.#received(this.#link.close(now));
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    return this.#received(this.#link.receive(bytes, now));
  }

  tick(now: number): LinkOutput[] {
    return this.#received(this.#link.tick(now));
  }

  matchPush(address: PushAddress): PushMatch {
    return this.#link.matchPush?.(address) ?? "none";
  }

  pushed(apdu: Uint8Array): LinkOutput {
    return this.#notification({ kind: "notification", apdu });
  }

  reset(): void {
    this.#link.reset();
  }

  /** Removes the prefix of what was received. An answer of another device ends the link. */
  #received(outputs: LinkOutput[]): LinkOutput[] {
    if (outputs.every(({ kind }) => kind !== "apdu" && kind !== "notification")) return outputs;
    const result: LinkOutput[] = [];
    for (const output of outputs) {
      if (output.kind === "apdu") {
        const apdu = this.#apduOf(output.apdu);
        if (apdu === undefined) return this.#fail(output.apdu, result);
        result.push({ ...output, apdu });
      } else if (output.kind === "notification" && output.address === undefined) {
        // one with an address is for another link, which may have no gateway
        result.push(this.#notification(output));
      } else result.push(output);
    }
    return result;
  }

  /** Undefined if the answer is not from the device. The gateway itself answers with an exception-response only. */
  #apduOf(bytes: Uint8Array): Uint8Array | undefined {
    const found = gatewayPrefixOf(bytes);
    if (found === undefined) return bytes[0] === exceptionResponse ? bytes : undefined;
    const { network, device } = this.#address;
    return found.network === network && bytesEqual(found.device, device) ? bytes.subarray(found.length) : undefined;
  }

  #notification(output: Extract<LinkOutput, { kind: "notification" }>): LinkOutput {
    const apdu = this.#apduOf(output.apdu);
    if (apdu !== undefined) return { ...output, apdu };
    const found = gatewayPrefixOf(output.apdu);
    const from = found === undefined ? "of the gateway itself" : `of device ${this.#named(found)}`;
    return { kind: "note", text: `a push ${from} was dropped` };
  }

  #fail(answer: Uint8Array, outputs: LinkOutput[]): LinkOutput[] {
    this.#link.reset();
    const found = gatewayPrefixOf(answer);
    const expected = this.#named(this.#address);
    const text =
      found === undefined
        ? `the answer has no gateway prefix (E7) of device ${expected}: the meter that answered is no gateway, or answered itself; check the gateway's network and device`
        : `the answer is from device ${this.#named(found)}, expected ${expected}; check the gateway`;
    const details = { expected, got: found === undefined ? null : this.#named(found) };
    outputs.push({
      kind: "failed",
      error: new DlmsLinkError("LINK_ADDRESS", `${prefix(this.#request)}${text}`, { details }),
    });
    return outputs;
  }

  #named({ network, device }: GatewayAddress): string {
    return `${network}/${deviceText(device)}`;
  }
}
