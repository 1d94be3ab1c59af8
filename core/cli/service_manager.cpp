#include "core/cli/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/telemetry/log.hpp"

namespace weir::cli {

namespace {

constexpr std::chrono::milliseconds kUntilReady{100};
constexpr std::chrono::seconds kStatusPeriod{10};
// For what plugins take to stop, behind what delivering may take.
constexpr std::chrono::seconds kStopGrace{30};

std::string take(const char* name) {
  const char* value = std::getenv(name);
  const std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

}  // namespace

ServiceManager::ServiceManager() {
  address_ = take("NOTIFY_SOCKET");
  const std::string period = take("WATCHDOG_USEC"), process = take("WATCHDOG_PID");
  if (address_.empty() || address_.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_[0] == '@') address_[0] = '\0';
  socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (process.empty() || process == std::to_string(getpid())) {
    watchdog_ = std::chrono::microseconds(std::strtoull(period.c_str(), nullptr, 10));
  }
}

std::chrono::nanoseconds ServiceManager::period() const {
  std::chrono::nanoseconds period = kStatusPeriod;
  if (!ready_) period = kUntilReady;
  // Twice as often as has to be, as systemd's manual advises.
  if (watchdog_.count() != 0) period = std::min(period, watchdog_ / 2);
  return period;
}

void ServiceManager::tick(const core::Pipeline& pipeline) {
  if (!listens()) return;
  const Clock::time_point now = Clock::now();
  std::string lines;
  if (watchdog_.count() != 0 && pipeline.moves()) lines += "WATCHDOG=1\n";
  if (!ready_ || now - told_ >= kStatusPeriod) {
    const core::Health health = pipeline.health();
    if (!ready_ && health.collected) lines += "READY=1\n";
    ready_ = ready_ || health.collected;
    if (ready_) lines += "STATUS=" + status(pipeline, health, now) + '\n';
  }
  if (!lines.empty()) send(lines);
}

// Before it is ready it need not say that it is ready again.
void ServiceManager::reloading() {
  if (!listens() || !ready_) return;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t us = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us) + "\nSTATUS=reloading\n");
}

void ServiceManager::reloaded() {
  if (!listens() || !ready_) return;
  told_ = {};  // the status follows with the next tick
  send("READY=1\n");
}

void ServiceManager::stopping(std::chrono::nanoseconds timeout) {
  if (!listens()) return;
  // It may be longer than TimeoutStopSec=; a shorter one takes nothing from that.
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(timeout + kStopGrace);
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(us.count()) +
       "\nSTATUS=delivering what is left\n");
}

std::string ServiceManager::status(const core::Pipeline& pipeline, const core::Health& health,
                                   Clock::time_point now) {
  std::uint64_t delivered = 0, held = 0, dropped = 0;
  for (const core::RouteTotals& r : pipeline.route_totals()) {
    delivered += r.delivered;
    held += r.held();
    for (const std::uint64_t rows : r.dropped) dropped += rows;
  }
  std::string troubled;
  for (const core::ComponentHealth& c : health.components) {
    if (c.condition != core::Condition::kFails && c.condition != core::Condition::kAbsent) continue;
    troubled += (troubled.empty() ? "; in trouble: " : ", ") + c.id;
  }
  const std::chrono::duration<double> since = now - told_;
  const auto rate = static_cast<double>(delivered - delivered_) / since.count();
  std::string text = std::to_string(health.components.size()) + " components";
  if (told_ != Clock::time_point{}) {
    text += ", " + std::to_string(std::llround(rate)) + " rows/s delivered";
  }
  text += ", " + std::to_string(held) + " held, " + std::to_string(dropped) + " dropped" + troubled;
  told_ = now;
  delivered_ = delivered;
  return text;
}

void ServiceManager::send(const std::string& lines) const {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  if (sendto(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), size) < 0) {
    core::log_warn("the service manager cannot be told: " + errno_text(errno));
  }
}

}  // namespace weir::cli
