/** Security: keys, invocation counters, AES-GCM, HLS proofs, key agreement and key wrap. */

export { certificateDatesWarning, checkCertificateTitle } from "./certificates";
export {
  type CounterRange,
  type CounterRecord,
  decodeCounterRecord,
  encodeCounterRecord,
  untried,
  withTried,
} from "./counter-record";
export { checkExhaustion, CounterBlock, maxCounter, memoryCounterStore } from "./counters";
export {
  curveOf,
  type EcCurve,
  type EcPrivateKey,
  type EcPublicKey,
  generatePrivateKey,
  importPrivateKey,
  importPublicKey,
  publicKeyOf,
  publicPoint,
  signPoint,
  signRaw,
  splitSigned,
  verifyRaw,
} from "./ec-keys";
export {
  gmac,
  type GmacInput,
  type KeyRole,
  protect,
  type ProtectInput,
  readSecurityHeader,
  type SecurityHeader,
  securityHeaderLength,
  tagLength,
  unprotect,
  type Unprotected,
  type UnprotectInput,
} from "./gcm";
export {
  challengeBounds,
  checkChallenge,
  constantTimeEqual,
  type HlsContext,
  type HlsMechanism,
  hlsNeedsCounter,
  hlsNeedsTitles,
  hlsReply,
  type HlsRole,
  type HlsVerdict,
  hlsVerify,
  makeChallenge,
} from "./hls";
export {
  type AgreementSuite,
  concatenationKdf,
  deriveKey,
  ephemeralOffer,
  ephemeralUnified,
  kdfAlgorithmIds,
  type KdfInput,
  keyIds,
  onePassOriginate,
  onePassReceive,
  sharedSecret,
  staticUnified,
} from "./key-agreement";
export { keyFingerprint, keyFingerprintAside, secretFingerprint } from "./key-fingerprint";
export { decryptedPem } from "./private-key";
export { unwrapKey, wrapKey } from "./key-wrap";
export { checkLandisGyrSecret, landisGyrChallenge } from "./landis-gyr";
export {
  checkKeyLength,
  checkSystemTitle,
  keyLengths,
  KeySet,
  makeSystemTitle,
  parseKey,
  parseSecret,
  parseSystemTitle,
  type SecretFormat,
} from "./keys";
export {
  type InvocationCounterStore,
  type Mechanism,
  mechanismIds,
  type RandomSource,
  type ReceivedCounter,
  type ReceivedCounterStore,
  type SecurityPolicy,
  type SecuritySuite,
  type SymmetricKeys,
  type UnprovenCounter,
} from "./model";
export { systemRandom } from "./random";
export {
  memoryReceivedCounters,
  maxReceivedCounters,
  processKeyName,
  ReceivedCounters,
  ReceivedMarks,
} from "./received-counters";
export {
  agreementModels,
  agreementSuite,
  headerBytes,
  type MessageHeader,
  type ReceivedKey,
  type ReceivedKeyInfo,
  type ReceivedKeyMaterial,
  ReceivedMessageKeys,
} from "./received-message-keys";
export { decodeReceivedRecord, encodeReceivedRecord, type ReceivedRecord } from "./received-record";
export {
  isWeakerThan,
  policyOf,
  readSecurityControl,
  requirePolicy,
  requireSupported,
  type SecurityControl,
  securityControlByte,
} from "./security-control";
