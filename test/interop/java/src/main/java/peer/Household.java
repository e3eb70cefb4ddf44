package peer;

import gurux.dlms.GXDateTime;
import gurux.dlms.GXEnum;
import gurux.dlms.GXStructure;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.Unit;
import gurux.dlms.objects.GXDLMSAssociationLogicalName;
import gurux.dlms.objects.GXDLMSAssociationShortName;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSExtendedRegister;
import gurux.dlms.objects.GXDLMSObjectCollection;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.objects.GXDLMSSapAssignment;
import gurux.dlms.objects.GXDLMSSecuritySetup;
import gurux.dlms.objects.enums.SortMethod;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.TimeZone;

/** The objects that the peer's meter holds. Values are fixed, so that a test can say what must be read. */
final class Household {
    static final String LONG_TEXT = "0123456789ABCDEF".repeat(300);
    static final int PROFILE_PERIOD = 900;
    static final long PROFILE_START = 1_767_225_600_000L; // 2026-01-01T00:00:00Z

    private Household() {
    }

    static GXDLMSObjectCollection objects(boolean logicalNames, int rows) {
        GXDLMSObjectCollection items = new GXDLMSObjectCollection();
        GXDLMSData serial = new GXDLMSData("0.0.96.1.0.255");
        serial.setValue("GX-0042".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        GXDLMSData name = new GXDLMSData("0.0.42.0.0.255");
        name.setValue("GRX0000000000042".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        GXDLMSData big = new GXDLMSData("0.0.96.50.0.255");
        big.setValue(LONG_TEXT.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        GXDLMSData counter = new GXDLMSData("0.0.96.15.0.255");
        counter.setValue(123456789);
        counter.setDataType(2, DataType.UINT32);
        GXDLMSData huge = new GXDLMSData("0.0.96.15.1.255");
        huge.setValue(java.math.BigInteger.valueOf(9_007_199_254_740_993L));
        huge.setDataType(2, DataType.UINT64);

        GXDLMSData denied = new GXDLMSData("0.0.96.15.2.255");
        denied.setValue(1);
        denied.setDataType(2, DataType.UINT8);

        GXDLMSRegister energy = register("1.0.1.8.0.255", 12_345_678L, DataType.UINT32, 1, Unit.ACTIVE_ENERGY);
        GXDLMSRegister voltage = register("1.0.32.7.0.255", 2305, DataType.UINT16, 0.1, Unit.VOLTAGE);
        GXDLMSRegister current = register("1.0.31.7.0.255", -1234, DataType.INT16, 0.001, Unit.CURRENT);
        GXDLMSRegister power = register("1.0.1.7.0.255", 432, DataType.INT32, 1, Unit.ACTIVE_POWER);
        GXDLMSRegister kilo = register("1.0.2.8.0.255", 77, DataType.UINT32, 1000, Unit.ACTIVE_ENERGY);

        GXDLMSExtendedRegister demand = new GXDLMSExtendedRegister("1.0.1.6.0.255");
        demand.setValue(4321);
        demand.setDataType(2, DataType.UINT32);
        demand.setScaler(1);
        demand.setUnit(Unit.ACTIVE_POWER);
        demand.setStatus(0);
        demand.setDataType(4, DataType.UINT8);
        demand.setCaptureTime(new GXDateTime(calendar(PROFILE_START + 12 * 3_600_000L)));

        GXDLMSClock clock = new GXDLMSClock("0.0.1.0.0.255");
        clock.setTime(new GXDateTime(calendar(PROFILE_START)));
        clock.setTimeZone(0);

        items.add(serial);
        items.add(name);
        items.add(big);
        items.add(counter);
        items.add(huge);
        items.add(denied);
        items.add(energy);
        items.add(voltage);
        items.add(current);
        items.add(power);
        items.add(kilo);
        items.add(demand);
        items.add(clock);
        items.add(profile(clock, energy, voltage, rows));
        for (int i = 1; i <= 100; i++) {
            items.add(register("1.0.99." + (100 + i) + ".1.255", 1000L + i, DataType.UINT32, 0.01, Unit.ACTIVE_ENERGY));
        }
        GXDLMSSapAssignment sap = new GXDLMSSapAssignment();
        items.add(sap);
        if (logicalNames) {
            GXDLMSAssociationLogicalName association = new GXDLMSAssociationLogicalName();
            association.setObjectList(items);
            items.add(association);
            items.add(new GXDLMSSecuritySetup());
        } else {
            GXDLMSAssociationShortName association = new GXDLMSAssociationShortName();
            association.getObjectList().addAll(items);
            items.add(association);
        }
        return items;
    }

    private static GXDLMSProfileGeneric profile(GXDLMSClock clock, GXDLMSRegister energy, GXDLMSRegister voltage, int rows) {
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.99.1.0.255");
        profile.setCapturePeriod(PROFILE_PERIOD);
        profile.setSortMethod(SortMethod.FIFO);
        profile.setSortObject(clock);
        profile.setSortObjectAttributeIndex(2);
        profile.addCaptureObject(clock, 2, 0);
        profile.addCaptureObject(energy, 2, 0);
        profile.addCaptureObject(voltage, 2, 0);
        fill(profile, rows);
        return profile;
    }

    /** Scalers of the load profile in a profile of their own, as IS 15959 has them: clients may not read the registers'. */
    static GXDLMSProfileGeneric scalerProfile(GXDLMSObjectCollection items) {
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.94.91.4.255");
        profile.addCaptureObject(items.findByLN(ObjectType.REGISTER, "1.0.32.7.0.255"), 3, 0);
        profile.addCaptureObject(items.findByLN(ObjectType.REGISTER, "1.0.1.8.0.255"), 3, 0);
        profile.setBuffer(new Object[][] {{scalerUnit(-1, Unit.VOLTAGE), scalerUnit(0, Unit.ACTIVE_ENERGY)}});
        profile.setEntriesInUse(1);
        profile.setProfileEntries(1);
        return profile;
    }

    private static GXStructure scalerUnit(int scaler, Unit unit) {
        GXStructure structure = new GXStructure();
        structure.add((byte) scaler);
        structure.add(new GXEnum((short) unit.getValue()));
        return structure;
    }

    /** Row i: i periods after the start, 1000000 + 10 i, 2300 + i mod 10. */
    static void fill(GXDLMSProfileGeneric profile, int rows) {
        Object[][] buffer = new Object[rows][];
        for (int i = 0; i < rows; i++) {
            buffer[i] = new Object[] {
                new GXDateTime(calendar(PROFILE_START + i * PROFILE_PERIOD * 1000L)), 1_000_000L + 10L * i, 2300 + i % 10
            };
        }
        profile.setBuffer(buffer);
        profile.setEntriesInUse(rows);
        profile.setProfileEntries(Math.max(rows, 1));
    }

    private static GXDLMSRegister register(String ln, Object value, DataType type, double scaler, Unit unit) {
        GXDLMSRegister register = new GXDLMSRegister(ln);
        register.setScaler(scaler);
        register.setUnit(unit);
        register.setValue(value);
        register.setDataType(2, type);
        return register;
    }

    static Calendar calendar(long epochMs) {
        Calendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"));
        calendar.setTimeInMillis(epochMs);
        return calendar;
    }
}
