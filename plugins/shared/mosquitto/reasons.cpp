#include "reasons.hpp"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>

#include <cerrno>

#include "weir/posix.hpp"

namespace weir::mqtt {

namespace {

const char* remedy_for(int reason) {
  switch (reason) {
    case CONNACK_REFUSED_PROTOCOL_VERSION:
    case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION: return "; set protocol to what the broker speaks";
    case CONNACK_REFUSED_IDENTIFIER_REJECTED:
    case MQTT_RC_CLIENTID_NOT_VALID: return "; set another client_id";
    case CONNACK_REFUSED_BAD_USERNAME_PASSWORD:
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD: return "; check the user of url, and password";
    case CONNACK_REFUSED_NOT_AUTHORIZED:
    case MQTT_RC_NOT_AUTHORIZED:
      return "; check the user of url, password, and what the broker allows them";
    case MQTT_RC_BANNED: return "; let the broker take this client again";
    case MQTT_RC_SESSION_TAKEN_OVER:
      return "; another client has the same client_id: give each its own";
    case MQTT_RC_TOPIC_NAME_INVALID: return "; change topic";
    case MQTT_RC_PACKET_TOO_LARGE: return "; raise the broker's limit";
    case MQTT_RC_QUOTA_EXCEEDED:
    case MQTT_RC_MESSAGE_RATE_TOO_HIGH: return "; raise the broker's quota";
    case MQTT_RC_RETAIN_NOT_SUPPORTED: return "; set retain to false";
    case MQTT_RC_QOS_NOT_SUPPORTED: return "; lower qos";
    case MQTT_RC_USE_ANOTHER_SERVER:
    case MQTT_RC_SERVER_MOVED: return "; name the other server in url";
    default: return "";
  }
}

// libmosquitto's own texts end with a full stop.
std::string without_stop(std::string text) {
  while (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string connect_refusal(int reason) {
  const char* text =
      reason < 0x80 ? mosquitto_connack_string(reason) : mosquitto_reason_string(reason);
  return "the broker refused the connection: " + without_stop(text) + remedy_for(reason);
}

std::string reason_text(int reason) {
  return without_stop(mosquitto_reason_string(reason)) + (reason >= 0x80 ? remedy_for(reason) : "");
}

std::string error_text(int error) {
  const int number = errno;
  switch (error) {
    case MOSQ_ERR_ERRNO: return number == 0 ? "the connection was lost" : errno_text(number);
    case MOSQ_ERR_EAI: return std::string(gai_strerror(number)) + "; check the host of url";
    case MOSQ_ERR_CONN_LOST: return "the broker closed the connection; its log says why";
    case MOSQ_ERR_KEEPALIVE: return "the broker was silent for longer than keep_alive";
    case MOSQ_ERR_TLS: return "TLS failed";
    case MOSQ_ERR_OVERSIZE_PACKET: return reason_text(MQTT_RC_PACKET_TOO_LARGE);
    case MOSQ_ERR_QOS_NOT_SUPPORTED: return reason_text(MQTT_RC_QOS_NOT_SUPPORTED);
    case MOSQ_ERR_RETAIN_NOT_SUPPORTED: return reason_text(MQTT_RC_RETAIN_NOT_SUPPORTED);
    default: return without_stop(mosquitto_strerror(error));
  }
}

Fate fate_of(int reason) {
  if (reason < 0x80) return Fate::delivered;
  switch (reason) {
    case MQTT_RC_NOT_AUTHORIZED:
    case MQTT_RC_TOPIC_NAME_INVALID:
    case MQTT_RC_PAYLOAD_FORMAT_INVALID:
    case MQTT_RC_PACKET_TOO_LARGE: return Fate::reject;
    default: return Fate::retry;
  }
}

}  // namespace weir::mqtt
