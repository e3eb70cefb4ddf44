package peer;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.DlmsServer;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.LogicalDevice;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * Meters and clients of jDLMS in one process. A line of standard input is a command, `server` or `client` with
 * `--name value ...`; its answer is `READY port` or a line of JSON. Ends with standard input.
 */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        String line;
        while ((line = lines.readLine()) != null) {
            String[] words = line.trim().split(" ");
            Map<String, String> options = new HashMap<>();
            for (int i = 1; i + 1 < words.length; i += 2) {
                options.put(words[i].substring(2), words[i + 1]);
            }
            System.out.println(answer(words[0], options));
        }
        System.exit(0);
    }

    private static String answer(String command, Map<String, String> options) {
        try {
            return command.equals("server") ? serve(options) : read(options);
        } catch (Exception | Error e) {
            return "{\"associated\":false,\"error\":" + text(String.valueOf(e)) + "}";
        }
    }

    private static byte[] hex(Map<String, String> options, String name) {
        return options.containsKey(name) ? HexFormat.of().parseHex(options.get(name)) : null;
    }

    private static SecuritySuite suite(Map<String, String> options) {
        SecuritySuite.SecuritySuiteBuilder builder = SecuritySuite.builder()
            .setAuthenticationMechanism(AuthenticationMechanism.valueOf(options.get("mechanism")));
        if (options.containsKey("encryption-key")) {
            builder.setEncryptionMechanism(EncryptionMechanism.AES_GCM_128)
                .setGlobalUnicastEncryptionKey(hex(options, "encryption-key"))
                .setAuthenticationKey(hex(options, "authentication-key"))
                .setSecurityPolicy(SecurityPolicy.valueOf(options.get("policy")));
        }
        if (options.containsKey("password")) {
            builder.setPassword(options.get("password").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        return builder.build();
    }

    private static String serve(Map<String, String> options) throws Exception {
        int port = Integer.parseInt(options.get("port"));
        // a meter with ciphered clients has to have one, it is not used here
        LogicalDevice device = new LogicalDevice(1, "jdlms", "MMM", 1).setMasterKey(new byte[16]);
        device.addRestriction(Integer.parseInt(options.get("client")), suite(options));
        device.registerCosemObject(new Register("1.0.1.8.0.255", Long.parseLong(options.get("register"))),
            new Text("0.0.96.50.0.255", hex(options, "text")));
        DlmsServer.tcpServerBuilder(port).registerLogicalDevice(device).build();
        return "READY " + port;
    }

    private static String read(Map<String, String> options) throws Exception {
        StringBuilder values = new StringBuilder();
        StringBuilder errors = new StringBuilder();
        TcpConnectionBuilder builder = new TcpConnectionBuilder("127.0.0.1").setPort(Integer.parseInt(options.get("port")))
            .useWrapper().setClientId(Integer.parseInt(options.get("client"))).setLogicalDeviceId(1)
            .setSystemTitle("MMM", 2).setSecuritySuite(suite(options)).setResponseTimeout(10_000);
        try (DlmsConnection connection = builder.build()) {
            for (String reference : options.get("read").split(",")) {
                String[] parts = reference.split("/");
                GetResult result = connection
                    .get(new AttributeAddress(Integer.parseInt(parts[0]), parts[1], Integer.parseInt(parts[2])));
                boolean good = result.getResultCode() == AccessResultCode.SUCCESS;
                StringBuilder target = good ? values : errors;
                target.append(target.isEmpty() ? "" : ",").append(text(reference)).append(":")
                    .append(text(good ? value(result.getResultData()) : result.getResultCode().name()));
            }
        }
        return "{\"associated\":true,\"values\":{" + values + "},\"errors\":{" + errors + "}}";
    }

    private static String value(DataObject data) {
        return data.isByteArray() ? HexFormat.of().formatHex(data.getValue()) : String.valueOf(data.<Object>getValue());
    }

    private static String text(String plain) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : plain.toCharArray()) {
            json.append(c == '"' || c == '\\' ? "\\" + c : c < ' ' ? " " : String.valueOf(c));
        }
        return json.append('"').toString();
    }

    /** Interface class 3. */
    @CosemClass(id = 3)
    public static final class Register extends CosemInterfaceObject {
        @CosemAttribute(id = 2)
        private final DataObject value;

        Register(String logicalName, long held) {
            super(logicalName);
            value = DataObject.newUInteger32Data(held);
        }

        public DataObject getValue() {
            return value;
        }
    }

    /** Interface class 1. */
    @CosemClass(id = 1)
    public static final class Text extends CosemInterfaceObject {
        @CosemAttribute(id = 2)
        private final DataObject value;

        Text(String logicalName, byte[] held) {
            super(logicalName);
            value = DataObject.newOctetStringData(held);
        }

        public DataObject getValue() {
            return value;
        }
    }
}
