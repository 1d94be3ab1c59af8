#include "core/cli/status.hpp"

#include <map>
#include <vector>

#include "core/cli/columns.hpp"
#include "core/cli/door.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;

int complain(const std::string& what) {
  std::fprintf(stderr, "weir status: %s\n", what.c_str());
  return kExitFailure;
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

void print_reload(const config::Node& reload, std::FILE* out) {
  if (text(reload, "count") == "0") return;
  const std::string result = text(reload, "result");
  std::fprintf(out, "last reload: %s at %s\n", result.c_str(), text(reload, "ended").c_str());
  const config::Node* lines = reload.find("lines");
  if (result != "done" && lines != nullptr) {
    for (const config::Node& line : lines->items) std::fprintf(out, "  %s\n", line.text.c_str());
  }
  std::fputs("\n", out);
}

void print(const config::Node& root, std::FILE* out) {
  const bool ready = text(root, "ready") == "true";
  const std::string phase = text(root, "phase");
  std::fprintf(out, "weir %s on %s, pid %s, %s\n%s%s, digest %s\n\n", text(root, "version").c_str(),
               text(root, "hostname").c_str(), text(root, "pid").c_str(),
               text(root, "configuration").c_str(), phase.c_str(),
               phase != "running" ? ""
               : ready            ? ", ready"
                                  : ", not ready",
               text(root, "digest").c_str());
  if (const config::Node* reload = root.find("reload"); reload != nullptr)
    print_reload(*reload, out);
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
  const http::Reply reply = ask(doors(args.request, args.at), [](const Door& door) {
    return http::get(door.where, "/status", door.token);
  });
  if (reply.status == 0) return complain("no agent answers: " + reply.error);
  if (reply.status != 200) return complain("the agent refuses: " + reply.body);
  config::Node root;
  if (!parse_answer(reply.body, root)) return complain("the answer is no JSON");
  if (args.format == "json") {
    std::fputs(reply.body.c_str(), out);
  } else {
    print(root, out);
  }
  return text(root, "ready") == "true" ? 0 : kExitFailure;
}

}  // namespace weir::cli
