//! Messages and catalogue correspond; everything renders in every branch, variant and sample.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::money::MoneyError;
use domain::notice::Notice;
use domain::plan::PlanError;
use unicode_width::UnicodeWidthStr;
use voice::messages::{
    ClockDifference, CustodianHome, DailyFigures, DailySummary, DepartureLine, Ended, FoundChannel, FreeHome,
    HoldReason, InvitationIssued, MyId, OnDuty, PlanLine, PlanMistaken, RightsLost, Someone, SweepHeld,
    SweepList, SweepRefused, Wished,
};
use voice::{
    Audience, Choice, LabelId, Link, Message, Price, Rendered, Specimen, UserText, Voice, When, specimens,
};

fn voice() -> Voice {
    Voice::builtin(Tz::America__Mexico_City, Choice::seeded(1))
}

/// Every branch of every message that the catalogue has.
fn catalogue_branches(voice: &Voice) -> BTreeSet<(String, String)> {
    let catalogue = voice.catalogue();
    catalogue
        .ids()
        .flat_map(|id| {
            let entry = catalogue.entry(id).expect("listed");
            entry.branches().map(|(when, _)| (id.to_owned(), when.to_owned()))
        })
        .collect()
}

#[test]
fn messages_and_entries_correspond_one_to_one() {
    let sampled: BTreeSet<_> = specimens()
        .iter()
        .map(|specimen| (specimen.id.to_owned(), specimen.branch.to_owned()))
        .collect();
    assert_eq!(sampled, catalogue_branches(&voice()));
}

#[test]
fn everything_renders_and_every_field_is_used() {
    let voice = voice();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut given: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for specimen in specimens() {
        let entry = voice.catalogue().entry(specimen.id).expect("corresponds");
        let (_, branch) = entry
            .branches()
            .find(|(when, _)| *when == specimen.branch)
            .expect("corresponds");
        for variant in 0..branch.weights().len() {
            let rendered = voice
                .show(&specimen, variant)
                .unwrap_or_else(|error| panic!("{error}"));
            assert!(rendered.visible_len() <= Rendered::MAX_VISIBLE_LEN);
        }
        assert!(voice.show(&specimen, branch.weights().len()).is_err());
        used.entry(specimen.id)
            .or_default()
            .extend(voice.values_used(&specimen));
        given.entry(specimen.id).or_default().extend(specimen.fields());
    }
    assert_eq!(used, given);
}

#[test]
fn lists_show_names_and_prices() {
    let voice = voice();
    let few = specimens()
        .into_iter()
        .find(|specimen| (specimen.id, specimen.branch) == ("menu.premium", "listed"))
        .expect("sampled");
    let shown = voice.show(&few, 0).unwrap();
    let (_, list) = shown.as_html().rsplit_once("\n\n").unwrap();
    assert_eq!(
        list.lines().collect::<Vec<_>>(),
        [
            "💎 <b>Luz de tarde</b> · cortesía de la casa",
            "💎 <b>Cartas sin remitente</b> · cortesía de la casa",
            "💎 <b>Medianoche &amp; terciopelo</b> · $99,999,999.99",
            "💎 <b>Pieza sin título</b> · cortesía de la casa",
        ]
    );
}

#[test]
fn the_greeting_names_the_hour_of_the_house() {
    let voice = voice();
    for (utc, word) in [("15:00", "días"), ("20:00", "tardes"), ("03:00", "noches")] {
        let now: Timestamp = format!("2026-03-15T{utc}:00Z").parse().unwrap();
        let home = CustodianHome {
            name: UserText::new("Rosa"),
            day_part: voice.day_part(now),
        };
        for variant in 0..3 {
            let shown = voice.show(&Specimen::of(&home), variant).unwrap().visible();
            assert!(
                shown.to_lowercase().contains(&format!("buenas {word}"))
                    || shown.to_lowercase().contains(&format!("buenos {word}")),
                "{shown}"
            );
            assert!(shown.contains("Rosa") && shown.contains("/help") && shown.contains("/id"));
        }
    }
}

#[test]
fn nobody_hears_the_same_words_twice_in_a_row() {
    let voice = voice();
    let home = FreeHome {
        name: UserText::new("Ana"),
    };
    let now = Timestamp::UNIX_EPOCH;
    let heard: Vec<_> = (0..20)
        .map(|_| voice.say(&home, UserId(1), now).unwrap())
        .collect();
    assert!(heard.windows(2).all(|two| two[0] != two[1]));
    let alone = MyId { id: UserId(1) };
    assert_eq!(
        voice.say(&alone, UserId(1), now).unwrap(),
        voice.say(&alone, UserId(1), now).unwrap()
    );
}

#[test]
fn switches_say_what_they_switch_and_whether_it_is_on() {
    let voice = voice();
    let mut seen = BTreeSet::new();
    for notice in Notice::ALL {
        for is_on in [true, false] {
            let label = voice.switch(*notice, is_on);
            assert!(label.as_str().starts_with(if is_on { '🔔' } else { '🔕' }));
            assert!(label.as_str().width() <= 28, "{label:?}");
            assert!(seen.insert(label.as_str().to_owned()));
        }
    }
}

#[test]
fn custodians_are_told_more_commands() {
    let voice = voice();
    let told = |audience| {
        let commands = voice.commands(audience).into_iter();
        commands.map(|command| command.command).collect::<Vec<_>>()
    };
    assert_eq!(told(Audience::Everybody), ["start", "help", "id", "privacy"]);
    assert_eq!(
        told(Audience::Custodian),
        ["start", "help", "id", "privacy", "cancel", "admin"]
    );
}

#[test]
fn what_is_optional_leaves_no_gap() {
    let voice = voice();
    let shown = |migrations, api: Option<&str>| {
        let on_duty = OnDuty {
            version: UserText::new("1.0"),
            webhook: false,
            api: api.map(UserText::new),
            migrations,
        };
        voice.show(&Specimen::of(&on_duty), 0).unwrap().visible()
    };
    let plain = shown(0, None);
    assert!(plain.ends_with("yo voy por ella (polling)"), "{plain}");
    let full = shown(2, Some("http://10.0.0.2:8081"));
    assert!(full.contains("http://10.0.0.2:8081\n"), "{full}");
    assert!(full.ends_with("2 cambios de formato"), "{full}");
    assert!(!full.contains("\n\n\n"), "{full}");
}

#[test]
fn lost_rights_are_named_and_no_others() {
    let voice = voice();
    let found = FoundChannel {
        title: UserText::new("El salón"),
        id: ChatId(-1_001),
        rights: ChannelRights {
            invite: false,
            ..ChannelRights::ALL
        },
    };
    let channel = Channel::Vip;
    let shown = voice
        .show(&Specimen::of(&RightsLost { channel, found }), 0)
        .unwrap()
        .visible();
    assert!(shown.contains("abrir la puerta"), "{shown}");
    assert!(!shown.contains("publicar"), "{shown}");
}

#[test]
fn each_error_of_a_plan_has_an_answer_that_names_the_bound() {
    let voice = voice();
    let answer = |error: PlanError| {
        let mistaken = PlanMistaken::new(error.into());
        voice.show(&Specimen::of(&mistaken), 0).unwrap().visible()
    };
    for (error, bound) in [
        (PlanError::Name, "100"),
        (PlanError::Days, "3650"),
        (PlanError::PriceTooHigh, "9999"),
        (PlanError::Price(MoneyError::Negative), "9999"),
        (PlanError::Price(MoneyError::TooFine), "dos decimales"),
        (PlanError::Currency, "10"),
    ] {
        let answer = answer(error);
        assert!(answer.contains(bound), "{error:?}: {answer}");
    }
}

#[test]
fn an_issued_invitation_shows_its_link_and_its_price_in_its_currency() {
    let voice = voice();
    let plan = PlanLine {
        name: UserText::new("Anual"),
        days: 365,
        price: Price("1250".parse().unwrap()),
        currency: UserText::new("MXN"),
        active: true,
    };
    let link = Link("https://t.me/lucien_bot?start=TWFuIGluIGJsYWNr".parse().unwrap());
    let until = When(Timestamp::UNIX_EPOCH);
    let issued = InvitationIssued { plan, until, link };
    let html = voice.show(&Specimen::of(&issued), 0).unwrap();
    let html = html.as_html();
    assert!(html.contains("<code>https://t.me/lucien_bot?start=TWFuIGluIGJsYWNr</code>"));
    assert!(html.contains("1,250.00 MXN"), "{html}");
    assert!(html.contains("365 días"), "{html}");
}

fn shown<M: Message>(message: &M) -> String {
    voice().show(&Specimen::of(message), 0).unwrap().visible()
}

fn departures(count: usize) -> Vec<DepartureLine> {
    let person = Someone {
        name: UserText::new("Ana <3"),
        id: UserId(7),
    };
    let ended = When(Timestamp::UNIX_EPOCH);
    vec![DepartureLine { person, ended }; count]
}

#[test]
fn a_held_sweep_says_how_many_more_there_are() {
    let held = |count, named| {
        shown(&SweepHeld {
            hold: HoldReason::Restored,
            count,
            people: departures(named),
        })
    };
    let some = held(12, 5);
    assert!(some.contains("12 personas"), "{some}");
    assert_eq!(some.matches("• Ana <3 · 31 de diciembre de 1969").count(), 5);
    assert!(some.contains("• … y 7 más"), "{some}");
    assert!(!held(5, 5).contains("• …"));
    let nobody = held(0, 0);
    assert!(
        nobody.contains("nadie tiene que salir") && !nobody.contains('✅'),
        "{nobody}"
    );
}

#[test]
fn clocks_that_differ_say_by_how_much_and_which_way() {
    for (minutes, ahead, words) in [
        (7, true, "7 minutos adelantado"),
        (125, false, "2 horas y 5 minutos atrasado"),
    ] {
        let difference = ClockDifference { minutes, ahead };
        let held = SweepHeld {
            hold: HoldReason::Clock { difference },
            count: 1,
            people: departures(1),
        };
        for text in [shown(&held), shown(&SweepRefused::Clock { difference })] {
            assert!(text.contains(words), "{text}");
            assert!(!text.contains('✅'), "nothing can be confirmed: {text}");
        }
    }
}

#[test]
fn a_list_is_numbered_through_its_pages() {
    let page = |held| SweepList {
        people: departures(2),
        before: 10,
        total: 12,
        held,
    };
    let list = shown(&page(true));
    assert!(
        list.contains("11. Ana <3 · 7 · 31 de diciembre de 1969\n12. Ana"),
        "{list}"
    );
    assert!(list.contains("12 personas") && list.contains('✅'), "{list}");
    assert!(!shown(&page(false)).contains('✅'));
}

#[test]
fn a_summary_tells_only_what_happened() {
    let day = |figures| {
        shown(&DailySummary {
            since: When(Timestamp::UNIX_EPOCH),
            figures,
        })
    };
    let busy = day(DailyFigures {
        admitted: 9,
        held: 4,
        ..DailyFigures::default()
    });
    let figures: Vec<_> = busy.lines().skip(6).collect();
    let told = [
        "✅ Admisiones en el patio: 9",
        "⚠️ Salidas que aguardan su confirmación: 4",
    ];
    assert_eq!(figures, told, "{busy}");
    assert!(day(DailyFigures::default()).contains("nadie llamó"));
}

#[test]
fn only_what_can_be_done_is_offered() {
    let wished = |plan| {
        let Some(DepartureLine { person, ended }) = departures(1).pop() else {
            unreachable!("one was asked for");
        };
        shown(&Wished {
            person,
            plan,
            until: ended,
            ended: false,
        })
    };
    let plan = |active| PlanLine {
        name: UserText::new("Mensual"),
        days: 30,
        price: Price("250".parse().unwrap()),
        currency: UserText::new("$"),
        active,
    };
    let offers = |text: String| {
        let of = |words| text.contains(words);
        let invitation = of("con ese plan");
        assert_ne!(invitation, of("Desde el panel"), "{text}");
        (invitation, of("🎁"), of("ya no se ofrece"))
    };
    assert_eq!(offers(wished(Some(plan(true)))), (true, true, false));
    assert_eq!(offers(wished(Some(plan(false)))), (false, true, true));
    assert_eq!(offers(wished(None)), (false, false, false));

    let ended = |contact| {
        shown(&Ended {
            name: UserText::new("Ana"),
            ended: When(Timestamp::UNIX_EPOCH),
            contact,
        })
    };
    assert!(ended(true).contains("con Diana") && !ended(false).contains("Diana"));
}

#[test]
fn what_people_see_often_varies() {
    let voice = voice();
    for (id, branch, weights) in [
        ("start.custodian", "morning", &[50, 30, 20][..]),
        ("start.custodian", "afternoon", &[50, 30, 20]),
        ("start.custodian", "night", &[50, 30, 20]),
        ("menu.vip_home", "", &[60, 30, 10]),
        ("menu.free_home", "", &[50, 30, 20]),
        ("menu.free_content", "listed", &[1, 1, 1]),
        ("menu.premium", "listed", &[1, 1, 1]),
        ("menu.ritual_home", "", &[1]),
        ("admin_main.panel", "complete", &[50, 30, 20]),
        ("common.patience", "", &[50, 30, 20]),
        ("free_queue.request_noted", "networks", &[50, 30, 20]),
        ("free_queue.request_repeated", "", &[1, 1, 1]),
        ("free_queue.admitted", "linked", &[50, 30, 20]),
        ("ends.reminder", "three_days", &[1, 1]),
        ("ends.reminder", "one_day", &[1, 1]),
        ("ends.ended", "", &[1, 1]),
        ("summary.day", "busy", &[50, 30, 20]),
        ("summary.day", "quiet", &[50, 30, 20]),
        ("vip_entry.key", "", &[1, 1, 1]),
        ("vip_entry.renewed", "inside", &[1, 1, 1]),
        // Everybody hears the same words in the ritual.
        ("vip_entry.ritual_first", "", &[1]),
        ("vip_entry.ritual_second", "", &[1]),
        ("vip_entry.ritual_third", "", &[1]),
    ] {
        let entry = voice.catalogue().entry(id).expect("exists");
        let (_, branch) = entry
            .branches()
            .find(|(when, _)| *when == branch)
            .expect("exists");
        assert_eq!(branch.weights(), weights, "{id}");
    }
}

#[test]
fn labels_of_one_purpose_are_told_apart() {
    let voice = voice();
    let labels: BTreeSet<_> = LabelId::ALL
        .iter()
        .map(|id| voice.label(*id).as_str().to_owned())
        .collect();
    assert_eq!(labels.len(), LabelId::ALL.len());
}
