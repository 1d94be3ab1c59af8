// Topic filters whose levels may have names: plant/{line}/{machine}/# subscribes plant/+/+/# and
// makes labels line and machine of what stands there. $share/group/... is a shared subscription.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::mqtt_source {

class Topic {
 public:
  // "" or what is wrong with `pattern`, to be read behind "topic".
  static std::string problem(std::string_view pattern);
  // Of a pattern without a problem.
  explicit Topic(std::string_view pattern);

  const std::string& filter() const { return filter_; }               // for the broker
  const std::vector<std::string>& labels() const { return labels_; }  // names, in order
  // Whether a message of `topic` belongs here; then `values` are those of the labels.
  bool match(std::string_view topic, std::vector<std::string_view>& values) const;

 private:
  enum class Kind { text, one, named, rest };
  struct Level {
    Kind kind;
    std::string text;
  };
  std::string filter_;
  std::vector<Level> levels_;  // without $share/group
  std::vector<std::string> labels_;
};

}  // namespace weir::mqtt_source
