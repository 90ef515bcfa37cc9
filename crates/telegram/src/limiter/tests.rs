use std::cmp::Reverse;
use std::collections::BinaryHeap;

use domain::clock::{Clock, TestClock};
use proptest::prelude::*;

use super::*;

const INES: ChatId = ChatId(42);
const RODRIGO: ChatId = ChatId(43);
const CHANNEL: ChatId = ChatId(-1_001_234_567_890);

fn clock() -> TestClock {
    TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).expect("in range"))
}

fn millis(n: i64) -> TimeDelta {
    TimeDelta::milliseconds(n)
}

fn answer(chat: ChatId) -> Errand {
    Errand::Message(Lane::Answer, chat)
}

fn notice(chat: ChatId) -> Errand {
    Errand::Message(Lane::Notice, chat)
}

fn broadcast(chat: ChatId) -> Errand {
    Errand::Message(Lane::Broadcast, chat)
}

fn edit(chat: ChatId) -> Errand {
    Errand::Other(Some(chat))
}

/// A limiter and its clock.
struct Bench {
    clock: TestClock,
    limiter: Limiter,
}

impl Bench {
    fn new(rates: Rates) -> Self {
        Self {
            clock: clock(),
            limiter: Limiter::new(rates),
        }
    }

    fn usual() -> Self {
        Self::new(Rates::default())
    }

    /// 0 when it may go out, else how many milliseconds it has to wait.
    fn ask(&mut self, errand: Errand) -> i64 {
        let held = self.limiter.admit(errand, self.clock.now()).err();
        held.map_or(0, |wait| {
            assert!(wait > TimeDelta::zero());
            wait.num_milliseconds()
        })
    }

    fn passes(&mut self, milliseconds: i64) {
        self.clock.advance(millis(milliseconds));
    }

    fn floods(&mut self, chat: Option<ChatId>, seconds: i64) {
        let asked = Some(TimeDelta::seconds(seconds));
        self.limiter.flooded(chat, asked, self.clock.now());
    }
}

#[test]
fn a_chat_is_answered_five_times_at_once_and_then_every_second() {
    let mut bench = Bench::usual();
    let waits: Vec<i64> = (0..8).map(|_| bench.ask(answer(INES))).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 1_000, 2_000, 3_000]);
    assert_eq!(bench.ask(answer(RODRIGO)), 0, "another chat is another matter");
    for _ in 0..3 {
        bench.passes(1_000);
        assert_eq!(bench.ask(answer(INES)), 0, "as promised");
    }
    bench.passes(5_000);
    let waits: Vec<i64> = (0..6).map(|_| bench.ask(answer(INES))).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 1_000], "rested");
}

#[test]
fn a_newcomer_does_not_take_what_was_promised_to_another_chat() {
    let mut bench = Bench::new(Rates {
        send_per_second: 1,
        calls_per_second: 1,
    });
    assert_eq!(bench.ask(notice(ChatId(1))), 0);
    assert_eq!(bench.ask(notice(ChatId(2))), 1_000);
    bench.passes(1_000);
    assert_eq!(bench.ask(notice(ChatId(3))), 1_000, "behind the one who waits");
    bench.passes(400);
    assert_eq!(bench.ask(notice(ChatId(2))), 0, "late, and still kept");
    bench.passes(600);
    assert_eq!(bench.ask(notice(ChatId(3))), 0);
}

#[test]
fn a_promise_that_nobody_takes_lapses_and_the_limit_holds() {
    let mut bench = Bench::new(Rates {
        send_per_second: 1,
        calls_per_second: 1,
    });
    assert_eq!(bench.ask(notice(ChatId(1))), 0);
    assert_eq!(bench.ask(notice(ChatId(2))), 1_000);
    assert_eq!(bench.ask(notice(ChatId(3))), 2_000);
    bench.passes(2_500);
    // The slot of chat 2 has lapsed; chat 3 redeems its own, and what follows counts from now.
    assert_eq!(bench.ask(notice(ChatId(3))), 0);
    assert_eq!(bench.ask(notice(ChatId(2))), 1_000);
}

#[test]
fn membership_calls_of_two_people_do_not_take_each_others_turn() {
    let call = |user| Errand::Membership(CHANNEL, Some(UserId(user)));
    let mut bench = Bench::new(Rates {
        send_per_second: 25,
        calls_per_second: 2,
    });
    assert_eq!(bench.ask(call(1)), 0);
    assert_eq!(bench.ask(call(2)), 500);
    assert_eq!(bench.ask(call(3)), 1_000);
    bench.passes(1_000);
    assert_eq!(bench.ask(call(4)), 500);
    assert_eq!(bench.ask(call(3)), 0);
    assert_eq!(bench.ask(call(2)), 0, "its slot is kept for a while");
}

#[test]
fn notices_go_once_a_second_to_a_person_and_20_times_a_minute_to_a_channel() {
    let mut bench = Bench::usual();
    assert_eq!(bench.ask(notice(INES)), 0);
    assert_eq!(bench.ask(broadcast(INES)), 1_000);
    let mut sent = 0;
    for _ in 0..20 {
        assert_eq!(bench.ask(notice(CHANNEL)), 0);
        sent += 1;
        bench.passes(100);
    }
    assert_eq!(sent, 20);
    assert_eq!(bench.ask(notice(CHANNEL)), 58_000, "a minute after the first");
    assert_eq!(bench.ask(notice(CHANNEL)), 58_100, "and after the second");
}

#[test]
fn answers_take_from_notices_and_never_more_than_four_fifths() {
    let per_second = |answers: i64| {
        let mut bench = Bench::usual();
        for chat in 0..answers {
            assert_eq!(bench.ask(answer(ChatId(1 + chat))), 0);
        }
        // What is told apart is the pace once the burst is used up.
        let waits: Vec<i64> = (0..20)
            .map(|chat| bench.ask(notice(ChatId(1_000 + chat))))
            .filter(|wait| *wait > 0)
            .collect();
        1_000 / (waits[1] - waits[0])
    };
    assert_eq!(per_second(0), 25);
    assert_eq!(per_second(15), 10);
    assert_eq!(per_second(20), 5);
    assert_eq!(per_second(500), 5);

    let mut bench = Bench::usual();
    for chat in 0..500 {
        bench.ask(answer(ChatId(1 + chat)));
    }
    bench.passes(1_000);
    let first: Vec<i64> = (0..7)
        .map(|chat| bench.ask(notice(ChatId(1_000 + chat))))
        .collect();
    assert_eq!(
        first,
        [0, 0, 0, 0, 0, 40, 80],
        "a second later they are forgotten"
    );
}

#[test]
fn a_long_broadcast_holds_no_notice_up() {
    let mut bench = Bench::usual();
    let waits: Vec<i64> = (0..10_000).map(|n| bench.ask(broadcast(ChatId(1 + n)))).collect();
    assert!(waits.is_sorted(), "nobody is told a time before another's");
    let last = waits[9_999];
    assert!((390_000..=400_000).contains(&last), "{last}");
    let wait = bench.ask(notice(INES));
    assert!(wait <= 1_100, "{wait}");
}

#[test]
fn a_429_pauses_its_chat_and_a_second_one_everything() {
    let mut bench = Bench::usual();
    bench.floods(Some(INES), 10);
    assert_eq!(bench.ask(answer(INES)), 10_100);
    assert_eq!(bench.ask(edit(INES)), 10_140, "one after another");
    assert_eq!(bench.ask(answer(RODRIGO)), 0);
    bench.passes(5_000);
    bench.floods(Some(INES), 1);
    assert_eq!(
        bench.ask(answer(RODRIGO)),
        0,
        "the same chat again is no second one"
    );
    assert!(
        bench.ask(edit(INES)) > 5_000,
        "a shorter wait does not shorten the pause"
    );

    bench.floods(Some(RODRIGO), 3);
    for errand in [
        answer(ChatId(7)),
        edit(ChatId(8)),
        Errand::Other(None),
        Errand::Membership(CHANNEL, None),
    ] {
        assert!((3_100..3_300).contains(&bench.ask(errand)), "{errand:?}");
    }
    bench.passes(3_100);
    assert_eq!(bench.ask(answer(ChatId(7))), 0);
    assert!(bench.ask(answer(INES)) > 0, "the first pause still lasts");
    bench.passes(2_000);
    assert_eq!(bench.ask(answer(INES)), 0);
    assert_eq!(bench.ask(edit(INES)), 0);
}

#[test]
fn a_429_after_the_pause_pauses_only_its_chat() {
    let mut bench = Bench::usual();
    bench.floods(Some(INES), 1);
    bench.passes(1_100);
    bench.floods(Some(RODRIGO), 1);
    assert_eq!(bench.ask(answer(INES)), 0);
    assert_eq!(bench.ask(answer(RODRIGO)), 1_100);
}

#[test]
fn a_429_without_a_chat_counts_as_another() {
    let mut bench = Bench::usual();
    bench.floods(None, 5);
    assert_eq!(bench.ask(answer(INES)), 0);
    bench.floods(Some(INES), 1);
    bench.floods(None, 5);
    assert_eq!(bench.ask(answer(RODRIGO)), 5_100);
}

#[test]
fn a_clock_that_is_set_back_holds_nobody_up() {
    let mut bench = Bench::usual();
    for _ in 0..9 {
        bench.ask(answer(INES));
    }
    bench.floods(Some(RODRIGO), 60);
    bench.clock.advance(-TimeDelta::hours(1));
    assert_eq!(bench.ask(answer(INES)), 0);
    assert_eq!(bench.ask(answer(RODRIGO)), 0);
}

/// Somebody who wants a call to go out, and comes again when told, perhaps late.
#[derive(Clone, Copy, Debug)]
struct Caller {
    arrives: i64,
    errand: Errand,
    late_by: i64,
}

/// Lets everybody call until they are through. Returns, per caller, when (in ms) and after how many
/// tries.
fn run(limiter: &mut Limiter, callers: &[Caller]) -> Vec<(i64, u32)> {
    let start = clock().now();
    let mut done = vec![(0, 0); callers.len()];
    let mut turns: BinaryHeap<_> = callers
        .iter()
        .enumerate()
        .map(|(index, caller)| Reverse((start + millis(caller.arrives), 1, index)))
        .collect();
    while let Some(Reverse((now, _, index))) = turns.pop() {
        let Caller { errand, late_by, .. } = callers[index];
        done[index].1 += 1;
        match limiter.admit(errand, now) {
            Ok(()) => done[index].0 = (now - start).num_milliseconds(),
            // Those who come again are served before those who come at the same moment.
            Err(wait) => turns.push(Reverse((now + wait + millis(late_by), 0, index))),
        }
        assert!(done[index].1 < 1_000, "{:?} never gets through", callers[index]);
    }
    done
}

/// The most of these times within a length of time, both ends included.
fn most_within(times: &[i64], length: i64) -> usize {
    let mut times = times.to_vec();
    times.sort_unstable();
    let within = |first: &i64| {
        times
            .iter()
            .filter(|t| (*first..=first + length).contains(t))
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

fn errands() -> impl Strategy<Value = Errand> {
    let people = (1i64..6).prop_map(ChatId);
    let chats = prop_oneof![4 => people, 1 => Just(CHANNEL)];
    (0..5, chats, 1i64..50).prop_map(|(kind, chat, n)| match kind {
        0 => answer(chat),
        1 => notice(chat),
        2 => broadcast(ChatId(1_000 + n)),
        3 => Errand::Membership(CHANNEL, Some(UserId(n))),
        _ => edit(chat),
    })
}

fn callers(late: i64) -> impl Strategy<Value = Vec<Caller>> {
    let caller = (0i64..3_000, errands(), 0..=late).prop_map(|(arrives, errand, late_by)| Caller {
        arrives,
        errand,
        late_by,
    });
    prop::collection::vec(caller, 1..150)
}

fn rates() -> impl Strategy<Value = Rates> {
    (1u32..40, 1u32..40).prop_map(|(send_per_second, calls_per_second)| Rates {
        send_per_second,
        calls_per_second,
    })
}

/// Checks every limit; `slack` is how late a promised slot may be used, in ms.
fn check_limits(
    callers: &[Caller],
    done: &[(i64, u32)],
    rates: Rates,
    slack: i64,
) -> Result<(), TestCaseError> {
    let times = |wanted: &dyn Fn(Errand) -> bool| -> Vec<i64> {
        let through = callers.iter().zip(done);
        let through = through.filter(|(caller, _)| wanted(caller.errand));
        through.map(|(_, (at, _))| *at).collect()
    };
    let number = |n: i64| usize::try_from(n).expect("not negative");
    let at_once = |rate: u32| i64::from((rate / 5).max(1));
    for chat in (1..6).map(ChatId).chain([CHANNEL]) {
        let answers = times(&|errand| errand == answer(chat));
        for seconds in [1, 3, 10] {
            let most = i64::from(ANSWER_BURST) + seconds + slack / 1_000;
            prop_assert!(
                most_within(&answers, seconds * 1_000) <= number(most),
                "{answers:?} in {seconds} s"
            );
        }
        let notices = times(&|errand| errand == notice(chat) || errand == broadcast(chat));
        if chat == CHANNEL {
            prop_assert!(most_within(&notices, 59_999) <= 20);
        } else {
            prop_assert!(most_within(&notices, 999) <= 1, "{chat}: {notices:?}");
        }
    }
    let sent = times(&|e| matches!(e, Errand::Message(Lane::Notice | Lane::Broadcast, _)));
    let calls = times(&|e| matches!(e, Errand::Membership(..)));
    for (times, rate) in [(sent, rates.send_per_second), (calls, rates.calls_per_second)] {
        let most = at_once(rate) + (i64::from(rate) * (1_000 + slack)).div_euclid(1_000) + 1;
        prop_assert!(most_within(&times, 999) <= number(most), "{times:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn who_comes_again_in_time_gets_through(callers in callers(0), rates in rates()) {
        let mut limiter = Limiter::new(rates);
        let done = run(&mut limiter, &callers);
        check_limits(&callers, &done, rates, 0)?;
        for (caller, (_, tries)) in callers.iter().zip(&done) {
            match caller.errand {
                Errand::Message(Lane::Answer, _) | Errand::Membership(..) => {
                    prop_assert!(*tries <= 2, "{caller:?} after {tries} tries");
                }
                Errand::Other(_) => prop_assert_eq!(*tries, 1),
                Errand::Message(..) => {}
            }
        }
    }

    #[test]
    fn whoever_comes_late_gets_through_and_the_limits_hold(callers in callers(2_500), rates in rates()) {
        let mut limiter = Limiter::new(rates);
        let done = run(&mut limiter, &callers);
        check_limits(&callers, &done, rates, 1_000)?;
    }

    #[test]
    fn what_is_over_is_forgotten(callers in callers(500), rates in rates()) {
        let mut limiter = Limiter::new(rates);
        run(&mut limiter, &callers);
        limiter.flooded(Some(INES), None, clock().now());
        let much_later = limiter.seen + TimeDelta::minutes(2);
        limiter.admit(Errand::Other(None), much_later).expect("no pause lasts");
        prop_assert_eq!((limiter.chats.len(), limiter.promises.len()), (0, 0));
    }
}
