package peer;

import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Reads attributes with the client classes of Gurux and prints one JSON line:
 * {"values": {"class/obis/attribute": value}, "errors": {...}}. `--read "3/1.0.1.8.0.255/2,..."`.
 */
final class MeterClient {
    private final GXDLMSSecureClient client;
    private final InputStream in;
    private final OutputStream out;
    private final GXByteBuffer received = new GXByteBuffer();
    private int exchanges;

    private MeterClient(Options options, Socket socket) throws Exception {
        int serverAddress = options.number("server", 1);
        InterfaceType framing = InterfaceType.valueOf(options.text("framing", "WRAPPER"));
        if (framing != InterfaceType.WRAPPER && options.text("physical", null) != null) {
            serverAddress = GXDLMSClient.getServerAddress(serverAddress, options.number("physical", 0));
        }
        client = new GXDLMSSecureClient(!options.flag("sn"), options.number("client", 16), serverAddress,
            Authentication.valueOf(options.text("mechanism", "NONE")), options.text("password", null), framing);
        if (framing != InterfaceType.WRAPPER) {
            client.getHdlcSettings().setMaxInfoRX(options.number("max-info", 128));
            client.getHdlcSettings().setMaxInfoTX(options.number("max-info", 128));
            client.getHdlcSettings().setWindowSizeRX(options.number("window", 1));
            client.getHdlcSettings().setWindowSizeTX(options.number("window", 1));
        }
        client.setMaxReceivePDUSize(options.number("pdu", 65535));
        if (options.text("gateway-device", null) != null) {
            gurux.dlms.GXDLMSGateway gateway = new gurux.dlms.GXDLMSGateway();
            gateway.setNetworkId((short) options.number("gateway-network", 1));
            gateway.setPhysicalDeviceAddress(
                options.text("gateway-device", "").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            client.setGateway(gateway);
        }
        Security.configure(client.getCiphering(), options, false);
        client.setIncreaseInvocationCounterForGMacAuthentication(true);
        if (options.hex("challenge") != null) {
            client.setCtoSChallenge(options.hex("challenge"));
        }
        if (options.text("general", null) != null) {
            // where it is negotiated, the library uses general ciphering for everything
            java.util.Set<Conformance> proposed = new java.util.HashSet<>(client.getProposedConformance());
            if (options.flag("general")) {
                proposed.add(Conformance.GENERAL_PROTECTION);
            } else {
                proposed.remove(Conformance.GENERAL_PROTECTION);
            }
            client.setProposedConformance(proposed);
        }
        if (options.text("gbt-window", null) != null) {
            java.util.Set<Conformance> proposed = new java.util.HashSet<>(client.getProposedConformance());
            proposed.add(Conformance.GENERAL_BLOCK_TRANSFER);
            client.setProposedConformance(proposed);
            client.setGbtWindowSize((byte) options.number("gbt-window", 1));
        }
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    static void run(Options options) throws Exception {
        System.out.println(report(options));
    }

    /** Associate, read, release: what came of it, as one line of JSON. */
    static String report(Options options) throws Exception {
        StringBuilder json = new StringBuilder("{");
        try (Socket socket = new Socket(options.text("host", "127.0.0.1"), options.number("port", 4059))) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            MeterClient meter = new MeterClient(options, socket);
            try {
                meter.associate();
            } catch (Exception e) {
                return "{\"associated\":false,\"error\":" + Json.text(e.getClass().getSimpleName() + ": " + e.getMessage())
                    + "}";
            }
            json.append("\"associated\":true,");
            meter.readAll(options, json);
            if (options.number("repeat", 0) > 0) {
                meter.repeat(options, json);
            }
            meter.release();
        }
        return json.append("\"done\":true}").toString();
    }

    private void associate() throws Exception {
        byte[] snrm = client.snrmRequest();
        if (snrm != null && snrm.length > 0) {
            client.parseUAResponse(exchange(snrm).getData());
        }
        GXReplyData aare = exchangeAll(client.aarqRequest());
        client.parseAareResponse(aare.getData());
        if (client.getIsAuthenticationRequired()) {
            for (byte[] frame : client.getApplicationAssociationRequest()) {
                client.parseApplicationAssociationResponse(exchange(frame).getData());
            }
        }
    }

    private void release() throws Exception {
        for (byte[] frame : client.releaseRequest()) {
            exchange(frame);
        }
        byte[] disconnect = client.disconnectRequest();
        if (disconnect != null && disconnect.length > 0) {
            exchange(disconnect);
        }
    }

    private void readAll(Options options, StringBuilder json) {
        StringBuilder values = new StringBuilder();
        StringBuilder errors = new StringBuilder();
        for (String reference : options.text("read", "").split(",")) {
            if (reference.isBlank()) {
                continue;
            }
            try {
                append(values, reference, Json.value(read(reference)));
            } catch (Exception e) {
                append(errors, reference, Json.text(String.valueOf(e.getMessage())));
            }
        }
        profile(options, values, errors);
        if (options.flag("objects")) {
            try {
                GXReplyData reply = exchangeAll(client.getObjectsRequest());
                StringBuilder list = new StringBuilder();
                for (GXDLMSObject object : client.parseObjects(reply.getData(), true)) {
                    list.append(list.isEmpty() ? "[" : ",");
                    list.append(Json.text(object.getObjectType().getValue() + "/" + object.getLogicalName()));
                }
                append(values, "objects", list.append("]").toString());
            } catch (Exception e) {
                append(errors, "objects", Json.text(String.valueOf(e)));
            }
        }
        if (options.flag("list")) {
            try {
                List<Map.Entry<GXDLMSObject, Integer>> list = new ArrayList<>();
                for (String reference : options.text("read", "").split(",")) {
                    String[] parts = reference.split("/");
                    list.add(new AbstractMap.SimpleEntry<>(object(reference), Integer.parseInt(parts[2])));
                }
                GXReplyData reply = exchangeAll(client.readList(list));
                append(values, "list", Json.value(reply.getValue()));
            } catch (Exception e) {
                append(errors, "list", Json.text(String.valueOf(e.getMessage())));
            }
        }
        json.append("\"values\":{").append(values).append("},\"errors\":{").append(errors).append("},\"exchanges\":")
            .append(exchanges).append(",");
    }

    /** `--profile 1.0.99.1.0.255`: the rows by entry (`--first`, `--count`) and by time (`--from`, `--to`, epoch ms). */
    private void profile(Options options, StringBuilder values, StringBuilder errors) {
        if (options.text("profile", null) == null) {
            return;
        }
        try {
            gurux.dlms.objects.GXDLMSProfileGeneric profile =
                new gurux.dlms.objects.GXDLMSProfileGeneric(options.text("profile", ""));
            if (!client.getUseLogicalNameReferencing()) {
                GXReplyData list = exchangeAll(client.getObjectsRequest());
                client.parseObjects(list.getData(), false);
                profile = (gurux.dlms.objects.GXDLMSProfileGeneric) client.getObjects()
                    .findByLN(ObjectType.PROFILE_GENERIC, options.text("profile", ""));
            }
            client.updateValue(profile, 3, exchangeAll(client.read(profile, 3)).getValue());
            GXReplyData entries = exchangeAll(client.readRowsByEntry(profile, options.number("first", 1),
                options.number("count", 1)));
            append(values, "byEntry", Json.value(entries.getValue()));
            java.util.Calendar from = Household.calendar(Long.parseLong(options.text("from", "0")));
            java.util.Calendar to = Household.calendar(Long.parseLong(options.text("to", "0")));
            GXReplyData range = exchangeAll(client.readRowsByRange(profile, from, to));
            append(values, "byRange", Json.value(range.getValue()));
        } catch (Exception e) {
            append(errors, "profile", Json.text(String.valueOf(e)));
        }
    }

    private static void append(StringBuilder json, String key, String value) {
        json.append(json.isEmpty() ? "" : ",").append(Json.text(key)).append(":").append(value);
    }

    private void repeat(Options options, StringBuilder json) throws Exception {
        String reference = options.text("read", "").split(",")[0];
        int count = options.number("repeat", 0);
        long[] times = new long[count];
        for (int i = 0; i < count; i++) {
            long start = System.nanoTime();
            read(reference);
            times[i] = System.nanoTime() - start;
        }
        long[] warm = Arrays.copyOfRange(times, count / 2, count);
        Arrays.sort(warm);
        json.append("\"medianMicroseconds\":").append(warm[warm.length / 2] / 1000.0).append(",");
    }

    private static GXDLMSObject object(String reference) {
        String[] parts = reference.split("/");
        GXDLMSObject object = GXDLMSClient.createObject(ObjectType.forValue(Integer.parseInt(parts[0])));
        object.setLogicalName(parts[1]);
        return object;
    }

    private Object read(String reference) throws Exception {
        GXDLMSObject object = object(reference);
        if (!client.getUseLogicalNameReferencing()) {
            if (client.getObjects().isEmpty()) {
                client.parseObjects(exchangeAll(client.getObjectsRequest()).getData(), true);
            }
            object = client.getObjects().findByLN(object.getObjectType(), object.getLogicalName());
        }
        GXReplyData reply = exchangeAll(client.read(object, Integer.parseInt(reference.split("/")[2])));
        return reply.getValue();
    }

    private GXReplyData exchangeAll(byte[][] frames) throws Exception {
        GXReplyData reply = new GXReplyData();
        for (byte[] frame : frames) {
            reply.clear();
            exchange(frame, reply);
        }
        return reply;
    }

    private GXReplyData exchange(byte[] frame) throws Exception {
        GXReplyData reply = new GXReplyData();
        exchange(frame, reply);
        return reply;
    }

    private void exchange(byte[] frame, GXReplyData reply) throws Exception {
        send(frame, reply);
        while (reply.isMoreData()) {
            if (reply.isStreaming()) {
                receive(reply);
            } else {
                send(client.receiverReady(reply), reply);
            }
        }
    }

    private void send(byte[] frame, GXReplyData reply) throws Exception {
        received.clear();
        out.write(frame);
        out.flush();
        exchanges++;
        receive(reply);
    }

    private void receive(GXReplyData reply) throws Exception {
        GXReplyData notification = new GXReplyData();
        byte[] chunk = new byte[65536];
        // several frames may have come at once
        while (received.available() == 0 || !client.getData(received, reply, notification)) {
            int count = in.read(chunk);
            if (count < 0) {
                throw new java.io.EOFException("the meter closed the connection");
            }
            received.set(chunk, 0, count);
        }
        if (reply.getError() != 0) {
            throw new gurux.dlms.GXDLMSException(reply.getError());
        }
    }
}
