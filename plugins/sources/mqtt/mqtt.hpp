// The source mqtt: what options can say, and the session that does the work.
#pragma once

#include <string>

#include "options.hpp"
#include "session.hpp"
#include "weir/weir.hpp"

namespace weir::mqtt_source {

class Mqtt {
 public:
  using Options = mqtt_source::Options;

  Mqtt(Source source, const Options& options)
      : source_(source), options_(options), session_(source, options) {}
  static void check(const Options& options, Problems& problems);
  void start() { session_.start(); }
  void stop() { session_.stop(); }
  Finding probe(Duration limit);

 private:
  const Source source_;
  const Options options_;
  Session session_;
};

}  // namespace weir::mqtt_source
