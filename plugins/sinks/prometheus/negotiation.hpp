// Which format and which encoding a client wants: Accept and Accept-Encoding with their q values
// (RFC 9110, 12.5). A client that accepts nothing we have gets plain text, as from every other
// exporter, rather than 406.
#pragma once

#include <string_view>

#include "text.hpp"

namespace weir::prometheus_sink {

struct MediaType {
  Format format;
  const char* content_type;
};

// Prometheus lists what it prefers first; of equal q values the first wins.
MediaType negotiate_media_type(std::string_view accept);

bool accepts_gzip(std::string_view accept_encoding);

}  // namespace weir::prometheus_sink
