#include "redis.hpp"

#include <algorithm>
#include <tuple>

namespace weir::redis_sink {

namespace {

constexpr std::size_t kPipelineBytes = 256 << 10;  // sent before answers are looked at

Options with_a_purpose(Options options) {
  if (!options.latest && !options.history && !options.publish) options.latest.emplace();
  return options;
}

void check_templates(const Options& options, Problems& problems) {
  const auto look = [&problems](const char* path, const std::string& text, bool is_unique) {
    const std::string why = Template().parse(text, is_unique);
    if (!why.empty()) problems.add(path, why);
  };
  if (options.latest) look("latest.key", options.latest->key, true);
  if (options.history) look("history.key", options.history->key, true);
  if (options.publish) look("publish.channel", options.publish->channel, false);
  if (options.latest && options.history && options.latest->key == options.history->key) {
    problems.add("history.key", "is that of latest; expected another");
  }
}

}  // namespace

Redis::Redis(Sink sink, const Options& options)
    : sink_(sink),
      options_(with_a_purpose(options)),
      servers_(sink, options_),
      renderer_(options_),
      pipeline_(options_, servers_, renderer_) {}

void Redis::check(const Options& options, Problems& problems) {
  const Place place = parse_place(options);
  if (!place.problem.empty()) problems.add("url", place.problem);
  if (options.tls) options.tls->check(problems);
  if (options.url.starts_with("rediss://") && options.tls && !options.tls->enabled) {
    problems.add("tls.enabled", "is false, and the url says rediss://; expected one of them");
  }
  if (options.cluster && options.sentinel) {
    problems.add("sentinel", "is for one master, and cluster is true; expected one of them");
  }
  if (!options.socket.empty() && (options.cluster || options.sentinel)) {
    problems.add("socket", "leads to one server; expected neither cluster nor sentinel");
  }
  if (!options.socket.empty() && place.is_tls) {
    problems.add("socket", "is on this host, where TLS is not spoken; remove one of them");
  }
  check_templates(options, problems);
}

void Redis::stop() { servers_.close(""); }

// By connections of its own, which load no scripts.
Finding Redis::probe(Duration limit) {
  Options options = options_;
  options.connect_timeout = std::min(options.connect_timeout, limit);
  options.timeout = std::min(options.timeout, limit);
  Servers servers(sink_, options, false);
  Problem problem = servers.open();
  if (!problem) problem = servers.greet();
  return problem ? Finding::failed(problem.text) : Finding::ok();
}

Status Redis::write(std::span<const weir_batch* const> batches) {
  Problem problem;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool was_open = servers_.is_open();
    problem = deliver(batches);
    report();
    if (problem.kind != Kind::connection) break;
    servers_.close(problem.text);
    // Servers close connections that were idle for long.
    if (!was_open || sink_.stopping()) break;
  }
  if (problem) return Status::retry(problem.text);
  auto& rejected = pipeline_.commands().rejected;
  const auto by_row = [](const Rejected& r) { return std::tie(r.batch, r.row); };
  std::stable_sort(rejected.begin(), rejected.end(),
                   [&](const Rejected& a, const Rejected& b) { return by_row(a) < by_row(b); });
  const Rejected* last = nullptr;
  for (const Rejected& r : rejected) {  // a row has several commands, and is rejected once
    if (last == nullptr || by_row(*last) != by_row(r)) {
      sink_.reject(*r.batch, r.row, r.reason.c_str());
    }
    last = &r;
  }
  return Status::ok();
}

Problem Redis::deliver(std::span<const weir_batch* const> batches) {
  pipeline_.clear();
  if (Problem p = servers_.open()) return p;
  for (const weir_batch* batch : batches) {
    for (std::uint32_t row = 0; row < batch->rows;) {
      row += renderer_.append(*batch, row, pipeline_.commands());
      if (pipeline_.commands().text.size() < kPipelineBytes) continue;
      if (Problem p = pipeline_.flush()) return p;
    }
  }
  return pipeline_.flush();
}

void Redis::report() {
  const Counts& counts = pipeline_.counts();
  if (options_.cluster) {
    sink_.figure("moved", counts.moved);
    sink_.figure("asked", counts.asked);
  }
  if (options_.history) sink_.figure("entries_not_new", counts.again);
}

}  // namespace weir::redis_sink
