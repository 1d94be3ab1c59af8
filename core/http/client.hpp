// One question to an agent on this machine, over its Unix socket or TCP.
#pragma once

#include <string>

namespace weir::http {

struct Reply {
  unsigned status = 0;  // 0: there was no answer
  std::string body;
  std::string error;  // then why
};

// `where`: the path of a Unix socket, or host:port. Waits up to 10 s for each step.
Reply get(const std::string& where, const std::string& path, const std::string& token);
Reply post(const std::string& where, const std::string& path, const std::string& token);

}  // namespace weir::http
