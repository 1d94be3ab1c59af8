// core/config/load.hpp - from files to a Config, in steps, because plugins are found by what the
// files say:
//
//   Document document = read(request, problems);                  // files, merged and expanded
//   AgentOptions agent = agent_options(document, problems);       // says where plugins are
//   Loader catalog(agent.plugin_dirs);
//   std::unique_ptr<Config> config = bind(document, catalog, problems);
//
// Each step goes on where it can after a problem, so that one run tells them all; only `bind`
// gives nullptr. The document can be freed once bound.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/catalog.hpp"
#include "core/config/model.hpp"
#include "core/config/problems.hpp"

namespace weir::config {

struct Tree;

struct LoadRequest {
  std::string path;      // then conf.d/*.yaml, and those of hosts/ that are for the host
  std::string hostname;  // empty: this host's
};

// What the files say together: every node knows its place. Movable.
class Document {
 public:
  explicit Document(std::unique_ptr<Tree> tree);
  ~Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;

  // The files that were read, in order.
  const std::vector<std::string>& files() const;
  const Witnesses& witnesses() const;
  Tree& tree() { return *tree_; }
  const Tree& tree() const { return *tree_; }

 private:
  std::unique_ptr<Tree> tree_;
};

Document read(const LoadRequest& request, Problems& problems);

// The `agent` section; defaults where it is wrong.
AgentOptions agent_options(const Document& document, Problems& problems);

// nullptr when `problems` is not empty afterwards. Runs the `check` of every type in use. A plugin
// file that was refused is a problem only for a component with `required: true`.
std::unique_ptr<Config> bind(const Document& document, TypeCatalog& catalog, Problems& problems);

// The three steps, for one catalog.
std::unique_ptr<Config> load(const LoadRequest& request, TypeCatalog& catalog, Problems& problems);

}  // namespace weir::config
