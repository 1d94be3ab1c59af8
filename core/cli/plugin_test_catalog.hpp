// A catalog of one type, wherever its file is.
#pragma once

#include <string>
#include <vector>

#include "core/config/catalog.hpp"

namespace weir::cli::plugin_test_detail {

class OneType final : public config::TypeCatalog {
 public:
  explicit OneType(const weir_component_type& type) : type_(type) {}

  const weir_component_type* find(weir_kind kind, const std::string& name, std::string&) override {
    return exists(kind, name) ? &type_ : nullptr;
  }
  bool exists(weir_kind kind, const std::string& name) override {
    return kind == type_.kind && name == type_.name;
  }
  std::vector<std::string> names(weir_kind kind) override {
    return kind == type_.kind ? std::vector<std::string>{type_.name} : std::vector<std::string>{};
  }

 private:
  const weir_component_type& type_;
};

}  // namespace weir::cli::plugin_test_detail
