package peer;

import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSSettings;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Command;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.Signing;
import gurux.dlms.secure.AesGcmParameter;
import gurux.dlms.secure.GXCiphering;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.HexFormat;

/**
 * One general-ciphering APDU, opened or made. The library's client never sends one and its meter cannot answer one,
 * but both parts are in it: the opening is public, the making is reached by reflection.
 */
final class MessageProtection {
    private final GXDLMSSettings settings;
    private final GXCiphering ciphering;

    private MessageProtection(Options options) throws ReflectiveOperationException {
        GXDLMSSecureClient client = new GXDLMSSecureClient(true, 1, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        ciphering = client.getCiphering();
        Security.configure(ciphering, options, false);
        ciphering.setInvocationCounter(0);
        Field field = gurux.dlms.GXDLMSClient.class.getDeclaredField("settings");
        field.setAccessible(true);
        settings = (GXDLMSSettings) field.get(client);
        Method title = GXDLMSSettings.class.getDeclaredMethod("setSourceSystemTitle", byte[].class);
        title.setAccessible(true);
        title.invoke(settings, (Object) options.hex("other-title"));
    }

    /** `--apdu`: what is inside, as {"plain": hex}. */
    static String open(Options options) throws Exception {
        MessageProtection made = new MessageProtection(options);
        AesGcmParameter parameters = new AesGcmParameter(made.settings, options.hex("other-title"),
            made.ciphering.getBlockCipherKey(), made.ciphering.getAuthenticationKey());
        byte[] plain = GXCiphering.decrypt(made.ciphering, parameters, new GXByteBuffer(options.hex("apdu")));
        return "{\"plain\":" + Json.text(HexFormat.of().formatHex(plain)) + "}";
    }

    /** `--plain` under `--scheme`, with `--transaction`, as {"apdu": hex}. */
    static String seal(Options options) throws Exception {
        MessageProtection made = new MessageProtection(options);
        made.ciphering.setSigning(Signing.valueOf(options.text("scheme", "NONE")));
        made.ciphering.setTransactionId(options.hex("transaction"));
        Class<?> parametersClass = Class.forName("gurux.dlms.GXDLMSLNParameters");
        Constructor<?> constructor = parametersClass.getDeclaredConstructor(GXDLMSSettings.class, long.class, int.class,
            int.class, GXByteBuffer.class, GXByteBuffer.class, int.class, int.class);
        constructor.setAccessible(true);
        Object parameters = constructor.newInstance(made.settings, 0L, Command.GET_REQUEST, 1, null, null, 0xff,
            Command.NONE);
        Method cipher = Class.forName("gurux.dlms.GXDLMS").getDeclaredMethod("cipher1", parametersClass, byte[].class,
            boolean.class);
        cipher.setAccessible(true);
        byte[] apdu = (byte[]) cipher.invoke(null, parameters, options.hex("plain"), false);
        return "{\"apdu\":" + Json.text(HexFormat.of().formatHex(apdu)) + "}";
    }
}
