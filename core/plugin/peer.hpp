// What a component told about the other side: weir.state/1. Its log lines, and its telemetry.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::core {

class Peer {
 public:
  struct Figure {
    std::string name;
    double value;
  };
  struct Snapshot {
    bool known = false;  // there is a server, connected to or not
    std::string name;    // empty: there was no connection yet
    bool connected = false;
    std::uint64_t connections = 0;
    std::uint64_t losses = 0;  // that were not on purpose
    std::vector<Figure> figures;
  };

  explicit Peer(const std::string& component) : component_(component) {}

  // Any thread.
  void connected(std::string_view name);
  void disconnected(std::string_view why);
  void figure(std::string_view name, double value);
  Snapshot snapshot() const;

 private:
  const std::string& component_;
  mutable std::mutex mutex_;
  Snapshot now_;
};

}  // namespace weir::core
