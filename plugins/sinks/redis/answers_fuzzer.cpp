// What servers may answer: errors, redirections, maps of a cluster.
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cluster.hpp"
#include "connection.hpp"

namespace {

using namespace weir::redis_sink;

// The library makes room for as many elements, and bytes, as are announced, before they come: what
// a server of one's own may do, and a fuzzer would do at once.
bool announces_much(std::string_view bytes) {
  int digits = 0;
  for (const char c : bytes) {
    digits = std::isdigit(static_cast<unsigned char>(c)) != 0 ? digits + 1 : 0;
    if (digits > 5) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kind_of(bytes);
  const std::string text = describe(bytes);
  for (const char c : text) {
    if (c < ' ' || c > '~') std::abort();
  }
  Redirection to;
  if (parse_redirection(bytes, "asked", to) &&
      (to.slot >= kSlots || to.address.port == 0 || to.address.host.empty())) {
    std::abort();
  }
  if (announces_much(bytes)) return 0;
  redisReader* reader = redisReaderCreate();
  redisReaderFeed(reader, bytes.data(), bytes.size());
  void* raw = nullptr;
  while (redisReaderGetReply(reader, &raw) == REDIS_OK && raw != nullptr) {
    const Reply reply(static_cast<redisReply*>(raw));
    SlotMap map;
    if (map.read(*reply, "asked").empty()) {
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const Address* node = map.node_of(slot);
        if (node != nullptr && (node->port == 0 || node->host.empty())) std::abort();
      }
    }
    raw = nullptr;
  }
  redisReaderFree(reader);
  return 0;
}
