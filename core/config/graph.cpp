// See graph.hpp.
#include "core/config/graph.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/config/catalog.hpp"
#include "core/config/text.hpp"

namespace weir::config {
namespace {

class Graph {
 public:
  Graph(const Tree& tree, std::vector<Component>& components, Problems& problems)
      : tree_(tree), components_(components), problems_(problems) {
    for (std::size_t i = 0; i < components.size(); ++i) index_.emplace(components[i].id, i);
  }

  void resolve() {
    for (std::size_t i = 0; i < components_.size(); ++i) {
      if (components_[i].kind != WEIR_SOURCE) resolve(i);
    }
  }

  // Sorts the processors, each after those that it reads from; tells one cycle where there is
  // one. Stable: what can stay in the order it was written in does.
  void sort() {
    std::vector<Component> sorted;
    std::vector<bool> done(components_.size(), false);
    const auto ready = [&](const Component& c) {
      return std::all_of(c.inputs.begin(), c.inputs.end(),
                         [&](const std::string& id) { return done[index_.at(id)]; });
    };
    for (std::size_t i = 0; i < components_.size(); ++i) {
      done[i] = components_[i].kind == WEIR_SOURCE;
    }
    std::vector<std::size_t> order;
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < components_.size(); ++i) {
      if (components_[i].kind == WEIR_PROCESSOR) left.push_back(i);
    }
    for (bool progress = true; progress && !left.empty();) {
      std::vector<std::size_t> still_left;
      progress = false;
      for (const std::size_t i : left) {
        if (ready(components_[i])) {
          done[i] = progress = true;
          order.push_back(i);
        } else {
          still_left.push_back(i);
        }
      }
      left = std::move(still_left);
    }
    if (!left.empty()) {
      tell_cycle(left, done);
      return;
    }
    std::size_t next = 0;
    for (std::size_t i = 0; i < components_.size(); ++i) {
      const bool moves = components_[i].kind == WEIR_PROCESSOR;
      sorted.push_back(std::move(components_[moves ? order[next++] : i]));
    }
    components_ = std::move(sorted);
  }

  void warn_unused() const {
    std::vector<bool> used(components_.size(), false);
    for (const Component& c : components_) {
      for (const std::string& id : c.inputs) used[index_.at(id)] = true;
    }
    for (std::size_t i = 0; i < components_.size(); ++i) {
      const Component& c = components_[i];
      if (used[i] || c.kind == WEIR_SINK) continue;
      problems_.warn(c.place, std::string(section_name(c.kind)) + "." + c.id +
                                  ": nothing reads from this " + kind_name(c.kind));
    }
  }

 private:
  void resolve(std::size_t at) {
    Component& c = components_[at];
    const std::string path = std::string(section_name(c.kind)) + "." + c.id + ".inputs";
    std::vector<bool> chosen(components_.size(), false);
    const Node* inputs = nullptr;
    if (const Node* node = tree_.root.find(section_name(c.kind))->find(c.id)) {
      inputs = node->find("inputs");
    }
    const auto wrong = [&](std::size_t n, const std::string& what) {
      const bool is_list = inputs != nullptr && n < inputs->items.size();
      problems_.add(inputs == nullptr ? c.place : tree_.place(is_list ? inputs->items[n] : *inputs),
                    path + ": " + what);
    };
    if (c.consumer.inputs.empty()) {
      // Where `inputs` is missing or broken, that has been told.
      if (inputs != nullptr && inputs->kind == NodeKind::kSequence && inputs->items.empty()) {
        wrong(0, "the list is empty, expected ids of what it reads from, or \"*\"");
      }
      return;
    }
    for (std::size_t n = 0; n < c.consumer.inputs.size(); ++n) {
      const std::string fault = is_pattern(c.consumer.inputs[n])
                                    ? choose_pattern(at, c.consumer.inputs[n], chosen)
                                    : choose_id(at, c.consumer.inputs[n], chosen);
      if (!fault.empty()) wrong(n, fault);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i]) c.inputs.push_back(components_[i].id);
    }
  }

  std::string choose_pattern(std::size_t at, const std::string& pattern,
                             std::vector<bool>& chosen) {
    const bool to_sink = components_[at].kind == WEIR_SINK;
    bool any = false;
    for (std::size_t i = 0; i < components_.size(); ++i) {
      const Component& from = components_[i];
      const bool offers = from.kind == WEIR_SOURCE || (from.kind == WEIR_PROCESSOR && to_sink);
      if (!offers || !matches(pattern, from.id)) continue;
      chosen[i] = any = true;
    }
    // That there is nothing at all to read from is told elsewhere.
    const bool none = components_.front().kind == WEIR_SINK;
    const auto fits = [&](const std::string& id) { return matches(pattern, id); };
    if (any || none || is_lost(fits)) return "";
    return in_quotes(pattern) + " matches no source" + (to_sink ? " or processor" : "") +
           ", expected at least one";
  }

  std::string choose_id(std::size_t at, const std::string& id, std::vector<bool>& chosen) {
    const auto it = index_.find(id);
    if (it == index_.end()) {
      std::vector<std::string> ids;
      for (const Component& c : components_) {
        if (c.kind != WEIR_SINK && &c != &components_[at]) ids.push_back(c.id);
      }
      if (is_lost([&](const std::string& written) { return written == id; })) return "";
      return "there is no source or processor " + in_quotes(id) + suggestion(id, ids, "ids");
    }
    if (it->second == at) return in_quotes(id) + " reads from itself, expected another component";
    if (components_[it->second].kind == WEIR_SINK) {
      return in_quotes(id) + " is a sink, which gives nothing; expected a source or processor";
    }
    chosen[it->second] = true;
    return "";
  }

  // Whether a component of such an id is not there for a reason that a problem was told about: it
  // is wrong itself, or its section is misspelt, or the file that may hold it cannot be read.
  template <class Fits>
  bool is_lost(const Fits& fits) const {
    if (!tree_.complete) return true;
    for (const Node& section : tree_.root.items) {
      if (section.key == "agent") continue;
      for (const Node& item : section.items) {
        if (index_.count(item.key) == 0 && fits(item.key)) return true;
      }
    }
    return false;
  }

  // Every one of `left` reads from one of `left`: going backwards must come round.
  void tell_cycle(const std::vector<std::size_t>& left, const std::vector<bool>& done) {
    std::vector<std::size_t> walk{left.front()};
    std::vector<bool> seen(components_.size(), false);
    while (!seen[walk.back()]) {
      seen[walk.back()] = true;
      for (const std::string& id : components_[walk.back()].inputs) {
        const std::size_t from = index_.at(id);
        if (done[from]) continue;
        walk.push_back(from);
        break;
      }
    }
    walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), walk.back()));
    const auto first = std::min_element(walk.begin(), walk.end());
    const Component& c = components_[*first];
    // Told in the direction that rows flow, from the one that is written first.
    walk.pop_back();
    std::rotate(walk.begin(), std::find(walk.begin(), walk.end(), *first), walk.end());
    std::string text = c.id;
    for (std::size_t i = walk.size(); i-- > 0;) text += " -> " + components_[walk[i]].id;
    problems_.add(c.place, "processors." + c.id + ": rows would go round for ever, " + text +
                               "; expected inputs without a cycle");
  }

  const Tree& tree_;
  std::vector<Component>& components_;
  Problems& problems_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

bool is_pattern(std::string_view input) {
  return input.find_first_of("*?") != std::string_view::npos;
}

bool matches(std::string_view pattern, std::string_view id) {
  // The last * takes one character more whenever what follows does not fit.
  std::size_t p = 0, i = 0, star = std::string_view::npos, resume = 0;
  while (i < id.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = i;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == id[i])) {
      ++p;
      ++i;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void connect(const Tree& tree, std::vector<Component>& components, Problems& problems) {
  Graph graph(tree, components, problems);
  graph.resolve();
  graph.sort();
  // What seems unused may be read by a component that a problem was told about.
  if (problems.empty()) Graph(tree, components, problems).warn_unused();
}

}  // namespace weir::config
