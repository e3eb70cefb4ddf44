package peer;

import gurux.dlms.secure.GXCiphering;
import gurux.dlms.objects.enums.SecuritySuite;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;

/** Keys and policy from the command line, the same for the server and the client. */
final class Security {
    private Security() {
    }

    static void configure(GXCiphering ciphering, Options options, boolean server) {
        byte[] title = options.hex(server ? "server-title" : "client-title");
        if (title != null) {
            ciphering.setSystemTitle(title);
        }
        // first: the length of the keys is checked against it
        ciphering.setSecuritySuite(SecuritySuite.values()[options.number("suite", 0)]);
        if (options.hex("encryption-key") != null) {
            ciphering.setBlockCipherKey(options.hex("encryption-key"));
            ciphering.setAuthenticationKey(options.hex("authentication-key"));
        }
        if (!server) {
            ciphering.setSecurity(gurux.dlms.enums.Security.valueOf(options.text("security", "NONE")));
            ciphering.setInvocationCounter(options.number("counter", 1));
            ciphering.setDedicatedKey(options.hex("dedicated-key"));
        }
        KeyPair signing = pair(options, "signing");
        if (signing != null) {
            ciphering.setSigningKeyPair(signing);
        }
        KeyPair agreement = pair(options, "agreement");
        if (agreement != null) {
            ciphering.setKeyAgreementKeyPair(agreement);
        }
        if (options.flag("sign-messages")) {
            ciphering.setSigning(gurux.dlms.enums.Signing.GENERAL_SIGNING);
        }
    }

    /** `--NAME-private` is ours (PKCS#8 DER in hex), `--NAME-public` is the other side's (SPKI DER in hex). */
    private static KeyPair pair(Options options, String name) {
        byte[] mine = options.hex(name + "-private");
        byte[] theirs = options.hex(name + "-public");
        if (mine == null || theirs == null) {
            return null;
        }
        try {
            KeyFactory factory = KeyFactory.getInstance("EC");
            PrivateKey privateKey = factory.generatePrivate(new PKCS8EncodedKeySpec(mine));
            PublicKey publicKey = factory.generatePublic(new X509EncodedKeySpec(theirs));
            return new KeyPair(publicKey, privateKey);
        } catch (java.security.GeneralSecurityException e) {
            throw new IllegalArgumentException(name, e);
        }
    }
}
