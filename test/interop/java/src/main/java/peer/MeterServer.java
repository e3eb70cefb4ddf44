package peer;

import gurux.dlms.GXDLMSConnectionEventArgs;
import gurux.dlms.GXServerReply;
import gurux.dlms.ValueEventArgs;
import gurux.dlms.enums.AccessMode;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.MethodAccessMode;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.SourceDiagnostic;
import gurux.dlms.objects.GXDLMSAssociationLogicalName;
import gurux.dlms.objects.GXDLMSIECLocalPortSetup;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.enums.BaudRate;
import gurux.dlms.secure.GXDLMSSecureServer2;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * A meter on the server classes of Gurux: one server object a connection, as a meter has one association.
 * Client 16 needs nothing, client 17 the password, every other client the mechanism that it was started with.
 */
final class MeterServer extends GXDLMSSecureServer2 {
    /** A data object whose value no client may read. */
    private static final String DENIED = "0.0.96.15.2.255";

    private final Options options;

    private MeterServer(Options options) {
        super(!options.flag("sn"), InterfaceType.valueOf(options.text("framing", "WRAPPER")));
        this.options = options;
        setMaxReceivePDUSize(options.number("pdu", 1024));
        if (getInterfaceType() != InterfaceType.WRAPPER) {
            getHdlcSettings().setMaxInfoRX(options.number("max-info", 128));
            getHdlcSettings().setMaxInfoTX(options.number("max-info", 128));
            getHdlcSettings().setWindowSizeRX(options.number("window", 1));
            getHdlcSettings().setWindowSizeTX(options.number("window", 1));
        }
        if (getInterfaceType() == InterfaceType.HDLC_WITH_MODE_E) {
            GXDLMSIECLocalPortSetup port = new GXDLMSIECLocalPortSetup();
            port.setDefaultBaudrate(BaudRate.BAUDRATE_300);
            port.setProposedBaudrate(BaudRate.values()[options.number("baud-character", 5)]);
            // the library sends this behind the baud character, where mode E announces itself
            port.setDeviceAddress("\\2GX");
            setLocalPortSetup(port);
            setFlaID("GRX");
        }
        String with = options.text("with", "");
        if (!with.isEmpty()) {
            Set<Conformance> conformance = new java.util.HashSet<>(getConformance());
            for (String bit : with.split(",")) {
                conformance.add(Conformance.valueOf(bit));
            }
            setConformance(conformance);
        }
        String without = options.text("without", "");
        if (!without.isEmpty()) {
            Set<Conformance> conformance = new java.util.HashSet<>(getConformance());
            for (String bit : without.split(",")) {
                conformance.remove(Conformance.valueOf(bit));
            }
            setConformance(conformance);
        }
        getItems().addAll(Household.objects(!options.flag("sn"), options.number("rows", 10)));
        if (options.flag("scaler-profile")) {
            getItems().add(Household.scalerProfile(getItems()));
        }
        Security.configure(getCiphering(), options, true);
        byte[] kek = options.hex("kek");
        if (kek != null) {
            setKek(kek);
        }
        for (GXDLMSObject item : getItems()) {
            if (item instanceof GXDLMSAssociationLogicalName association) {
                // the library signs the secret too when there is one, IEC 62056-5-3 does not
                boolean signs = "HIGH_ECDSA".equals(options.text("mechanism", "NONE"));
                String secret = signs ? "" : options.text("secret", "hls-secret-0123456");
                association.setSecret(secret.getBytes(StandardCharsets.US_ASCII));
            }
        }
        if ("HIGH_ECDSA".equals(options.text("mechanism", "NONE"))) {
            // IEC 62056-5-3: 32 to 64 bytes with this mechanism; the library's default is 16
            getSettings().setChallengeSize((byte) 32);
        }
        // with a period, the library captures a row of its own as soon as it starts
        profilePeriod(0);
        initialize();
        profilePeriod(Household.PROFILE_PERIOD);
        if (options.hex("challenge") != null) {
            setStoCChallenge(options.hex("challenge"));
        }
    }

    private void profilePeriod(int seconds) {
        for (GXDLMSObject item : getItems()) {
            if (item instanceof gurux.dlms.objects.GXDLMSProfileGeneric profile) {
                profile.setCapturePeriod(seconds);
            }
        }
    }

    static void run(Options options) throws Exception {
        System.out.println("READY " + listen(options));
        while (System.in.read() >= 0) {
            // the test closes standard input to end this process
        }
        System.exit(0);
    }

    /** Serve connections on a loopback port of its own, which is returned. */
    static int listen(Options options) throws java.io.IOException {
        ServerSocket listener = new ServerSocket(options.number("port", 0), 5, InetAddress.getLoopbackAddress());
        Thread acceptor = new Thread(() -> {
            try (listener) {
                while (true) {
                    Socket socket = listener.accept();
                    Thread thread = new Thread(() -> serve(socket, options));
                    thread.setDaemon(true);
                    thread.start();
                }
            } catch (java.io.IOException e) {
                System.err.println("listener ended: " + e);
            }
        });
        acceptor.setDaemon(true);
        acceptor.start();
        return listener.getLocalPort();
    }

    private static void serve(Socket socket, Options options) {
        try (socket) {
            socket.setTcpNoDelay(true);
            MeterServer server = new MeterServer(options);
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            boolean text = server.getInterfaceType() == InterfaceType.HDLC_WITH_MODE_E;
            byte[] chunk = new byte[65536];
            int count;
            while ((count = in.read(chunk)) > 0) {
                byte[] received = Arrays.copyOf(chunk, count);
                if (text) {
                    withoutParity(received);
                }
                GXServerReply reply = new GXServerReply(received);
                do {
                    server.handleRequest(reply);
                    if (reply.getReply() != null) {
                        out.write(reply.getReply());
                        out.flush();
                        // the sign-on ends with the confirmation
                        text &= reply.getReply()[0] != 6;
                    }
                } while (reply.isStreaming());
            }
        } catch (Exception e) {
            System.err.println("connection ended: " + e);
        }
    }

    /** What the port of a meter does that is set to seven bits with parity. */
    private static void withoutParity(byte[] received) {
        for (int i = 0; i < received.length; i++) {
            received[i] &= 0x7f;
        }
    }

    @Override
    protected boolean isTarget(int serverAddress, int clientAddress) {
        return true;
    }

    @Override
    protected SourceDiagnostic onValidateAuthentication(Authentication authentication, byte[] password) {
        int client = getSettings().getClientAddress();
        if (client == 16) {
            return authentication == Authentication.NONE ? SourceDiagnostic.NONE : SourceDiagnostic.NOT_RECOGNISED;
        }
        if (client == 17 || "LOW".equals(options.text("mechanism", "NONE"))) {
            byte[] expected = options.text("password", "gurux-17").getBytes(StandardCharsets.US_ASCII);
            if (authentication != Authentication.LOW) {
                return SourceDiagnostic.AUTHENTICATION_REQUIRED;
            }
            return Arrays.equals(expected, password) ? SourceDiagnostic.NONE : SourceDiagnostic.AUTHENTICATION_FAILURE;
        }
        Authentication wanted = Authentication.valueOf(options.text("mechanism", "NONE"));
        return authentication == wanted ? SourceDiagnostic.NONE : SourceDiagnostic.NOT_RECOGNISED;
    }

    @Override
    protected GXDLMSObject onFindObject(ObjectType type, int shortName, String logicalName) {
        return null;
    }

    @Override
    protected AccessMode onGetAttributeAccess(ValueEventArgs arg) {
        boolean denied = arg.getIndex() == 2 && DENIED.equals(arg.getTarget().getLogicalName());
        if (options.flag("scaler-profile")) {
            denied |= arg.getIndex() == 3 && arg.getTarget().getObjectType() == ObjectType.REGISTER;
        }
        return denied ? AccessMode.NO_ACCESS : AccessMode.READ_WRITE;
    }

    @Override
    protected MethodAccessMode onGetMethodAccess(ValueEventArgs arg) {
        return MethodAccessMode.ACCESS;
    }

    @Override
    public void onPreGet(ValueEventArgs[] args) {
        // the library answers
    }

    @Override
    public void onPostGet(ValueEventArgs[] args) {
        // the library answers
    }

    @Override
    public void onPreRead(ValueEventArgs[] args) {
        // the library answers
    }

    @Override
    public void onPostRead(ValueEventArgs[] args) {
        // the library answers
    }

    @Override
    protected void onPreWrite(ValueEventArgs[] args) {
        // the library keeps what is written
    }

    @Override
    protected void onPostWrite(ValueEventArgs[] args) {
        // the library keeps what is written
    }

    @Override
    protected void onPreAction(ValueEventArgs[] args) {
        // the library carries it out
    }

    @Override
    protected void onPostAction(ValueEventArgs[] args) {
        // the library carries it out
    }

    @Override
    protected void onConnected(GXDLMSConnectionEventArgs args) {
        // nothing to do
    }

    @Override
    protected void onInvalidConnection(GXDLMSConnectionEventArgs args) {
        // nothing to do
    }

    @Override
    protected void onDisconnected(GXDLMSConnectionEventArgs args) {
        // nothing to do
    }
}
