/** Security setup (class 64): transfer of new keys under the master key, and activation of a policy. */
import { method, type ObisLike, obisDotted } from "../../cosem";
import { DlmsAccessError, DlmsConfigError } from "../../errors";
import { callback, integer, invalid, object } from "../../errors/arguments";
import { wrapKey } from "../../security";
import type { OperationOptions } from "../options/options";
import { type ControlledClient, limitsOf } from "./controlled-client";

/** Blue Book, class 64, key_id. */
const keyIds = {
  encryption: 0,
  broadcast: 1,
  authentication: 2,
  master: 3,
} as const satisfies Readonly<Record<TransferredKeyName, number>>;

export type TransferredKeyName = "encryption" | "broadcast" | "authentication" | "master";
/** The new keys of one transfer. */
export type TransferredKeys = Readonly<Partial<Record<TransferredKeyName, Uint8Array>>>;

/** `pending`: the meter may have the new keys or the old ones; `active`: it has the new ones; `refused`: the old ones. */
export type KeyTransferState = "pending" | "active" | "refused";

/** Keeps the keys of a transfer where they survive a crash. */
export interface KeyTransferStore {
  /**
   * Called with `pending` before the keys are sent: it must not resolve before they are stored, and the present keys must
   * be kept beside them. Called again with the outcome.
   */
  keep(state: KeyTransferState, keys: TransferredKeys): Promise<void>;
}

export interface TransferKeysOptions extends OperationOptions {
  readonly keys: TransferredKeys;
  /** the meter's present master key (KEK), under which the new keys are wrapped */
  readonly masterKey: Uint8Array;
  readonly store: KeyTransferStore;
  /** default: 0.0.43.0.0.255 */
  readonly logicalName?: ObisLike;
}

/**
 * Replaces keys of a meter. The new keys are stored as `pending` before the request is sent, so that no crash leaves the
 * meter with a key that is stored nowhere. After a lost answer (WRITE_OUTCOME_UNKNOWN) they stay pending: connect with
 * the present keys, and if the meter refuses them, once with the new ones.
 * @throws DlmsConfigError CONFIG_INVALID for keys of another length; nothing is stored or sent then
 */
export async function transferKeys(client: ControlledClient, options: TransferKeysOptions): Promise<void> {
  object("options", options, "{ keys, masterKey, store }");
  const { keys, masterKey, store } = options;
  object("security.keys", keys, "{ encryption?, authentication?, broadcast?, master? }");
  callback("store.keep", (store as Partial<KeyTransferStore> | undefined)?.keep);
  const names = Object.keys(keys).filter((name) => keys[name as TransferredKeyName] !== undefined);
  if (names.length === 0) throw invalid("security.keys", "at least one key", keys);
  const argument = names.map((name) => wrapped(name, keys, masterKey));
  const ref = method(64, obisDotted(options.logicalName ?? "0.0.43.0.0.255"), "key_transfer");
  // a connection that cannot be made leaves nothing pending
  await client.open(limitsOf(options));
  await store.keep("pending", keys);
  try {
    await client.invoke(ref, argument, limitsOf(options));
  } catch (error) {
    if (error instanceof DlmsAccessError) await store.keep("refused", keys);
    throw error;
  }
  await store.keep("active", keys);
}

function wrapped(name: string, keys: TransferredKeys, masterKey: Uint8Array): { keyId: number; key: Uint8Array } {
  if (!Object.hasOwn(keyIds, name)) throw invalid("security.keys", Object.keys(keyIds).join(", "), name);
  const key = keys[name as TransferredKeyName];
  for (const [path, bytes] of [
    [`security.keys.${name}`, key],
    ["security.masterKey", masterKey],
  ] as const) {
    if (!(bytes instanceof Uint8Array)) throw invalid(path, "16 or 32 bytes", bytes);
    if (bytes.length !== 16 && bytes.length !== 32) {
      throw new DlmsConfigError("CONFIG_INVALID", `${path}: expected 16 or 32 bytes, got ${bytes.length}`);
    }
  }
  return { keyId: keyIds[name as TransferredKeyName], key: wrapKey(masterKey, key as Uint8Array) };
}

export interface ActivatePolicyOptions extends OperationOptions {
  /** default: 0.0.43.0.0.255 */
  readonly logicalName?: ObisLike;
}

/**
 * Activates a security policy: of version 0 the numbers 0 to 3, from version 1 on the sum of the flags (authenticated
 * request 4, encrypted request 8, signed request 16, and the same for responses 32, 64, 128). A policy can only be
 * strengthened, so an association must be able to use it.
 */
export async function activateSecurityPolicy(
  client: ControlledClient,
  policy: number,
  options: ActivatePolicyOptions = {},
): Promise<void> {
  integer("security.policy", policy, 0, 255);
  const ref = method(64, obisDotted(options.logicalName ?? "0.0.43.0.0.255"), "security_activate");
  await client.invoke(ref, policy, limitsOf(options));
}
