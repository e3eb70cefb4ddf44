package peer;

import gurux.dlms.GXSimpleEntry;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.Security;
import gurux.dlms.objects.GXDLMSCaptureObject;
import gurux.dlms.objects.GXDLMSPushSetup;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.secure.GXDLMSSecureNotify;
import java.io.OutputStream;
import java.net.Socket;

/** Pushes a register by a push setup of Gurux' classes to a TCP port, once for each value. */
final class PushSender {
    private PushSender() {
    }

    static void run(Options options) throws Exception {
        InterfaceType framing = InterfaceType.valueOf(options.text("framing", "WRAPPER"));
        GXDLMSSecureNotify notify = new GXDLMSSecureNotify(true, 102, 1, framing);
        if (!options.text("encryption-key", "").isEmpty()) {
            notify.getCiphering().setSystemTitle(options.hex("title"));
            notify.getCiphering().setBlockCipherKey(options.hex("encryption-key"));
            notify.getCiphering().setAuthenticationKey(options.hex("authentication-key"));
            notify.getCiphering().setSecurity(Security.valueOf(options.text("security", "AUTHENTICATION_ENCRYPTION")));
            notify.getCiphering().setInvocationCounter(1);
        }
        GXDLMSPushSetup push = new GXDLMSPushSetup("0.0.25.9.0.255");
        GXDLMSRegister register = new GXDLMSRegister("1.0.1.8.0.255");
        register.setDataType(2, DataType.UINT32);
        push.getPushObjectList().add(new GXSimpleEntry<>(push, new GXDLMSCaptureObject(2, 0)));
        push.getPushObjectList().add(new GXSimpleEntry<>(register, new GXDLMSCaptureObject(2, 0)));
        try (Socket socket = new Socket("127.0.0.1", options.number("port", 0))) {
            OutputStream out = socket.getOutputStream();
            for (int value = 1; value <= options.number("count", 1); value++) {
                register.setValue(Long.valueOf(value));
                for (byte[] message : notify.generatePushSetupMessages(null, push)) {
                    out.write(message);
                }
            }
        }
        System.out.println("{\"sent\": " + options.number("count", 1) + "}");
    }
}
