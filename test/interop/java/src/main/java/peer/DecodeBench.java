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

/** Times the decoding of a profile buffer read from `--file`, to plain values and to the rows of a profile object. */
final class DecodeBench {
    private DecodeBench() {
    }

    static void run(Options options) throws Exception {
        byte[] payload = Files.readAllBytes(Path.of(options.text("file", "")));
        int rounds = options.number("rounds", 60);
        GXDLMSClient client = new GXDLMSClient(true, 16, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        GXDLMSProfileGeneric profile = profile(options.number("columns", 4));
        int sink = 0;
        long start = 0;
        for (int i = 0; i < rounds; i++) {
            start = i == rounds / 2 ? cpuTime() : start;
            sink += ((java.util.List<?>) GXDLMSClient.getValue(new GXByteBuffer(payload))).size();
        }
        double plain = rate(payload.length, rounds, cpuTime() - start);
        for (int i = 0; i < rounds; i++) {
            start = i == rounds / 2 ? cpuTime() : start;
            client.updateValue(profile, 2, GXDLMSClient.getValue(new GXByteBuffer(payload)));
            sink += profile.getBuffer().length;
        }
        double rows = rate(payload.length, rounds, cpuTime() - start);
        System.out.printf("{\"bytes\":%d,\"plainMBps\":%.2f,\"rowsMBps\":%.2f,\"sink\":%d}%n", payload.length, plain,
            rows, sink);
    }

    /** Processor time of the process, garbage collection included, in ns. */
    private static long cpuTime() {
        return ((com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory
            .getOperatingSystemMXBean()).getProcessCpuTime();
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

    /** Mean of the second half, in MB/s. */
    private static double rate(int bytes, int rounds, long nanos) {
        return (double) bytes * (rounds - rounds / 2) / nanos * 1e3;
    }
}
