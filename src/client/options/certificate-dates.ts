/** Warnings about the validity dates of the configured certificates. */
import { certificateDatesWarning, curveOf, importPublicKey } from "../../security";
import type { Settings } from "./resolve-options";

/** Sentences about expired or future certificates of the meter, which are used nevertheless. */
export function certificateDateWarnings(settings: Settings): string[] {
  const { auth, security, clock } = settings;
  const given: [string, Uint8Array | string | undefined][] = [];
  if (auth.mechanism === "hls-ecdsa") given.push(["auth.meterSigningCertificate", auth.meterSigningCertificate]);
  const { generalCiphering, generalSigning } = security ?? {};
  given.push(
    ["security.generalCiphering.meterSigningCertificate", generalCiphering?.meterSigningCertificate],
    ["security.generalCiphering.meterAgreementCertificate", generalCiphering?.meterAgreementCertificate],
    ["security.generalSigning.meterSigningCertificate", generalSigning?.meterSigningCertificate],
  );
  const suite = security?.suite ?? 0;
  const curves = suite === 0 ? (["P-256", "P-384"] as const) : curveOf(suite);
  const now = clock.wallTime();
  return given.flatMap(([name, input]) => {
    if (input === undefined || input.length === 0) return [];
    const text = certificateDatesWarning(importPublicKey(input, curves, name), now, name);
    return text === undefined ? [] : [text];
  });
}
