import type { DlmsValue } from "../../codec/value";
import type { Mechanism, RandomSource, SecurityPolicy, SecuritySuite } from "../../security/model";

/** An account of a simulated meter: which client may associate, and how. */
export interface SimulatedAssociation {
  /** client SAP */
  readonly client: number;
  readonly mechanism?: Mechanism;
  readonly secret?: Uint8Array | string;
  readonly suite?: SecuritySuite;
  readonly policy?: SecurityPolicy;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
  /** key encryption key (KEK), for general-ciphering with wrapped keys */
  readonly masterKey?: Uint8Array;
  /** mechanism 7, general-signing and key agreement: the meter's private signing key, PEM or DER */
  readonly signingKey?: Uint8Array | string;
  /** mechanism 7, general-signing and key agreement: the client's signing certificate or public key, PEM or DER */
  readonly clientSigningCertificate?: Uint8Array | string;
  /** general-ciphering: the meter's private key for key agreement, PEM or DER */
  readonly agreementKey?: Uint8Array | string;
  /** general-ciphering: the client's certificate or public key for key agreement, PEM or DER */
  readonly clientAgreementCertificate?: Uint8Array | string;
  /** Requests have to be signed (general-signing); the answers to signed ones are signed in any case (false). */
  readonly signed?: boolean;
  /** Logical names that this client may reach; absent = all. Others answer read-write-denied. */
  readonly visible?: readonly string[];
  /** Names of the conformance bits of this account; default: those of the meter. */
  readonly conformance?: readonly string[];
}

/** Where the rows of a Profile generic come from, so that a long profile needs no memory. */
export interface ProfileRows {
  /** entries in the buffer now */
  count(): number;
  /** entry `index`, 0 = the first in the buffer; one value for each capture object */
  row(index: number): readonly DlmsValue[];
  /**
   * Time stamp of an entry, as a shortcut for selection by the clock: `utc` in ms since 1970, `deviation` in the
   * minutes that are added to local time to get UTC. Absent: the rows themselves are looked at.
   */
  timeOf?(index: number): { readonly utc: number; readonly deviation: number };
  /** The rows as they are now, for an answer in many blocks; absent: rows do not move. */
  freeze?(): ProfileRows;
}

/** What a simulated method does: gets its parameter, returns what the answer carries (undefined = nothing). */
export type SimulatedMethod = (parameter: DlmsValue | undefined) => DlmsValue | undefined;

/** An object of a simulated meter. A function is called for each read, so values can move. */
export interface SimulatedObject {
  readonly classId: number;
  readonly version?: number;
  /** any spelling of an OBIS code */
  readonly logicalName: string;
  /** short-name base, for SN referencing; absent = given out in order */
  readonly shortName?: number;
  /** attribute id -> value; attribute 1 is made from the logical name */
  readonly attributes: Readonly<Record<number, DlmsValue | (() => DlmsValue)>>;
  /** attribute ids (or method ids, negative) that answer read-write-denied */
  readonly denied?: readonly number[];
  /** attribute ids that may be written; what was written is read back until the meter is made anew */
  readonly writable?: readonly number[];
  /** method id -> what it does; others answer read-write-denied */
  readonly methods?: Readonly<Record<number, SimulatedMethod>>;
  /** Profile generic: the buffer (attribute 2) and entries_in_use (7) */
  readonly rows?: ProfileRows;
}

/** What a simulated meter is. */
export interface MeterDefinition {
  /** logical device, default 1 */
  readonly serverAddress?: number;
  /** HDLC physical address, default none */
  readonly physicalAddress?: number;
  /** HDLC_MODE_E: HDLC behind the sign-on of IEC 62056-21 */
  readonly framing?: "WRAPPER" | "HDLC" | "HDLC_MODE_E";
  readonly modeE?: {
    /** device address that the sign-on must carry, when it carries one */
    readonly address?: string;
    /** three letters and the baud character: "SIM5" (9600 bit/s) */
    readonly identification?: string;
    /** false: the meter offers mode C only */
    readonly offersBinary?: boolean;
    /** false: the meter does not confirm the acknowledgement */
    readonly confirms?: boolean;
  };
  /** server max receive PDU that is negotiated, default 1024 */
  readonly maxPduSize?: number;
  /** names of the conformance bits that the meter has; default: all that the simulator implements */
  readonly conformance?: readonly string[];
  /** 8 bytes; default a fixed title of the simulator */
  readonly systemTitle?: Uint8Array;
  /** text of the logical device name object, when none is among the objects */
  readonly logicalDeviceName?: string;
  readonly hdlc?: {
    readonly maxInfoTransmit?: number;
    readonly maxInfoReceive?: number;
    readonly windowTransmit?: number;
    readonly windowReceive?: number;
    /** width of the server address in answers; default: as it was asked */
    readonly addressSize?: 1 | 2 | 4;
    /**
     * The meter believes in a link until a DISC comes: it survives the connection, and an SNRM within it is ignored.
     * Some meters are like that until their inactivity time-out (false).
     */
    readonly keepsLinks?: boolean;
  };
  readonly referencing?: "ln" | "sn";
  /** Associations that may be open at one time; more are refused as transient. Default: no limit. */
  readonly maxAssociations?: number;
  /** Version of the Association LN class, which decides how access rights are coded (0..3, default 1). */
  readonly associationVersion?: 0 | 1 | 2 | 3;
  /** General block transfer, where it is negotiated: blocks that are sent before an acknowledgement (1). */
  readonly generalBlockTransferWindow?: number;
  /**
   * First value of the meter's own invocation counters. Default: values above those of all simulated meters of this
   * process, and rising with time, as a meter's counters outlive its restarts.
   */
  readonly invocationCounter?: number;
  /** Challenges of the meter; default: a fixed sequence, so that a meter behaves the same each time. */
  readonly random?: RandomSource;
  /** Entries that `received` keeps (1000). */
  readonly receivedLimit?: number;
  readonly associations: readonly SimulatedAssociation[];
  readonly objects: readonly SimulatedObject[];
}
