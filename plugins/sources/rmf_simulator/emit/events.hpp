// events.hpp - a row where a scenario begins and one where it ends, for each LPAR that it befalls.
#pragma once

#include <vector>

#include "emit/report.hpp"

namespace rmf {

class Events {
 public:
  Events(weir::Source source, const Config& config);
  // Those in (after, until], each at its own time.
  void emit(Time after, Time until);

 private:
  struct Event {
    Time time;
    std::size_t series;
    const char* type;
    std::string text;
  };
  Table table_;
  std::vector<Event> events_;  // by time
};

}  // namespace rmf
