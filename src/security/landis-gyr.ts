/** Mechanism 2 of older Landis+Gyr meters: the digits of challenge and password are combined place by place. */
import { DlmsAssociationError, DlmsConfigError } from "../errors";
import type { RandomSource } from "./model";

/** Hexadecimal digits in ASCII; the last one of a challenge is not combined, it chooses how the others are. */
const challengeDigits = 8;
const secretDigits = challengeDigits - 1;

type Combine = (challenge: number, secret: number, place: number) => number;

const add: Combine = (challenge, secret) => challenge + secret;
const or: Combine = (challenge, secret) => challenge | secret;
const exclusiveOr: Combine = (challenge, secret) => challenge ^ secret;
const inTurn =
  (even: Combine, odd: Combine): Combine =>
  (challenge, secret, place) =>
    (place % 2 === 0 ? even : odd)(challenge, secret, place);

/** By the last digit of the challenge; what further digits mean is not known. */
const combinations: readonly Combine[] = [add, or, exclusiveOr, inTurn(add, or), inTurn(add, exclusiveOr), add];

/**
 * The proof over a challenge.
 * @throws DlmsConfigError CONFIG_INVALID for a secret that does not have 7 hexadecimal digits
 * @throws DlmsAssociationError ASSOC_SERVER_UNPROVEN for a challenge that has no known answer: a wrong one counts as a wrong password
 */
export function landisGyrProof(secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  checkLandisGyrSecret(secret);
  const digits = hexDigits(challenge);
  if (digits?.length !== challengeDigits) {
    throw unanswered(`expected a challenge of ${challengeDigits} hexadecimal digits, got ${challenge.length} bytes`);
  }
  const way = digits[secretDigits] ?? 0;
  const combine = combinations[way];
  if (combine === undefined) throw unanswered(`the challenge asks for combination ${way}, known are 0 to 5`);
  const own = hexDigits(secret) ?? [];
  const proof = digits.map((digit, place) => {
    const other = own[place];
    return other === undefined ? digit : combine(digit, other, place) % 16;
  });
  return asciiDigits(proof);
}

/** @throws DlmsConfigError CONFIG_INVALID; the message holds nothing of the secret */
export function checkLandisGyrSecret(secret: Uint8Array): void {
  if (hexDigits(secret)?.length === secretDigits) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `auth.secret: expected ${secretDigits} hexadecimal digits for mechanism 2 of Landis+Gyr meters (quirk landisGyrHls2), ` +
      `got ${secret.length === secretDigits ? "other characters" : `${secret.length} characters`}`,
    { details: { setting: "auth.secret", got: secret.length } },
  );
}

/** A challenge that such a meter can answer. */
export function landisGyrChallenge(random: RandomSource): Uint8Array {
  const bytes = random(challengeDigits);
  return asciiDigits(Array.from(bytes, (byte, place) => byte % (place < secretDigits ? 16 : combinations.length)));
}

function unanswered(problem: string): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_SERVER_UNPROVEN",
    `hls-2 (Landis+Gyr) failed in pass 2 of 4: ${problem}; no proof was sent. Check whether this meter needs the quirk landisGyrHls2`,
    { layer: "security", details: { mechanism: "hls-2", pass: 2 } },
  );
}

const asciiDigits = (digits: readonly number[]): Uint8Array =>
  Uint8Array.from(digits, (digit) => digit.toString(16).toUpperCase().charCodeAt(0));

function hexDigits(bytes: Uint8Array): readonly number[] | undefined {
  if (bytes.length > challengeDigits) return undefined;
  const text = Buffer.from(bytes).toString("latin1");
  return /^[0-9a-fA-F]*$/.test(text) ? Array.from(text, (digit) => Number.parseInt(digit, 16)) : undefined;
}
