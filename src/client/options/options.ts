/** The options of a client. */
import type { Clock } from "../../clock";
import type { ObisLike } from "../../cosem";
import type { Companion } from "../../names";
import type { InvocationCounterStore, ReceivedCounterStore, SecurityPolicy, SecuritySuite } from "../../security/model";
import type { GeneralCipheringOptions, GeneralSigningOptions } from "../../session/steps/options";
import type { Transport } from "../../transport/transport";
import type { AccountGuard } from "../account/account-guard";

export type { GeneralCipheringOptions, GeneralSigningOptions };

export interface OperationOptions {
  /** Aborting rejects with `signal.reason`, unchanged. */
  readonly signal?: AbortSignal;
  /**
   * Limit of the whole operation, queueing included, in ms. Absent: 10 minutes from the start of the operation, or 40
   * response time-outs with their retries if that is longer; each further attribute adds one of these time-outs, and a
   * profile may take a day.
   */
  readonly timeoutMs?: number;
}

export interface ReadOptions extends OperationOptions {
  /** format of date-times ("iso") */
  readonly dates?: "iso" | "date" | "epoch";
}

export type BrowseOptions = OperationOptions;

/** Four methods; each receives a text, or a function that creates the text on demand. */
export interface Logger {
  debug(text: string | (() => string)): void;
  info(text: string | (() => string)): void;
  warn(text: string | (() => string)): void;
  error(text: string | (() => string)): void;
}

export type TransportOptions =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "tls";
      readonly host: string;
      readonly port: number;
      /** PEM */
      readonly ca?: string;
      readonly serverName?: string;
      /**
       * false: the server's certificate is not checked, and the client warns of it. For a certificate that no CA has
       * signed, give the certificate itself as `ca` (true).
       */
      readonly verify?: boolean;
      readonly certificate?: string;
      readonly key?: string;
    }
  | { readonly kind: "udp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number;
      /** Data bits, parity and stop bits ("8N1"). A mode E start switches between 7E1 and 8N1 itself. */
      readonly mode?: SerialMode;
      /** State of the DTR output, for optical heads that it supplies or switches (as the driver leaves it, usually on). */
      readonly dtr?: boolean;
      /** State of the RTS output (as the driver leaves it, usually on). */
      readonly rts?: boolean;
    };

export type SerialMode = "8N1" | "8E1" | "7E1";

export type AddressSize = "auto" | 1 | 2 | 4;

export interface HdlcOptions {
  readonly addressSize?: AddressSize;
  /** Largest information field to propose, 32..2030 octets (2030). */
  readonly maxInfo?: number;
  /** Window to propose, 1..7 (7). */
  readonly window?: number;
  /**
   * Send an RR after this many ms without traffic, for meters with a short inactivity time-out (0 = never: after the
   * meter has ended the link, the next request sets up a new one).
   */
  readonly keepAlive?: number;
  /** Begin every connection with a DISC; otherwise only after a session that did not end properly (false). */
  readonly discFirst?: boolean;
  /** With `association.preEstablished`: skip the SNRM too, because the meter accepts I frames at once (false). */
  readonly skipSetUp?: boolean;
}

export type LinkOptions =
  | { readonly kind: "wrapper" }
  | ({ readonly kind: "hdlc" } & HdlcOptions)
  | ({
      readonly kind: "hdlc-mode-e";
      /** IEC 62056-21 device address between "/?" and "!" */
      readonly deviceAddress?: string;
      /** bit/s of the sign-on: 300, unless the meter needs another rate */
      readonly startBaud?: number;
      /**
       * Upper limit of the rate that the meter offers. Default: the rate of the serial port; on a gateway with a fixed
       * rate, the rate of the sign-on.
       */
      readonly maxBaud?: number;
      /** The line transmits eight bits, and the link adds the parity (default: true except on a serial port). */
      readonly softwareParity?: boolean;
      /**
       * Continue in HDLC although the identification does not announce mode E by `\2` (false). For meters that accept
       * HDLC nevertheless, for example some that identify themselves as `/GRX0`.
       */
      readonly unannounced?: boolean;
    } & HdlcOptions);

export type AuthenticationOptions =
  | { readonly mechanism: "none" }
  | {
      readonly mechanism: "lls" | "hls-2" | "hls-md5" | "hls-sha1" | "hls-sha256";
      readonly secret: Uint8Array | string;
      /** LLS only: the meter expects an empty password, and `secret` is empty on purpose (false). */
      readonly emptySecret?: boolean;
    }
  | { readonly mechanism: "hls-gmac" }
  | {
      readonly mechanism: "hls-ecdsa";
      /** the client's private signing key, PEM or DER */
      readonly signingKey: Uint8Array | string;
      /**
       * The meter's signing certificate or public key, PEM or DER. A certificate with another system title is refused
       * (SEC_SYSTEM_TITLE). Its chain is not checked, and an expired certificate is used with a warning to the logger.
       */
      readonly meterSigningCertificate: Uint8Array | string;
      /** the client's own certificate, sent as calling-AE-qualifier when given */
      readonly clientCertificate?: Uint8Array | string;
    };

export interface SecurityOptions {
  readonly suite: SecuritySuite;
  readonly policy: SecurityPolicy;
  readonly encryptionKey: Uint8Array;
  readonly authenticationKey: Uint8Array;
  readonly broadcastKey?: Uint8Array;
  readonly dedicatedKey?: boolean;
  readonly general?: boolean;
  /** general-ciphering, with a key for each message, instead of the other envelopes. */
  readonly generalCiphering?: GeneralCipheringOptions;
  /** Sign each request by general-signing, and verify the signature of each answer. */
  readonly generalSigning?: GeneralSigningOptions;
  /** The store of this key's counters; one store for all clients that use the key. */
  readonly invocationCounter: InvocationCounterStore;
  /**
   * Where received counters are stored, so that recorded messages are refused. Absent: in this process, for all its
   * clients; fileReceivedCounters(path) keeps them across restarts.
   */
  readonly receivedCounters?: ReceivedCounterStore;
  /**
   * Read the counter from the meter before an association, as the public client: the store continues from the higher of
   * its own mark and the value read. Absent: the store alone decides.
   */
  readonly counterSource?: CounterSourceOptions;
  /**
   * Largest accepted jump of a counter that was used before, whether the jump comes from a meter's
   * invocation-counter-error or from the value that the public client reads: both are plain and could be forged (1 000
   * 000).
   */
  readonly maxCounterJump?: number;
}

/** How the counter is read. It needs logical names and a client that associates without a secret. */
export interface CounterSourceOptions {
  /**
   * Before each association, or only if the store has lost its counter ("always"). With "lost", a meter that cannot be
   * queried (short names, or a client that is itself the one to associate) is not an error: the store alone decides.
   */
  readonly when?: "always" | "lost";
  /** client SAP that may read the counter object (16) */
  readonly client?: number;
  /** the counter object, class Data ("0.0.43.1.0.255") */
  readonly logicalName?: ObisLike;
  /** ms between the two associations, for meters that need a pause (0) */
  readonly pauseMs?: number;
  /** close the connection between the two associations and open it again (false) */
  readonly reconnect?: boolean;
}

export interface AssociationOptions {
  /** logical names or short names ("ln") */
  readonly referencing?: "ln" | "sn";
  /** Largest APDU the client accepts, proposed to the meter, 64..65535 (65535). */
  readonly maxPduSize?: number;
  /**
   * The meter keeps the association of this client at all times: requests are sent without AARQ and RLRQ, and the
   * proposed parameters count as agreed. Ciphered ones need `server.systemTitle`. Mechanism "none" only (false).
   */
  readonly preEstablished?: boolean;
  /**
   * Names of the conformance bits to propose. Default: all that the client implements, except general-block-transfer
   * over UDP, because its blocks do not identify their answer.
   */
  readonly conformance?: readonly string[];
  /** General block transfer: blocks that the meter may send before they are acknowledged, 1..63 (7). */
  readonly blockWindow?: number;
}

export interface Timeouts {
  /** opening the socket or port (10000 ms) */
  readonly connect: number;
  /** one answer on the link (5000 ms) */
  readonly response: number;
  /** from the last byte of an unfinished frame (derived from the baud rate on serial lines, else 1500 ms) */
  readonly interFrame: number;
  /** release and disconnect together (2000 ms) */
  readonly close: number;
  /** retries on the link before it gives up (2) */
  readonly retries: number;
  /** first pause before reconnecting (1000 ms), doubled up to reconnectMax */
  readonly reconnectMin: number;
  readonly reconnectMax: number;
  /** release the association after this idle time (0 = keep) */
  readonly idle: number;
}

/** Deviations of particular meters, all off by default. */
export interface Quirks {
  /** Wrapper header fields arrive and are expected with swapped bytes. */
  readonly wrapperSwappedBytes: boolean;
  /** Deviation of date-times has the opposite sign. */
  readonly reversedDeviation: boolean;
  /** Refuse an answer with an invoke-id that no request had, instead of accepting a meter that does not echo it. */
  readonly strictInvokeId: boolean;
  /** Never ask for general block transfer. */
  readonly noGeneralBlockTransfer: boolean;
  /** Never use GET with list, even where it was negotiated. */
  readonly noGetWithList: boolean;
  /** Skip the release request: the meter does not implement it. */
  readonly noRelease: boolean;
  /** Send ACSE authentication fields even with mechanism 0. */
  readonly alwaysSendMechanism: boolean;
  /**
   * Mechanism 2 in the form of older Landis+Gyr meters (ZMD): the password is 7 hexadecimal digits, the challenge 8.
   * Such a meter may not send its own proof: the association is then accepted with a note, and `meterProven` is
   * false.
   */
  readonly landisGyrHls2: boolean;
  /**
   * With a dedicated key, use it already for the proof of HLS, for meters that regard the association as established
   * once they have sent the AARE. Otherwise the global key applies until the proofs are exchanged, as in the Gurux
   * meters.
   */
  readonly dedicatedKeyInHls: boolean;
  /**
   * For a meter whose own invocation counter restarts with each association under the same key (one such meter was
   * captured): counters must rise only within an association. The client then accepts messages recorded earlier.
   */
  readonly meterCounterRestarts: boolean;
  /**
   * Load profiles of Itron SL7000 and ACE6000 meters: the first columns hold time marks (`{ time, status }`) instead of
   * date-times. Each row gets its time, the end of its interval, as `time`; null if the marks do not determine it, as
   * before the first mark of a range. All columns are requested, and a reading that breaks off reads its rows again up
   * to the last one. Refused scalers are taken from 0-0:99.128.1, a missing capture period from 0-0:136.0.1.
   */
  readonly timeMarks: boolean;
}

/** A device behind a gateway: each request has the prefix E6, each answer E7. */
export interface GatewayOptions {
  /** network of the gateway, 0..255 (0) */
  readonly network?: number;
  /** physical address of the device: ASCII characters, `0x` and hex digits, or bytes; 1..255 bytes */
  readonly device: string | Uint8Array;
}

export interface ConnectOptions {
  readonly transport: TransportOptions | Transport;
  /** default: wrapper for tcp, tls and udp; hdlc for serial */
  readonly link?: LinkOptions;
  readonly client: {
    /** 0..127 on HDLC, 0..65535 on the wrapper */ readonly sap: number;
    readonly systemTitle?: Uint8Array;
  };
  readonly server: {
    /** logical device (the management one is 1): 0..16383 on HDLC, 0..65535 on the wrapper */
    readonly logical: number;
    /** HDLC only, 0..16383 */
    readonly physical?: number;
    /** 8 bytes, for meters that do not send their system title */
    readonly systemTitle?: Uint8Array;
  };
  /** The meter is behind a gateway that needs a prefix before each APDU (none). */
  readonly gateway?: GatewayOptions;
  readonly auth?: AuthenticationOptions;
  readonly security?: SecurityOptions;
  readonly association?: AssociationOptions;
  readonly timeouts?: Partial<Timeouts>;
  readonly quirks?: Partial<Quirks>;
  readonly logger?: Logger;
  /** Maximum number of waiting requests (1000); a further one is refused with STATE_QUEUE_FULL. */
  readonly queueLimit?: number;
  /**
   * Decides whether a secret may be sent, so that meters do not lock accounts. Clients that may send the same secret to
   * the same meter share one: `new MemoryAccountGuard(systemClock)`. Default: one per client.
   */
  readonly accountGuard?: AccountGuard;
  /** Values: how octet-strings of unknown meaning are shown ("auto"), the zone of meters that give none, and words of event codes. */
  readonly values?: ValueOptions;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: random bytes for challenges and dedicated keys, and jitter. */
  readonly random?: (count: number) => Uint8Array;
}

export interface ValueOptions {
  readonly octetStrings?: "auto" | "hex" | "text";
  /** The companion specification of the meter: event codes (0-0:96.11.n) have its words in `valueName` (none). */
  readonly companion?: Companion;
  readonly timeZone?: string;
}
