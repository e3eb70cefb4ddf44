import assert from "node:assert/strict";
import { concatBytes, fromHex, toHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import {
  type AgreementSuite,
  concatenationKdf,
  curveOf,
  deriveKey,
  ephemeralOffer,
  ephemeralUnified,
  generatePrivateKey,
  importPrivateKey,
  importPublicKey,
  kdfAlgorithmIds,
  onePassOriginate,
  onePassReceive,
  publicKeyOf,
  publicPoint,
  sharedSecret,
  signRaw,
  staticUnified,
  systemRandom,
} from "../../../src/security";

const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;
const clientTitle = fromHex("4D4D4D0000BC614E");
const serverTitle = fromHex("4D4D4D0000000001");

/**
 * Green Book annex on key agreement and signatures, suite 1; the keys as in the tests of Connexo (KeyAgreementImplTest,
 * ECDSASignatureImplTest).
 */
const book = {
  clientAgreement: "A51C16FF5C498FCC89323D4A9267CD71BF81FD6F6A891CD240DA7F3D6F283E65",
  clientSigningPublic:
    "BAAFFDE06A8CB1C9DAE8D94023C601DBBB249254BA22EDD827E820BCA2BCC64362FBB83D86A82B87BB8B7161D2AAB5521911A946B97A284A90F7785CD9047D25",
  clientSigning: "418073C239FA6125011DE4D6CD2E645780289F761BB21BFB0835CB5585E8B373",
  serverAgreement: "AAD3FD0732E991CF52A74C66C1F2827DDC53522A2E0A169D7C4FFCC0FB5D6A4D",
  serverAgreementPublic:
    "A653565B0E06070BAE9FBE140A5D2156812AEE2DD525053E3EFC850BF13BFDFFCB240BC7B77BFF5883344E7275908D2287BEFA3725017295A096989D2338290B",
  serverSigning: "AE55414FFE079F9FC95649536BD1C2B5653D200813727E07D501A8B550C69207",
  serverSigningPublic:
    "933ACF15B03A9248E029B2787FB52A0AECAF635F07C42A0019FB3197E38F8F549A125EA36781B0CA96BE89A0E1FE2CF9B7361ED48B3C5E24592B9C0F4EDD31D1",
  /** client to server: ephemeral public key and its signature, from the general-ciphering example */
  toServer:
    "C323C2BD45711DE4688637D919F92E9DB8FB2DFC213A88D21C9DC8DCBA917D8170511DE1BADB360D50058F794B0960AE11FA28D392CFF907A62D13E3357B1DC0" +
    "B51BE089D0B682863B2217201E73A1A9031968A9B4121DCBC3281A69739AF87429F5B3AC5471E7B6A04A2C0F2F8A25FD772A317DF97FC5463FEAC248EB8AB8BE",
  toServerEphemeral: "47DAB03842E5B6E74828EF4F449B378D7DD1A5DAE1FFCA5AE0B0BE0AD18EC57E",
  zToServer: "0D4385BA0DD756CBCAB9887EB538396EE8F090A14C1079B4359F115B977F4615",
  /** server to client */
  toClient:
    "6439724714B47CD9CB988897D8424AB946DCD083D37A954637616011B9C2378773295F0F850D8DAFD1BBE9FE666E53E4F097CD10B38B69622152724A90987444" +
    "E1FF47974A1F6931A6502F58147463F0E8CC517D47F55B0AC56DD8AC5C9D0E481934F2D90F9893016BD82B6E3FFE21FF1588F3278B4E9D98EB4FB62ADD64B380",
  zToClient: "2B4302DC49790E2E78D990CFB52ED6E2F273DECE441A2D95E4301B93812A9FAC",
  /** key_agreement (ephemeral unified): client's and server's ephemeral keys, the client's signature over key_id 0 || key */
  ephemeralClientPublic:
    "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF987941372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894",
  ephemeralClientSignature:
    "06F0607702AA0E2435A183E2F6B1ECD19629712E389A213610C03F77B2590860EA840AF5C3FA1F2BCDF055D4744E9A01CE9A0E55026BCAA4EEBEB764CED64BB3",
  ephemeralServer: "34A8C23A34DBB519D09B245754C85A6CFE05D14A063EFA5AA41545AA8241EFAE",
  zEphemeral: "C1CF8FE7891AEF3617D7190795E61FE6C24EFC3CCA2E08469BAD1A225CE6EA08",
};
const privateKey = (hex: string) => importPrivateKey(hex, "P-256", "test");
const publicKey = (hex: string) => importPublicKey(hex, "P-256", "test");

describe("security: key agreement", () => {
  it("derives the published key material, client to server and back", () => {
    const info = (u: Uint8Array, v: Uint8Array): Uint8Array => concatBytes(kdfAlgorithmIds[1], u, v);
    assert.equal(
      toHex(concatenationKdf(1, fromHex(book.zToServer), info(clientTitle, serverTitle))),
      "59a71fd81c929a86a99438da17a66c058c6a93fd3065f5ee16a05d775927659b",
    );
    const key = { suite: 1, z: fromHex(book.zToServer), partyU: clientTitle, partyV: serverTitle } as const;
    assert.equal(toHex(deriveKey(key)), "59a71fd81c929a86a99438da17a66c05");
    const back = { suite: 1, z: fromHex(book.zToClient), partyU: serverTitle, partyV: clientTitle } as const;
    assert.equal(toHex(deriveKey(back)), "f0184bda9466bfa4601a64a7ef46504a");
  });

  it("suite 2: SHA-384, and the key keeps its 32 bytes", () => {
    const z = new Uint8Array(48).fill(1);
    const key = deriveKey({ suite: 2, z, partyU: clientTitle, partyV: serverTitle });
    const whole = concatenationKdf(2, z, concatBytes(fromHex("60857405080301"), clientTitle, serverTitle));
    assert.equal(key.length, 32);
    assert.equal(whole.length, 48);
    assert.deepEqual(key, whole.slice(0, 32));
  });

  it("static unified: the transaction-id with its length is between the titles", () => {
    const z = new Uint8Array(32).fill(1);
    const transactionId = fromHex("0102030405060708");
    const key = deriveKey({ suite: 1, z, partyU: clientTitle, partyV: serverTitle, transactionId });
    const info = concatBytes(fromHex("60857405080300"), clientTitle, fromHex("080102030405060708"), serverTitle);
    assert.deepEqual(key, concatenationKdf(1, z, info).slice(0, 16));
  });

  it("computes the standard's shared secrets, from either side", () => {
    const z = (own: string, peer: string): string =>
      toHex(sharedSecret(privateKey(own), publicKey(peer))).toUpperCase();
    assert.equal(z(book.serverAgreement, book.toServer.slice(0, 128)), book.zToServer);
    assert.equal(z(book.toServerEphemeral, book.serverAgreementPublic), book.zToServer);
    assert.equal(z(book.clientAgreement, book.toClient.slice(0, 128)), book.zToClient);
    assert.equal(z(book.ephemeralServer, book.ephemeralClientPublic), book.zEphemeral);
  });

  it("opens the standard's one-pass examples, signature included", () => {
    const toServer = onePassReceive({
      suite: 1,
      originator: clientTitle,
      recipient: serverTitle,
      agreementKey: privateKey(book.serverAgreement),
      originatorSigningKey: publicKey(book.clientSigningPublic),
      keyCipheredData: fromHex(book.toServer),
    });
    assert.equal(toHex(toServer), "59a71fd81c929a86a99438da17a66c05");
    const toClient = onePassReceive({
      suite: 1,
      originator: serverTitle,
      recipient: clientTitle,
      agreementKey: privateKey(book.clientAgreement),
      originatorSigningKey: publicKey(book.serverSigningPublic),
      keyCipheredData: fromHex(book.toClient),
    });
    assert.equal(toHex(toClient), "f0184bda9466bfa4601a64a7ef46504a");
  });

  it("derives the standard's ephemeral public key from its private key", () => {
    const offer = onePassOriginate({
      suite: 1,
      originator: clientTitle,
      recipient: serverTitle,
      recipientKey: publicKey(book.serverAgreementPublic),
      signingKey: privateKey(book.clientSigning),
      random: () => fromHex(book.toServerEphemeral),
    });
    assert.equal(toHex(offer.keyCipheredData.subarray(0, 64)).toUpperCase(), book.toServer.slice(0, 128));
    assert.equal(toHex(offer.key), "59a71fd81c929a86a99438da17a66c05");
  });

  it("accepts the standard's key_agreement data", () => {
    const input = {
      suite: 1,
      keyId: 0,
      originator: clientTitle,
      recipient: serverTitle,
      ephemeralKey: privateKey(book.ephemeralServer),
      peerKeyData: fromHex(book.ephemeralClientPublic + book.ephemeralClientSignature),
      peerSigningKey: publicKey(book.clientSigningPublic),
    } as const;
    const expected = { suite: 1, z: fromHex(book.zEphemeral), partyU: clientTitle, partyV: serverTitle } as const;
    assert.deepEqual(ephemeralUnified(input), deriveKey(expected));
    assert.throws(() => ephemeralUnified({ ...input, keyId: 1 }), code("SEC_TAG"));
  });

  for (const suite of [1, 2] as const satisfies readonly AgreementSuite[]) {
    describe(`suite ${suite}, both sides`, () => {
      const curve = curveOf(suite);
      const pair = () => generatePrivateKey(curve, systemRandom);
      const [clientSigning, serverSigning, clientAgreement, serverAgreement] = [pair(), pair(), pair(), pair()];
      const parties = { suite, originator: clientTitle, recipient: serverTitle } as const;
      const originate = () =>
        onePassOriginate({
          ...parties,
          recipientKey: publicKeyOf(serverAgreement),
          signingKey: clientSigning,
          random: systemRandom,
        });
      const received = {
        ...parties,
        agreementKey: serverAgreement,
        originatorSigningKey: publicKeyOf(clientSigning),
      };

      it("one-pass Diffie-Hellman", () => {
        const { key, keyCipheredData } = originate();
        assert.equal(keyCipheredData.length, suite === 1 ? 128 : 192);
        assert.deepEqual(onePassReceive({ ...received, keyCipheredData }), key);
        assert.notDeepEqual(originate().key, key);
      });

      it("one-pass: another signer, a changed key or signature, another length are refused", () => {
        const { keyCipheredData } = originate();
        const wrongSigner = { ...received, originatorSigningKey: publicKeyOf(serverSigning) };
        assert.throws(() => onePassReceive({ ...wrongSigner, keyCipheredData }), code("SEC_TAG"));
        for (const at of [0, keyCipheredData.length - 1]) {
          const changed = Uint8Array.from(keyCipheredData);
          changed[at] = (changed[at] ?? 0) ^ 1;
          assert.throws(() => onePassReceive({ ...received, keyCipheredData: changed }), code("SEC_TAG"));
        }
        const short = keyCipheredData.subarray(1);
        assert.throws(() => onePassReceive({ ...received, keyCipheredData: short }), code("CONFIG_INVALID"));
      });

      it("a signed point that is not on the curve is refused", () => {
        const offer = originate();
        const point = new Uint8Array(offer.keyCipheredData.length / 2).fill(5);
        const forged = concatBytes(point, signRaw(clientSigning, point));
        assert.throws(() => onePassReceive({ ...received, keyCipheredData: forged }), code("CONFIG_INVALID"));
      });

      it("static unified", () => {
        const transactionId = fromHex("0102030405060708");
        const client = { ownKey: clientAgreement, peerKey: publicKeyOf(serverAgreement), transactionId };
        const server = { ownKey: serverAgreement, peerKey: publicKeyOf(clientAgreement), transactionId };
        const key = staticUnified({ ...parties, ...client });
        assert.deepEqual(staticUnified({ ...parties, ...server }), key);
        assert.notDeepEqual(staticUnified({ ...parties, ...server, transactionId: fromHex("00") }), key);
        assert.equal(key.length, suite === 1 ? 16 : 32);
      });

      it("ephemeral unified", () => {
        const client = ephemeralOffer({ suite, keyId: 2, signingKey: clientSigning, random: systemRandom });
        const server = ephemeralOffer({ suite, keyId: 2, signingKey: serverSigning, random: systemRandom });
        const atClient = ephemeralUnified({
          ...parties,
          keyId: 2,
          ephemeralKey: client.ephemeralKey,
          peerKeyData: server.keyData,
          peerSigningKey: publicKeyOf(serverSigning),
        });
        const atServer = ephemeralUnified({
          ...parties,
          keyId: 2,
          ephemeralKey: server.ephemeralKey,
          peerKeyData: client.keyData,
          peerSigningKey: publicKeyOf(clientSigning),
        });
        assert.deepEqual(atClient, atServer);
        assert.equal(client.keyData.length, suite === 1 ? 128 : 192);
      });
    });
  }

  it("draws again when the randomness is out of range, and stops when it remains so", () => {
    const draws = [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(1)];
    const key = generatePrivateKey("P-256", () => draws.shift() ?? new Uint8Array(32));
    assert.equal(draws.length, 0);
    assert.equal(publicPoint(key).length, 64);
    assert.throws(() => generatePrivateKey("P-384", () => new Uint8Array(48)), code("CONFIG_INVALID"));
  });

  it("has no curve for suite 0", () => {
    assert.throws(() => curveOf(0), code("CONFIG_INVALID"));
  });
});
