// What `weir check --probe` says of components in memory: who is asked, what is told, how it ends.
#include "core/cli/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>

#include "core/cli/check.hpp"
#include "core/config/catalog.hpp"
#include "tests/config/folder.hpp"
#include "tests/config/printed.hpp"
#include "weir/weir.hpp"

namespace weir::cli {
namespace {

using config::testing::Folder;
using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::atomic<int> g_alive{0};

// Those who wait here go on when as many are there as were wanted.
struct Meeting {
  std::mutex mutex;
  std::condition_variable changed;
  int wanted = 0;

  bool attend() {
    std::unique_lock lock(mutex);
    --wanted;
    changed.notify_all();
    return changed.wait_for(lock, 60s, [this] { return wanted <= 0; });
  }
};
Meeting g_meeting;

// What its url says is what it finds.
class Server {
 public:
  struct Options {
    std::string url, password;
    static const OptionTable<Options>& table() {
      static const OptionTable<Options> t{
          option("url", &Options::url, "What to find.").required(),
          option("password", &Options::password, "What lets it in.").secret()};
      return t;
    }
  };
  Server(Sink sink, const Options& options) : sink_(sink), options_(options) {
    if (options.url == "config") throw OptionError("url", "cannot be that");
    if (options.url == "create") throw std::runtime_error("no memory for it");
    ++g_alive;
  }
  ~Server() { --g_alive; }
  void start() { throw std::logic_error("it was started"); }
  Status write(std::span<const weir_batch* const>) { throw std::logic_error("it was written to"); }
  Finding probe(Duration limit) {
    const std::string& url = options_.url;
    if (limit > 10s || sink_.time_left(1h) > 10s)
      return Finding::failed("the sink is told of no deadline");
    if (url == "answers") return Finding::ok("Server 1.0 at db");
    if (url == "connected") sink_.connected("Server 2.0 at db");
    if (url == "refuses") return Finding::failed("db: refused; check password");
    if (url == "taken") return Finding::taken("the port is in use");
    if (url == "silent") return Finding::failed("");
    if (url == "repeats") return Finding::failed("you said\n'" + options_.password + "'\x1b[2J");
    if (url == "throws") throw std::runtime_error("it threw");
    if (url == "together" && !g_meeting.attend()) return Finding::failed("the others did not come");
    return Finding::ok();
  }

 private:
  Sink sink_;
  const Options options_;
};

// Has somebody to ask, and does not know how.
class Mute {
 public:
  struct Options {
    std::string listen;
    static const OptionTable<Options>& table() {
      static const OptionTable<Options> t{option("listen", &Options::listen, "Where.").def(":1")};
      return t;
    }
  };
  Mute(Sink, const Options&) {}
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};

struct Plain {
  explicit Plain(Source) {}
  void collect(Time) {}
};

class Catalog : public config::TypeCatalog {
 public:
  Catalog() {
    // As a plugin that was built before there was this extension.
    static weir_component_type old = *sink<Server>("old", "Is of old.");
    old.extension = nullptr;
    for (const weir_component_type* t :
         {source<Plain>("plain", "Has nobody."), sink<Server>("server", "Finds."),
          sink<Mute>("mute", "Is mute."), static_cast<const weir_component_type*>(&old)}) {
      types_[t->name] = t;
    }
  }
  const weir_component_type* find(weir_kind, const std::string& name, std::string&) override {
    return types_.at(name);
  }
  bool exists(weir_kind, const std::string& name) override { return types_.contains(name); }
  std::vector<std::string> names(weir_kind) override { return {}; }

 private:
  std::map<std::string, const weir_component_type*> types_;
};

std::string sinks(const std::string& text) {
  return "agent: {http: {listen: off, socket: off}}\nsources: {a: {type: plain}}\nsinks:\n" + text;
}
std::string server(const std::string& id, const std::string& url) {
  return "  " + id + ": {type: server, inputs: a, url: " + url + "}\n";
}

Printed check_file(const std::string& text) {
  const Folder folder;
  folder.write("weir.yaml", text);
  return printed([](std::FILE* out, std::FILE* err) {
    return check(
        {{"weir.yaml", "web1"}, false, true},
        [](const config::AgentOptions&) { return std::make_unique<Catalog>(); }, out, err);
  });
}

TEST(Probe, TellsALineAComponent) {
  const Printed p = check_file(sinks(server("b", "answers") + server("c", "connected") +
                                     "  d: {type: mute, inputs: a}\n"
                                     "  e: {type: old, inputs: a, url: x}\n"));
  EXPECT_EQ(p.code, 0);
  EXPECT_EQ(p.err, "");
  const char* const mute =
      "cannot be asked: its plugin does not say whether the other side answers\n";
  EXPECT_EQ(p.out, std::string("weir.yaml: 1 source, 0 processors, 4 sinks: ok\n"
                               "  digest 74b43ff956feed9e\n"
                               "source a (plain): nothing to ask\n"
                               "sink b (server): ok: Server 1.0 at db\n"
                               "sink c (server): ok: Server 2.0 at db\n"
                               "sink d (mute): ") +
                       mute + "sink e (old): " + mute);
  EXPECT_EQ(g_alive, 0) << "each is destroyed";
}

TEST(Probe, PrintsATableOnATerminal) {
  ::setenv("COLUMNS", "72", 1);
  const Printed p = check_file(sinks(server("b", "answers") + server("c", "refuses")));
  ::unsetenv("COLUMNS");
  EXPECT_EQ(p.code, 1);
  EXPECT_EQ(p.out,
            "weir.yaml: 1 source, 0 processors, 2 sinks: ok\n"
            "  digest 8b76855bc32f0172\n"
            "COMPONENT  KIND    TYPE    ANSWER          WHAT\n"
            "a          source  plain   nothing to ask\n"
            "b          sink    server  ok              Server 1.0 at db\n"
            "c          sink    server  failed          db: refused; check password\n");
}

struct Case {
  const char *url, *text;
  int code;
};

TEST(Probe, FailsForOneThatDoesNotAnswer) {
  for (const Case& c : {Case{"refuses", "failed: db: refused; check password\n", 1},
                        {"throws", "failed: it threw\n", 1},
                        {"silent", "failed: it does not say why\n", 1},
                        {"create", "failed: cannot be created: no memory for it\n", 1},
                        {"config", "failed: weir.yaml:4:37: cannot be that\n", 78},
                        {"taken",
                         "failed: the port is in use; no agent of this configuration answers that "
                         "might have it\n",
                         1}}) {
    const Printed p = check_file(sinks(server("b", c.url) + server("c", "answers")));
    EXPECT_EQ(p.code, c.code) << c.url;
    EXPECT_THAT(p.out, HasSubstr(std::string("sink b (server): ") + c.text));
    EXPECT_THAT(p.out, EndsWith("sink c (server): ok: Server 1.0 at db\n"));
  }
  EXPECT_EQ(g_alive, 0);
}

TEST(Probe, AsksNothingWhereTheFilesAreWrong) {
  const Printed p = check_file(sinks(server("b", "answers") + "  c: {type: server, inputs: a}\n"));
  EXPECT_EQ(p.code, 78);
  EXPECT_EQ(p.out, "");
}

TEST(Probe, ShowsNoSecretAndNoControls) {
  const Printed p =
      check_file(sinks("  b: {type: server, inputs: a, url: repeats, password: hunter22}\n"));
  EXPECT_THAT(p.out, HasSubstr("sink b (server): failed: you said '***' [2J\n"));
  EXPECT_THAT(p.out, Not(HasSubstr("hunter22")));
}

TEST(Probe, AsksAllAtOnce) {
  g_meeting.wanted = 10;
  std::string text;
  for (int i = 0; i < 10; ++i) text += server("s" + std::to_string(i), "together");
  const Printed p = check_file(sinks(text));
  EXPECT_EQ(p.code, 0) << p.out;
}

TEST(Probe, DoesNotWaitForOneThatHangs) {
  const Folder folder;
  folder.write("weir.yaml", sinks(server("b", "together") + server("c", "answers")));
  g_meeting.wanted = 2;  // the other one never comes
  const Printed p = printed([](std::FILE* out, std::FILE*) {
    Catalog catalog;
    config::Problems problems;
    const config::LoadRequest request{"weir.yaml", "web1"};
    auto config = config::bind(config::read(request, problems), catalog, problems);
    return probe(std::move(config), {request, 50ms, 100ms}, out);
  });
  EXPECT_EQ(p.code, 1);
  EXPECT_EQ(p.out,
            "source a (plain): nothing to ask\n"
            "sink b (server): failed: no answer within 0.1 s; see whether the server hangs, and "
            "whether its name can be looked up\n"
            "sink c (server): ok: Server 1.0 at db\n");
  EXPECT_EQ(g_alive, 1) << "its thread is in it";
  g_meeting.attend();
  for (int i = 0; i < 6000 && g_alive != 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(g_alive, 0) << "left to its thread";
}

}  // namespace
}  // namespace weir::cli
