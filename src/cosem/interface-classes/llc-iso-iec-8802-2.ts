// Interface classes of the Blue Book's chapter 4.11, LLC layers of ISO/IEC 8802-2.
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.11 ISO/IEC 8802-2 LLC; IEC 62056-6-2";

/** LLC types 1, 2 and 3. */
export const llcClasses = [
  {
    id: 57,
    version: 0,
    title: "ISO/IEC 8802-2 LLC Type 1 setup",
    attributes: [["max_octets_ui_pdu", "long-unsigned"]],
    source,
  },
  {
    id: 58,
    version: 0,
    title: "ISO/IEC 8802-2 LLC Type 2 setup",
    attributes: [
      ["transmit_window_size_k", "unsigned"],
      ["receive_window_size_rw", "unsigned"],
      ["max_octets_i_pdu_n1", "long-unsigned"],
      ["max_number_transmissions_n2", "unsigned"],
      ["acknowledgement_timer", "long-unsigned"],
      ["p_bit_timer", "long-unsigned"],
      ["reject_timer", "long-unsigned"],
      ["busy_state_timer", "long-unsigned"],
    ],
    source,
  },
  {
    id: 59,
    version: 0,
    title: "ISO/IEC 8802-2 LLC Type 3 setup",
    attributes: [
      ["max_octets_acn_pdu_n3", "long-unsigned"],
      ["max_number_transmissions_n4", "unsigned"],
      ["acknowledgement_time_t1", "long-unsigned"],
      ["receive_lifetime_var_t2", "long-unsigned"],
      ["transmit_lifetime_var_t3", "long-unsigned"],
    ],
    source,
  },
] as const satisfies readonly ClassRow[];
