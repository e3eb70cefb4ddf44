package peer;

import gurux.dlms.GXDateTime;
import java.lang.reflect.Array;
import java.util.HexFormat;

/** Values as the library gives them, as JSON: bytes in hex, 64-bit numbers and dates as strings. */
final class Json {
    private Json() {
    }

    static String text(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < 0x20) {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    static String value(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Boolean) {
            return value.toString();
        }
        if (value instanceof Number) {
            return text(value.toString());
        }
        if (value instanceof byte[] bytes) {
            return text(HexFormat.of().formatHex(bytes));
        }
        if (value instanceof GXDateTime date) {
            return text(String.valueOf(date.getMeterCalendar().getTimeInMillis()));
        }
        if (value instanceof Iterable<?> list) {
            StringBuilder json = new StringBuilder("[");
            for (Object item : list) {
                json.append(json.length() > 1 ? "," : "").append(value(item));
            }
            return json.append("]").toString();
        }
        if (value.getClass().isArray()) {
            StringBuilder json = new StringBuilder("[");
            for (int i = 0; i < Array.getLength(value); i++) {
                json.append(i > 0 ? "," : "").append(value(Array.get(value, i)));
            }
            return json.append("]").toString();
        }
        return text(value.toString());
    }
}
