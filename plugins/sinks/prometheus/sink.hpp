// The component: options in, rows in, an endpoint out. The store is the sink's; the server reads
// it from its own thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "options.hpp"
#include "server.hpp"
#include "store.hpp"
#include "weir/weir.hpp"

namespace weir::prometheus_sink {

class PrometheusSink {
 public:
  using Options = prometheus_sink::Options;

  PrometheusSink(weir::Sink sink, const Options& options);
  static void check(const Options& options, weir::Problems& problems);

  void start();
  void stop();
  weir::Status write(std::span<const weir_batch* const> batches);
  weir::Finding probe(weir::Duration limit);

  const Server* server() const { return server_.get(); }

 private:
  std::unique_ptr<Server> make_server();
  std::string url(const Server& server) const;
  void warn_of_limit(std::int64_t now_ns);

  weir::Sink sink_;
  Options options_;
  Store store_;
  Store::Outcome outcome_;
  std::unique_ptr<Server> server_;
  std::int64_t warned_at_ns_ = 0;
};

}  // namespace weir::prometheus_sink
