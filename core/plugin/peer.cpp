#include "core/plugin/peer.hpp"

#include <algorithm>

#include "core/telemetry/log.hpp"

namespace weir::core {

namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kFiguresMax = 32;
constexpr std::size_t kFigureNameBytesMax = 64;

bool is_figure_name(std::string_view name) {
  constexpr auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kFigureNameBytesMax && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), good);
}

}  // namespace

void Peer::connected(std::string_view name) {
  name = name.substr(0, kNameBytesMax);
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = now_.connections != 0;
    now_.name = name.empty() ? "(unnamed)" : name;
    now_.known = now_.connected = true;
    ++now_.connections;
  }
  log(WEIR_LOG_INFO, component_,
      std::string(again ? "connected again to " : "connected to ") + std::string(name));
}

void Peer::disconnected(std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    now_.known = true;
    if (!now_.connected) return;
    now_.connected = false;
    if (why.empty()) return;
    ++now_.losses;
  }
  // What it means for rows is said, louder, by who has to wait with them.
  log(WEIR_LOG_INFO, component_, "lost the connection: " + std::string(why));
}

void Peer::figure(std::string_view name, double value) {
  if (!is_figure_name(name)) return;
  const std::lock_guard lock(mutex_);
  for (Figure& f : now_.figures) {
    if (f.name == name) {
      f.value = value;
      return;
    }
  }
  if (now_.figures.size() < kFiguresMax) now_.figures.push_back({std::string(name), value});
}

Peer::Snapshot Peer::snapshot() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

}  // namespace weir::core
