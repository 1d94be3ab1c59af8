// Sockets of the tests; see client.hpp. Waits are a minute long: no test fails by being slow.
#include "client.hpp"

#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <stdexcept>

namespace weir::prometheus_sink::testing {

bool take_response(std::string& in, Response& response, bool head_only) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = in.substr(0, end + 4);
  std::string body;
  std::size_t at = end + 4;
  const auto value = [&](const std::string& name) -> std::string {
    const std::size_t field = head.find("\r\n" + name + ": ");
    if (field == std::string::npos) return "";
    const std::size_t begin = field + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  };
  if (head_only) {
  } else if (value("Transfer-Encoding") == "chunked") {
    while (true) {
      const std::size_t line = in.find("\r\n", at);
      if (line == std::string::npos) return false;
      std::size_t size = 0;
      std::from_chars(in.data() + at, in.data() + line, size, 16);
      if (in.size() < line + 2 + size + 2) return false;
      body.append(in, line + 2, size);
      at = line + 2 + size + 2;
      if (size == 0) break;
    }
  } else if (const std::string length = value("Content-Length"); !length.empty()) {
    const std::size_t size = std::stoul(length);
    if (in.size() < at + size) return false;
    body = in.substr(at, size);
    at += size;
  } else {
    return false;  // until the connection ends: not for keep-alive
  }
  response = {std::stoi(head.substr(9, 3)), head, body};
  in.erase(0, at);
  return true;
}

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 65536> buffer;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("not a whole gzip stream");
  return out;
}

Client::Client(std::uint16_t port, const char* host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (getaddrinfo(host, std::to_string(port).c_str(), &hints, &found) != 0) {
    throw std::runtime_error("getaddrinfo");
  }
  socket_ = socket(found->ai_family, SOCK_STREAM, 0);
  const timeval limit{60, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int result = connect(socket_, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (result != 0) throw std::runtime_error("connect");
}

Client::~Client() {
  if (socket_ >= 0) close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string Client::some() {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    throw std::runtime_error("nothing came for a minute");
  }
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
}

Response Client::receive(bool head_only) {
  Response response;
  // A large one is taken apart when its end is there, not at every packet.
  const auto large = [&] { return in_.size() > 100'000 && !in_.ends_with("\r\n0\r\n\r\n"); };
  while (large() || !take_response(in_, response, head_only)) {
    const std::string bytes = some();
    if (bytes.empty()) return {0, in_, ""};
    in_ += bytes;
  }
  return response;
}

Response Client::get(const std::string& target, const std::string& fields) {
  send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  return receive();
}

}  // namespace weir::prometheus_sink::testing
