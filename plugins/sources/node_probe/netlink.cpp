// The kernel makes the next part of a dump while the one before is received, so that nothing is
// ever waited for; the timeout is a seat belt.
#include "netlink.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace node_probe {

namespace {
constexpr int kAttemptsMax = 3;
constexpr std::size_t kPayloadMax = 64;
}  // namespace

Netlink::~Netlink() {
  if (socket_ >= 0) ::close(socket_);
}

int Netlink::open() {
  if (socket_ >= 0) return 0;
  socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket_ < 0) return errno;
  const timeval timeout{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return 0;
}

int Netlink::dump(Reader& reader, std::uint16_t type, std::string_view payload,
                  const std::function<void(std::string_view message)>& use) {
  if (const int error = open()) return error;
  std::array<char, NLMSG_HDRLEN + kPayloadMax> request{};
  if (payload.size() > kPayloadMax) return EMSGSIZE;
  for (int attempt = 1;; ++attempt) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
    header.nlmsg_type = type;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header.nlmsg_seq = ++sequence_;
    std::memcpy(request.data(), &header, sizeof header);
    std::memcpy(request.data() + NLMSG_HDRLEN, payload.data(), payload.size());
    if (::send(socket_, request.data(), header.nlmsg_len, 0) < 0) return errno;

    bool interrupted = false;
    // A GET request is answered with messages of the NEW type, two below it.
    const int error = receive(reader, static_cast<std::uint16_t>(type - 2), interrupted, use);
    // The table changed while it was read: entries may be missing or doubled.
    const bool again = error == ENOBUFS || error == EMSGSIZE || (error == 0 && interrupted);
    if (!again || attempt == kAttemptsMax) return error;
  }
}

int Netlink::receive(Reader& reader, std::uint16_t answer_type, bool& interrupted,
                     const std::function<void(std::string_view message)>& use) {
  for (;;) {
    const ssize_t n = ::recv(socket_, reader.data(), reader.capacity(), MSG_TRUNC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (static_cast<std::size_t>(n) > reader.capacity()) {
      return reader.grow() ? EMSGSIZE : EFBIG;
    }
    std::string_view rest(reader.data(), static_cast<std::size_t>(n));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header;
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > rest.size()) return EBADMSG;
      const std::string_view message = rest.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
      rest.remove_prefix(std::min<std::size_t>(rest.size(), NLMSG_ALIGN(header.nlmsg_len)));
      if (header.nlmsg_seq != sequence_) continue;  // left over from a dump that was given up
      if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
      if (header.nlmsg_type == NLMSG_DONE) return 0;
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        if (message.size() >= sizeof error) std::memcpy(&error, message.data(), sizeof error);
        return error == 0 ? EBADMSG : -error;
      }
      if (header.nlmsg_type == answer_type) use(message);
    }
  }
}

LinkEvents::~LinkEvents() {
  if (socket_ >= 0) ::close(socket_);
}

bool LinkEvents::any(Reader& reader) {
  if (socket_ < 0) {
    socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    const auto* any_address = reinterpret_cast<const sockaddr*>(&address);
    if (socket_ >= 0 && ::bind(socket_, any_address, sizeof address) != 0) {
      ::close(socket_);
      socket_ = -1;
    }
    return true;
  }
  bool any = false;
  for (;;) {
    const ssize_t n = ::recv(socket_, reader.data(), reader.capacity(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return any;
    any = true;  // also when announcements were lost: ENOBUFS
    if (n < 0 && errno != ENOBUFS && errno != EINTR) return any;
  }
}

}  // namespace node_probe
