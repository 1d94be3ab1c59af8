#include "model/zone.hpp"

#include <date/tz.h>

#include <exception>
#include <stdexcept>

namespace rmf {

Zone::Zone(const std::string& name) {
  if (name == "UTC") return;
  try {
    zone_ = date::locate_zone(name);
  } catch (const std::exception&) {
    throw std::invalid_argument("there is no time zone '" + name +
                                "' in the system's data; write a name such as Europe/Berlin or "
                                "UTC, or install the package tzdata");
  }
}

std::int64_t Zone::offset_s(std::int64_t utc_s) {
  if (zone_ == nullptr) return 0;
  if (utc_s < begin_s_ || utc_s >= end_s_) {
    const date::sys_info info = static_cast<const date::time_zone*>(zone_)->get_info(
        date::sys_seconds(std::chrono::seconds(utc_s)));
    begin_s_ = info.begin.time_since_epoch().count();
    end_s_ = info.end.time_since_epoch().count();
    offset_s_ = info.offset.count();
  }
  return offset_s_;
}

}  // namespace rmf
