#include "core/cli/reload.hpp"

#include <cstdlib>
#include <thread>

#include "core/cli/check.hpp"
#include "core/cli/door.hpp"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;
constexpr std::chrono::milliseconds kPoll{50};

std::uint64_t number(const config::Node& map, const char* key) {
  return std::strtoull(text(map, key).c_str(), nullptr, 10);
}

}  // namespace

int reload(const ReloadArgs& args, std::FILE* out, std::FILE* err) {
  const auto complain = [err](const std::string& what) {
    std::fprintf(err, "weir reload: %s\n", what.c_str());
    return kExitFailure;
  };
  Door door;
  http::Reply reply = ask(doors(args.request, args.at), [&](const Door& d) {
    door = d;
    return http::post(d.where, "/reload", d.token);
  });
  if (reply.status == 0) return complain("no agent answers: " + reply.error);
  config::Node root;
  if (!parse_answer(reply.body, root)) return complain("the answer is no JSON");
  if (reply.status != 202) {
    return complain("the agent refuses: " + text(root, "error") +
                    "; SIGHUP has it reload in any case");
  }
  const std::uint64_t asked = number(root, "reload");
  // It takes as long as what ends takes to deliver what it has.
  for (;;) {
    reply = http::get(door.where, "/reload", door.token);
    if (reply.status == 0) return complain("the agent went away: " + reply.error);
    root = {};
    if (reply.status != 200 || !parse_answer(reply.body, root)) {
      return complain("the agent does not say what came of it: " + reply.body);
    }
    if (number(root, "asked") < asked) return complain("the agent was restarted meanwhile");
    if (number(root, "done") >= asked) break;
    std::this_thread::sleep_for(kPoll);
  }
  const std::string result = text(root, "result");
  const bool good = result == "done";
  std::FILE* to = good ? out : err;
  if (const config::Node* lines = root.find("lines"); lines != nullptr) {
    for (const config::Node& line : lines->items) std::fprintf(to, "%s\n", line.text.c_str());
  }
  if (good) return 0;
  std::fprintf(err, "weir reload: %s\n",
               result == "partly" ? "not everything could be changed"
                                  : "nothing has changed; the agent goes on as before");
  return result == "invalid" ? kExitConfiguration : kExitFailure;
}

}  // namespace weir::cli
