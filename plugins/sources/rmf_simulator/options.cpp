#include "options.hpp"

namespace rmf {

using weir::option;

const char* const kReportNames[kReports] = {"documented", "cpc",      "proc",    "stor",
                                            "dev",        "cache",    "channel", "cf",
                                            "delay",      "workload", "hitachi"};

const weir::OptionTable<LparOptions>& LparOptions::table() {
  static const weir::OptionTable<LparOptions> t{
      option("name", &LparOptions::name, "Name of the LPAR; with count, what its names begin with.")
          .required(),
      option("sysplex", &LparOptions::sysplex, "Sysplex it belongs to; the source's by default."),
      option("cpc", &LparOptions::cpc,
             "CPC that it runs on; by default one that is as large as its LPARs need."),
      option("workload", &LparOptions::workload, "What its work is.")
          .choices({"online", "batch", "mixed"})
          .def("online"),
      option("cps", &LparOptions::cps, "Logical general purpose processors.")
          .def("8")
          .min("1")
          .max("200"),
      option("ziips", &LparOptions::ziips, "Logical zIIPs; a quarter of cps by default.")
          .min("0")
          .max("200"),
      option("zaaps", &LparOptions::zaaps, "Logical zAAPs; an eighth of cps by default.")
          .min("0")
          .max("200"),
      option("weight", &LparOptions::weight, "Its weight on the CPC; 10 times cps by default.")
          .min("1")
          .max("9999"),
      option("memory", &LparOptions::memory, "Central storage.")
          .def("32GiB")
          .min("1GiB")
          .max("16384GiB"),
      option("defined_capacity", &LparOptions::defined_capacity,
             "Soft cap on its 4-hour rolling average; 0 is none.")
          .def("0")
          .min("0")
          .max("100000")
          .unit("MSU"),
      option("load", &LparOptions::load, "How much work it gets, 1 being usual.")
          .def("1")
          .min("0.05")
          .max("4"),
      option("time_zone", &LparOptions::time_zone,
             "Time zone of the people it works for; the source's by default."),
      option("count", &LparOptions::count, "Makes so many of it, with a number after the name.")
          .def("1")
          .min("1")
          .max("10000"),
  };
  return t;
}

const weir::OptionTable<CpcOptions>& CpcOptions::table() {
  static const weir::OptionTable<CpcOptions> t{
      option("name", &CpcOptions::name, "Name of the CPC.").required(),
      option("cps", &CpcOptions::cps, "Physical general purpose processors.")
          .required()
          .min("1")
          .max("200"),
      option("ziips", &CpcOptions::ziips, "Physical zIIPs; by default as its LPARs need.")
          .min("0")
          .max("200"),
      option("zaaps", &CpcOptions::zaaps, "Physical zAAPs; by default as its LPARs need.")
          .min("0")
          .max("200"),
      option("msu", &CpcOptions::msu, "Capacity of all CPs; 250 x cps^0.9 by default.")
          .min("1")
          .max("100000")
          .unit("MSU"),
      option("memory", &CpcOptions::memory, "Memory to be divided among its LPARs.")
          .min("1GiB")
          .max("65536GiB"),
  };
  return t;
}

const weir::OptionTable<ScenarioOptions>& ScenarioOptions::table() {
  static const weir::OptionTable<ScenarioOptions> t{
      option("name", &ScenarioOptions::name, "Name that its events carry.").required(),
      option("type", &ScenarioOptions::type, "What goes wrong.")
          .choices({"cpu_loop", "batch_overrun", "paging_storm", "slow_control_unit",
                    "cf_link_loss", "storage_leak", "month_end", "ipl"})
          .required(),
      option("lpars", &ScenarioOptions::lpars, "LPARs that it befalls; all by default."),
      option("start", &ScenarioOptions::start, "When it begins: 2025-03-31T09:30:00Z.").required(),
      option("end", &ScenarioOptions::end, "When it ends, likewise.").required(),
      option("intensity", &ScenarioOptions::intensity,
             "How strong it is, 1 being typical; for cpu_loop the engines taken.")
          .def("1")
          .min("0.1")
          .max("10"),
      option("target", &ScenarioOptions::target,
             "The job of cpu_loop, the unit (CU0 to CU3) of slow_control_unit, the link (CF01 to "
             "CF04) of cf_link_loss."),
  };
  return t;
}

const weir::OptionTable<Options>& Options::table() {
  static const weir::OptionTable<Options> t{
      option("seed", &Options::seed,
             "Two sources with one seed and configuration make the same rows; by default one is "
             "drawn, logged and kept under data_dir.")
          .min("0"),
      option("sysplex", &Options::sysplex, "Sysplex of LPARs that name none.").def("SYSPLEX01"),
      option("lpars", &Options::lpars,
             "LPARs; by default PROD01, PROD02, BATCH01 and TEST01 of the design documents."),
      option("cpcs", &Options::cpcs, "CPCs whose size is to be given."),
      option("scenarios", &Options::scenarios, "Disturbances with a beginning and an end."),
      option("reports", &Options::reports,
             "What is reported: documented, cpc, proc, stor, dev, cache, channel, cf, delay, "
             "workload, hitachi; or all.")
          .def("[documented, cpc, stor, workload]"),
      option("profile", &Options::profile,
             "Device and coupling facility times: of machines of today, or the higher ones of "
             "the design documents.")
          .choices({"modern", "documented"})
          .def("modern"),
      option("time_zone", &Options::time_zone, "Time zone of LPARs that name none.").def("UTC"),
      option("holidays", &Options::holidays,
             "Days off: 12-25 for every year, 2025-04-21 for one, good-friday, easter-monday, "
             "ascension, whit-monday. By default the federal ones of the United States for LPARs "
             "in a time zone of theirs, else New Year, Good Friday, Easter Monday, 1 May and "
             "Christmas."),
      option("growth", &Options::growth, "How much demand grows in a year.")
          .def("0")
          .min("-50")
          .max("100")
          .unit("percent"),
      option("growth_from", &Options::growth_from, "Day from which on it grows.").def("2025-01-01"),
      option("self_metrics", &Options::self_metrics,
             "Reports what simulating costs, while the time simulated is the present.")
          .def("true"),
  };
  return t;
}

}  // namespace rmf
