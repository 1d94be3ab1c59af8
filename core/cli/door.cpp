#include "core/cli/door.hpp"

#include "core/config/yaml.hpp"

namespace weir::cli {

namespace {

// More than the answer of an agent with a thousand components that all read each other.
constexpr config::Budget kBudget{20'000'000, std::size_t{256} << 20};

}  // namespace

std::vector<Door> doors(const config::LoadRequest& request, const std::string& at) {
  // What is wrong in it matters to `weir check`: here it only tells where to ask, and it may be one
  // that only the agent can read.
  config::Problems problems;
  const config::HttpOptions options =
      config::agent_options(config::read(request, problems), problems).http;
  if (!at.empty()) return {{at, options.token}};
  std::vector<Door> all{{options.socket.value_or(config::kHttpSocket), ""}};
  // At the usual address there may be another agent, or anybody, once one of the two was written.
  if (options.listen) {
    all.push_back({*options.listen, options.token});
  } else if (!options.socket) {
    all.push_back({config::kHttpListen, ""});
  }
  std::erase_if(all, [](const Door& door) { return door.where == config::kHttpOff; });
  return all;
}

http::Reply ask(const std::vector<Door>& doors,
                const std::function<http::Reply(const Door&)>& question) {
  http::Reply reply;
  std::string errors;
  for (const Door& door : doors) {
    reply = question(door);
    if (reply.status != 0) return reply;
    errors += (errors.empty() ? "" : "; ") + reply.error;
  }
  reply.error = errors.empty() ? "agent.http is off in this configuration" : errors;
  return reply;
}

bool parse_answer(const std::string& body, config::Node& root) {
  config::Problems ignored;
  config::Budget budget = kBudget;
  return config::parse_yaml("", 0, body, budget, root, ignored);
}

std::string text(const config::Node& map, const char* key) {
  const config::Node* found = map.find(key);
  return found == nullptr ? "" : found->text;
}

}  // namespace weir::cli
