// What the pipeline tells about itself: a row for each component, route and reason.
#include "core/config/catalog.hpp"
#include "core/pipeline/pipeline.hpp"
#include "core/telemetry/self.hpp"

namespace weir::core {

void Pipeline::visit_telemetry(weir_telemetry_row row, void* context) const {
  const auto seconds = [](std::uint64_t ns) { return real(static_cast<double>(ns) / 1e9); };

  telemetry_row(row, context, kBuildSchema, {agent_version()}, {count(1)});
  telemetry_row(row, context, kConfigurationSchema, {digest()}, {count(1)});
  for (std::size_t i = 0; i < reloads_.size(); ++i) {
    telemetry_row(row, context, kReloadSchema, {kReloadResultNames[i]}, {count(reloads_[i])});
  }
  telemetry_row(row, context, kLastReloadSchema, {}, {count(reload_was_good_ ? 1 : 0)});
  telemetry_row(
      row, context, kAgentSchema, {},
      {count(registry_.series_count()), count(registry_.retired_count()),
       count(registry_.measurement_count()), count(static_cast<std::uint64_t>(epochs_.alive())),
       count(scheduler_->clock_jumps())});
  const ProcessFigures p = process_figures();
  telemetry_row(
      row, context, kProcessSchema, {},
      {real(p.cpu_seconds), count(p.resident_bytes), count(p.virtual_bytes), count(p.open_fds),
       count(p.max_fds), count(p.threads), real(static_cast<double>(services_.epoch) / 1e9)});

  if (!built_.load(std::memory_order_acquire)) return;
  const std::shared_ptr<const Components> all = view();
  for (const auto& c : *all) {
    const std::string& id = c->config.id;
    telemetry_row(row, context, kComponentInfo,
                  {id, config::kind_name(c->config.kind), c->config.type},
                  {count(1), count(c->works() ? 1 : 0)});
    if (!c->works()) continue;
    if (c->config.kind != WEIR_SINK) {
      const CollectionCounts& n = c->collections;
      telemetry_row(row, context, kSourceSchema, {id},
                    {count(c->host->rows_emitted), count(c->host->batches_emitted),
                     count(c->host->batches_malformed), count(n.collections), count(n.errors),
                     count(n.missed), count(n.overruns), seconds(n.busy_ns), seconds(n.last_ns)});
    }
    if (c->worker) {
      const Worker& w = *c->worker;
      const auto overdue = c->host->overdue().value_or(std::chrono::nanoseconds(0));
      telemetry_row(
          row, context, kConsumerSchema, {id},
          {count(w.calls), count(w.retries), count(w.errors), seconds(w.busy_ns),
           count(w.failing ? 1 : 0), count(static_cast<std::uint64_t>(w.circuit())),
           seconds(static_cast<std::uint64_t>(std::max<std::int64_t>(overdue.count(), 0))),
           count(c->queue->bytes_held()), count(c->queue->bytes_max())});
    }
    const Peer::Snapshot peer = c->host->peer().snapshot();
    if (peer.known) {
      telemetry_row(row, context, kPeerSchema, {id},
                    {count(peer.connected ? 1 : 0), count(peer.connections), count(peer.losses)});
    }
    if (!peer.name.empty()) {
      telemetry_row(row, context, kPeerInfoSchema, {id, peer.name}, {count(1)});
    }
    for (const Peer::Figure& figure : peer.figures) {
      telemetry_row(row, context, kPeerFigureSchema, {id, figure.name}, {real(figure.value)});
    }
  }
  for (const auto& c : *all) {
    if (!c->spool) continue;
    const buffer::DiskBuffer::Counts n = c->spool->counts();
    telemetry_row(
        row, context, kSpoolSchema, {c->config.id},
        {count(n.bytes_on_disk), count(c->spool->bytes_max()), count(n.rows_held),
         count(n.segments), count(n.bytes_damaged), count(n.sync_failures), count(n.ack_failures),
         count(n.rows_at_risk), seconds(c->spool->last_append_ns)});
  }
  for (const auto& c : *all) {
    if (!c->letters) continue;
    const deadletter::Writer& l = *c->letters;
    telemetry_row(
        row, context, kDeadLetterSchema, {c->config.id},
        {count(l.rows_kept), count(l.rows_not_kept), count(l.bytes), count(l.bytes_max())});
  }
  for (const RouteTotals& r : route_totals()) {
    telemetry_row(row, context, kRouteSchema, {r.producer, r.consumer},
                  {count(r.offered), count(r.recovered), count(r.delivered), count(r.held())});
    for (std::size_t i = 0; i < kDropReasons; ++i) {
      telemetry_row(row, context, kRouteDroppedSchema,
                    {r.producer, r.consumer, kDropReasonNames[i]}, {count(r.dropped[i])});
    }
  }
}

}  // namespace weir::core
