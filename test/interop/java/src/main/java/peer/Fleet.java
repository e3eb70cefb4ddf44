package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;

/**
 * Many meters and clients in one process, so that a test of many combinations starts Java once. A line of standard
 * input is a command, `server`, `client`, `open` or `seal` with `--name value ...`; its answer is `READY port` or a line
 * of JSON. Ends with standard input.
 */
final class Fleet {
    private Fleet() {
    }

    static void run() throws Exception {
        FixedRandom.install();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        String line;
        while ((line = lines.readLine()) != null) {
            String[] words = line.trim().split(" ");
            System.out.println(answer(words[0], new Options(Arrays.copyOfRange(words, 1, words.length))));
        }
        System.exit(0);
    }

    private static String answer(String command, Options options) {
        try {
            return switch (command) {
                case "server" -> "READY " + MeterServer.listen(options);
                case "open" -> MessageProtection.open(options);
                case "seal" -> MessageProtection.seal(options);
                default -> MeterClient.report(options);
            };
        } catch (Exception e) {
            Throwable cause = e instanceof java.lang.reflect.InvocationTargetException && e.getCause() != null
                ? e.getCause() : e;
            return "{\"associated\":false,\"error\":" + Json.text(cause.toString()) + "}";
        }
    }
}
