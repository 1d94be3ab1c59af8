// A plugin whose description cannot be used is refused with a reason that names the option.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/config/catalog.hpp"
#include "tests/config/fake_catalog.hpp"

namespace weir::config::testing {
namespace {

struct Spoilt : Plain {
  using Plain::Plain;
};

// A right description with two options, for a test to spoil.
struct Description {
  weir_component_type type = *source<Spoilt>("spoilt", "For a test.");
  weir_option options[2] = {};
  std::vector<const weir_option*> pointers;

  Description() {
    options[0] = {sizeof(weir_option),
                  WEIR_OPTION_INT,
                  0,
                  0,
                  "one",
                  "The first.",
                  "5",
                  "1",
                  "10",
                  nullptr,
                  nullptr,
                  nullptr};
    options[1] = options[0];
    options[1].name = "two";
    pointers = {&options[0], &options[1]};
    type.options = pointers.data();
    type.option_count = 2;
  }
  Description(const Description&) = delete;
};

std::string fault(const std::function<void(Description&)>& spoil) {
  Description d;
  spoil(d);
  return table_fault(d.type);
}

TEST(TableFault, RightOnesHaveNone) {
  EXPECT_EQ(fault([](Description&) {}), "");
  FakeCatalog catalog;
  std::string why;
  for (const weir_kind kind : {WEIR_SOURCE, WEIR_PROCESSOR, WEIR_SINK}) {
    for (const std::string& name : catalog.names(kind)) {
      const weir_component_type* type = catalog.find(kind, name, why);
      if (type != nullptr) {
        EXPECT_EQ(table_fault(*type), "");
      }
    }
  }
}

TEST(TableFault, NamesTheOptionThatIsDeclaredTwice) {
  EXPECT_EQ(fault([](Description& d) { d.options[1].name = "one"; }),
            "type 'spoilt': option 'one' is declared twice");
}

TEST(TableFault, Types) {
  const auto of_type = [](auto change) { return fault([&](Description& d) { change(d.type); }); };
  EXPECT_EQ(of_type([](auto& t) { t.size = 16; }),
            "a type's description is smaller than ABI 1 has it");
  EXPECT_EQ(of_type([](auto& t) { t.name = nullptr; }),
            "a type has no name of the form [a-z][a-z0-9_]*");
  EXPECT_EQ(of_type([](auto& t) { t.name = "../x"; }),
            "a type has no name of the form [a-z][a-z0-9_]*");
  EXPECT_EQ(of_type([](auto& t) { t.kind = 9; }), "type 'spoilt': unknown kind 9");
  EXPECT_EQ(of_type([](auto& t) { t.summary = nullptr; }), "type 'spoilt': no summary in UTF-8");
  EXPECT_EQ(of_type([](auto& t) { t.create = nullptr; }),
            "type 'spoilt': create or destroy is NULL");
  EXPECT_EQ(of_type([](auto& t) { t.destroy = nullptr; }),
            "type 'spoilt': create or destroy is NULL");
  EXPECT_EQ(of_type([](auto& t) { t.collect = nullptr; }),
            "type 'spoilt': collect is NULL, and it is no push source");
  EXPECT_EQ(of_type([](auto& t) {
              t.collect = nullptr;
              t.flags = WEIR_PUSH;
            }),
            "");
  EXPECT_EQ(of_type([](auto& t) { t.kind = WEIR_PROCESSOR; }), "type 'spoilt': process is NULL");
  EXPECT_EQ(of_type([](auto& t) { t.kind = WEIR_SINK; }), "type 'spoilt': write is NULL");
  EXPECT_EQ(of_type([](auto& t) { t.options = nullptr; }),
            "type 'spoilt': the options table '' is NULL");
  EXPECT_EQ(of_type([](auto& t) { t.option_count = 5000; }),
            "type 'spoilt': an options table has more than 1000 options");
}

TEST(TableFault, Options) {
  const auto of_option = [](auto change) {
    return fault([&](Description& d) { change(d.options[0]); });
  };
  const std::string one = "type 'spoilt': option 'one' ";
  EXPECT_EQ(of_option([](auto& o) { o.size = 8; }),
            "type 'spoilt': option 0 of '' is smaller than ABI 1 has it");
  EXPECT_EQ(of_option([](auto& o) { o.name = nullptr; }),
            "type 'spoilt': option 0 of '' has no name of the form [a-z][a-z0-9_]*");
  EXPECT_EQ(of_option([](auto& o) { o.name = "Big"; }),
            "type 'spoilt': option 0 of '' has no name of the form [a-z][a-z0-9_]*");
  EXPECT_EQ(of_option([](auto& o) { o.name = "interval"; }),
            "type 'spoilt': option 'interval' has the name of a key of the agent's");
  EXPECT_EQ(of_option([](auto& o) { o.type = 99; }), one + "has the unknown type 99");
  EXPECT_EQ(of_option([](auto& o) { o.help = nullptr; }), one + "has no help text in UTF-8");
  EXPECT_EQ(of_option([](auto& o) { o.unit = "\xff"; }), one + "has a text that is not UTF-8");
  EXPECT_EQ(of_option([](auto& o) { o.default_text = "five"; }),
            one + "has a default that is wrong: one: expected a whole number, got 'five'");
  EXPECT_EQ(of_option([](auto& o) { o.default_text = "11"; }),
            one + "has a default that is wrong: one: must be 1 to 10, got 11");
  EXPECT_EQ(of_option([](auto& o) { o.min_text = "few"; }),
            one + "has a bound that is wrong: one: expected a whole number, got 'few'");
  EXPECT_EQ(of_option([](auto& o) { o.min_text = "20"; }),
            one + "has a minimum above its maximum, 20 to 10");
  EXPECT_EQ(of_option([](auto& o) {
              o.type = WEIR_OPTION_STRING;
              o.default_text = nullptr;
            }),
            one + "has a bound, which its type does not have");
  EXPECT_EQ(of_option([](auto& o) { o.flags = WEIR_OPTION_REQUIRED; }),
            one + "is required and has a default");
}

TEST(TableFault, Choices) {
  static const char* const twice[] = {"a", "b", "a", nullptr};
  static const char* const none[] = {nullptr};
  static const char* const good[] = {"a", "b", nullptr};
  const auto of_choices = [](const char* const* choices, const char* fallback) {
    return fault([&](Description& d) {
      d.options[0].type = WEIR_OPTION_ENUM;
      d.options[0].min_text = d.options[0].max_text = nullptr;
      d.options[0].choices = choices;
      d.options[0].default_text = fallback;
    });
  };
  const std::string one = "type 'spoilt': option 'one' ";
  EXPECT_EQ(of_choices(good, "b"), "");
  EXPECT_EQ(of_choices(nullptr, nullptr), one + "has no choices");
  EXPECT_EQ(of_choices(none, nullptr), one + "has no choices");
  EXPECT_EQ(of_choices(twice, nullptr), one + "has the choice 'a' twice");
  EXPECT_EQ(of_choices(good, "c"),
            one + "has a default that is wrong: one: expected one of a, b, got 'c'");
}

TEST(TableFault, Groups) {
  const auto of_group = [](auto change) {
    return fault([&](Description& d) {
      static const weir_option* children[2];
      children[0] = &d.options[1];
      d.options[0] = {sizeof(weir_option), WEIR_OPTION_GROUP, 0, 1, "group", "A group."};
      d.options[0].children = children;
      d.type.option_count = 1;
      change(d, children);
    });
  };
  EXPECT_EQ(of_group([](auto&, auto&) {}), "");
  EXPECT_EQ(of_group([](auto& d, auto& children) {
              children[1] = children[0];
              d.options[0].child_count = 2;
            }),
            "type 'spoilt': option 'group.two' is declared twice");
  EXPECT_EQ(of_group([](auto& d, auto&) { d.options[0].children = nullptr; }),
            "type 'spoilt': the options table 'group.' is NULL");
  EXPECT_EQ(of_group([](auto&, auto& children) { children[0] = nullptr; }),
            "type 'spoilt': option 0 of 'group.' is NULL");
  EXPECT_EQ(of_group([](auto& d, auto& children) { children[0] = &d.options[0]; }),
            "type 'spoilt': options are nested more than 16 levels deep");
}

}  // namespace
}  // namespace weir::config::testing
