// Fuzzes what a stranger on the port can reach: requests in arbitrary pieces, and negotiation.
// The first byte is the size of the pieces, the rest the connection's bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http.hpp"
#include "limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir::prometheus_sink;
  if (size == 0) return 0;
  const std::size_t piece_bytes = data[0] + std::size_t{1};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpRules rules;
  if (piece_bytes % 2 == 0) rules.credentials = basic_credentials("user", "password");
  RequestReader reader(rules);
  std::string in;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    in += bytes.substr(at, piece_bytes);
    while (const auto reply = reader.feed(in)) {
      const std::string head = reply->head();
      // One header, and nothing that the client said is in it.
      if (head.find("\r\n\r\n") != head.size() - 4) std::abort();
      if (reply->metrics && !rules.credentials.empty() &&
          bytes.find(rules.credentials) == std::string_view::npos) {
        std::abort();
      }
      if (!reply->keep_alive) return 0;
      reader.reset();
      if (in.empty()) break;
    }
    if (in.size() > kHeaderBytesMax) std::abort();
  }
  negotiate_media_type(bytes);
  accepts_gzip(bytes);
  return 0;
}
