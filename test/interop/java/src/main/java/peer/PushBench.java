package peer;

import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.Security;
import gurux.dlms.enums.Unit;
import gurux.dlms.internal.GXCommon;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Calendar;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Times the decoding of ciphered pushes read from `--file`: the tag is verified, the time becomes ISO text, and the
 * values are scaled and stored by their logical names, with their units.
 */
final class PushBench {
    private static final double[] POWERS = {1, 0.1, 0.01, 0.001};

    private static String lastTime;

    private PushBench() {
    }

    static void run(Options options) throws Exception {
        byte[] payload = Files.readAllBytes(Path.of(options.text("file", "")));
        int rounds = options.number("rounds", 40);
        int pushes = options.number("pushes", 2000);
        requireTagCheck(payload);
        double[] rates = new double[rounds];
        long cpu = 0;
        double sum = 0;
        for (int i = 0; i < rounds; i++) {
            cpu = i == rounds / 2 ? cpuTime() : cpu;
            long start = System.nanoTime();
            sum = decode(payload, pushes);
            rates[i] = 1e9 * pushes / (System.nanoTime() - start);
        }
        double mean = 1e9 * pushes * (rounds - rounds / 2) / (cpuTime() - cpu);
        double[] warm = java.util.Arrays.copyOfRange(rates, rounds / 2, rounds);
        java.util.Arrays.sort(warm);
        System.out.printf(
            "{\"pushes\":%d,\"sum\":%.2f,\"time\":\"%s\",\"median\":%.1f,\"mean\":%.1f}%n",
            pushes, sum, lastTime, warm[warm.length / 2], mean);
    }

    /** A peer that did not verify the tag would do less. */
    private static void requireTagCheck(byte[] payload) throws Exception {
        byte[] damaged = payload.clone();
        damaged[pushLength(payload, 0) - 1] ^= 1;
        try {
            decode(damaged, 1);
        } catch (java.security.GeneralSecurityException refused) {
            return;
        }
        throw new IllegalStateException("a push with a wrong tag was accepted");
    }

    private static int pushLength(byte[] payload, int at) {
        return 8 + ((payload[at + 6] & 0xff) << 8 | payload[at + 7] & 0xff);
    }

    private static double decode(byte[] payload, int pushes) throws Exception {
        GXDLMSSecureClient client =
            new GXDLMSSecureClient(true, 102, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        client.getCiphering().setSecurity(Security.AUTHENTICATION_ENCRYPTION);
        client.getCiphering().setSystemTitle("CLIENT01".getBytes());
        client.getCiphering().setBlockCipherKey(GXCommon.hexToBytes("000102030405060708090a0b0c0d0e0f"));
        client.getCiphering().setAuthenticationKey(GXCommon.hexToBytes("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"));
        double sum = 0;
        int at = 0;
        for (int i = 0; i < pushes; i++) {
            int length = pushLength(payload, at);
            GXByteBuffer bytes = new GXByteBuffer(java.util.Arrays.copyOfRange(payload, at, at + length));
            at += length;
            GXReplyData notify = new GXReplyData();
            client.getData(bytes, new GXReplyData(), notify);
            lastTime = iso(notify.getTime().getMeterCalendar());
            sum += values(notify.getValue()).get("1.0.32.7.0.255").value();
        }
        return sum;
    }

    private static String iso(Calendar time) {
        ZoneOffset offset = ZoneOffset.ofTotalSeconds(time.getTimeZone().getOffset(time.getTimeInMillis()) / 1000);
        return Instant.ofEpochMilli(time.getTimeInMillis()).atOffset(offset).toString();
    }

    private record Reading(double value, Unit unit) {
    }

    private static Map<String, Reading> values(Object body) throws Exception {
        Map<String, Reading> values = new HashMap<>();
        for (Object each : (List<?>) body) {
            List<?> item = (List<?>) each;
            List<?> scalerUnit = (List<?>) item.get(2);
            int scaler = ((Number) scalerUnit.get(0)).intValue();
            double raw = ((Number) item.get(1)).doubleValue();
            double value = scaler <= 0 ? raw * POWERS[-scaler] : raw * Math.pow(10, scaler);
            Unit unit = Unit.forValue(((Number) scalerUnit.get(1)).intValue());
            values.put(GXCommon.toLogicalName(item.get(0)), new Reading(value, unit));
        }
        return values;
    }

    /** Processor time of the process, garbage collection included, in ns. */
    private static long cpuTime() {
        return ((com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory
            .getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
