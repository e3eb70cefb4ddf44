/** Trace events: frames and APDUs with their text, secrets masked. */
import { type Apdu, llcOf, parseApdu } from "../apdu";
import { latin1, toHex } from "../bytes";
import { isDlmsError } from "../errors";
import { withoutGateway } from "../link";
import { apduLines, attempt, type InspectOptions } from "./describe-apdu";
import { frameLines } from "./describe-frame";
import { decodeFrame } from "./frame";
import { carriesSecret, hlsAnswerParts, isHlsPass, secretParts } from "./secrets";
import { type InspectKeys, opened } from "./decipher";

/** Traffic on a line, as the client's trace reports it. */
export interface TracedBytes {
  readonly direction: "out" | "in";
  /** a frame of the link, or the APDU that its frames carry */
  readonly layer: "link" | "apdu";
  readonly link: "wrapper" | "hdlc" | "hdlc-mode-e";
  readonly bytes: Uint8Array;
}

/** The same for people, without secrets. */
export interface ShownBytes {
  /** hex, with `**` for each byte that is masked; of the first 4096 bytes, and the number of those left out */
  readonly hex: string;
  /** a readable tree, cut at about 8 kB */
  readonly decoded: string;
}

export interface TraceInspectorOptions {
  /** open ciphered APDUs; `decoded` then shows their plain bytes, secrets masked */
  readonly keys?: InspectKeys;
  /** byte strings that are masked wherever they occur, such as the password; shorter than 4 bytes: not searched for */
  readonly secrets?: readonly Uint8Array[];
}

const minSecretBytes = 4;

/** Maximum number of bytes that a trace shows in hex; every HDLC frame is shorter. */
const maxHexBytes = 4096;

/**
 * Makes a trace fit to be shown. It is to see one session's bytes in order: pieces of a segmented APDU, and the
 * answer to an authentication pass, is recognized by the messages before it only.
 */
export class TraceInspector {
  readonly #keys: InspectKeys | undefined;
  readonly #secrets: readonly Uint8Array[];
  /** the last APDU begun in each direction may hold secrets in the segments that follow */
  readonly #secretSegments = { out: false, in: false };
  #hlsAnswer = false;

  constructor(options: TraceInspectorOptions = {}) {
    this.#keys = options.keys;
    this.#secrets = (options.secrets ?? []).filter(({ length }) => length >= minSecretBytes);
  }

  inspect(traced: TracedBytes): ShownBytes {
    const { layer, link, bytes } = traced;
    if (layer === "apdu") return this.#apdu(traced, bytes);
    if (link === "hdlc-mode-e" && !isHdlc(bytes)) return this.#text(bytes);
    return link === "wrapper" ? this.#wrapper(traced) : this.#hdlc(traced);
  }

  #options(direction: "out" | "in"): InspectOptions {
    return {
      ...(this.#keys && { keys: this.#keys }),
      ...(this.#hlsAnswer && direction === "in" && { hlsAnswer: true }),
    };
  }

  #apdu({ direction }: TracedBytes, bytes: Uint8Array): ShownBytes {
    const options = this.#options(direction);
    const apdu = readable(bytes);
    this.#remember(direction, apdu);
    if (apdu === undefined) return { hex: this.#hex(bytes, unreadable(bytes)), decoded: "an APDU that cannot be read" };
    return { hex: this.#hex(bytes, this.#parts(apdu, options)), decoded: describe(bytes, options).join("\n") };
  }

  #wrapper({ direction, bytes }: TracedBytes): ShownBytes {
    const options = this.#options(direction);
    const payload = withoutGateway(bytes.subarray(8));
    const apdu = readable(payload);
    if (direction === "out") this.#remember(direction, apdu);
    const parts = apdu ? this.#parts(apdu, options) : unreadable(payload);
    const decoded = attempt(() => frameLines(decodeFrame(bytes, "wrapper"), options));
    return { hex: this.#hex(bytes, parts), decoded: decoded.join("\n") };
  }

  #hdlc({ direction, bytes }: TracedBytes): ShownBytes {
    const options = this.#options(direction);
    const at = informationAt(bytes);
    let decoded: string[];
    let parts: readonly Uint8Array[] = [];
    try {
      const frame = decodeFrame(bytes, "hdlc");
      const { info, control } = frame.link === "hdlc" ? frame : { info: new Uint8Array(0), control: undefined };
      if (at !== undefined && (control?.type === "I" || control?.type === "UI")) {
        const here = bytes.subarray(at, at + info.length);
        parts = this.#information(direction, here, options, frame.link === "hdlc" && frame.segmented);
      }
      const whole = parts.some(({ length }) => length === info.length);
      decoded = frameLines(frame, whole ? { ...options, hlsAnswer: true } : options);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      // noise may contain the damaged echo of an own frame
      decoded = ["not a whole frame"];
      parts = [bytes.subarray(Math.min(16, bytes.length))];
    }
    return { hex: this.#hex(bytes, parts), decoded: decoded.join("\n") };
  }

  /** The parts to mask in the information field of an I or UI frame. */
  #information(
    direction: "out" | "in",
    info: Uint8Array,
    options: InspectOptions,
    segmented: boolean,
  ): readonly Uint8Array[] {
    const first = llcOf(info) !== undefined;
    const payload = withoutGateway(first ? info.subarray(3) : info);
    if (first && !segmented) {
      this.#secretSegments[direction] = false;
      const apdu = readable(payload);
      if (direction === "out") this.#remember(direction, apdu);
      return apdu ? this.#parts(apdu, options) : unreadable(payload);
    }
    if (first) this.#secretSegments[direction] = carriesSecret(payload) || (options.hlsAnswer ?? false);
    return this.#secretSegments[direction] ? [info] : [];
  }

  #parts(apdu: Apdu, options: InspectOptions): readonly Uint8Array[] {
    return options.hlsAnswer ? [...secretParts(apdu), ...hlsAnswerParts(apdu)] : secretParts(apdu);
  }

  #remember(direction: "out" | "in", apdu: Apdu | undefined): void {
    this.#hlsAnswer = direction === "out" && apdu !== undefined && isHlsPass(this.#plain(apdu));
  }

  /** A ciphered APDU, opened if the keys are given and fit. */
  #plain(apdu: Apdu): Apdu {
    if (this.#keys === undefined) return apdu;
    try {
      return opened(apdu, this.#keys);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      return apdu;
    }
  }

  #text(bytes: Uint8Array): ShownBytes {
    const text = latin1(bytes.subarray(0, 200).map((byte) => byte & 0x7f));
    return { hex: this.#hex(bytes, []), decoded: `mode E: ${JSON.stringify(text)}` };
  }

  #hex(bytes: Uint8Array, parts: readonly Uint8Array[]): string {
    const shown = bytes.subarray(0, maxHexBytes);
    const masked = new Uint8Array(shown.length);
    for (const part of parts) {
      const at = part.byteOffset - bytes.byteOffset;
      if (part.buffer === bytes.buffer && at >= 0) masked.fill(1, at, at + part.length);
    }
    for (const secret of this.#secrets) {
      // a secret may begin in the shown part and end after it
      for (const at of occurrences(bytes.subarray(0, shown.length + secret.length - 1), secret)) {
        masked.fill(1, at, at + secret.length);
      }
    }
    const hex = toHex(shown);
    const text = Array.from(masked, (hidden, i) => (hidden === 1 ? "**" : hex.slice(2 * i, 2 * i + 2))).join("");
    return shown.length < bytes.length ? `${text}... (${bytes.length - shown.length} more bytes)` : text;
  }
}

function describe(bytes: Uint8Array, options: InspectOptions): string[] {
  return attempt(() => {
    const apdu = parseApdu(bytes, { allowTrailing: true });
    return apduLines(apdu, options);
  });
}

function readable(bytes: Uint8Array): Apdu | undefined {
  try {
    return parseApdu(bytes, { allowTrailing: true });
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return undefined;
  }
}

/** Masks all but the tag of an APDU with secrets that cannot be read to its end. */
function unreadable(payload: Uint8Array): readonly Uint8Array[] {
  return carriesSecret(payload) ? [payload.subarray(1)] : [];
}

function isHdlc(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7e || ((bytes[0] ?? 0) & 0xf0) === 0xa0;
}

/** Offset of the information field in an HDLC frame: after flag, format, two addresses, control and HCS. */
function informationAt(bytes: Uint8Array): number | undefined {
  let at = (bytes[0] === 0x7e ? 1 : 0) + 2;
  for (let address = 0; address < 2; address++) {
    while (at < bytes.length && ((bytes[at] ?? 1) & 1) === 0) at++;
    at++;
  }
  return at + 3 <= bytes.length ? at + 3 : undefined;
}

function* occurrences(bytes: Uint8Array, part: Uint8Array): Generator<number> {
  for (let at = 0; at + part.length <= bytes.length; at++) {
    if (part.every((byte, i) => bytes[at + i] === byte)) yield at;
  }
}
