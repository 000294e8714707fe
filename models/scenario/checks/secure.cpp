// SPDX-License-Identifier: Apache-2.0
// Cross checks of TLS, of authentication and of the second seed; see check.hpp.
#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {

void security(const Scenario& s, const Connect& connect, const Cursor& at) {
  if (connect.tcp_user_timeout)
    require_tcp(s, at.at("tcp_user_timeout"), format_duration(*connect.tcp_user_timeout));
  if (connect.rto_min)
    require_tcp(s, at.at("rto_min"), format_duration(*connect.rto_min));
  if (connect.tls)
    require_tcp(s, at.at("tls"), "\"tls\"");
  // A discovery controller asks for no authentication (nvmet_setup_auth).
  const bool discovers = connect.subsystem == discovery_name;
  const Subsystem* const target =
      discovers ? nullptr : &subsystem_named(s, connect.subsystem, at.at("subsystem"));
  const bool asked = target != nullptr && target->dhchap_time.has_value();
  if (asked && !connect.dhchap)
    at.fail(fmt::format("no \"dhchap\", which {} asks for", in_quotes(connect.subsystem)),
            "\"dhchap\": {}, or a subsystem without \"dhchap_time\"");
  if (connect.dhchap && !asked)
    at.at("dhchap").fail(fmt::format("keys that {} does not ask for", in_quotes(connect.subsystem)),
                         "\"dhchap_time\" of the subsystem");
  if (!connect.tls || !connect.tls->concat)
    return;
  const Cursor here = at.at("tls").at("concat");
  if (!connect.dhchap)
    here.fail("secure concatenation without \"dhchap\"",
              "\"dhchap\", of which the key of TLS is made");
  if (target->dhchap_under_tls)
    here.fail(fmt::format("secure concatenation, and {} wants DH-HMAC-CHAP under TLS, too",
                          in_quotes(connect.subsystem)),
              "\"dhchap_under_tls\": false of the subsystem");
}

void reseed(const Scenario& s, const Cursor& at) {
  if (s.reseed && s.reseed->at >= s.duration)
    at.at("reseed").at("at").fail(format_duration(s.reseed->at),
                                  "before the end of the run at " + format_duration(s.duration));
}

}  // namespace holdfast::scenario::check
