// What a client may cost. Constants, since they protect the agent and nobody has reason to tune
// them: a scrape is one small request and one response.
#pragma once

#include <chrono>
#include <cstddef>

namespace weir::prometheus_sink {

inline constexpr std::size_t kHeaderBytesMax = 8 * 1024;
// Above this, who has made no progress for longest is closed for who comes new.
inline constexpr std::size_t kConnectionsMax = 128;
// Responses on their way at once. Each may hold the values of its instant in memory.
inline constexpr std::size_t kScrapesMax = 16;
// From the first byte (or the connection) to the end of the header, TLS handshake included.
inline constexpr std::chrono::seconds kRequestTimeout{10};
// Between requests of one connection.
inline constexpr std::chrono::seconds kIdleTimeout{180};
// A client that takes nothing for this long, or is not done after that long.
inline constexpr std::chrono::seconds kStallTimeout{30};
inline constexpr std::chrono::seconds kResponseTimeout{180};
// After an error: how long a client may go on sending before it is cut off.
inline constexpr std::chrono::seconds kLingerTimeout{2};

}  // namespace weir::prometheus_sink
