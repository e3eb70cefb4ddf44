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
        String values = measure(payload.length, rounds,
            () -> ((java.util.List<?>) GXDLMSClient.getValue(new GXByteBuffer(payload))).size());
        String rows = measure(payload.length, rounds, () -> {
            client.updateValue(profile, 2, GXDLMSClient.getValue(new GXByteBuffer(payload)));
            return profile.getBuffer().length;
        });
        System.out.printf("{\"bytes\":%d,\"values\":%s,\"rows\":%s}%n", payload.length, values, rows);
    }

    /** The second half of the rounds in MB/s: the median by the clock, the mean by processor time. */
    private static String measure(int bytes, int rounds, java.util.concurrent.Callable<Integer> work) throws Exception {
        double[] times = new double[rounds];
        long cpu = 0;
        for (int i = 0; i < rounds; i++) {
            cpu = i == rounds / 2 ? cpuTime() : cpu;
            long start = System.nanoTime();
            if (work.call() == 0) {
                throw new IllegalStateException("no rows");
            }
            times[i] = System.nanoTime() - start;
        }
        double mean = 1e3 * bytes * (rounds - rounds / 2) / (cpuTime() - cpu);
        double[] warm = java.util.Arrays.copyOfRange(times, rounds / 2, rounds);
        java.util.Arrays.sort(warm);
        return String.format("{\"median\":%.2f,\"mean\":%.2f}", 1e3 * bytes / warm[warm.length / 2], mean);
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
}
