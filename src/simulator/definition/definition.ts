/** The types that define a simulated meter: accounts, objects, framing and limits. */
import type { DlmsValue } from "../../codec/value";
import type { PushSetup } from "./push-setup";
import type { Mechanism, RandomSource, SecurityPolicy, SecuritySuite } from "../../security/model";

/** An account of a simulated meter: a client that may associate, and its authentication. */
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
  /**
   * Mechanism 2 of older Landis+Gyr meters: a challenge of 8 hexadecimal digits, a secret of 7, and no proof of the
   * meter (false).
   */
  readonly landisGyrHls2?: boolean;
  /** Reject unsigned requests (false). Signed requests are always answered with signed answers. */
  readonly signed?: boolean;
  /** Logical names that this client may access; default: all. Others answer read-write-denied. */
  readonly visible?: readonly string[];
  /** Names of the conformance bits of this account; default: those of the meter. */
  readonly conformance?: readonly string[];
}

/** Computes the rows of a Profile generic, so that a long profile needs no memory. */
export interface ProfileRows {
  /** entries in the buffer now */
  count(): number;
  /** entry `index`, 0 = the first in the buffer; one value for each capture object */
  row(index: number): readonly DlmsValue[];
  /**
   * Time stamp of an entry, a shortcut for selection by clock: `utc` in ms since 1970, `deviation` in minutes to add
   * to local time to get UTC. Without it, selection reads the rows.
   */
  timeOf?(index: number): { readonly utc: number; readonly deviation: number };
  /** A snapshot of the rows for an answer in many blocks; absent: the rows never change. */
  freeze?(): ProfileRows;
}

/** A simulated method: takes the parameter and returns the value for the response (undefined = none). */
export type SimulatedMethod = (parameter: DlmsValue | undefined) => DlmsValue | undefined;

/** An object of a simulated meter. A function is called for each read, so that values can change. */
export interface SimulatedObject {
  readonly classId: number;
  readonly version?: number;
  /** any spelling of an OBIS code */
  readonly logicalName: string;
  /** base name for SN referencing; default: assigned in order */
  readonly shortName?: number;
  /** attribute id -> value; attribute 1 comes from the logical name */
  readonly attributes: Readonly<Record<number, DlmsValue | (() => DlmsValue)>>;
  /** attribute ids (or method ids, negative) that answer read-write-denied */
  readonly denied?: readonly number[];
  /** attribute ids that may be written; a written value lasts as long as the meter */
  readonly writable?: readonly number[];
  /** by attribute id, a function that takes a written value; false: the meter answers other-reason */
  readonly written?: Readonly<Record<number, (value: DlmsValue) => boolean>>;
  /** method id -> function; other methods answer read-write-denied */
  readonly methods?: Readonly<Record<number, SimulatedMethod>>;
  /** Profile generic: the buffer (attribute 2) and entries_in_use (7) */
  readonly rows?: ProfileRows;
}

/** The definition of a simulated meter. */
export interface MeterDefinition {
  /** logical device, default 1 */
  readonly serverAddress?: number;
  /** HDLC physical address, default none */
  readonly physicalAddress?: number;
  /** HDLC_MODE_E: HDLC after the sign-on of IEC 62056-21 */
  readonly framing?: "WRAPPER" | "HDLC" | "HDLC_MODE_E";
  readonly modeE?: {
    /** device address that a sign-on with an address must match */
    readonly address?: string;
    /** three letters and the baud character: "SIM5" (9600 bit/s) */
    readonly identification?: string;
    /** false: the meter offers mode C only */
    readonly offersBinary?: boolean;
    /** false: the meter does not confirm the acknowledgement */
    readonly confirms?: boolean;
  };
  /** server-max-receive-pdu-size, default 1024 */
  readonly maxPduSize?: number;
  /** names of the conformance bits; default: all that the simulator implements */
  readonly conformance?: readonly string[];
  /** 8 bytes; default: a fixed title */
  readonly systemTitle?: Uint8Array;
  /** value of the logical device name object, unless `objects` contains it */
  readonly logicalDeviceName?: string;
  readonly hdlc?: {
    readonly maxInfoTransmit?: number;
    readonly maxInfoReceive?: number;
    readonly windowTransmit?: number;
    readonly windowReceive?: number;
    /** size of the server address in answers; default: that of the request */
    readonly addressSize?: 1 | 2 | 4;
    /**
     * Only a DISC ends a link: the link survives the connection, and the meter ignores an SNRM while it is open. Some
     * meters do this until their inactivity time-out (false).
     */
    readonly keepsLinks?: boolean;
  };
  readonly referencing?: "ln" | "sn";
  /** Associations that may be open at the same time; further ones are rejected as transient. Default: no limit. */
  readonly maxAssociations?: number;
  /** Version of the Association LN class; it decides how access rights are encoded (0..3, default 1). */
  readonly associationVersion?: 0 | 1 | 2 | 3;
  /** General block transfer: blocks sent before an acknowledgement (1). */
  readonly generalBlockTransferWindow?: number;
  /**
   * First value of the meter's own invocation counters. Default: above those of all simulated meters of this process
   * and rising with time, because the counters of a meter outlive its restarts.
   */
  readonly invocationCounter?: number;
  /** Source of challenges; default: a fixed sequence, so that every run is the same. */
  readonly random?: RandomSource;
  /** Maximum number of entries in `received` (1000). */
  readonly receivedLimit?: number;
  readonly associations: readonly SimulatedAssociation[];
  readonly objects: readonly SimulatedObject[];
  /** The pushes of the meter. The intervals begin with `startPushing`; method 1 of a push setup sends at any time. */
  readonly pushSetups?: readonly PushSetup[];
}
