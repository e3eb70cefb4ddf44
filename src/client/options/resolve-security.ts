/** Checks authentication, keys and counter stores, and fills in their defaults. */
import type { Clock } from "../../clock";
import { integer, invalid, missing, oneOf } from "../../errors/arguments";
import { checkKeyLength, KeySet, memoryReceivedCounters, ReceivedCounters, type SymmetricKeys } from "../../security";
import type { SessionAuthentication, SessionSecurity } from "../../session/steps/options";
import type { AuthenticationOptions, ConnectOptions, SecurityOptions } from "./options";

const secretMechanisms = ["lls", "hls-2", "hls-md5", "hls-sha1", "hls-sha256"] as const;

export function resolveAuth(auth: AuthenticationOptions | undefined): SessionAuthentication {
  if (auth === undefined) return { mechanism: "none" };
  switch (auth.mechanism) {
    case "none":
    case "hls-gmac":
      return { mechanism: auth.mechanism };
    case "lls":
    case "hls-2":
    case "hls-md5":
    case "hls-sha1":
    case "hls-sha256":
      if (isEmptyOnPurpose(auth)) return { mechanism: auth.mechanism, secret: new Uint8Array(0) };
      return { mechanism: auth.mechanism, secret: resolveSecret(auth.secret, auth.mechanism) };
    case "hls-ecdsa":
      return resolveEcdsa(auth);
    default:
      throw invalid(
        "auth.mechanism",
        `one of none, ${secretMechanisms.join(", ")}, hls-gmac, hls-ecdsa`,
        (auth as { mechanism?: unknown }).mechanism,
      );
  }
}

/** An empty password needs an explicit choice, because it would otherwise look like a missing one. */
function isEmptyOnPurpose({
  mechanism,
  secret,
  emptySecret,
}: Extract<AuthenticationOptions, { readonly secret: unknown }>): boolean {
  if (emptySecret !== true) return false;
  if (mechanism !== "lls") throw invalid("auth.emptySecret", "mechanism lls", mechanism);
  if (hasLength(secret)) throw invalid("auth.emptySecret", "an empty secret beside it", "a secret with bytes");
  return true;
}

/** The value is a secret, so the message does not contain it. */
function resolveSecret(secret: Uint8Array | string | undefined, mechanism: string): Uint8Array {
  if (!hasLength(secret)) {
    const empty = mechanism === "lls" ? "; set auth.emptySecret for a password of no bytes" : "";
    throw missing("auth.secret", `the password or key of mechanism ${mechanism}${empty}`);
  }
  return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
}

function resolveEcdsa(auth: Extract<AuthenticationOptions, { mechanism: "hls-ecdsa" }>): SessionAuthentication {
  if (!hasLength(auth.signingKey)) throw missing("auth.signingKey", "the client's private signing key, PEM or DER");
  if (!hasLength(auth.meterSigningCertificate)) {
    throw missing("auth.meterSigningCertificate", "the meter's signing certificate or public key, PEM or DER");
  }
  const { clientCertificate } = auth;
  return {
    mechanism: "hls-ecdsa",
    signingKey: auth.signingKey,
    meterSigningCertificate: auth.meterSigningCertificate,
    ...(clientCertificate === undefined
      ? {}
      : {
          clientCertificate:
            typeof clientCertificate === "string" ? new TextEncoder().encode(clientCertificate) : clientCertificate,
        }),
  };
}

export function resolveSecurity(security: SecurityOptions | undefined): SessionSecurity | undefined {
  if (security === undefined) return undefined;
  oneOf("security.suite", security.suite, [0, 1, 2]);
  oneOf("security.policy", security.policy, ["none", "authenticated", "encrypted", "authenticated-encrypted"]);
  const { broadcastKey, dedicatedKey, general, generalCiphering, generalSigning, maxCounterJump } = security;
  if (generalCiphering !== undefined) {
    const kinds = ["identified-key", "wrapped-key", "one-pass", "static-unified"];
    oneOf("security.generalCiphering.key", generalCiphering.key, kinds);
    if (generalCiphering.masterKey !== undefined) {
      checkKeyLength(generalCiphering.masterKey, security.suite, "security.generalCiphering.masterKey");
    }
  }
  for (const name of ["encryptionKey", "authenticationKey"] as const) {
    if (!(security[name] instanceof Uint8Array)) throw missing(`security.${name}`, "a key in bytes");
  }
  if (typeof security.invocationCounter?.reserve !== "function") {
    throw missing("security.invocationCounter", "a counter store, for example fileCounterStore(path)");
  }
  const keys: SymmetricKeys = new KeySet(security.suite, {
    encryptionKey: security.encryptionKey,
    authenticationKey: security.authenticationKey,
    ...(broadcastKey === undefined ? {} : { broadcastKey }),
  });
  return {
    suite: security.suite,
    policy: security.policy,
    keys,
    ...(dedicatedKey === undefined ? {} : { dedicatedKey }),
    ...(general === undefined ? {} : { general }),
    ...(generalCiphering === undefined ? {} : { generalCiphering }),
    ...(generalSigning === undefined ? {} : { generalSigning }),
    ...(maxCounterJump === undefined
      ? {}
      : { maxCounterJump: integer("security.maxCounterJump", maxCounterJump, 0, 0xffffffff) }),
  };
}

/** The store of all clients in this process without a store in their options. */
const processReceivedCounters = memoryReceivedCounters();

/** Counters belong to the key, so the store is shared, unless the meter starts its counter again with each association. */
export function receivedCountersOf({ security, quirks }: ConnectOptions, clock: Clock): ReceivedCounters {
  const store = security?.receivedCounters;
  if (store !== undefined && typeof store.of !== "function") {
    throw missing("security.receivedCounters", "a store, for example fileReceivedCounters(path)");
  }
  return new ReceivedCounters(
    store ?? processReceivedCounters,
    () => clock.now(),
    quirks?.meterCounterRestarts === true,
  );
}

/** Ciphering and the mechanisms that sign titles need keys and a title. */
export function requireKeys(
  options: ConnectOptions,
  auth: SessionAuthentication,
  security: SessionSecurity | undefined,
): void {
  if (auth.mechanism === "hls-gmac" && security === undefined) {
    throw missing("security", "suite and keys: auth.mechanism hls-gmac is computed with them");
  }
  const why =
    security !== undefined && security.policy !== "none"
      ? `security.policy ${security.policy}`
      : security?.generalSigning !== undefined
        ? "security.generalSigning"
        : auth.mechanism === "hls-gmac" || auth.mechanism === "hls-sha256" || auth.mechanism === "hls-ecdsa"
          ? `auth.mechanism ${auth.mechanism}`
          : undefined;
  if (why !== undefined && options.client.systemTitle === undefined) {
    throw missing("client.systemTitle", `8 bytes, needed for ${why}`);
  }
}

/** A text or bytes, and not empty. */
function hasLength(value: unknown): value is string | Uint8Array {
  return (typeof value === "string" || value instanceof Uint8Array) && value.length > 0;
}
