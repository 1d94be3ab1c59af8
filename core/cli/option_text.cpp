// See option_text.hpp.
#include "core/cli/option_text.hpp"

namespace weir::cli {
namespace {

std::string bounds_text(const weir_option& o) {
  std::string text;
  if (o.min_text != nullptr && o.max_text != nullptr) {
    text = std::string(", ") + o.min_text + " to " + o.max_text;
  } else if (o.min_text != nullptr) {
    text = std::string(", at least ") + o.min_text;
  } else if (o.max_text != nullptr) {
    text = std::string(", at most ") + o.max_text;
  }
  if (o.unit != nullptr && *o.unit != '\0') {
    text += (text.empty() ? ", in " : " ") + std::string(o.unit);
  }
  return text;
}

void add_rows(const config::Options& options, const std::string& prefix,
              std::vector<OptionRow>& rows) {
  for (std::uint32_t i = 0; i < options.count; ++i) {
    const weir_option& o = *options.data[i];
    const std::string name = prefix + o.name;
    rows.push_back({name, type_text(o) + bounds_text(o),
                    (o.flags & WEIR_OPTION_REQUIRED) ? "required"
                    : o.default_text != nullptr      ? o.default_text
                                                     : "",
                    o.help});
    const char* inner = o.type == WEIR_OPTION_GROUP_LIST  ? "[]."
                        : o.type == WEIR_OPTION_GROUP_MAP ? ".*."
                                                          : ".";
    add_rows({o.children, o.child_count}, name + inner, rows);
  }
}

}  // namespace

std::string type_text(const weir_option& o) {
  const std::string secret = (o.flags & WEIR_OPTION_SECRET) ? "secret " : "";
  switch (o.type) {
    case WEIR_OPTION_BOOL: return "true or false";
    case WEIR_OPTION_INT: return secret + "whole number";
    case WEIR_OPTION_FLOAT: return secret + "number";
    case WEIR_OPTION_STRING: return secret + "text";
    case WEIR_OPTION_DURATION: return "duration";
    case WEIR_OPTION_SIZE: return "size";
    case WEIR_OPTION_ENUM: {
      std::string text = o.choices[1] == nullptr ? "only" : "one of";
      for (const char* const* c = o.choices; *c != nullptr; ++c) {
        text += (c == o.choices ? " " : ", ") + std::string(*c);
      }
      return text;
    }
    case WEIR_OPTION_LIST: return secret + "list of texts";
    case WEIR_OPTION_MAP: return secret + "map of texts";
    case WEIR_OPTION_GROUP: return "group";
    case WEIR_OPTION_GROUP_LIST: return "list of groups";
    case WEIR_OPTION_GROUP_MAP: return "map of groups";
    default: return "";
  }
}

std::vector<OptionRow> option_rows(const config::Options& options) {
  std::vector<OptionRow> rows;
  add_rows(options, "", rows);
  return rows;
}

}  // namespace weir::cli
