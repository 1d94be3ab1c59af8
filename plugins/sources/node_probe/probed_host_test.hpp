// probed_host_test.hpp - for tests: a probe that collects from a fixture, and what came of it.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "default_options.hpp"
#include "exposition_test.hpp"
#include "fixture.hpp"
#include "node_probe.hpp"
#include "weir_testing/agent.hpp"

namespace node_probe {

// Mounts of testdata/host, whatever the machine that runs the test has.
inline int fixture_statfs(const char* path, struct statfs* result) {
  const std::string_view mount = path;
  if (mount.ends_with("/gone")) {
    errno = ENOENT;
    return -1;
  }
  *result = {};
  result->f_bsize = 4096;
  result->f_blocks = 1000 + mount.size() - mount.rfind('/');
  result->f_bfree = 600;
  result->f_bavail = 500;
  result->f_files = 65536;
  result->f_ffree = 60000;
  return 0;
}

inline Options options_for(const std::string& root) {
  Options options = default_options();
  options.root = root;
  options.rescan_interval = weir::Duration(0);
  return options;
}

inline std::string collected(weir::testing::Agent& agent, NodeProbe& probe, weir::Time time = 1) {
  agent.clear();
  probe.collect(time);
  return exposition(agent);
}

// Value of a metric with these labels, as text; empty when there is none.
inline std::string value_of(const std::string& text, const std::string& metric) {
  const std::size_t at = text.find("\n" + metric + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + metric.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}
inline std::string success_of(const std::string& text, const std::string& collector) {
  return value_of(text, "node_scrape_collector_success{collector=\"" + collector + "\"}");
}

}  // namespace node_probe
