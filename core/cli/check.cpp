// See check.hpp.
#include "core/cli/check.hpp"

#include <string>
#include <utility>

#include "core/cli/columns.hpp"
#include "core/cli/hide_secrets.hpp"
#include "core/cli/probe.hpp"
#include "core/config/effective.hpp"
#include "core/config/units.hpp"

namespace weir::cli {
namespace {

std::string how(const config::Component& c, const config::Config& config) {
  if (c.kind == WEIR_SOURCE) {
    return "every " + config::format_duration(c.source.interval_or(config.agent).count());
  }
  std::string text = "from ";
  for (std::size_t i = 0; i < c.inputs.size(); ++i) text += (i > 0 ? ", " : "") + c.inputs[i];
  return text;
}

void summarise(const config::Config& config, const config::Document& document, std::FILE* out) {
  std::size_t counts[4] = {};
  for (const config::Component& c : config.components) ++counts[c.kind];
  const auto& files = document.files();
  std::fprintf(out, "%s: %s, %s, %s: ok\n", files.front().c_str(),
               counted(counts[WEIR_SOURCE], "source").c_str(),
               counted(counts[WEIR_PROCESSOR], "processor").c_str(),
               counted(counts[WEIR_SINK], "sink").c_str());
  for (std::size_t i = 1; i < files.size(); ++i) {
    std::fprintf(out, "  with %s\n", files[i].c_str());
  }
  std::fprintf(out, "  digest %s\n", config.digest.c_str());
}

void list(const config::Config& config, std::FILE* out) {
  Columns table;
  for (const config::Component& c : config.components) {
    table.add({config::kind_name(c.kind), c.id, c.type, how(c, config)});
  }
  table.print(out, 2);
}

}  // namespace

void print_warnings(const config::Problems& problems, std::FILE* err) {
  for (const config::Problem& warning : problems.warnings()) {
    std::fprintf(err, "%s: warning: %s\n", config::to_string(warning.place).c_str(),
                 warning.message.c_str());
  }
}

int check(const CheckArgs& args, const config::CatalogFactory& catalogs, std::FILE* out,
          std::FILE* err) {
  config::Problems problems;
  const config::Document document = config::read(args.request, problems);
  const config::AgentOptions agent = config::agent_options(document, problems);
  const std::unique_ptr<config::TypeCatalog> catalog = catalogs(agent);
  std::unique_ptr<config::Config> config = config::bind(document, *catalog, problems);
  if (config != nullptr) {
    hide_secrets(*config);
    for (const config::Component& c : config->components) {
      if (c.descriptor != nullptr) continue;
      problems.add(c.place, std::string(config::section_name(c.kind)) + "." + c.id +
                                ": the plugin for its type '" + c.type +
                                "' cannot be used; the agent would run without it: " + c.refusal);
    }
  }
  print_warnings(problems, err);
  if (!problems.empty()) {
    std::fputs(problems.text().c_str(), err);
    std::fprintf(err, "%s: %s\n", args.request.path.c_str(),
                 counted(problems.list().size(), "problem").c_str());
    return kExitConfiguration;
  }
  if (args.effective) {
    std::fputs(config::effective(document, config->secrets).c_str(), out);
    return kExitOk;
  }
  summarise(*config, document, out);
  if (args.probe) {
    std::fflush(out);  // an answer takes its time
    return probe(std::move(config), {args.request}, out);
  }
  list(*config, out);
  return kExitOk;
}

}  // namespace weir::cli
