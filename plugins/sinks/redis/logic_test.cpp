// What the sink redis decides without a server: urls, kinds of errors, redirections, maps of a
// cluster, options.
#include <gtest/gtest.h>

#include "redis.hpp"
#include "scripts.hpp"
#include "weir_testing/problems.hpp"

namespace weir::redis_sink {
namespace {

Options with_url(const char* url) {
  Options options;
  options.url = url;
  return options;
}

TEST(Urls, AreTakenApart) {
  const Place place = parse_place(with_url("redis://a%40b@db.example:6380/3"));
  EXPECT_EQ(place.problem, "");
  EXPECT_EQ(place.user, "a@b");
  EXPECT_EQ(place.addresses, (std::vector<Address>{{"db.example", 6380, ""}}));
  EXPECT_EQ(place.database, 3u);
  EXPECT_FALSE(place.is_tls);
  EXPECT_TRUE(parse_place(with_url("rediss://db")).is_tls);
  EXPECT_EQ(parse_place(with_url("redis://db")).addresses[0].text(), "db:6379");
  EXPECT_EQ(parse_place(with_url("redis://[::1]")).addresses[0].text(), "[::1]:6379");
  Options cluster = with_url("redis://a,b:7000,[::1]:7001/0");
  cluster.cluster = true;
  EXPECT_EQ(parse_place(cluster).addresses.size(), 3u);
  Options sentinel = with_url("redis://a,b/2");
  sentinel.sentinel.emplace();
  EXPECT_EQ(parse_place(sentinel).addresses[1].port, 26379);
  EXPECT_EQ(parse_place(sentinel).database, 2u);
}

TEST(Urls, ThatAreWrongAreRefusedWithWhatIsExpected) {
  for (const char* bad :
       {"", "db", "http://db", "redis://", "redis://:6379", "redis://u:secret@db", "redis://db/x",
        "redis://db/1/2", "redis://db/-1", "redis://db/99999999999", "redis://db/2147483648",
        "redis://a,b", "redis://db:0", "redis://db/0?x"}) {
    const std::string problem = parse_place(with_url(bad)).problem;
    EXPECT_TRUE(problem.ends_with("; expected redis://user@host:6379/0")) << bad;
    EXPECT_EQ(problem.find("secret"), std::string::npos);
  }
  Options cluster = with_url("redis://a/1");
  cluster.cluster = true;
  EXPECT_NE(parse_place(cluster).problem, "");
}

TEST(Errors, AreSortedByWhatTheyMeanForRows) {
  const std::pair<const char*, Kind> known[]{
      {"WRONGTYPE Operation against a key holding the wrong kind of value", Kind::data},
      {"ERR Protocol error: invalid bulk length", Kind::too_large},
      {"ERR The ID specified in XADD is equal or smaller than the target stream top item",
       Kind::late},
      {"NOSCRIPT No matching script. Please use EVAL.", Kind::no_script},
      {"MOVED 3999 127.0.0.1:6381", Kind::moved},
      {"ASK 3999 127.0.0.1:6381", Kind::ask},
  };
  for (const auto& [text, kind] : known) EXPECT_EQ(kind_of(text), kind) << text;
  for (const char* text :
       {"OOM command not allowed when used memory > 'maxmemory'.", "LOADING Redis is loading",
        "READONLY You can't write against a read only replica.", "MISCONF Redis is configured",
        "CLUSTERDOWN The cluster is down", "MASTERDOWN Link with MASTER is down",
        "TRYAGAIN Multiple", "NOAUTH Authentication required.",
        "WRONGPASS invalid username-password pair", "NOPERM this user has no permissions",
        "NOREPLICAS Not enough good replicas", "BUSY Redis", "ERR what nobody knows loses no row",
        "ERR", "", "MOVED"}) {
    EXPECT_EQ(kind_of(text), Kind::transient) << text;
  }
}

TEST(Errors, NameTheRemedyAndNothingThatATerminalObeys) {
  EXPECT_EQ(describe("WRONGPASS invalid"),
            "WRONGPASS invalid; check the user of url, and password");
  EXPECT_EQ(describe("ERR \x1b[2J\r\n"), "ERR ?[2J??");
  EXPECT_EQ(describe(std::string(100'000, 'x')).size(), 300u);
  EXPECT_TRUE(wants_a_new_connection("READONLY You can't write"));
  EXPECT_FALSE(wants_a_new_connection("OOM command not allowed"));
}

TEST(Redirections, AreRead) {
  Redirection to;
  ASSERT_TRUE(parse_redirection("MOVED 3999 10.0.0.1:6381", "asked", to));
  EXPECT_EQ(to.slot, 3999u);
  EXPECT_EQ(to.address.text(), "10.0.0.1:6381");
  ASSERT_TRUE(parse_redirection("ASK 16383 :6381", "asked", to));
  EXPECT_EQ(to.address.text(), "asked:6381");
  ASSERT_TRUE(parse_redirection("MOVED 1 fe80::1:6381", "asked", to));
  EXPECT_EQ(to.address.text(), "[fe80::1]:6381");
  for (const char* bad :
       {"MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a",
        "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:", "MOVED 1 a\x1b[2J:1", "MOVED  a:1"}) {
    EXPECT_FALSE(parse_redirection(bad, "asked", to)) << bad;
  }
}

Reply parsed(std::string_view text) {
  redisReader* reader = redisReaderCreate();
  redisReaderFeed(reader, text.data(), text.size());
  void* reply = nullptr;
  redisReaderGetReply(reader, &reply);
  redisReaderFree(reader);
  return Reply(static_cast<redisReply*>(reply));
}

TEST(Clusters, MapsAreRead) {
  SlotMap map;
  EXPECT_EQ(map.node_of(0), nullptr);
  ASSERT_EQ(map.read(*parsed("*2\r\n*4\r\n:0\r\n:100\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n"
                             "*3\r\n$1\r\nr\r\n:2\r\n$2\r\nid\r\n"
                             "*3\r\n:200\r\n:16383\r\n*2\r\n$0\r\n\r\n:7\r\n"),
                     "asked"),
            "");
  EXPECT_EQ(map.node_of(100)->text(), "a:1");
  EXPECT_EQ(map.node_of(101), nullptr);
  EXPECT_EQ(map.node_of(16383)->text(), "asked:7");
  EXPECT_EQ(map.nodes().size(), 2u);
  map.set(101, {"b", 3, ""});
  EXPECT_EQ(map.node_of(101)->text(), "b:3");
}

TEST(Clusters, MapsThatAreNoneChangeNothing) {
  SlotMap map;
  map.set(5, {"b", 3, ""});
  for (const char* bad :
       {"+OK\r\n", "*1\r\n:1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:16384\r\n*0\r\n",
        "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\na\r\n:1\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n*0\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:0\r\n", "*1\r\n*3\r\n:-1\r\n:1\r\n*0\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n"}) {
    EXPECT_NE(map.read(*parsed(bad), "asked"), "") << bad;
    EXPECT_EQ(map.node_of(5)->text(), "b:3");
  }
}

TEST(Scripts, HaveTheIdThatTheServerGivesThem) {
  for (const Script& script : scripts()) EXPECT_EQ(script.id.size(), 40u);
  EXPECT_NE(scripts()[0].id, scripts()[1].id);
}

std::vector<std::string> problems_of(const Options& options) {
  return testing::problems_of([&](Problems& p) { Redis::check(options, p); });
}

TEST(RedisOptions, CheckNamesWhatCannotWork) {
  Options options = with_url("rediss://u:p@h");
  options.tls.emplace().enabled = false;
  options.cluster = true;
  options.sentinel.emplace();
  options.socket = "/run/redis.sock";
  options.latest.emplace().key = "x";
  options.history.emplace().key = "x";
  options.publish.emplace().channel = "{x}";
  EXPECT_EQ(problems_of(options),
            (std::vector<std::string>{
                "url holds a password, which belongs into the option password; expected "
                "redis://user@host:6379/0",
                "tls.enabled is false, and the url says rediss://; expected one of them",
                "sentinel is for one master, and cluster is true; expected one of them",
                "socket leads to one server; expected neither cluster nor sentinel",
                "latest.key would be the same for several series; expected {measurement}, and "
                "{labels} once",
                "history.key would be the same for several series; expected {measurement}, and "
                "{labels} once",
                "publish.channel has {x}; expected {measurement}, {labels} or {label.NAME}, and {{ "
                "for a brace",
                "history.key is that of latest; expected another"}));
  Options socket = with_url("rediss://localhost");
  socket.socket = "/run/redis.sock";
  EXPECT_EQ(problems_of(socket),
            (std::vector<std::string>{
                "socket is on this host, where TLS is not spoken; remove one of them"}));
  EXPECT_TRUE(problems_of(with_url("redis://localhost")).empty());
}

}  // namespace
}  // namespace weir::redis_sink
