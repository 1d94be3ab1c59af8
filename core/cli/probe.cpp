// A thread a component, and one that waits for all of them. See probe.hpp.
#include "core/cli/probe.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/cli/check.hpp"
#include "core/cli/columns.hpp"
#include "core/cli/door.hpp"
#include "core/cli/terminal.hpp"
#include "core/pipeline/epochs.hpp"
#include "core/pipeline/wall_clock.hpp"
#include "core/plugin/calls.hpp"
#include "core/plugin/host.hpp"
#include "weir/ext/probe.h"

namespace weir::cli {

namespace {

constexpr int kExitFailure = 1;
constexpr std::size_t kSecretBytesMin = 4;  // shorter ones would take ordinary words out of a text

enum class Answer { ok, failed, wrong, nobody, mute };

// What components share. Outlives them: one that was left behind keeps it.
struct Common {
  Common(std::unique_ptr<config::Config> c, const ProbeArgs& a)
      : args(a), config(std::move(c)), pools(epochs), registry(epochs, config->agent.max_series) {}

  const ProbeArgs args;
  const std::unique_ptr<const config::Config> config;
  core::Epochs epochs;
  core::BatchPools pools;
  core::Registry registry;
  core::Services services{pools,
                          registry,
                          config->agent.hostname,
                          config->agent.data_dir,
                          core::wall_now_ns(),
                          [](weir_telemetry_row, void*) {}};
  std::mutex mutex;
  std::condition_variable changed;
};

// A file that is written in two ways.
bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  return a == b || std::filesystem::equivalent(a, b, error);
}

// Whether an agent of this configuration has started that component, and which; or why not.
bool is_held_by_agent(const config::LoadRequest& request, const std::string& id, std::string& who) {
  const http::Reply reply = ask(doors(request, ""), [](const Door& door) {
    return http::get(door.where, "/status", door.token);
  });
  config::Node root;
  if (reply.status != 200 || !parse_answer(reply.body, root) ||
      !is_same_file(text(root, "configuration"), request.path)) {
    who = "no agent of this configuration answers that might have it";
    return false;
  }
  const std::string agent = "the agent of this configuration, pid " + text(root, "pid") + ",";
  bool has_it = false;
  if (const config::Node* components = root.find("components"); components != nullptr) {
    has_it = std::any_of(components->items.begin(), components->items.end(), [&](const auto& c) {
      return text(c, "id") == id && text(c, "status") != "absent";
    });
  }
  who = agent + (has_it ? " has it" : " runs without this component");
  return has_it;
}

class Asked {
 public:
  Asked(std::shared_ptr<Common> common, const config::Component& c)
      : common_(std::move(common)),
        component_(c),
        host_(common_->services, c.id, labels(*common_->config, c),
              c.kind == WEIR_SOURCE ? c.source.interval_or(common_->config->agent).count() : 0) {}
  ~Asked() {
    if (instance_ == nullptr) return;
    core::contained_call(component_.id, [this] { component_.descriptor->destroy(instance_); });
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  // True where there is somebody to ask.
  bool prepare() {
    core::CallError error;
    const weir_component_type& type = *component_.descriptor;
    const weir_status made = core::contained_call(
        error, [&] { return type.create(host_.abi(), component_.options, &instance_, &error); });
    if (made != WEIR_OK) {
      instance_ = nullptr;
      std::string where = "cannot be created";
      if (made == WEIR_CONFIG && error.at != nullptr && error.at->line != 0) {
        where = to_string(config::Place{error.at->file, error.at->line, error.at->column});
      }
      end(made == WEIR_CONFIG ? Answer::wrong : Answer::failed, where + ": " + error.text);
      return false;
    }
    const void* found = nullptr;
    const weir_status asked = core::contained_call(error, [&] {
      if (type.extension != nullptr) found = type.extension(instance_, WEIR_EXT_PROBE);
      return weir_status{WEIR_OK};
    });
    if (asked != WEIR_OK) {
      end(Answer::failed, error.text);
      return false;
    }
    probe_ = static_cast<const weir_probe*>(found);
    if (probe_ != nullptr && WEIR_HAS(probe_, probe) && probe_->probe != nullptr) return true;
    end(probe_ == nullptr ? Answer::mute : Answer::nobody, "");
    return false;
  }

  // The thread's.
  void ask_it() {
    host_.write_begins(std::chrono::steady_clock::now() + common_->args.patience);
    core::CallError error;
    std::array<char, 1024> found{};
    const weir_status status = core::contained_call(error, [&] {
      return probe_->probe(instance_, common_->args.limit.count(), found.data(), found.size(),
                           &error);
    });
    if (status == WEIR_OK) {
      end(Answer::ok, found[0] != '\0' ? found.data() : host_.peer().snapshot().name);
      return;
    }
    std::string why = error.text[0] != '\0' ? error.text : "it does not say why";
    std::string who;
    if (status != WEIR_FULL) {
      end(Answer::failed, why);
    } else if (is_held_by_agent(common_->args.request, component_.id, who)) {
      end(Answer::ok, who);
    } else {
      end(Answer::failed, why + "; " + who);
    }
  }

  // What came of it; under the lock of Common while its thread may be there.
  bool is_done() const { return is_done_; }
  Answer answer() const { return answer_; }
  const std::string& text() const { return text_; }
  const config::Component& component() const { return component_; }
  void give_up() {
    is_done_ = true;
    answer_ = Answer::failed;
    const auto s = std::chrono::duration<double>(common_->args.patience).count();
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%g", s);
    text_ = std::string("no answer within ") + number.data() +
            " s; see whether the server hangs, and whether its name can be looked up";
  }

 private:
  static core::StaticLabels labels(const config::Config& config, const config::Component& c) {
    core::StaticLabels all = config.agent.labels;
    for (const auto& [key, value] : c.source.labels) all[key] = value;
    return all;
  }

  // Servers may write anything, and some repeat what they were given.
  std::string presentable(std::string text) const {
    for (const std::string& secret : common_->config->secrets) {
      if (secret.size() < kSecretBytesMin) continue;
      for (std::size_t i = 0; (i = text.find(secret, i)) != std::string::npos; i += 3) {
        text.replace(i, secret.size(), "***");
      }
    }
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
  }

  void end(Answer answer, const std::string& text) {
    std::string shown = presentable(text);
    const std::lock_guard lock(common_->mutex);
    if (is_done_) return;  // it was given up
    is_done_ = true;
    answer_ = answer;
    text_ = std::move(shown);
    common_->changed.notify_all();
  }

  const std::shared_ptr<Common> common_;
  const config::Component& component_;
  core::Host host_;
  void* instance_ = nullptr;
  const weir_probe* probe_ = nullptr;
  bool is_done_ = false;
  Answer answer_ = Answer::failed;
  std::string text_;
};

using AskedPtr = std::shared_ptr<Asked>;

void ask_all(Common& common, const std::vector<AskedPtr>& all) {
  const auto end = std::chrono::steady_clock::now() + common.args.patience;
  std::vector<std::pair<AskedPtr, std::thread>> threads;
  for (const AskedPtr& one : all) {
    if (one->prepare()) threads.emplace_back(one, [one] { one->ask_it(); });
  }
  const auto is_done = [](const auto& one) { return one.first->is_done(); };
  std::unique_lock lock(common.mutex);
  common.changed.wait_until(lock, end,
                            [&] { return std::all_of(threads.begin(), threads.end(), is_done); });
  std::vector<std::thread> ended;
  for (auto& [one, thread] : threads) {
    if (one->is_done()) {
      ended.push_back(std::move(thread));
    } else {
      one->give_up();
      thread.detach();
    }
  }
  lock.unlock();
  for (std::thread& thread : ended) thread.join();
}

const char* word(Answer answer) {
  switch (answer) {
    case Answer::ok: return "ok";
    case Answer::nobody: return "nothing to ask";
    case Answer::mute: return "cannot be asked";
    default: return "failed";
  }
}

std::string explained(const Asked& one) {
  if (one.answer() != Answer::mute) return one.text();
  return "its plugin does not say whether the other side answers";
}

void print(const std::vector<AskedPtr>& all, std::FILE* out) {
  if (line_width(out, 0) == 0) {
    for (const AskedPtr& one : all) {
      const config::Component& c = one->component();
      const std::string text = explained(*one);
      std::fprintf(out, "%s %s (%s): %s%s%s\n", config::kind_name(c.kind), c.id.c_str(),
                   c.type.c_str(), word(one->answer()), text.empty() ? "" : ": ", text.c_str());
    }
    return;
  }
  Columns table({"COMPONENT", "KIND", "TYPE", "ANSWER", "WHAT"});
  for (const AskedPtr& one : all) {
    const config::Component& c = one->component();
    table.add({c.id, config::kind_name(c.kind), c.type, word(one->answer()), explained(*one)});
  }
  table.print(out, 0);
}

}  // namespace

int probe(std::unique_ptr<config::Config> config, const ProbeArgs& args, std::FILE* out) {
  const auto common = std::make_shared<Common>(std::move(config), args);
  std::vector<AskedPtr> all;
  for (const config::Component& c : common->config->components) {
    all.push_back(std::make_shared<Asked>(common, c));
  }
  ask_all(*common, all);
  print(all, out);
  const auto any = [&](Answer answer) {
    return std::any_of(all.begin(), all.end(),
                       [&](const AskedPtr& one) { return one->answer() == answer; });
  };
  return any(Answer::wrong) ? kExitConfiguration : any(Answer::failed) ? kExitFailure : kExitOk;
}

}  // namespace weir::cli
