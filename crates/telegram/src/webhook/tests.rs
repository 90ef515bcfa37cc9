use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use axum::body::Body;
use futures_util::stream;
use tower::ServiceExt;

use super::*;

const SECRET: &str = "un_secreto-de-verdad";
const START: &str = r#"{"update_id":7,"message":{"message_id":1,"from":{"id":42},"chat":{"id":42}}}"#;

/// Keeps what it is given, unless it is away.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Vec<Envelope>>,
    is_away: AtomicBool,
}

impl Intake for Shelf {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(IntakeAway);
        }
        self.kept.lock().unwrap().extend(batch);
        Ok(())
    }
}

struct Bench {
    shelf: Arc<Shelf>,
    counters: Arc<Counters>,
    router: Router,
}

impl Bench {
    fn new() -> Self {
        let shelf = Arc::new(Shelf::default());
        let counters = Arc::new(Counters::default());
        let secret = WebhookSecret::parse(SECRET).expect("a secret");
        let router = router("/a/path", secret, shelf.clone(), counters.clone());
        Self {
            shelf,
            counters,
            router,
        }
    }

    async fn answers(&self, request: Request) -> Response {
        let answered = self.router.clone().oneshot(request).await;
        answered.expect("a router always answers")
    }

    async fn posted(&self, body: impl Into<Body>) -> StatusCode {
        self.answers(post_with(Some(SECRET), body)).await.status()
    }

    fn kept(&self) -> Vec<i64> {
        let kept = self.shelf.kept.lock().unwrap();
        kept.iter().map(|envelope| envelope.update_id).collect()
    }
}

fn post_with(secret: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::post("/a/path");
    if let Some(secret) = secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    request.body(body.into()).expect("a request")
}

/// A body that must not be looked at.
fn untouchable() -> Body {
    Body::from_stream(stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> { panic!("the body was read") },
    ))
}

#[tokio::test]
async fn what_is_answered_200_is_kept() {
    let bench = Bench::new();
    assert_eq!(bench.posted(START).await, StatusCode::OK);
    assert_eq!(bench.posted(START).await, StatusCode::OK, "a duplicate too");
    assert_eq!(bench.kept(), [7, 7], "the inbox tells them apart");
    let kept = bench.shelf.kept.lock().unwrap()[0].clone();
    assert_eq!(
        (kept.kind.as_str(), kept.person, kept.json.as_str()),
        ("message", 42, START)
    );
    assert_eq!(bench.counters.accepted(), 2);
    assert!(
        Reason::ALL
            .iter()
            .all(|reason| bench.counters.refused(*reason) == 0)
    );
}

#[tokio::test]
async fn nothing_is_read_of_whoever_does_not_know_the_secret() {
    let bench = Bench::new();
    let wrong = [
        None,
        Some(""),
        Some("un_secreto-de-verdaD"),
        Some("un_secreto-de-verdad1"),
        Some("un"),
    ];
    for secret in wrong {
        let answer = bench.answers(post_with(secret, untouchable())).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{secret:?}");
    }
    assert_eq!(bench.counters.refused(Reason::Secret), 5);
    assert!(bench.kept().is_empty());
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_refused() {
    let bench = Bench::new();
    let frame = r#"{"update_id":8,"x":""}"#;
    let filling = "x".repeat(BODY_LIMIT - frame.len());
    let mut largest = frame.replace("\"\"", &format!("\"{filling}\"")).into_bytes();
    assert_eq!(largest.len(), BODY_LIMIT);
    assert_eq!(bench.posted(largest.clone()).await, StatusCode::OK);
    largest.push(b' ');
    assert_eq!(bench.posted(largest.clone()).await, StatusCode::PAYLOAD_TOO_LARGE);

    // Sent in pieces, without a length.
    let pieces = largest
        .chunks(64 * 1024)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect::<Vec<_>>();
    let in_pieces = Body::from_stream(stream::iter(pieces));
    assert_eq!(bench.posted(in_pieces).await, StatusCode::PAYLOAD_TOO_LARGE);

    // Announced as too long: not even begun.
    let mut announced = post_with(Some(SECRET), untouchable());
    let length = (BODY_LIMIT + 1).to_string().parse().expect("a header value");
    announced.headers_mut().insert(CONTENT_LENGTH, length);
    assert_eq!(
        bench.answers(announced).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(bench.counters.refused(Reason::TooLarge), 3);
    assert_eq!(bench.kept(), [8]);
}

#[tokio::test]
async fn a_body_that_is_no_update_is_refused_and_counted() {
    let bench = Bench::new();
    let bodies: [&[u8]; 6] = [
        b"",
        b"no JSON",
        b"[]",
        br#"{"message":{}}"#,
        br#"{"update_id":"7"}"#,
        b"\xff\xfe",
    ];
    for body in bodies {
        assert_eq!(
            bench.posted(body.to_vec()).await,
            StatusCode::BAD_REQUEST,
            "{body:?}"
        );
    }
    let breaks_off = Body::from_stream(stream::iter([
        Ok(Bytes::from_static(br#"{"update_id":7"#)),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]));
    assert_eq!(bench.posted(breaks_off).await, StatusCode::BAD_REQUEST);
    assert_eq!(bench.counters.refused(Reason::NotAnUpdate), 7);
    assert_eq!(
        bench.posted(r#"{"update_id":9,"telepathy":{}}"#).await,
        StatusCode::OK,
        "unknown kinds are kept"
    );
}

#[tokio::test]
async fn telegram_is_asked_to_come_again_while_the_store_is_away() {
    let bench = Bench::new();
    bench.shelf.is_away.store(true, Ordering::SeqCst);
    let answer = bench.answers(post_with(Some(SECRET), START)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[RETRY_AFTER], COME_AGAIN);
    assert_eq!(bench.counters.refused(Reason::StoreAway), 1);
    bench.shelf.is_away.store(false, Ordering::SeqCst);
    assert_eq!(bench.posted(START).await, StatusCode::OK);
    assert_eq!(bench.kept(), [7]);
}

#[tokio::test]
async fn only_post_and_only_the_path() {
    let bench = Bench::new();
    let with = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("X-Telegram-Bot-Api-Secret-Token", SECRET);
        request.body(Body::from(START)).expect("a request")
    };
    let get = bench.answers(with("GET", "/a/path")).await.status();
    assert_eq!(get, StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = bench.answers(with("POST", "/")).await.status();
    assert_eq!(elsewhere, StatusCode::NOT_FOUND);
    assert!(bench.kept().is_empty());
}

#[test]
fn every_reason_has_a_counter_and_a_name_of_its_own() {
    for (index, reason) in Reason::ALL.iter().enumerate() {
        assert_eq!(*reason as usize, index);
        assert_eq!(
            Reason::ALL.iter().filter(|r| r.label() == reason.label()).count(),
            1
        );
    }
}
