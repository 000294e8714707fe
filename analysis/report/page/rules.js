// SPDX-License-Identifier: Apache-2.0
// The rule behind each state and event, and where it stands. Sections are those of protocol.md.
"use strict";

const STATE_RULES = {
  NEW: ["The controller is being created and has not been connected yet.",
        "Linux nvme_change_ctrl_state; protocol.md 4.2"],
  LIVE: ["The association stands, and the path takes I/O. Only CONNECTING leads here; the requeue " +
         "lists are woken.", "Linux nvme_change_ctrl_state; protocol.md 4.2"],
  FENCING: ["The path is given up. Requests that it had accepted are kept back until the controller " +
            "can write no more: by a Cross-Controller Reset, by a hold of time, or both. Nothing " +
            "leads from here to RESETTING or DELETING but through FENCED. A path in this state " +
            "takes no I/O.", "TP4129, TP8028 (v2 on); protocol.md 2.2, 4.2 and 4.5"],
  FENCED: ["The fence is up or the hold is over: what was in flight can do no more harm as far as the " +
           "host knows. RESETTING follows.", "TP8028 (v2 on); protocol.md 4.2 and 4.3"],
  RECOVERING: ["FENCING and FENCED in one, as in the first posting of TP8028.",
               "RFC of TP8028; protocol.md 4.2 and 4.7"],
  RESETTING: ["Teardown: keep-alive stops, sockets are shut down, all requests are cancelled, which " +
              "is the failover, and the connections are closed. Without a fence before it, retries " +
              "leave while the originals may still land.",
              "Linux nvme_tcp_error_recovery_work; protocol.md 4.6 and 9.1"],
  CONNECTING: ["Reconnect: the first attempt after reconnect_delay, then again after as long, until " +
               "ctrl_loss_tmo. New I/O goes over other paths.",
               "Linux nvmf_should_reconnect, nvme_tcp_setup_ctrl; protocol.md 5.1 to 5.3"],
  DELETING: ["The controller is being removed; commands end with Host Path Error.",
             "Linux nvme_delete_ctrl; protocol.md 4.2 and 4.4"],
  DELETING_NOIO: ["The same, and its I/O has been failed or moved.",
                  "Linux nvme_remove_namespaces; protocol.md 4.2"],
  DEAD: ["The controller is lost for good.", "Linux nvme_change_ctrl_state; protocol.md 4.2"],
};

const TARGET_RULES = {
  created: ["A Connect on the admin queue made the controller; it is not enabled yet.",
            "NVMe over Fabrics, Connect; protocol.md 5.3 and 5.4"],
  ready: ["CC.EN is set and CSTS.RDY answered: commands are executed, and the keep-alive timer runs.",
          "NVMe Base 2.1, Keep Alive; protocol.md 1.3 and 1.4"],
  draining: ["A fatal error, an expired keep-alive timer or a lost connection: no further command is " +
             "fetched, but what executes still takes effect. Only when the last of them is done is " +
             "the controller gone.", "NVMe Base 2.1, Keep Alive expiry; protocol.md 1.5 and 3.10"],
};

const OTHER_RULES = {
  fault: ["What the scenario strikes with.", "docs/scenarios.md"],
  fence: ["A hold of 2 or 3 times the keep-alive timeout and then CQT lasts as long as the target may " +
          "need to notice, and to stop its last command. A Cross-Controller Reset ends it earlier.",
          "NVMe Base 2.1 9.6.2; protocol.md 1.6, 2.2, 2.3 and 2.6"],
  exposed: ["From the release of a retry until its original is applied or provably gone, a stale " +
            "write can land on newer data.", "NVMe Base 2.1 Annex B.6.1; protocol.md 9.1"],
  stalled: ["An application had I/O out, and none of it completed.", "docs/scenarios.md"],
  trying: ["An attempt to connect: admin queue, Connect, enable, Identify, I/O queues.",
           "Linux nvme_tcp_setup_ctrl; protocol.md 5.3"],
  failed: ["An attempt that failed; the next one comes after reconnect_delay while attempts are left.",
           "Linux nvmf_should_reconnect; protocol.md 5.2 and 5.5"],
  connected: ["All queues are connected: the controller is LIVE.", "protocol.md 5.3"],
  given_up: ["The host cancelled the attempt (371h): its I/O goes to the requeue list of the head, " +
             "and over another path. What was sent may still be executed.",
             "Linux nvme_failover_req; protocol.md 6.4 and 9.1"],
  stale: ["The attempt that was given up landed after its retry was acknowledged and newer data was " +
          "written: the newer data is lost.", "NVMe Base 2.1 Annex B.6.1; protocol.md 9.1"],
  drop: ["A packet was lost here; TCP sends it again.", "protocol.md 8"],
};

function ruleOf(state) {
  return STATE_RULES[state] || TARGET_RULES[state] || OTHER_RULES[state] || null;
}
