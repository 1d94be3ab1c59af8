// Options of components that connect to an MQTT broker: the same keys, with the same meaning.
//
//   struct Options : mqtt::ConnectionOptions {
//     std::string topic;
//     static const OptionTable<Options>& table() {
//       static const OptionTable<Options> t(mqtt::with_connection<Options>({
//           ...,
//       }));
//       return t;
//     }
//   };
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "weir/client_tls.hpp"
#include "weir/options.hpp"

namespace weir::mqtt {

enum class Protocol { v5, v311 };

struct Place {
  std::string user, host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string problem;  // not empty: what is wrong with the url, and what is expected
  std::string text() const { return host + ":" + std::to_string(port); }
};

struct ConnectionOptions {
  std::string url;
  std::string password;
  std::optional<ClientTls> tls;
  std::string client_id;
  Protocol protocol = Protocol::v5;
  Duration keep_alive{};
  Duration connect_timeout{};

  void check(Problems& problems) const;
  // mqtt://user@host:1883, mqtts://host:8883; speaks TLS with mqtts, and with `tls`.
  Place place() const;
};

// The options of T, which is derived from ConnectionOptions: these, and then `more`.
template <class T>
std::vector<Option<T>> with_connection(std::initializer_list<Option<T>> more) {
  const auto option = []<class M>(const char* name, M ConnectionOptions::*member,
                                  const char* help) {
    return Option<T>(name, static_cast<M T::*>(member), help);
  };
  using C = ConnectionOptions;
  std::vector<Option<T>> all{
      option("url", &C::url, "The broker: mqtt://user@host:1883, or mqtts:// for TLS.").required(),
      option("password", &C::password, "The user's password.").secret(),
      option("tls", &C::tls, "Speaks TLS with the broker, and with no other."),
      option("client_id", &C::client_id,
             "The name of the session at the broker; none: made of the host and the component."),
      option("protocol", &C::protocol, "The version of MQTT.").choices({"5", "3.1.1"}).def("5"),
      option("keep_alive", &C::keep_alive,
             "How long the connection may be silent before both sides take it for broken.")
          .def("30s")
          .min("5s")
          .max("18h"),
      option("connect_timeout", &C::connect_timeout,
             "How long connecting may take, with the broker's answer.")
          .def("10s")
          .min("1s")
          .max("5m"),
  };
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace weir::mqtt
