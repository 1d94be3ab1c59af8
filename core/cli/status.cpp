#include "core/cli/status.hpp"

#include <map>
#include <vector>

#include "core/cli/columns.hpp"
#include "core/config/load.hpp"
#include "core/config/node.hpp"
#include "core/config/yaml.hpp"
#include "core/http/client.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;
// More than the answer of an agent with a thousand components that all read each other.
constexpr config::Budget kBudget{20'000'000, std::size_t{256} << 20};

int complain(const std::string& what) {
  std::fprintf(stderr, "weir status: %s\n", what.c_str());
  return kExitFailure;
}

struct Place {
  std::string where, token;
};

// Where the agent of this configuration answers, the socket first: who may use that needs no token.
// At the usual address there may be another agent, or anybody, once one of the two was written.
std::vector<Place> places(const config::HttpOptions& options) {
  std::vector<Place> all{{options.socket.value_or(config::kHttpSocket), ""}};
  if (options.listen) {
    all.push_back({*options.listen, options.token});
  } else if (!options.socket) {
    all.push_back({config::kHttpListen, ""});
  }
  std::erase_if(all, [](const Place& place) { return place.where == config::kHttpOff; });
  return all;
}

http::Reply ask(const std::vector<Place>& all) {
  http::Reply reply;
  std::string errors;
  for (const auto& [where, token] : all) {
    reply = http::get(where, "/status", token);
    if (reply.status != 0) return reply;
    errors += (errors.empty() ? "" : "; ") + reply.error;
  }
  reply.error = errors.empty() ? "agent.http is off in this configuration" : errors;
  return reply;
}

std::string text(const config::Node& map, const char* key) {
  const config::Node* found = map.find(key);
  return found == nullptr ? "" : found->text;
}
std::uint64_t number(const config::Node& scalar) {
  return std::strtoull(scalar.text.c_str(), nullptr, 10);
}
std::uint64_t number(const config::Node& map, const char* key) {
  const config::Node* found = map.find(key);
  return found == nullptr ? 0 : number(*found);
}

struct Rows {
  std::uint64_t in = 0, out = 0, held = 0;
  std::map<std::string, std::uint64_t> dropped;  // by reason
};

// Of a source, what it put out is what any of its consumers was offered; of others, what came in.
std::map<std::string, Rows> rows_of(const config::Node& routes) {
  std::map<std::string, Rows> all;
  for (const config::Node& r : routes.items) {
    Rows& source = all[text(r, "source")];
    source.out = std::max(source.out, number(r, "offered"));
    Rows& consumer = all[text(r, "consumer")];
    consumer.in += number(r, "offered") + number(r, "recovered");
    consumer.held += number(r, "held");
    if (const config::Node* dropped = r.find("dropped")) {
      for (const config::Node& d : dropped->items) {
        consumer.dropped[d.key] += number(d);
      }
    }
  }
  return all;
}

void print(const config::Node& root, std::FILE* out) {
  const bool ready = text(root, "ready") == "true";
  const std::string phase = text(root, "phase");
  std::fprintf(out, "weir %s on %s, pid %s, %s\n%s%s\n\n", text(root, "version").c_str(),
               text(root, "hostname").c_str(), text(root, "pid").c_str(),
               text(root, "configuration").c_str(), phase.c_str(),
               phase != "running" ? ""
               : ready            ? ", ready"
                                  : ", not ready");
  const config::Node* components = root.find("components");
  const config::Node* routes = root.find("routes");
  if (components == nullptr || routes == nullptr) return;
  const std::map<std::string, Rows> rows = rows_of(*routes);
  Columns table({"COMPONENT", "KIND", "TYPE", "STATUS", "IN", "OUT", "HELD", "DROPPED", "REASON"});
  for (const config::Node& c : components->items) {
    const std::string id = text(c, "id"), kind = text(c, "kind");
    const auto found = rows.find(id);
    const Rows of = found == rows.end() ? Rows{} : found->second;
    std::uint64_t dropped = 0;
    std::string reason = text(c, "reason");
    for (const auto& [why, count] : of.dropped) {
      dropped += count;
      reason += (reason.empty() ? "" : "; ") + std::to_string(count) + " dropped: " + why;
    }
    const bool sink = kind == "sink", source = kind == "source";
    table.add({id + (text(c, "required") == "true" ? " *" : ""), kind, text(c, "type"),
               text(c, "status"), source ? "" : std::to_string(of.in),
               sink ? "" : std::to_string(of.out), source ? "" : std::to_string(of.held),
               source ? "" : std::to_string(dropped), reason});
  }
  table.print(out, 0);
  std::fputs("\n* required\n", out);
}

}  // namespace

int status(const StatusArgs& args, std::FILE* out) {
  if (args.format != "text" && args.format != "json") {
    return complain("--format " + args.format + ": expected text or json");
  }
  // What is wrong in it matters to `weir check`: here it only tells where to ask, and it may be one
  // that only the agent can read.
  config::Problems problems;
  const config::HttpOptions options =
      config::agent_options(config::read(args.request, problems), problems).http;
  const http::Reply reply =
      ask(args.at.empty() ? places(options) : std::vector{Place{args.at, options.token}});
  if (reply.status == 0) return complain("no agent answers: " + reply.error);
  if (reply.status != 200) return complain("the agent refuses: " + reply.body);
  config::Node root;
  config::Budget budget = kBudget;
  if (!config::parse_yaml("", 0, reply.body, budget, root, problems)) {
    return complain("the answer is no JSON");
  }
  if (args.format == "json") {
    std::fputs(reply.body.c_str(), out);
  } else {
    print(root, out);
  }
  return text(root, "ready") == "true" ? 0 : kExitFailure;
}

}  // namespace weir::cli
