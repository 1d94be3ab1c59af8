// weir: the command line. One function a command; options by Boost.Program_options.
//
// Exit codes: 0; 1 for a failure at run time, and for a command line that is wrong; 78 (EX_CONFIG)
// for a configuration that is.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "core/cli/backfill.hpp"
#include "core/cli/buffer.hpp"
#include "core/cli/check.hpp"
#include "core/cli/deadletter.hpp"
#include "core/cli/describe.hpp"
#include "core/cli/list.hpp"
#include "core/cli/once.hpp"
#include "core/cli/plugin_test.hpp"
#include "core/cli/reload.hpp"
#include "core/cli/run.hpp"
#include "core/cli/schema.hpp"
#include "core/cli/status.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/loader.hpp"
#include "core/telemetry/log.hpp"

namespace po = boost::program_options;

namespace weir::cli {
namespace {

constexpr int kExitUsage = 1;
constexpr const char* kDefaultPath = "/etc/weir/weir.yaml";

// Words without a dash, where they stand for no option that has a name.
constexpr const char* kWords = "word";

struct Command {
  const char* name;
  const char* arguments;  // as shown in the usage line
  const char* summary;
  const char* help;  // more, or ""
  void (*options)(po::options_description&);
  const char* positional;  // the option that words without a dash go to, or nullptr
  int (*run)(const po::variables_map&);
};

void config_option(po::options_description& o) {
  o.add_options()("config,c", po::value<std::string>()->default_value(kDefaultPath),
                  "configuration file; conf.d/*.yaml and those of hosts/ for this host follow");
}
void host_option(po::options_description& o) {
  o.add_options()("host", po::value<std::string>()->default_value(""),
                  "read the files of hosts/ that the host of that name would");
}
void log_options(po::options_description& o) {
  o.add_options()("log-level", po::value<std::string>(), "debug | info | warn | error")(
      "log-format", po::value<std::string>(), "text | json");
}
void plugin_options(po::options_description& o) {
  o.add_options()("config,c", po::value<std::string>(),
                  "also look in the plugin_dirs of this configuration")(
      "plugin-dir", po::value<std::vector<std::string>>()->composing(),
      "also look in this folder; may be given several times");
}

config::LoadRequest request(const po::variables_map& args) {
  return {args["config"].as<std::string>(),
          args.count("host") ? args["host"].as<std::string>() : ""};
}

// Who names a file means the agent of that file, not the one that usually answers.
bool is_there(const po::variables_map& args) {
  const std::string& path = args["config"].as<std::string>();
  if (args["config"].defaulted() || access(path.c_str(), R_OK) == 0) return true;
  std::fprintf(stderr, "weir: %s: %s\n", path.c_str(), std::strerror(errno));
  return false;
}

config::CatalogFactory loaders() {
  return [](const config::AgentOptions& agent) {
    return std::make_unique<core::Loader>(agent.plugin_dirs);
  };
}

// The plugins that --config and --plugin-dir lead to.
core::Loader loader(const po::variables_map& args) {
  std::vector<std::string> folders;
  if (args.count("plugin-dir")) folders = args["plugin-dir"].as<std::vector<std::string>>();
  for (const std::string& folder : folders) {
    if (access(folder.c_str(), R_OK | X_OK) == 0) continue;
    std::fprintf(stderr, "weir: --plugin-dir %s: %s\n", folder.c_str(), std::strerror(errno));
  }
  if (args.count("config")) {
    config::Problems problems;
    const config::Document document =
        config::read({args["config"].as<std::string>(), ""}, problems);
    const config::AgentOptions agent = config::agent_options(document, problems);
    print_warnings(problems, stderr);
    std::fputs(problems.text().c_str(), stderr);
    folders.insert(folders.end(), agent.plugin_dirs.begin(), agent.plugin_dirs.end());
  }
  return core::Loader(folders);
}

std::string word(const po::variables_map& args, const char* name) {
  return args.count(name) ? args[name].as<std::string>() : "";
}

int run_check(const po::variables_map& args) {
  const bool effective = args.count("effective") != 0, asks = args.count("probe") != 0;
  if (effective && asks) {
    std::fputs("weir check: --effective prints a configuration, --probe asks; give one of them\n",
               stderr);
    return kExitUsage;
  }
  if (asks) core::log_set_level(WEIR_LOG_ERROR);
  const int code = check({request(args), effective, asks}, loaders(), stdout, stderr);
  if (!asks) return code;
  // Whoever did not return in time still has its thread.
  std::fflush(nullptr);
  _exit(code);
}

const Command kCommands[] = {
    {"run", "[FILE]", "run the agent until SIGTERM or SIGINT", "",
     [](po::options_description& o) {
       config_option(o);
       log_options(o);
     },
     "config",
     [](const po::variables_map& args) {
       return run({request(args), word(args, "log-level"), word(args, "log-format")});
     }},
    {"status", "[FILE]", "tell what the agent that runs here does, and what does not work",
     "Asks it over the Unix socket or the address of the configuration, or the usual ones.\n"
     "Exit code 0 when it is ready: it runs, and every required component works.",
     [](po::options_description& o) {
       config_option(o);
       o.add_options()("at", po::value<std::string>(),
                       "where it answers: the path of its Unix socket, or host:port")(
           "format", po::value<std::string>()->default_value("text"), "text | json");
     },
     "config",
     [](const po::variables_map& args) {
       if (!is_there(args)) return kExitConfiguration;
       return status({request(args), word(args, "at"), word(args, "format")}, stdout);
     }},
    {"reload", "[FILE]", "have the agent that runs here read its configuration again",
     "Asks it as `weir status` does, waits, and tells what changed. Exit code 0; 78 where the "
     "files\n"
     "are wrong; 1 where something cannot be changed.",
     [](po::options_description& o) {
       config_option(o);
       o.add_options()("at", po::value<std::string>(),
                       "where it answers: the path of its Unix socket, or host:port");
     },
     "config",
     [](const po::variables_map& args) {
       if (!is_there(args)) return kExitConfiguration;
       return reload({request(args), word(args, "at")}, stdout, stderr);
     }},
    {"check", "[FILE]", "say what is wrong with a configuration, or that nothing is",
     "Every problem is told as file:line:column. Exit code 78 when there is one.\n"
     "With --probe each server of a right one is asked whether it answers and lets the agent\n"
     "in: a line a component, after 10 s at most. Exit code 1 when one does not.",
     [](po::options_description& o) {
       config_option(o);
       host_option(o);
       o.add_options()("effective", "print what all files say together, and where; secrets as ***")(
           "probe", "ask every server of it whether it answers and lets the agent in");
     },
     "config", run_check},
    {"once", "[ID...]", "collect each source once and print the rows",
     "A table on a terminal, JSON lines in a pipe.",
     [](po::options_description& o) {
       config_option(o);
       log_options(o);
       o.add_options()("id", po::value<std::vector<std::string>>()->composing(),
                       "only this source; may be given several times")(
           "format", po::value<std::string>()->default_value("auto"),
           "auto | table | jsonl | csv | influx");
     },
     "id",
     [](const po::variables_map& args) {
       OnceArgs once_args{request(args),
                          word(args, "log-level"),
                          word(args, "log-format"),
                          args["format"].as<std::string>(),
                          {}};
       if (args.count("id")) once_args.ids = args["id"].as<std::vector<std::string>>();
       return once(once_args);
     }},
    {"backfill", "--from TIME --to TIME [ID...]", "deliver the past of simulators to their sinks",
     "Goes as fast as the sinks take it. TIME: 2026-01-31, 2026-01-31T08:30:00Z; --to is not\n"
     "included. Interrupted, the same command goes on where it was, without loss or repetition.",
     [](po::options_description& o) {
       config_option(o);
       log_options(o);
       o.add_options()("from", po::value<std::string>(), "the first instant")(
           "to", po::value<std::string>(), "the instant after the last")(
           "id", po::value<std::vector<std::string>>()->composing(),
           "only this source; may be given several times")(
           "sink", po::value<std::vector<std::string>>()->composing(),
           "only to this sink; may be given several times")(
           "restart", "begin anew what was interrupted or done before");
     },
     "id",
     [](const po::variables_map& args) {
       BackfillArgs a{request(args),
                      word(args, "log-level"),
                      word(args, "log-format"),
                      word(args, "from"),
                      word(args, "to"),
                      {},
                      {},
                      args.count("restart") != 0};
       if (args.count("id")) a.ids = args["id"].as<std::vector<std::string>>();
       if (args.count("sink")) a.sinks = args["sink"].as<std::vector<std::string>>();
       return backfill(a);
     }},
    {"list", "", "list the types of source, processor and sink that there are", "", plugin_options,
     nullptr,
     [](const po::variables_map& args) {
       core::Loader catalog = loader(args);
       return list(catalog, stdout, stderr);
     }},
    {"describe", "TYPE", "tell what a type is for and which options it has",
     "TYPE as in `type:`; or kind/type where several kinds have the name: sink/file.",
     [](po::options_description& o) {
       plugin_options(o);
       o.add_options()("type", po::value<std::string>(), "the type")(
           "format", po::value<std::string>()->default_value("text"), "text | markdown | json");
     },
     "type",
     [](const po::variables_map& args) {
       if (!args.count("type")) {
         std::fputs("weir describe: no TYPE given; `weir list` lists them\n", stderr);
         return kExitUsage;
       }
       core::Loader catalog = loader(args);
       return describe({word(args, "type"), word(args, "format")}, catalog, stdout, stderr);
     }},
    {"schema", "", "print the JSON Schema of the configuration, for editors", "", plugin_options,
     nullptr,
     [](const po::variables_map& args) {
       core::Loader catalog = loader(args);
       return schema(catalog, stdout, stderr);
     }},
    {"buffer", "check|repair|dump DIR", "look at a disk buffer, repair it, print its rows",
     "check reads every byte and exits with 1 when something is damaged. repair takes out what is\n"
     "damaged and keeps it in quarantine; the agent must not run. dump prints the rows that are "
     "not\n"
     "delivered as JSON lines.",
     [](po::options_description& o) {
       o.add_options()(kWords, po::value<std::vector<std::string>>()->composing(),
                       "check, repair or dump; and the directory of one buffer");
     },
     kWords,
     [](const po::variables_map& args) {
       return buffer(args.count(kWords) ? args[kWords].as<std::vector<std::string>>()
                                        : std::vector<std::string>{},
                     stdout, stderr);
     }},
    {"deadletter", "list | replay SINK", "tell which rows sinks rejected, send them again",
     "list groups them by reason. replay sends those of one sink to it once more, agent or no\n"
     "agent; what is rejected again is a dead letter again, and the exit code is 1.",
     [](po::options_description& o) {
       config_option(o);
       log_options(o);
       o.add_options()(kWords, po::value<std::vector<std::string>>()->composing(),
                       "list; or replay, and the id of a sink");
     },
     kWords,
     [](const po::variables_map& args) {
       return deadletter({request(args),
                          args.count(kWords) ? args[kWords].as<std::vector<std::string>>()
                                             : std::vector<std::string>{},
                          word(args, "log-level"), word(args, "log-format")},
                         stdout);
     }},
    {"plugin", "test FILE", "test whether a plugin keeps to the contract",
     "Loads FILE in a process of its own for each check, and prints a line a check: ok, FAILED or\n"
     "skipped. Exit code 1 when one failed. Types with required options need them for most checks.",
     [](po::options_description& o) {
       o.add_options()("option", po::value<std::vector<std::string>>()->composing(),
                       "NAME=VALUE, as in the configuration of a component; may be given several "
                       "times")("timeout", po::value<unsigned>()->default_value(30),
                                "seconds that one check may take")(
           kWords, po::value<std::vector<std::string>>()->composing(), "test; and the file");
     },
     kWords,
     [](const po::variables_map& args) {
       const auto texts = [&](const char* name) {
         return args.count(name) ? args[name].as<std::vector<std::string>>()
                                 : std::vector<std::string>{};
       };
       return plugin_test(
           {texts(kWords), texts("option"), std::chrono::seconds(args["timeout"].as<unsigned>())},
           stdout, stderr);
     }},
    {"version", "", "print the version", "", [](po::options_description&) {}, nullptr,
     [](const po::variables_map&) {
       std::printf("weir %s (plugin ABI %u.%u)\n", core::agent_version(), WEIR_ABI_MAJOR,
                   WEIR_ABI_MINOR);
       return 0;
     }},
};

void usage(std::FILE* out) {
  std::fputs("weir, a plugin-based observability agent\n\nusage: weir COMMAND [OPTION...]\n\n",
             out);
  for (const Command& c : kCommands) {
    std::fprintf(out, "  %-10s %s\n", c.name, c.summary);
  }
  std::fputs("\n`weir COMMAND --help` tells more.\n", out);
}

void command_help(const Command& c, const po::options_description& options) {
  po::options_description shown("options");
  for (const auto& option : options.options()) {
    if (option->long_name() != kWords) shown.add(option);
  }
  std::string text;
  {
    std::ostringstream stream;
    stream << shown;
    text = stream.str();
  }
  std::printf("usage: weir %s%s%s [OPTION...]\n\n%s%s%s\n\n%s", c.name, *c.arguments ? " " : "",
              c.arguments, c.summary, *c.help ? ".\n" : "", c.help, text.c_str());
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    usage(words.empty() ? stderr : stdout);
    return words.empty() ? kExitUsage : 0;
  }
  const std::string name = words[0] == "--version" ? "version" : words[0];
  const auto* command = std::find_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const Command& c) { return c.name == name; });
  if (command == std::end(kCommands)) {
    std::fprintf(stderr, "weir: there is no command '%s'\n\n", name.c_str());
    usage(stderr);
    return kExitUsage;
  }
  po::options_description options("options");
  command->options(options);
  options.add_options()("help,h", "this text");
  po::positional_options_description positional;
  if (command->positional != nullptr) positional.add(command->positional, -1);
  po::variables_map args;
  try {
    po::store(po::command_line_parser({words.begin() + 1, words.end()})
                  .options(options)
                  .positional(positional)
                  .run(),
              args);
    po::notify(args);
  } catch (const po::error& e) {
    std::fprintf(stderr, "weir %s: %s; see `weir %s --help`\n", command->name, e.what(),
                 command->name);
    return kExitUsage;
  }
  if (args.count("help")) {
    command_help(*command, options);
    return 0;
  }
  return command->run(args);
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) {
  // Few threads allocate at the same time: more arenas would only hold more memory.
  mallopt(M_ARENA_MAX, 2);
  signal(SIGPIPE, SIG_IGN);
  try {
    return weir::cli::dispatch({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "weir: %s\n", e.what());
    return 1;
  }
}
