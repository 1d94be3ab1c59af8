// Options of a connection, reason codes, and a client without a broker. With one: tests/e2e/mqtt.
#include <gtest/gtest.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>

#include "client.hpp"
#include "handle.hpp"
#include "reasons.hpp"
#include "weir_testing/agent.hpp"
#include "weir_testing/problems.hpp"

namespace weir::mqtt {
namespace {

Place place_of(const std::string& url) {
  ConnectionOptions options;
  options.url = url;
  return options.place();
}

TEST(Urls, AreTakenApart) {
  const Place place = place_of("mqtts://a%40b@broker.example:8884");
  EXPECT_EQ(place.problem, "");
  EXPECT_EQ(place.user, "a@b");
  EXPECT_EQ(place.host, "broker.example");
  EXPECT_EQ(place.port, 8884);
  EXPECT_TRUE(place.tls);
  EXPECT_EQ(place_of("mqtt://h").port, 1883);
  EXPECT_EQ(place_of("mqtts://h").port, 8883);
  EXPECT_EQ(place_of("mqtt://[::1]").host, "::1");
  ConnectionOptions with_tls;
  with_tls.url = "mqtt://h";
  with_tls.tls.emplace();
  EXPECT_TRUE(with_tls.place().tls);
  EXPECT_EQ(with_tls.place().port, 8883);
  with_tls.tls->enabled = false;
  EXPECT_FALSE(with_tls.place().tls);
}

TEST(Urls, ThatAreWrongAreRefusedWithWhatIsExpected) {
  for (const char* bad :
       {"", "h", "http://h", "mqtt:/h", "mqtt://", "mqtt://u:secret@h", "mqtt://h:0",
        "mqtt://h:65536", "mqtt://h/topic", "mqtt://h,i", "mqtt://[::1", "mqtt://u%zz@h"}) {
    const std::string problem = place_of(bad).problem;
    EXPECT_TRUE(problem.ends_with("; expected mqtt://user@host:1883 or mqtts://user@host:8883"))
        << bad << ": " << problem;
    EXPECT_EQ(problem.find("secret"), std::string::npos);
  }
}

TEST(Options, CheckNamesWhatCannotWork) {
  ConnectionOptions options;
  options.url = "mqtts://h";
  options.password = "secret";
  options.client_id = std::string(70'000, 'x');
  options.tls.emplace();
  options.tls->enabled = false;
  options.tls->key = "key.pem";
  const std::vector<std::string> found =
      testing::problems_of([&](Problems& p) { options.check(p); });
  EXPECT_EQ(found, (std::vector<std::string>{
                       "tls has one of cert and key; expected both or none",
                       "tls.enabled is false, and url says mqtts://; change one of them",
                       "password is written, but url names no user; expected mqtt://user@host",
                       "client_id is longer than 65535 bytes"}));
}

TEST(Reasons, SayWhatToDo) {
  EXPECT_NE(connect_refusal(5).find("check the user of url, password"), std::string::npos);
  EXPECT_NE(connect_refusal(MQTT_RC_NOT_AUTHORIZED).find("check the user of url, password"),
            std::string::npos);
  EXPECT_NE(connect_refusal(1).find("set protocol"), std::string::npos);
  EXPECT_NE(reason_text(MQTT_RC_QUOTA_EXCEEDED).find("raise the broker's quota"),
            std::string::npos);
  EXPECT_NE(reason_text(MQTT_RC_SESSION_TAKEN_OVER).find("same client_id"), std::string::npos);
  EXPECT_NE(error_text(MOSQ_ERR_OVERSIZE_PACKET).find("raise the broker's limit"),
            std::string::npos);
  errno = ECONNREFUSED;
  EXPECT_EQ(error_text(MOSQ_ERR_ERRNO), "Connection refused");
}

TEST(Reasons, OnlyWhatIsSurelyForEverIsRejected) {
  EXPECT_EQ(fate_of(MQTT_RC_SUCCESS), Fate::delivered);
  EXPECT_EQ(fate_of(MQTT_RC_NO_MATCHING_SUBSCRIBERS), Fate::delivered);
  for (const int code : {MQTT_RC_NOT_AUTHORIZED, MQTT_RC_TOPIC_NAME_INVALID,
                         MQTT_RC_PAYLOAD_FORMAT_INVALID, MQTT_RC_PACKET_TOO_LARGE}) {
    EXPECT_EQ(fate_of(code), Fate::reject) << code;
  }
  for (const int code : {+MQTT_RC_UNSPECIFIED, +MQTT_RC_IMPLEMENTATION_SPECIFIC,
                         +MQTT_RC_QUOTA_EXCEEDED, +MQTT_RC_PACKET_ID_IN_USE, 0xFE}) {
    EXPECT_EQ(fate_of(code), Fate::retry) << code;
  }
}

struct Listener : Handler {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> whys;
  void on_disconnect(const std::string& why) override {
    const std::lock_guard lock(mutex);
    whys.push_back(why);
    changed.notify_all();
  }
};

// A port that somebody has bound and nobody listens on.
TEST(Client, SaysThatNobodyListensAndTriesAgain) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  for (const std::uint32_t expiry_s : {0u, 60u}) {
    weir::testing::Agent agent;
    ConnectionOptions options;
    options.url = "mqtt://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    options.keep_alive = options.connect_timeout = std::chrono::seconds(30);
    Listener listener;
    Session session;
    session.expiry_s = expiry_s;
    Client client(Host(agent.host()), options, session, listener);
    EXPECT_EQ(client.publish({"topic", "payload"}, nullptr), MOSQ_ERR_NO_CONN);
    client.start();
    std::unique_lock lock(listener.mutex);
    ASSERT_TRUE(listener.changed.wait_for(lock, std::chrono::minutes(1),
                                          [&] { return listener.whys.size() >= 2; }));
    EXPECT_EQ(listener.whys[0],
              options.url.substr(7) + ": Connection refused; check that an MQTT broker runs there");
    lock.unlock();
    client.stop();
    client.stop();
  }
  close(fd);
}

TEST(Client, NamesAFileThatCannotBeOpenedAtTheStart) {
  weir::testing::Agent agent;
  ConnectionOptions options;
  options.url = "mqtts://127.0.0.1";
  options.tls.emplace().ca = "/nope.pem";
  Listener listener;
  Client client(Host(agent.host()), options, Session{}, listener);
  try {
    client.start();
    FAIL() << "it starts";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "tls.ca: /nope.pem cannot be opened: No such file or directory");
  }
}

// An address of 127.0.0.1 with a free port; listens with `backlog`, if that is not negative.
sockaddr_in bound(const Fd& fd, int backlog) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  if (backlog >= 0) {
    EXPECT_EQ(listen(fd.get(), backlog), 0);
  }
  return address;
}

Fd make_socket() { return Fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)); }

TEST(Addresses, ThatAreDeadLeaveTimeForTheNext) {
  const Fd silent = make_socket(), refusing = make_socket(), good = make_socket();
  sockaddr_in places[3] = {bound(silent, 0), bound(refusing, -1), bound(good, 5)};
  std::vector<Fd> waiting;  // who listens there has no room for more, and answers nobody
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(make_socket());
    connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&places[0]), sizeof places[0]);
  }
  addrinfo list[3] = {};
  for (int i = 0; i < 3; ++i) {
    list[i].ai_family = AF_INET;
    list[i].ai_addr = reinterpret_cast<sockaddr*>(&places[i]);
    list[i].ai_addrlen = sizeof places[i];
    list[i].ai_next = i < 2 ? &list[i + 1] : nullptr;
  }
  std::string found;
  EXPECT_EQ(find_listener(list, std::chrono::seconds(3), -1, found), "");
  EXPECT_EQ(found, "127.0.0.1");
  list[1].ai_next = nullptr;
  EXPECT_EQ(find_listener(list, std::chrono::milliseconds(200), -1, found), "Connection refused");
  list[0].ai_next = nullptr;
  EXPECT_EQ(find_listener(list, std::chrono::milliseconds(200), -1, found), "Connection timed out");
}

}  // namespace
}  // namespace weir::mqtt
