// Where the agent of a configuration answers, and how its answers are read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "core/config/node.hpp"
#include "core/http/client.hpp"

namespace weir::cli {

struct Door {
  std::string where, token;
};

// The socket first: who may use that needs no token. `at`: only there; "": as the configuration
// says, or where agents usually answer.
std::vector<Door> doors(const config::LoadRequest& request, const std::string& at);

// The first answer; where there is none, its `error` says why of each door.
http::Reply ask(const std::vector<Door>& doors,
                const std::function<http::Reply(const Door&)>& question);

// False where it is no JSON.
bool parse_answer(const std::string& body, config::Node& root);
std::string text(const config::Node& map, const char* key);

}  // namespace weir::cli
