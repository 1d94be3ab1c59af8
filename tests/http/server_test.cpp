// The server over real sockets: good clients, strange ones, many, and those who never end.
#include "core/http/server.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "core/http/client.hpp"
#include "weir/listen.hpp"
#include "weir/posix.hpp"

namespace weir::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

sockaddr_un local_address(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  return at;
}

// A socket with that name; nobody listens yet.
Fd bound(const std::string& path) {
  const sockaddr_un at = local_address(path);
  Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  return fd;
}

class Serving : public ::testing::Test {
 protected:
  Serving() {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    EXPECT_EQ(server_.listen("127.0.0.1:0"), "");
    EXPECT_EQ(server_.listen_unix(socket_path()), "");
    server_.start();
  }
  ~Serving() override {
    server_.stop();
    std::filesystem::remove_all(folder_);
  }
  std::string socket_path() const { return folder_ + "/weir.sock"; }

  Fd connected() {
    const sockaddr_un at = local_address(socket_path());
    Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    return fd;
  }
  // Until the server closes, or `end` has come.
  static std::string read_until(const Fd& fd, const std::string& end) {
    std::string all;
    char piece[4096];
    while (end.empty() || !all.ends_with(end)) {
      const ssize_t n = ::read(fd.get(), piece, sizeof piece);
      if (n <= 0) break;
      all.append(piece, static_cast<std::size_t>(n));
    }
    return all;
  }
  std::string answer_to(const std::string& bytes) {
    const Fd fd = connected();
    EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    shutdown(fd.get(), SHUT_WR);
    return read_until(fd, "");
  }

  std::string folder_ = ::testing::TempDir() + "weir_http_XXXXXX";
  Server server_{[](const Request& r) {
    if (r.path == "/throws") throw std::runtime_error("no");
    if (r.path == "/token") return Response{401, "text/plain", ""};
    return Response{200, "text/plain",
                    r.method + ' ' + r.path + ' ' + r.authorization + (r.local ? " local" : "")};
  }};
};

TEST_F(Serving, AnswersOverBothSockets) {
  EXPECT_EQ(get(server_.address(), "/a?b=c", "secret").body, "GET /a Bearer secret");
  EXPECT_EQ(get(socket_path(), "/a", "").body, "GET /a  local");
  struct stat file {};
  ASSERT_EQ(stat(socket_path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0660u);
}

TEST_F(Serving, KeepsAConnectionForTheNextRequest) {
  const Fd fd = connected();
  for (int i = 0; i < 3; ++i) {
    const std::string request = "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    ASSERT_GT(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    EXPECT_THAT(read_until(fd, " local"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_F(Serving, AnswersRequestsThatCameTogether) {
  const std::string answers =
      answer_to("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answers, HasSubstr("GET /1"));
  EXPECT_THAT(answers, HasSubstr("GET /2"));
}

TEST_F(Serving, HeadHasNoBody) {
  const std::string answer = answer_to("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 14\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(Serving, SaysWhatItRefuses) {
  const std::string large(kHeaderBytesMax, 'x');
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nA: " + large + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 ")) << "no Host";
  EXPECT_THAT(answer_to("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_to("GET /throws HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer_to("GET /token HTTP/1.0\r\n\r\n"), HasSubstr("WWW-Authenticate: Bearer\r\n"));
  EXPECT_EQ(answer_to("GET / HTT"), "");
  EXPECT_EQ(answer_to(""), "");
}

// No page wants one; who waits to be asked for it is answered at once.
TEST_F(Serving, ABodyIsNotReadAndItsConnectionEnds) {
  const Fd fd = connected();
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n";
  ASSERT_GT(::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL), 0);
  const std::string answer = read_until(fd, "");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer_to("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"),
              EndsWith("POST /b  local"));
}

TEST_F(Serving, TakesTheAbsoluteFormOfATarget) {
  EXPECT_THAT(answer_to("GET http://x/a?b HTTP/1.0\r\n\r\n"), EndsWith("GET /a  local"));
  EXPECT_THAT(answer_to("GET http://x HTTP/1.0\r\n\r\n"), EndsWith("GET /  local"));
}

// They hold every connection that there may be, and say nothing.
TEST_F(Serving, QuietConnectionsMakeRoomForNewOnes) {
  std::vector<Fd> quiet;
  for (std::size_t i = 0; i < 2 * kConnectionsMax; ++i) quiet.push_back(connected());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(socket_path(), "/a", "").body, "GET /a  local");
  EXPECT_EQ(read_until(quiet.front(), ""), "") << "the one that was quiet longest is closed";
}

TEST_F(Serving, ASocketThatNobodyServesIsReplacedAndAnothersIsNot) {
  Server second([](const Request&) { return Response{}; });
  EXPECT_THAT(second.listen_unix(socket_path()), EndsWith(": another agent does"));
  EXPECT_TRUE(std::filesystem::exists(socket_path()));
  const std::string left = folder_ + "/left.sock", file = folder_ + "/file",
                    theirs = folder_ + "/theirs.sock";
  bound(left).close();
  EXPECT_EQ(second.listen_unix(left), "");
  second.start();
  second.stop();
  EXPECT_FALSE(std::filesystem::exists(left)) << "it is taken away at the end";
  {
    const Fd fd = bound(theirs);
    ASSERT_EQ(::listen(fd.get(), 1), 0);
    Server other([](const Request&) { return Response{}; });
    EXPECT_THAT(other.listen_unix(theirs), EndsWith(": another program does"));
  }
  Server third([](const Request&) { return Response{}; });
  const Fd made(creat(file.c_str(), 0600));
  EXPECT_THAT(third.listen_unix(file), HasSubstr("Address already in use"));
  EXPECT_TRUE(std::filesystem::exists(file)) << "only sockets are removed";
  EXPECT_THAT(third.listen_unix("/" + std::string(200, 'x')), HasSubstr("longer than 107 bytes"));
}

TEST_F(Serving, TheClientSaysWhyThereIsNoAnswer) {
  EXPECT_THAT(get(folder_ + "/nobody", "/", "").error, EndsWith("No such file or directory"));
  EXPECT_THAT(get("127.0.0.1", "/", "").error, HasSubstr("Invalid argument"));
  EXPECT_THAT(get("/" + std::string(200, 'x'), "/", "").error, EndsWith("File name too long"));
}

TEST(Client, GivesAnAgentUpThatTakesAConnectionAndSaysNothing) {
  int family = 0;
  std::string error;
  const Fd silent = open_listener("127.0.0.1:0", family, error);
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ASSERT_EQ(getsockname(silent.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
  const Reply reply = get("127.0.0.1:" + std::to_string(ntohs(at.sin_port)), "/", "");
  EXPECT_EQ(reply.status, 0u);
  EXPECT_THAT(reply.error, StartsWith("no answer from 127.0.0.1:"));
}

TEST(Listener, TakesEveryWayToWriteAnAddress) {
  for (const char* good : {"127.0.0.1:0", "localhost:0", ":0", "[::1]:0"}) {
    int family = 0;
    std::string error;
    const Fd fd = open_listener(good, family, error);
    if (std::string(good) == "[::1]:0" && !fd) continue;  // a machine without IPv6
    EXPECT_TRUE(fd) << good << ": " << error;
  }
  int family = 0;
  std::string error;
  EXPECT_FALSE(open_listener("nobody.invalid:1", family, error));
  EXPECT_THAT(error, StartsWith("nobody.invalid: "));
}

}  // namespace
}  // namespace weir::http
