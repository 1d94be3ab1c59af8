#include "core/http/api.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <string_view>

#include "core/config/catalog.hpp"
#include "core/plugin/host.hpp"
#include "core/telemetry/exposition.hpp"
#include "core/telemetry/json.hpp"
#include "weir/format_number.hpp"
#include "weir/http.hpp"

namespace weir::http {

namespace {

using core::JsonWriter;

constexpr std::string_view kScheme = "Bearer ";

constexpr const char* kConditions[] = {"starting", "works", "fails", "absent"};
constexpr const char* kPhases[] = {"starting", "running", "stopping"};

// A page of somebody else's that a browser on this host shows may ask under a name that leads here:
// an address, or localhost, is nobody's name.
bool is_address(std::string host) {
  if (host.empty()) return true;  // HTTP/1.0
  in6_addr address{};
  if (host.front() == '[') {
    const std::size_t end = host.find(']');
    return end != std::string::npos &&
           inet_pton(AF_INET6, host.substr(1, end - 1).c_str(), &address) == 1;
  }
  host.resize(std::min(host.find(':'), host.size()));
  return host == "localhost" || inet_pton(AF_INET, host.c_str(), &address) == 1;
}

void put_components(JsonWriter& json, const core::Health& health) {
  json.key("components").open('[');
  for (const core::ComponentHealth& c : health.components) {
    json.open('{').key("id").text(c.id);
    json.key("kind").text(config::kind_name(c.kind)).key("type").text(c.type);
    json.key("required").boolean(c.required);
    json.key("status").text(kConditions[static_cast<int>(c.condition)]);
    if (!c.reason.empty()) json.key("reason").text(c.reason);
    json.close('}');
  }
  json.close(']');
}

// `told`: nullptr for those who may not know why.
Response probe(bool good, const char* bad, const core::Health* told) {
  JsonWriter json;
  json.open('{').key("status").text(good ? "ok" : bad);
  if (told != nullptr) put_components(json, *told);
  json.close('}');
  return {good ? 200u : 503u, "application/json", json.finish()};
}

void put_routes(JsonWriter& json, const core::Pipeline& pipeline) {
  json.key("routes").open('[');
  for (const core::RouteTotals& r : pipeline.route_totals()) {
    const auto number = [&](const char* name, std::uint64_t value) {
      json.key(name).raw(std::to_string(value));
    };
    json.open('{').key("source").text(r.producer).key("consumer").text(r.consumer);
    number("offered", r.offered);
    number("recovered", r.recovered);
    number("delivered", r.delivered);
    number("held", r.held());
    json.key("dropped").open('{');
    for (std::size_t i = 0; i < core::kDropReasons; ++i) {
      if (r.dropped[i] != 0) number(core::kDropReasonNames[i], r.dropped[i]);
    }
    json.close('}').close('}');
  }
  json.close(']');
}

void put_reload(JsonWriter& json, const Reloads::State& state) {
  const auto number = [&](const char* name, std::uint64_t value) {
    json.key(name).raw(std::to_string(value));
  };
  number("asked", state.asked);
  number("done", state.done);
  json.key("running").boolean(state.running);
  number("count", state.count);
  json.key("result").text(state.count == 0 ? "none" : core::to_text(state.result));
  if (state.count != 0) {
    json.key("ended").text(format::TimeText().at(state.ended_ns - state.ended_ns % 1'000'000));
  }
  json.key("lines").open('[');
  for (const std::string& line : state.lines) json.text(line);
  json.close(']');
}

bool has_token(const Request& request, std::string_view token) {
  const std::string_view given = request.authorization;
  return boost::beast::iequals(given.substr(0, kScheme.size()), kScheme) &&
         equal_in_constant_time(token, given.substr(kScheme.size()));
}

}  // namespace

void Api::set_token(std::string token) {
  const std::lock_guard lock(mutex_);
  token_ = std::move(token);
}

// Over the Unix socket, or with a token: a page of somebody else's that a browser here shows can
// ask on loopback, too.
Response Api::reload(const Request& request, bool trusted) const {
  if (request.method == "POST") {
    if (!trusted) {
      return error_response(403,
                            "a reload is asked for over agent.http.socket, or with an "
                            "agent.http.token");
    }
    const std::uint64_t number = reloads_->ask();
    JsonWriter json;
    json.open('{').key("reload").raw(std::to_string(number)).close('}');
    return {202, "application/json", json.finish()};
  }
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = error_response(405, "expected GET or POST");
    response.allow = "GET, HEAD, POST";
    return response;
  }
  JsonWriter json;
  json.open('{');
  put_reload(json, reloads_->state());
  json.close('}');
  return {200, "application/json", json.finish()};
}

Response Api::handle(const Request& request) const {
  const std::string& path = request.path;
  const bool is_probe = path == "/health" || path == "/ready" || path == "/startup";
  std::string token_now;
  {
    const std::lock_guard lock(mutex_);
    token_now = token_;
  }
  const bool gave_token = !token_now.empty() && has_token(request, token_now);
  const bool known = token_now.empty() || request.local || gave_token;
  if (!known && !is_probe) {
    return error_response(
        401, "expected the header `Authorization: Bearer TOKEN`, see agent.http.token");
  }
  if (token_now.empty() && !request.local && !is_address(request.host)) {
    return error_response(403, "expected an address or localhost as Host, or an agent.http.token");
  }
  if (path == "/reload" && reloads_ != nullptr) return reload(request, request.local || gave_token);
  if (!is_probe && path != "/status" && path != "/metrics") {
    return error_response(404, "there is /health, /ready, /startup, /status, /metrics and /reload");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return error_response(405, "expected GET");
  }
  if (path == "/metrics") {
    core::Exposition exposition;
    pipeline_.visit_telemetry(core::Exposition::add, &exposition);
    return {200, core::Exposition::kContentType, exposition.text()};
  }
  const core::Health health = pipeline_.health();
  const core::Health* told = known ? &health : nullptr;
  if (path == "/health") {
    const char* why = pipeline_.standstill();
    return probe(why == nullptr, why, told);
  }
  if (path == "/startup") return probe(health.started, "starting", told);
  const bool runs = health.phase == core::Phase::kRunning;
  if (path == "/ready") {
    const char* bad = !runs             ? kPhases[static_cast<int>(health.phase)]
                      : !health.started ? "starting"
                                        : "a required component does not work";
    return probe(health.ready, bad, told);
  }
  JsonWriter json;
  json.open('{').key("version").text(core::agent_version());
  json.key("hostname").text(pipeline_.hostname()).key("pid").raw(std::to_string(getpid()));
  json.key("configuration").text(configuration_).key("digest").text(pipeline_.digest());
  json.key("phase").text(kPhases[static_cast<int>(health.phase)]);
  json.key("started").boolean(health.started).key("ready").boolean(health.ready);
  if (reloads_ != nullptr) {
    json.key("reload").open('{');
    put_reload(json, reloads_->state());
    json.close('}');
  }
  put_components(json, health);
  put_routes(json, pipeline_);
  json.close('}');
  return {200, "application/json", json.finish()};
}

}  // namespace weir::http
