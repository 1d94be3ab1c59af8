// Fuzzes what a stranger can send to the agent's HTTP server: bytes into its Unix socket, which
// takes them as a TCP port would. An input is sent whole; whatever it was, the server answers with
// HTTP or not at all, closes, and knows nobody who has not told the token.
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/api.hpp"
#include "core/http/server.hpp"
#include "weir/posix.hpp"

namespace {

using namespace weir;

constexpr const char* kToken = "0123456789abcdef";

struct Agent {
  Agent() {
    char folder[] = "/tmp/weir_http_fuzz_XXXXXX";
    if (mkdtemp(folder) == nullptr) abort();
    path = std::string(folder) + "/s";
    if (!server.listen_unix(path).empty()) abort();
    server.start();
  }
  ~Agent() {
    server.stop();
    rmdir(path.substr(0, path.size() - 2).c_str());
  }
  static std::unique_ptr<config::Config> config() {
    auto config = std::make_unique<config::Config>();
    config->agent.max_series = 100;
    return config;
  }
  std::string path;
  core::Pipeline pipeline{config()};
  http::Api api{pipeline, kToken};
  http::Server server{[this](const http::Request& request) {
    http::Request stranger = request;
    stranger.local = false;
    stranger.host = "localhost";
    const http::Response response = api.handle(stranger);
    if (response.body.find("components") != std::string::npos &&
        request.authorization.find(kToken) == std::string::npos) {
      abort();
    }
    return response;
  }};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Agent agent;
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  agent.path.copy(at.sun_path, sizeof at.sun_path - 1);
  const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) abort();
  std::size_t sent = 0;
  while (sent < size) {  // until it refuses
    const ssize_t n = send(fd.get(), data + sent, size - sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  shutdown(fd.get(), SHUT_WR);
  std::string answer;
  char piece[4096];
  for (ssize_t n = 0; (n = read(fd.get(), piece, sizeof piece)) > 0;) {
    if (answer.size() < 64) answer.append(piece, static_cast<std::size_t>(n));
  }
  if (!answer.empty() && !answer.starts_with("HTTP/1.")) abort();
  return 0;
}
