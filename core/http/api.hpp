// The agent's own pages: what `weir status`, probes and scrapers ask for.
//
//   GET /health   the process lives and its scheduler fires: no output has a say in it
//   GET /ready    every component that is `required` works
//   GET /startup  the first rows were collected and delivered to every required sink
//   GET /status   components and routes with their figures
//   GET /metrics  the agent's own counters, Prometheus text format 0.0.4
//
// The first three answer 200 or 503, and why, as JSON. Where a token is configured, those who come
// over TCP without it get the status of these three and nothing else.
#pragma once

#include <mutex>
#include <string>

#include "core/http/message.hpp"
#include "core/http/reloads.hpp"
#include "core/pipeline/pipeline.hpp"

namespace weir::http {

class Api {
 public:
  // The pipeline outlives it. `token`: "" where none is asked for. `configuration`: the file that
  // the agent was started with, for people. `reloads`: nullptr where there are none.
  Api(const core::Pipeline& pipeline, std::string token, std::string configuration = "",
      Reloads* reloads = nullptr)
      : pipeline_(pipeline),
        configuration_(std::move(configuration)),
        reloads_(reloads),
        token_(std::move(token)) {}

  // Any thread.
  Response handle(const Request& request) const;
  void set_token(std::string token);

 private:
  Response reload(const Request& request, bool trusted) const;

  const core::Pipeline& pipeline_;
  const std::string configuration_;
  Reloads* const reloads_;
  mutable std::mutex mutex_;
  std::string token_;  // under mutex_
};

}  // namespace weir::http
