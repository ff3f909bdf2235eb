//! The exporter against receivers on loopback, kind and rude ones.
//!
//! Each ends with the accounting equation of `DestinationStats`. The faults, and where they are:
//!
//! | | fault | tests |
//! |---|---|---|
//! | F1 | no receiver for a minute at 1000 spans/s | `spool::an_outage_longer_than_memory_loses_nothing`, `load::slow_f1` |
//! | F2 | 500; 503 for long | `faults::what_is_refused_is_not`, `what_is_unavailable_is_tried_again`; unit tests of `pace` |
//! | F3 | `Retry-After` in every form | `faults::retry_after_is_kept`; unit tests of `pace` |
//! | F4 | trickle, silence | `faults::an_attempt_ends_with_its_timeout_whatever_the_receiver_does` |
//! | F5 | resets in every place | `faults::connections_that_break_lose_nothing` |
//! | F6 | a peer that vanishes | `network::f6`, `slow_f6` |
//! | F7 | idle connections closed | `faults::an_idle_connection_that_the_receiver_closed_costs_nothing`, `load::slow_f7` |
//! | F8 | names: unknown, hanging, changing | `network::f8`; unit test of the dispatcher |
//! | F9 | TLS: expired, wrong host, unknown issuer, stall, client certificate; two providers in one program | `network::f9`; `tests/providers` |
//! | F10 | partial success; answers malformed, endless, compressed | `faults::a_partial_success_is_counted_and_not_repeated`, `an_endless_answer_is_not_read`, `nonsense_in_a_good_answer_is_a_good_answer` |
//! | F11 | 400, 401, 403, 404, 413, redirects | `faults::what_is_refused_is_not`, `wrong_credentials_keep_the_spans`, `what_is_too_large_is_divided`, `a_redirect_takes_the_key_nowhere` |
//! | F12 | a poisonous span | `faults::a_poisonous_span_is_lost_alone` |
//! | F13 | disk full, failing, read-only; no files left; folder deleted | `resources::f13`, `slow_f13`; unit tests of the spool on a disk that fails |
//! | F14 | `kill -9` | `spool::f14`, `slow_f14` |
//! | F15 | segments cut or flipped at every byte | unit tests of the segment |
//! | F16 | power cut | unit tests of the spool on a disk that forgets (`f16`, `slow_f16`) |
//! | F17 | clocks | `resources::f17`; unit test of the spool |
//! | F18 | panics | `panics` |
//! | F19 | runtimes | `shutdown` |
//! | F20 | return, panic, fork | `shutdown`, `fork::f20` |
//! | F21 | shutdown against a hung receiver | `shutdown::a_shutdown_keeps_its_deadline` |
//! | F23 | ten thousand calls while the receiver flaps | `load::f23` |
//! | F24 | a burst from 16 threads | `load::f24`, `slow_f24` |
//! | F25 | everything is traced | `tests/feedback.rs` |
//! | F26 | one of two destinations dead | `delivery::two_destinations_get_everything_and_do_not_wait_for_each_other`, `load::slow_f26` |
//! | F27 | random faults | `load::f27`, `slow_f27` |
//!
//! F22, calls that are dropped or panic, is about the layers and tested there. Not tested here, as they
//! need root or other machines: errors of a real disk (an injected one stands in), a clock that is set while spans are
//! recorded and a machine that is suspended (records with such times stand in), packets that are lost or delayed
//! in the kernel (a proxy stands in), anything but Linux.

mod addresses;
mod answers;
mod between;
mod collector;
mod credentials;
mod delivery;
mod differential;
mod faults;
mod folder;
mod fork;
mod in_flight;
mod load;
mod metrics;
mod network;
mod panics;
mod resources;
mod shutdown;
mod spool;
mod support;
