// netlink.hpp - a dump of one table of the kernel's routing socket, rtnetlink(7).
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "file.hpp"

namespace node_probe {

class Netlink {
 public:
  Netlink() = default;
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  // Asks for all entries of a table and gives each message's payload to `use`. `payload` is the
  // fixed header that the request has. Messages are read into the reader's buffer. 0, or an
  // errno; entries that came before an error have been used.
  int dump(Reader& reader, std::uint16_t type, std::string_view payload,
           const std::function<void(std::string_view message)>& use);

 private:
  int open();
  int receive(Reader& reader, std::uint16_t answer_type, bool& interrupted,
              const std::function<void(std::string_view message)>& use);

  int socket_ = -1;
  std::uint32_t sequence_ = 0;
};

// What the kernel announces about its network devices, to know when not to ask.
class LinkEvents {
 public:
  LinkEvents() = default;
  ~LinkEvents();
  LinkEvents(const LinkEvents&) = delete;
  LinkEvents& operator=(const LinkEvents&) = delete;

  // Whether anything was announced since the last call; true at the first call, and always where
  // nothing can be heard.
  bool any(Reader& reader);

 private:
  int socket_ = -1;
};

// The attributes that follow `header_bytes` of a message: calls use(type, value) for each.
template <class Use>
void for_each_attribute(std::string_view message, std::size_t header_bytes, Use use) {
  std::size_t at = NLMSG_ALIGN(header_bytes);
  while (at + sizeof(rtattr) <= message.size()) {
    rtattr attribute;
    __builtin_memcpy(&attribute, message.data() + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > message.size()) return;
    use(attribute.rta_type & NLA_TYPE_MASK,
        message.substr(at + sizeof attribute, attribute.rta_len - sizeof attribute));
    at += RTA_ALIGN(attribute.rta_len);
  }
}

}  // namespace node_probe
