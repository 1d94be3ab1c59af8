// Properties of an MQTT 5 packet, owned. Empty ones are nullptr, which is what MQTT 3.1.1 needs.
#pragma once

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace weir::mqtt {

// One thread. Texts must be well-formed UTF-8, without NUL and of at most 65535 bytes: false, and
// nothing added, where one is not.
class Properties {
 public:
  Properties() = default;
  Properties(Properties&& other) noexcept : list_(std::exchange(other.list_, nullptr)) {}
  Properties& operator=(Properties&& other) noexcept {
    std::swap(list_, other.list_);
    return *this;
  }
  ~Properties() { mosquitto_property_free_all(&list_); }

  void add_u16(int id, std::uint16_t value) {
    checked(mosquitto_property_add_int16(&list_, id, value));
  }
  void add_u32(int id, std::uint32_t value) {
    checked(mosquitto_property_add_int32(&list_, id, value));
  }
  bool add_text(int id, const std::string& value) {
    return checked(mosquitto_property_add_string(&list_, id, value.c_str()));
  }
  bool add_pair(int id, const std::string& name, const std::string& value) {
    return checked(mosquitto_property_add_string_pair(&list_, id, name.c_str(), value.c_str()));
  }
  const mosquitto_property* get() const { return list_; }

 private:
  static bool checked(int error) {
    if (error == MOSQ_ERR_NOMEM) throw std::bad_alloc();
    return error == MOSQ_ERR_SUCCESS;
  }
  mosquitto_property* list_ = nullptr;
};

}  // namespace weir::mqtt
