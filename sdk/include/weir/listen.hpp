// weir/listen.hpp - addresses to serve on, as they are written in a configuration.
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "weir/posix.hpp"

namespace weir {

// "127.0.0.1:9464", "[::1]:9464", "localhost:9464"; ":9464" is every interface, and `host` empty.
// Empty, or what is wrong, for people. Resolves nothing. Any thread.
inline std::string parse_listen(const std::string& listen, std::string& host, std::uint16_t& port) {
  const std::size_t colon = listen.rfind(':');
  const std::string expected = " (expected host:port, such as 127.0.0.1:9464, [::1]:9464 or :9464)";
  if (colon == std::string::npos) return "'" + listen + "' has no port" + expected;
  host = listen.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != std::string::npos) {
    return "'" + host + "' is no host; an IPv6 address stands in brackets" + expected;
  }
  const char* end = listen.data() + listen.size();
  const auto parsed = std::from_chars(listen.data() + colon + 1, end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return "'" + listen.substr(colon + 1) + "' is no port from 0 to 65535" + expected;
  }
  return "";
}

namespace detail {

// errno, or 0.
inline int bind_and_listen(const Fd& fd, const addrinfo& at) {
  const int on = 1, off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.ai_family == AF_INET6) {
    const auto& address = *reinterpret_cast<const sockaddr_in6*>(at.ai_addr);
    // Every interface, of both families.
    const bool any = IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr);
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof on);
  }
  return bind(fd.get(), at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd.get(), SOMAXCONN) == 0
             ? 0
             : errno;
}

}  // namespace detail

// A non-blocking TCP socket that listens there, and its family; the first address of a name that
// works. Without one, `error` says why, for people. Any thread.
inline Fd open_listener(const std::string& listen, int& family, std::string& error) {
  std::string host;
  std::uint16_t port = 0;
  if (error = parse_listen(listen, host, port); !error.empty()) return Fd();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  // Of every interface: first the one socket that takes both families, where there is IPv6.
  for (const int wanted : {AF_INET6, AF_INET}) {
    hints.ai_family = host.empty() ? wanted : AF_UNSPEC;
    addrinfo* found = nullptr;
    const int failure = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                    std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) {
      error = host + ": " + gai_strerror(failure);
      continue;
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, freeaddrinfo);
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      Fd fd(socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const int code = fd ? detail::bind_and_listen(fd, *at) : errno;
      if (code == 0) {
        family = at->ai_family;
        return fd;
      }
      error = "cannot serve on " + listen + ": " + errno_text(code) +
              (code == EADDRINUSE ? " (`ss -ltnp` shows by whom; choose another port)" : "");
    }
    if (!host.empty()) break;
  }
  return Fd();
}

}  // namespace weir
