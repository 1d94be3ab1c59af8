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
  pipeline.visit_routes([&](const core::Route& r) {
    const auto number = [&](const char* name, std::uint64_t value) {
      json.key(name).raw(std::to_string(value));
    };
    json.open('{').key("source").text(r.producer).key("consumer").text(r.consumer);
    number("offered", r.rows_offered);
    number("recovered", r.rows_recovered);
    number("delivered", r.rows_delivered);
    number("held", static_cast<std::uint64_t>(r.rows_held.load()));
    json.key("dropped").open('{');
    for (std::size_t i = 0; i < core::kDropReasons; ++i) {
      if (r.rows_dropped[i] != 0) number(core::kDropReasonNames[i], r.rows_dropped[i]);
    }
    json.close('}').close('}');
  });
  json.close(']');
}

}  // namespace

bool Api::knows_token(const Request& request) const {
  if (token_.empty() || request.local) return true;
  const std::string_view given = request.authorization;
  return boost::beast::iequals(given.substr(0, kScheme.size()), kScheme) &&
         equal_in_constant_time(token_, given.substr(kScheme.size()));
}

Response Api::handle(const Request& request) const {
  const std::string& path = request.path;
  const bool is_probe = path == "/health" || path == "/ready" || path == "/startup";
  const bool known = knows_token(request);
  if (!known && !is_probe) {
    return error_response(
        401, "expected the header `Authorization: Bearer TOKEN`, see agent.http.token");
  }
  if (token_.empty() && !request.local && !is_address(request.host)) {
    return error_response(403, "expected an address or localhost as Host, or an agent.http.token");
  }
  if (!is_probe && path != "/status" && path != "/metrics") {
    return error_response(404, "there is /health, /ready, /startup, /status and /metrics");
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
  if (path == "/health") return probe(pipeline_.moves(), "the scheduler does not fire", told);
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
  json.key("configuration").text(configuration_);
  json.key("phase").text(kPhases[static_cast<int>(health.phase)]);
  json.key("started").boolean(health.started).key("ready").boolean(health.ready);
  put_components(json, health);
  put_routes(json, pipeline_);
  json.close('}');
  return {200, "application/json", json.finish()};
}

}  // namespace weir::http
