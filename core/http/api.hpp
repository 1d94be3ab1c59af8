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

#include <string>

#include "core/http/message.hpp"
#include "core/pipeline/pipeline.hpp"

namespace weir::http {

class Api {
 public:
  // The pipeline outlives it. `token`: "" where none is asked for. `configuration`: the file that
  // the agent was started with, for people.
  Api(const core::Pipeline& pipeline, std::string token, std::string configuration = "")
      : pipeline_(pipeline), token_(std::move(token)), configuration_(std::move(configuration)) {}

  Response handle(const Request& request) const;

 private:
  bool knows_token(const Request& request) const;

  const core::Pipeline& pipeline_;
  const std::string token_;
  const std::string configuration_;
};

}  // namespace weir::http
