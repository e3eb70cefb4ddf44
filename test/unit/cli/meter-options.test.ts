/** The settings of a command line as options of `connect`. */
import assert from "node:assert/strict";
import { connectOptionsOf, namedAsOption, transportAndLink } from "../../../src/cli/meter-options";
import type { Secrets } from "../../../src/cli/secrets";
import { StateFolder } from "../../../src/cli/state-folder";
import { type ConnectOptions, fromHex, isDlmsError } from "../../../src/index";
import { temporaryFolder } from "../../support/command-line";

const key = "000102030405060708090A0B0C0D0E0F";
const keys: Secrets = { encryptionKey: key, authenticationKey: key };
const pem = (what: string): string => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----`;
const host = { host: "meter.example" };
const ciphered = { ...host, securityPolicy: "AUTHENTICATED_ENCRYPTED" };

describe("options of a command line", () => {
  const folder = temporaryFolder();
  const options = (raw: object, secrets: Secrets = {}): ConnectOptions =>
    connectOptionsOf({ ...raw }, secrets, new StateFolder(folder));

  const refused = (raw: object, secrets: Secrets, message: RegExp): void => {
    assert.throws(
      () => options(raw, secrets),
      (error: unknown) => {
        assert.ok(isDlmsError(error) || error instanceof Error);
        assert.match(error.message, message);
        assert.ok(!error.message.includes(key), "no secret in it");
        return true;
      },
    );
  };

  it("describe a serial port with its mode and control lines", () => {
    const serial = { transportType: "SERIAL", serialPort: "/dev/ttyS1", serialMode: "7E1", dtr: "ON", rts: "OFF" };
    const { transport, link } = transportAndLink(serial, {});
    assert.deepEqual(transport, {
      kind: "serial",
      path: "/dev/ttyS1",
      baudRate: 9600,
      mode: "7E1",
      dtr: true,
      rts: false,
    });
    assert.equal(link?.kind, "hdlc");
    const modeE = transportAndLink(
      { ...serial, framing: "HDLC_MODE_E", modeEAddress: "123", modeEStartBaud: "600" },
      {},
    );
    assert.equal((modeE.transport as { mode?: string }).mode, "8N1");
    assert.deepEqual(
      { ...modeE.link },
      { ...link, kind: "hdlc-mode-e", deviceAddress: "123", startBaud: 600, unannounced: false },
    );
  });

  it("describe TLS with certificates in clear", () => {
    const tls = {
      ...host,
      transportType: "TLS",
      tlsServerName: "name",
      tlsUnverified: "true",
      tlsCa: pem("CERTIFICATE"),
    };
    const secrets: Secrets = { tlsCertificate: pem("CERTIFICATE"), tlsKey: pem("PRIVATE KEY") };
    assert.deepEqual(transportAndLink(tls, secrets).transport, {
      ...{ kind: "tls", host: "meter.example", port: 4059, ca: pem("CERTIFICATE"), serverName: "name", verify: false },
      ...{ certificate: pem("CERTIFICATE"), key: pem("PRIVATE KEY") },
    });
    assert.deepEqual(transportAndLink({ ...host, transportType: "TLS" }, {}).transport, {
      ...{ kind: "tls", host: "meter.example", port: 4059 },
    });
    refused({ ...tls, tlsCa: "/no/such/file.pem" }, secrets, /--tls-ca/);
  });

  it("name the mechanism, and the secret that it needs", () => {
    assert.deepEqual(options({ ...host, authentication: "LOW" }, { password: "12345678" }).auth, {
      mechanism: "lls",
      secret: new Uint8Array(Buffer.from("12345678")),
    });
    const empty = options({ ...host, authentication: "LOW", emptyPassword: "true" }).auth;
    assert.deepEqual(empty, { mechanism: "lls", secret: "", emptySecret: true });
    refused({ ...host, authentication: "LOW" }, {}, /^DLMS_PASSWORD is not set, but authentication LOW needs it/);
    const ecdsa = { signingKey: pem("PRIVATE KEY"), meterSigningCertificate: pem("CERTIFICATE") };
    const { auth, client } = options({ ...host, authentication: "HIGH_ECDSA" }, ecdsa);
    assert.deepEqual(auth, { mechanism: "hls-ecdsa", ...ecdsa });
    assert.equal(client.systemTitle?.length, 8, "a title of its own");
    refused({ ...host, authentication: "HIGH_ECDSA" }, {}, /^DLMS_SIGNING_KEY is not set/);
  });

  it("describe ciphering by policy, suite and keys", () => {
    const own = { systemTitle: "4D4D4D0000000A01", meterSystemTitle: "4D4D4D0000000A02" };
    const all = { ...ciphered, ...own, useDedicatedKey: "true", ciphering: "GENERAL" };
    const { security, client, server } = options(all, { ...keys, broadcastKey: key });
    assert.ok(security);
    const { policy, suite, dedicatedKey, general, broadcastKey, counterSource } = security;
    assert.deepEqual(
      { policy, suite, dedicatedKey, general },
      { policy: "authenticated-encrypted", suite: 0, dedicatedKey: true, general: true },
    );
    assert.deepEqual(broadcastKey, fromHex(key));
    assert.equal(counterSource?.client, 16);
    assert.deepEqual(client.systemTitle, fromHex(own.systemTitle));
    assert.deepEqual(server.systemTitle, fromHex(own.meterSystemTitle));
    const gmac = options({ ...host, authentication: "HIGH_GMAC" }, keys);
    assert.equal(gmac.security?.policy, "none");
    const short = options({ ...ciphered, referencing: "SN", invocationCounterSource: "STORED" }, keys);
    assert.equal(short.security?.counterSource, undefined);
    refused({ ...ciphered, referencing: "SN" }, keys, /^--invocation-counter-source: a meter with short names/);
    refused({ ...ciphered, securitySuite: "3" }, keys, /suite/);
    refused(ciphered, {}, /^DLMS_ENCRYPTION_KEY is not set, but security policy AUTHENTICATED_ENCRYPTED needs it/);
    refused(ciphered, { ...keys, encryptionKey: "00" }, /DLMS_ENCRYPTION_KEY/);
  });

  it("describe what values look like, quirks, a gateway and the addresses", () => {
    const all = {
      ...{ ...host, framing: "HDLC", physicalAddress: "17", timeZone: "Europe/Vienna", companion: "IDIS" },
      ...{ octetStrings: "HEX", quirks: "noRelease, noGetWithList", deviationSign: "REVERSED" },
      ...{ gatewayDevice: "12345", gatewayNetwork: "2" },
    };
    const { values, quirks, gateway, server, link } = options(all);
    assert.equal(values?.timeZone, "Europe/Vienna");
    assert.equal(values.octetStrings, "hex");
    assert.notEqual(values.companion, undefined);
    assert.deepEqual(quirks, { noRelease: true, noGetWithList: true, reversedDeviation: true });
    assert.deepEqual(gateway, { device: "12345", network: 2 });
    assert.equal(server.physical, 17);
    assert.equal(link?.kind, "hdlc");
    assert.deepEqual(options({ ...host, gatewayDevice: "9" }).gateway, { device: "9" });
    assert.equal(options(host).gateway, undefined);
  });

  it("are named as options in errors of the library", () => {
    assert.equal(namedAsOption("client.sap: expected 0..65535"), "--client-address: expected 0..65535");
    assert.equal(namedAsOption("the meter did not answer"), "the meter did not answer");
  });
});
