/** The first bytes of a connection. When the peer closes it, they show which other protocol the peer uses. */
import { concatBytes, toHex } from "../bytes";
import type { DlmsConnectionError, DlmsError } from "../errors";
import { withAdvice } from "../errors/retell";
import type { LinkProtocol } from "../link/link";
import { looksLike } from "../link/guess-protocol";

const maxKeptBytes = 16;

/** Keeps the first bytes received until the link is up. */
export class FirstBytes {
  #bytes: Uint8Array | undefined = new Uint8Array(0);

  add(bytes: Uint8Array): void {
    if (this.#bytes === undefined || this.#bytes.length >= maxKeptBytes) return;
    this.#bytes = concatBytes(this.#bytes, bytes.subarray(0, maxKeptBytes)).subarray(0, maxKeptBytes);
  }

  /** The peer speaks our protocol. */
  linkIsUp(): void {
    this.#bytes = undefined;
  }

  /** The error of a lost connection, with the protocol that the bytes suggest, for example HTTP. */
  explain(error: DlmsConnectionError, link: LinkProtocol["kind"]): DlmsError {
    if (this.#bytes === undefined) return error;
    const hint = looksLike(this.#bytes, link === "wrapper" ? "wrapper" : "hdlc");
    return hint === "" ? error : withAdvice(error, hint, { first: toHex(this.#bytes) });
  }
}
