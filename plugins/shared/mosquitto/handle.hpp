// A handle of libmosquitto, made and set up for one connection, and connected in bounded time.
#pragma once

#include <mosquitto.h>
#include <netdb.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connection_options.hpp"

namespace weir::mqtt {

// What the broker says for us when we are gone without a goodbye.
struct Will {
  std::string topic, payload;
  int qos = 0;
  bool retain = false;
};

// What the broker keeps of us between connections.
struct Session {
  bool clean = true;               // begins anew with every connection
  std::uint32_t expiry_s = 0;      // MQTT 5: how long it is kept behind a connection
  std::uint16_t receive_max = 20;  // MQTT 5: messages of QoS 1 and 2 that we take unacknowledged
  std::uint16_t send_max = 65535;  // and that libmosquitto sends; more wait in its memory
};

struct FreeHandle {
  void operator()(::mosquitto* handle) const { mosquitto_destroy(handle); }
};
using Handle = std::unique_ptr<::mosquitto, FreeHandle>;

// nullptr, and why. `self` is what callbacks get.
Handle make_handle(const ConnectionOptions& options, const Place& place, const Session& session,
                   const std::optional<Will>& will, void* self, std::string& why);

// The first address, as text, where somebody listens: "" or why there is none. Each has its share
// of `timeout`; none is tried any more once `wake_fd` is readable.
std::string find_listener(const addrinfo* addresses, Duration timeout, int wake_fd,
                          std::string& out);

// Begins to connect: "" or why it cannot. Takes a look-up of the host's name, and at most
// connect_timeout besides; less once `wake_fd` is readable.
std::string begin_connect(::mosquitto* handle, const ConnectionOptions& options, const Place& place,
                          const Session& session, int wake_fd);

}  // namespace weir::mqtt
