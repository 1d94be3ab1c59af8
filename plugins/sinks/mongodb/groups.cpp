#include "groups.hpp"

#include "done.hpp"

namespace weir::mongodb_sink {

namespace {

std::string taken(const Plan& plan, const std::string& place) {
  return std::string(plan.measurement->name) + ": something else stands in " + kMetrics + "." +
         place + " of this document; give one of them another collections.*.path or name";
}

}  // namespace

void Groups::clear() {
  groups_.clear();
  index_.clear();
}

void Groups::add(const Plan& plan, const weir_batch& batch, const Done& done, Heads& heads) {
  for (const Label& label : plan.inner) labels_.insert(label.name);
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    if (done.has({&batch, row})) continue;
    const Heads::Head head = heads.find(plan, *batch.series[row]);
    const DocumentId id = document_id(batch.times[row], head.id);
    const auto [found, is_new] = index_.try_emplace({plan.collection, id}, groups_.size());
    if (is_new) {
      groups_.push_back({&plan.collection, batch.times[row], id, std::string(head.labels), {}});
    }
    groups_[found->second].rows.push_back({&plan, {&batch, row}});
  }
}

std::string put(Node& metrics, const Group::Row& row, const Limits& limits, std::size_t& room) {
  const Plan& plan = *row.plan;
  const weir_series& series = *row.origin.batch->series[row.origin.row];
  Bson values;
  for (const Field& field : plan.fields) {
    const Refusal refusal =
        append_field(*values.get(), field, *row.origin.batch, row.origin.row, limits);
    if (refusal) return text_of(refusal, *plan.measurement);
  }
  if (values.get()->len > room) return text_of({kTooLarge}, *plan.measurement);
  room -= values.get()->len;
  bson_iter_t iter;
  bson_iter_init(&iter, values.get());
  std::string place = plan.path;
  Node* node = &metrics;
  const bool is_list = !plan.inner.empty();
  const auto deeper = [&](const std::string& key, bool is_last) {
    if (is_last && plan.is_value) return true;
    const auto shape = is_last && is_list ? Node::Shape::list : Node::Shape::document;
    node = node->child(key, shape);
    return node != nullptr;
  };
  std::string last = plan.path;
  if (!deeper(plan.path, !plan.key)) return taken(plan, place);
  if (plan.key) {
    last = key_of(view(series.label_values[*plan.key]));
    place += "." + last;
    if (!deeper(last, true)) return taken(plan, place);
  }
  if (is_list) {
    Node::Identity identity;
    for (const Label& label : plan.inner) {
      const std::string_view value = view(series.label_values[label.index]);
      if (value.empty()) continue;
      Bson text;
      append_text(*text.get(), "", value);
      identity[label.name] = bytes_of(*text.get());
    }
    node = &node->element(identity);
  }
  while (bson_iter_next(&iter)) {
    const std::string name = plan.is_value ? last : std::string(bson_iter_key(&iter));
    if (!node->set(name, iter, plan.measurement)) return taken(plan, place + "." + name);
  }
  return "";
}

}  // namespace weir::mongodb_sink
