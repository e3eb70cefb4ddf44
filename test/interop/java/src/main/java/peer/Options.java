package peer;

import java.util.HashMap;
import java.util.Map;

/** Command line of the form `--name value`. */
final class Options {
    private final Map<String, String> values = new HashMap<>();

    Options(String[] args) {
        for (int i = 0; i + 1 < args.length; i += 2) {
            if (!args[i].startsWith("--")) {
                throw new IllegalArgumentException("expected --name, got " + args[i]);
            }
            values.put(args[i].substring(2), args[i + 1]);
        }
    }

    String text(String name, String fallback) {
        return values.getOrDefault(name, fallback);
    }

    int number(String name, int fallback) {
        String value = values.get(name);
        return value == null ? fallback : Integer.parseInt(value);
    }

    boolean flag(String name) {
        return "true".equals(values.get(name));
    }

    byte[] hex(String name) {
        String value = values.get(name);
        return value == null ? null : java.util.HexFormat.of().parseHex(value);
    }
}
