// What brokers and libmosquitto answer, in words with a remedy, and what it means for rows. Pure.
#pragma once

#include <string>

namespace weir::mqtt {

// Of a CONNACK that is not 0. The numbers of MQTT 5 and 3.1.1 do not overlap.
std::string connect_refusal(int reason);
// Of a PUBACK, PUBREC, PUBCOMP, SUBACK or DISCONNECT of MQTT 5.
std::string reason_text(int reason);
// Of a function of libmosquitto that failed (MOSQ_ERR_...), right after the call: it may mean
// errno.
std::string error_text(int error);

enum class Fate {
  delivered,
  retry,   // may pass, or is for the operator to mend
  reject,  // this message will never be taken
};
// Of a message whose acknowledgement has this reason code.
Fate fate_of(int reason);

}  // namespace weir::mqtt
