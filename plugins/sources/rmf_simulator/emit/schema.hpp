// schema.hpp - the beginning that most schemas share.
#pragma once

#include <initializer_list>

#include "weir/weir.hpp"

namespace rmf {

// Of something that an LPAR has.
inline weir::Schema lpar_schema(const char* name, const char* help,
                                std::initializer_list<const char*> labels = {}) {
  weir::Schema s(name, help);
  s.label("sysplex").label("lpar");
  for (const char* l : labels) s.label(l);
  return s;
}

}  // namespace rmf
