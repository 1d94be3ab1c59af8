// What the unit tests of the sink mongodb share: rows in memory, and documents as text.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "bson.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "weir_testing/agent.hpp"

namespace weir::mongodb_sink {

// Canonical extended JSON: every type shows.
inline std::string json(const bson_t& document) {
  EXPECT_TRUE(bson_validate(&document, BSON_VALIDATE_UTF8_ALLOW_NULL, nullptr));
  std::size_t size = 0;
  char* text = bson_as_canonical_extended_json(&document, &size);
  std::string result = text == nullptr ? "not BSON" : std::string(text, size);
  bson_free(text);
  return result;
}

class Documents : public ::testing::Test {
 protected:
  Documents() { options_.time = "time"; }
  Plan plan(const Schema& schema) { return make_plan(*source_.measurement(schema), options_); }

  testing::Agent agent_;
  Source source_{agent_.host()};
  Options options_;
};

}  // namespace weir::mongodb_sink
