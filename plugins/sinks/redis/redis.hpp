// The sink redis: the newest row of each series in a hash, its history in a stream, each row as a
// message; in one server, one that sentinels name, or a cluster.
//
// Rows go in pipelines of bounded size, and every answer is looked at. Hashes are written by a
// script that compares times, so that rows which come again, or late, change nothing. Entries of
// streams have the time as their id, so that the server refuses one that comes again; what it
// refuses is then looked for.
#pragma once

#include <span>

#include "options.hpp"
#include "pipeline.hpp"
#include "render.hpp"
#include "servers.hpp"
#include "weir/weir.hpp"

namespace weir::redis_sink {

class Redis {
 public:
  using Options = redis_sink::Options;

  Redis(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  Problem deliver(std::span<const weir_batch* const> batches);
  void report();

  Sink sink_;
  const Options options_;
  Servers servers_;
  Renderer renderer_;
  Pipeline pipeline_;
};

}  // namespace weir::redis_sink
