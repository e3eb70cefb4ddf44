/** The TCP/UDP wrapper on the side of a simulated meter. */
import { encodeWpdu, WrapperFramer } from "../../link";
import type { Station, StationHost } from "./station";

/** A meter with the TCP/UDP wrapper: the client SAP is the source wPort, the logical device the destination. */
export class WrapperStation implements Station {
  readonly #host: StationHost;
  readonly #address: number;
  readonly #framer = new WrapperFramer();

  constructor(host: StationHost, address: number) {
    this.#host = host;
    this.#address = address;
  }

  receive(bytes: Uint8Array): readonly Uint8Array[] {
    const { pdus, error } = this.#framer.push(bytes);
    const answers = pdus.flatMap(({ wpdu, raw }) => {
      if (wpdu.destination !== this.#address) return [];
      const client = wpdu.source;
      if (this.#host.frameCame({ frame: "WPDU", bytes: raw, client }) !== "take") return [];
      return this.#host.handle(wpdu.apdu, client).map((apdu) => this.#wrap(apdu, client));
    });
    if (error !== undefined) {
      this.#framer.clear();
      this.#host.broken(error.message);
    }
    return answers;
  }

  notify(apdu: Uint8Array, client: number): readonly Uint8Array[] {
    return [this.#wrap(apdu, client)];
  }

  reset(): void {
    this.#framer.clear();
  }

  #wrap(apdu: Uint8Array, client: number): Uint8Array {
    return encodeWpdu({ source: this.#address, destination: client, apdu });
  }
}
