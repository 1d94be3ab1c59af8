// Sink `prometheus`: keeps the latest value of every series and serves them to who asks.
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "sink.hpp"
#include "weir/listen.hpp"

namespace weir::prometheus_sink {

namespace {

// Calls add(option, what is wrong with it).
template <class Add>
void validate(const Options& options, Add add) {
  std::string host;
  std::uint16_t port = 0;
  if (const std::string why = parse_listen(options.listen, host, port); !why.empty()) {
    add("listen", why);
  }
  constexpr const char* kPathCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.~-";
  if (!options.path.starts_with('/') ||
      options.path.find_first_not_of(kPathCharacters) != std::string::npos) {
    add("path", "'" + options.path + "' is no path: it begins with / and has letters, digits and " +
                    "/ _ . ~ - only");
  }
  if (options.tls && options.tls->cert.empty()) add("tls.cert", "no file is named");
  if (options.tls && options.tls->key.empty()) add("tls.key", "no file is named");
  if (options.basic_auth) {
    const auto& username = options.basic_auth->username;
    if (username.empty() || username.find(':') != std::string::npos) {
      add("basic_auth.username", "'" + username + "' cannot be one: empty, or it has a colon");
    }
    if (options.basic_auth->password.empty()) {
      add("basic_auth.password", "an empty password keeps nobody out");
    }
  }
}

std::int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

constexpr std::int64_t kWarnEveryNs = 60'000'000'000;

}  // namespace

PrometheusSink::PrometheusSink(weir::Sink sink, const Options& options)
    : sink_(sink),
      options_(options),
      store_({options.max_series, options.series_ttl.count(), options.timestamps}) {
  validate(options,
           [](const char* path, const std::string& why) { throw weir::OptionError(path, why); });
}

void PrometheusSink::check(const Options& options, weir::Problems& problems) {
  validate(options, [&](const char* path, const std::string& why) { problems.add(path, why); });
}

// Bound, and not served yet.
std::unique_ptr<Server> PrometheusSink::make_server() {
  Server::Config config;
  config.listen = options_.listen;
  config.rules.path = options_.path;
  config.rules.gzip = options_.gzip;
  config.rules.agent_version = sink_.agent_version();
  if (options_.basic_auth) {
    config.rules.credentials =
        basic_credentials(options_.basic_auth->username, options_.basic_auth->password);
  }
  config.series_ttl_ns = options_.series_ttl.count();
  if (options_.tls) config.tls = std::make_unique<Tls>(*options_.tls, tls_helper_path());
  return std::make_unique<Server>(std::move(config), store_);
}

void PrometheusSink::start() {
  server_ = make_server();
  sink_.info("serving " + url(*server_));
  if (!server_->loopback() && options_.basic_auth && !options_.tls) {
    sink_.warn("basic_auth without tls: the password crosses the network readable; configure tls");
  }
  server_->start();
}

std::string PrometheusSink::url(const Server& server) const {
  return (options_.tls ? "https://" : "http://") + server.address() + options_.path;
}

// Takes the port, and gives it back.
weir::Finding PrometheusSink::probe(weir::Duration /*limit*/) {
  try {
    return weir::Finding::ok("can serve " + url(*make_server()));
  } catch (const std::runtime_error& e) {
    const std::string why = e.what();
    const bool is_taken = why.find(errno_text(EADDRINUSE)) != std::string::npos;
    return is_taken ? weir::Finding::taken(why) : weir::Finding::failed(why);
  }
}

void PrometheusSink::stop() {
  if (server_) server_->stop();
}

weir::Status PrometheusSink::write(std::span<const weir_batch* const> batches) {
  const std::int64_t now_ns = steady_now_ns();
  store_.write(batches, now_ns, outcome_);
  for (const std::string& problem : outcome_.problems) sink_.warn(problem);
  const weir_host* host = sink_.abi();
  for (const Store::Refused& r : outcome_.refused) {
    host->reject(host, r.batch, r.first_row, r.rows, r.reason);
  }
  if (!outcome_.refused.empty()) warn_of_limit(now_ns);
  return weir::Status::ok();
}

void PrometheusSink::warn_of_limit(std::int64_t now_ns) {
  if (warned_at_ns_ != 0 && now_ns - warned_at_ns_ < kWarnEveryNs) return;
  warned_at_ns_ = now_ns;
  sink_.warn("rows are refused: " + std::string(outcome_.refused.front().reason) +
             "; weir_prometheus_sink_over_limit_rows_total counts them, max_series is " +
             std::to_string(options_.max_series));
}

}  // namespace weir::prometheus_sink

WEIR_PLUGIN("prometheus", "0.1.0",
            weir::sink<weir::prometheus_sink::PrometheusSink>(
                "prometheus", "Serves the latest value of every series to Prometheus.",
                WEIR_PRESENT_ONLY))
