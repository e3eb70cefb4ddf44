package peer;

import java.security.Provider;
import java.security.SecureRandomSpi;
import java.util.Random;

/**
 * Makes every run draw the same random numbers: the library cannot take or make an ECDSA signature whose r or s begins
 * with a zero byte, about one of 60, and a test must not depend on which ones come.
 */
public final class FixedRandom extends SecureRandomSpi {
    private static final long serialVersionUID = 1L;
    private final Random numbers = new Random(42);

    static void install() {
        java.security.Security.insertProviderAt(new FixedProvider(), 1);
    }

    @Override
    protected void engineSetSeed(byte[] seed) {
        // stays as it is
    }

    @Override
    protected void engineNextBytes(byte[] bytes) {
        numbers.nextBytes(bytes);
    }

    @Override
    protected byte[] engineGenerateSeed(int count) {
        byte[] seed = new byte[count];
        numbers.nextBytes(seed);
        return seed;
    }

    private static final class FixedProvider extends Provider {
        private static final long serialVersionUID = 1L;

        FixedProvider() {
            super("FixedRandom", "1", "the same random numbers in every run");
            put("SecureRandom.Fixed", FixedRandom.class.getName());
        }
    }
}
