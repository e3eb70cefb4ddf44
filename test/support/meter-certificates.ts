/**
 * Self-signed certificates of one key on P-256 and that key, made for these tests and used nowhere else: the first is
 * the simulated meter's (system title 53494D0000000001) and was valid from 2010 to 2020, the second is another
 * meter's (53494D0000000002), without an end as meters have it, the third names no system title.
 */
export const meterCertificate = `-----BEGIN CERTIFICATE-----
MIIBITCByaADAgECAgEBMAoGCCqGSM49BAMCMBsxGTAXBgNVBAMMEDUzNDk0RDAw
MDAwMDAwMDEwHhcNMTAwMTAxMDAwMDAwWhcNMjAwMTAxMDAwMDAwWjAbMRkwFwYD
VQQDDBA1MzQ5NEQwMDAwMDAwMDAxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
/RqOGc6sZdOMPT4gcFeG2vGt3gIRlQ0f3J4c3x+/RUSH0h0Rl02NjJ5PsZySDsrv
tDnQ3KCvcuGtrStXeA6D8jAKBggqhkjOPQQDAgNHADBEAiBa0HJO8rwxtk8Qcc3l
5q26eyxxLzPoPer2Cn1XK9zDvwIgG8nTbnZCjqaGEDxw9pwc4+mlmjkp3CIrCuco
kUy+o78=
-----END CERTIFICATE-----
`;

export const otherMeterCertificate = `-----BEGIN CERTIFICATE-----
MIIBIzCBy6ADAgECAgECMAoGCCqGSM49BAMCMBsxGTAXBgNVBAMMEDUzNDk0RDAw
MDAwMDAwMDIwIBcNMjAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBsxGTAX
BgNVBAMMEDUzNDk0RDAwMDAwMDAwMDIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAT9Go4Zzqxl04w9PiBwV4ba8a3eAhGVDR/cnhzfH79FRIfSHRGXTY2Mnk+xnJIO
yu+0OdDcoK9y4a2tK1d4DoPyMAoGCCqGSM49BAMCA0cAMEQCICCLZJHVvsCC6c8L
RJf9qiVtpckp9BTPv7CWuKOhxYPHAiAUeN31l3oJX9lnkhRb4Kbq2+mTg95hdZEO
XiwuspQ13g==
-----END CERTIFICATE-----
`;

export const untitledCertificate = `-----BEGIN CERTIFICATE-----
MIIBKDCBz6ADAgECAgEDMAoGCCqGSM49BAMCMB0xGzAZBgNVBAMMEk1ldGVycyBv
ZiB0aGUgdG93bjAgFw0yMDAxMDEwMDAwMDBaGA85OTk5MTIzMTIzNTk1OVowHTEb
MBkGA1UEAwwSTWV0ZXJzIG9mIHRoZSB0b3duMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE/RqOGc6sZdOMPT4gcFeG2vGt3gIRlQ0f3J4c3x+/RUSH0h0Rl02NjJ5P
sZySDsrvtDnQ3KCvcuGtrStXeA6D8jAKBggqhkjOPQQDAgNIADBFAiAeubOwyTCk
WoP+tabkHH6x19iBQegF9myAt1Yfrs4nvQIhAPXcIDOflWIvZ3zdzMtYJXndweom
lBWsT6XTkpd30kaF
-----END CERTIFICATE-----
`;

export const meterCertificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgor74qUn8pQx+AySU
L9twhdUuplm0pRslr/qySLCkS7yhRANCAAT9Go4Zzqxl04w9PiBwV4ba8a3eAhGV
DR/cnhzfH79FRIfSHRGXTY2Mnk+xnJIOyu+0OdDcoK9y4a2tK1d4DoPy
-----END PRIVATE KEY-----
`;
