// The script of the dlms-simulator dialog: dlms-simulator.html uses its window.dlmsSimulatorEditor.
import { SimulatorChecks } from "./checks";
import { SimulatorDialog } from "./dialog";
import { t } from "./texts";

Object.assign(window, { dlmsSimulatorEditor: { t, checks: new SimulatorChecks(), dialog: new SimulatorDialog() } });
