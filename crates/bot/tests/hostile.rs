//! The functions of the fuzz targets, on bytes made up by proptest: whole nonsense, and sense with a
//! piece of nonsense in it.

use proptest::prelude::*;

#[expect(unreachable_pub, reason = "the same file is a library for the fuzz targets")]
#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;

const UPDATES: &[&str] = &[
    r#"{"update_id":7,"message":{"message_id":1,"from":{"id":42,"is_bot":false,"first_name":"Inés"},"chat":{"id":42,"type":"private"},"date":1790000000,"text":"/start"}}"#,
    r#"{"update_id":8,"message":{"message_id":2,"chat":{"id":-42,"type":"group","title":"x"},"date":1,"new_chat_member":{"id":8},"chat_shared":{"request_id":1,"chat_id":-5}}}"#,
    r#"{"update_id":9,"message":null,"callback_query":{"id":"5","from":{"id":42,"first_name":"Inés"},"message":{"message_id":1,"chat":{"id":42,"type":"private"},"date":0},"data":"home"}}"#,
    r#"{"update_id":10,"my_chat_member":{"chat":{"id":42,"type":"private"},"from":{"id":42,"first_name":"Inés"},"date":1,"old_chat_member":{"user":{"id":99},"status":"member"},"new_chat_member":{"user":{"id":99},"status":"kicked","until_date":0}}}"#,
    r#"{"update_id":11,"chat_member":{"chat":{"id":-100,"type":"channel"},"from":{"id":1},"date":1,"old_chat_member":{"user":{"id":42},"status":"left"},"new_chat_member":{"user":{"id":42},"status":"member"},"invite_link":{"invite_link":"https://t.me/+x","creator":{"id":99}}}}"#,
    r#"{"update_id":12,"chat_join_request":{"chat":{"id":-100,"type":"channel"},"from":{"id":42,"first_name":"Inés"},"user_chat_id":42,"date":1}}"#,
];

const URLS: &[&str] = &[
    "sqlite:///bot.db",
    "sqlite+aiosqlite:////data/bot.db?timeout=30",
    "postgres://user:password@host:5432/name?sslmode=require",
    "postgresql+asyncpg://u:p%40@[::1]/n?host=/run&ssl=true",
    "https://api.telegram.org",
    "http://127.0.0.1:8081/base/",
];

/// One of the samples, with a piece of it replaced by something else.
fn spoilt(samples: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let nonsense = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..8),
        "[0-9a-z\"{}\\[\\]:,@?#%/\\\\-]{0,6}".prop_map(String::into_bytes),
        Just(b"null".to_vec()),
        Just(b"-99999999999999999999".to_vec()),
    ];
    (
        prop::sample::select(samples),
        any::<prop::sample::Index>(),
        0..6_usize,
        nonsense,
    )
        .prop_map(|(sample, from, length, nonsense)| {
            let mut bytes = sample.as_bytes().to_vec();
            let from = from.index(bytes.len());
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, nonsense);
            bytes
        })
}

#[test]
fn the_samples_themselves_are_sound() {
    for sample in UPDATES {
        telegram::update::decode(sample).expect("it decodes");
        fuzz::update(sample.as_bytes());
    }
    for sample in URLS {
        fuzz::url(sample.as_bytes());
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_decoding_of_updates(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::update(&bytes);
    }

    #[test]
    fn no_spoilt_update_breaks_it(bytes in spoilt(UPDATES)) {
        fuzz::update(&bytes);
    }

    #[test]
    fn no_bytes_break_the_reading_of_addresses(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        fuzz::url(&bytes);
    }

    #[test]
    fn no_spoilt_address_breaks_it(bytes in spoilt(URLS)) {
        fuzz::url(&bytes);
    }
}
