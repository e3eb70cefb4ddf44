package peer;

import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Unit;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Times the decoding of a profile buffer read from `--file`, to plain values and to the rows of a profile object. */
final class DecodeBench {
    private DecodeBench() {
    }

    static void run(Options options) throws Exception {
        byte[] payload = Files.readAllBytes(Path.of(options.text("file", "")));
        int rounds = options.number("rounds", 60);
        GXDLMSClient client = new GXDLMSClient(true, 16, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        GXDLMSProfileGeneric profile = profile(options.number("columns", 4));
        double[] plain = new double[rounds];
        double[] rows = new double[rounds];
        int sink = 0;
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            Object value = GXDLMSClient.getValue(new GXByteBuffer(payload));
            plain[i] = System.nanoTime() - start;
            sink += ((java.util.List<?>) value).size();
        }
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            Object value = GXDLMSClient.getValue(new GXByteBuffer(payload));
            client.updateValue(profile, 2, value);
            rows[i] = System.nanoTime() - start;
            sink += profile.getBuffer().length;
        }
        System.out.printf("{\"bytes\":%d,\"plainMBps\":%.2f,\"rowsMBps\":%.2f,\"sink\":%d}%n", payload.length,
            rate(payload.length, plain), rate(payload.length, rows), sink);
    }

    private static GXDLMSProfileGeneric profile(int columns) {
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.99.1.0.255");
        profile.addCaptureObject(new GXDLMSClock("0.0.1.0.0.255"), 2, 0);
        for (int i = 1; i <= columns; i++) {
            GXDLMSRegister register = new GXDLMSRegister("1.0." + i + ".8.0.255");
            register.setScaler(0.001);
            register.setUnit(Unit.ACTIVE_ENERGY);
            profile.addCaptureObject(register, 2, 0);
        }
        return profile;
    }

    /** Median of the second half, in MB/s. */
    private static double rate(int bytes, double[] nanos) {
        double[] warm = Arrays.copyOfRange(nanos, nanos.length / 2, nanos.length);
        Arrays.sort(warm);
        return bytes / (warm[warm.length / 2] / 1e9) / 1e6;
    }
}
