//! Invitations: tokens with what they promise, table `invitations`, one row per token at most.
//!
//! A token without such a row was issued by the predecessor: it is an invitation, and promises what
//! its plan offers at present. [`tokens`](crate::tokens) has the bare rows.

use domain::clock::Timestamp;
use domain::id::{ChatId, PlanId, TokenId, UserId};
use domain::money::Money;
use domain::plan::Plan;
use domain::token::{Invitation, InvitationCode, InvitationPlan, InvitationState, Usage};
use sea_orm::FromQueryResult;

use crate::bot_config;
use crate::error::StoreError;
use crate::plans;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::subscribers::{self, StoredSubscription};
use crate::value::{Amount, At};

/// How many codes are tried before none is issued. With codes that nobody can guess even the second
/// is never needed.
const CODES: usize = 10;

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 500;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// It can be redeemed, once.
    Invitation,
    /// A custodian gave time without one. Such a token is used from the beginning.
    Grant,
    /// The same for somebody who was a member elsewhere.
    Import,
}

impl TokenKind {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Grant => "grant",
            Self::Import => "import",
        }
    }

    /// A label that nobody knows is no invitation.
    fn from_label(label: Option<&str>) -> Self {
        match label {
            None => Self::Invitation,
            Some(label) => [Self::Invitation, Self::Import]
                .into_iter()
                .find(|kind| kind.label() == label)
                .unwrap_or(Self::Grant),
        }
    }
}

/// What an invitation is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Name of the plan.
    pub plan: String,
    /// How many days it gives. Old plans may break today's rules.
    pub days: i32,
    /// What was paid for it.
    pub price: Money,
    /// In which currency.
    pub currency: String,
}

/// An invitation and whoever opens it, as they stand in one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundInvitation {
    /// Row id.
    pub id: TokenId,
    /// The code.
    pub code: InvitationCode,
    /// What its redemption depends on.
    pub invitation: Invitation,
    /// What it promised when it was issued, else what its plan offers at present; none without either.
    pub offer: Option<Offer>,
    /// What kind of token it is.
    pub kind: TokenKind,
    /// Whether it waits for a custodian's consent. It cannot be claimed until then.
    pub held: bool,
    /// Who issued it; 0 is the house.
    pub by: UserId,
    /// When it was redeemed. Old rows may not tell.
    pub used_at: Option<Timestamp>,
    /// The subscription of whoever opens it, valid or not.
    pub subscription: Option<StoredSubscription>,
    /// Whether a custodian has blocked whoever opens it.
    pub blocked: bool,
    /// The members' channel of the house, as [`bot_config`] has it.
    pub vip_channel: Option<ChatId>,
}

/// An invitation to be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// For which plan.
    pub plan: PlanId,
    /// Who issues it.
    pub by: UserId,
    /// For how many hours it can be redeemed.
    pub valid_hours: i32,
}

/// An invitation that was just issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Row id.
    pub id: TokenId,
    /// Its code.
    pub code: InvitationCode,
    /// Its state and its end.
    pub invitation: Invitation,
    /// What it promises.
    pub offer: Offer,
}

/// Why no invitation was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// There is no such plan, or it is not on offer.
    #[error("the plan is not on offer")]
    NotOnOffer,
    /// All codes that were tried exist already.
    #[error("no code was free")]
    NoCode,
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The invitation of a code, with what it promises and the subscription of whoever opens it, in one
/// statement.
///
/// # Errors
/// When the database does not answer.
pub async fn look_up(
    db: &impl Connection,
    code: &InvitationCode,
    opens: UserId,
) -> Result<Option<FoundInvitation>, StoreError> {
    let found: Option<Found> = sql::first(
        db,
        "SELECT t.id, t.generated_by, t.created_at, t.duration_hours, t.used, t.used_by, t.used_at,
                i.kind, i.held, i.plan_name, i.days, i.price, i.currency,
                p.active, p.name AS now_name, p.duration_days AS now_days, p.price AS now_price,
                p.currency AS now_currency,
                v.id AS subscriber_id, v.token_id, v.status, v.expiry_date, v.vip_entry_stage,
                b.user_id AS blocked_id, (SELECT vip_channel_id FROM bot_config WHERE id = 1) AS vip_channel_id
         FROM invitation_tokens t
         LEFT JOIN invitations i ON i.token_id = t.id
         LEFT JOIN subscription_plans p ON p.id = t.plan_id
         LEFT JOIN vip_subscribers v ON v.user_id = $2
         LEFT JOIN blocks b ON b.user_id = $2
         WHERE t.token = $1",
        [code.as_str().into(), opens.0.into()],
    )
    .await?;
    found.map(|found| found.translate(code)).transpose()
}

/// The invitation of a row, as [`look_up`] finds it.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl Connection,
    id: TokenId,
    opens: UserId,
) -> Result<Option<FoundInvitation>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        token: String,
    }
    let sql = "SELECT token FROM invitation_tokens WHERE id = $1";
    let row: Option<Row> = sql::first(db, sql, [id.0.into()]).await?;
    match row.and_then(|row| InvitationCode::parse(&row.token)) {
        Some(code) => look_up(db, &code, opens).await,
        None => Ok(None),
    }
}

/// Uses up an invitation that was [looked up](look_up). Of all who try, one is told true. False when it
/// was used, held or changed meanwhile, when its plan was taken off, or when it could not be redeemed
/// in the first place.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(tx: &Tx, found: &FoundInvitation, by: UserId, now: Timestamp) -> Result<bool, StoreError> {
    if found.invitation.state(now) != InvitationState::Redeemable {
        return Ok(false);
    }
    one(
        tx,
        "UPDATE invitation_tokens SET used = TRUE, used_by = $2, used_at = $3
         WHERE id = $1 AND NOT used AND token = $4 AND duration_hours = $5
           AND NOT EXISTS (SELECT 1 FROM invitations i
                           WHERE i.token_id = invitation_tokens.id AND (i.held OR i.kind <> $6))
           AND NOT EXISTS (SELECT 1 FROM subscription_plans p
                           WHERE p.id = invitation_tokens.plan_id AND NOT p.active)",
        [
            found.id.0.into(),
            by.0.into(),
            At(now).into(),
            found.code.as_str().into(),
            found.invitation.valid_hours.into(),
            TokenKind::Invitation.label().into(),
        ],
    )
    .await
}

/// Issues an invitation that promises what its plan offers at present. `codes` gives codes that nobody
/// can guess; another one is asked for when one is taken.
///
/// # Errors
/// [`IssueError::NotOnOffer`] and [`IssueError::NoCode`] leave the transaction as it was.
pub async fn issue(
    tx: &Tx,
    new: &NewInvitation,
    codes: impl FnMut() -> InvitationCode,
    now: Timestamp,
) -> Result<Issued, IssueError> {
    let plan = plans::find(tx, new.plan).await?.filter(|plan| plan.active);
    let offer = plan.map(Offer::from).ok_or(IssueError::NotOnOffer)?;
    for code in std::iter::repeat_with(codes).take(CODES) {
        if let Some(id) = insert(tx, &code, Some(new.plan), new.by, new.valid_hours, now).await? {
            describe(tx, id, TokenKind::Invitation, Some(&offer)).await?;
            return Ok(Issued {
                id,
                code,
                invitation: Invitation {
                    created_at: now,
                    valid_hours: new.valid_hours,
                    usage: Usage::Unused,
                    plan: InvitationPlan::Active,
                },
                offer,
            });
        }
    }
    Err(IssueError::NoCode)
}

/// Time that a custodian gives without an invitation.
#[derive(Clone, Debug)]
pub struct NewGrant<'a> {
    /// Who gets it; already stored.
    pub user: UserId,
    /// The plan whose days they are.
    pub plan: &'a Plan,
    /// Who gives it.
    pub by: UserId,
}

/// Writes down a token for what is given: used from the beginning, and good for nothing else. `codes` as
/// for [`issue`].
///
/// # Errors
/// [`IssueError::NoCode`] leaves the transaction as it was.
pub async fn grant(
    tx: &Tx,
    new: &NewGrant<'_>,
    codes: impl FnMut() -> InvitationCode,
    now: Timestamp,
) -> Result<TokenId, IssueError> {
    let offer = Offer::from(new.plan.clone());
    let given = Given {
        plan: Some(new.plan.id),
        by: new.by,
        to: new.user,
        kind: TokenKind::Grant,
        offer: Some(&offer),
    };
    give(tx, &given, codes, now).await
}

/// Writes down a token for somebody who was a member elsewhere: used from the beginning, and good for nothing
/// else. `codes` as for [`issue`].
///
/// # Errors
/// [`IssueError::NoCode`] leaves the transaction as it was.
pub async fn import(
    tx: &Tx,
    user: UserId,
    codes: impl FnMut() -> InvitationCode,
    now: Timestamp,
) -> Result<TokenId, IssueError> {
    let given = Given {
        plan: None,
        by: UserId::HOUSE,
        to: user,
        kind: TokenKind::Import,
        offer: None,
    };
    give(tx, &given, codes, now).await
}

/// What a token stands for that nobody redeems.
struct Given<'a> {
    plan: Option<PlanId>,
    by: UserId,
    to: UserId,
    kind: TokenKind,
    offer: Option<&'a Offer>,
}

async fn give(
    tx: &Tx,
    given: &Given<'_>,
    codes: impl FnMut() -> InvitationCode,
    now: Timestamp,
) -> Result<TokenId, IssueError> {
    for code in std::iter::repeat_with(codes).take(CODES) {
        if let Some(id) = insert(tx, &code, given.plan, given.by, 0, now).await? {
            describe(tx, id, given.kind, given.offer).await?;
            sql::execute(
                tx,
                "UPDATE invitation_tokens SET used = TRUE, used_by = $2, used_at = $3 WHERE id = $1",
                [id.0.into(), given.to.0.into(), At(now).into()],
            )
            .await?;
            return Ok(id);
        }
    }
    Err(IssueError::NoCode)
}

/// None when the code is taken.
async fn insert(
    tx: &Tx,
    code: &InvitationCode,
    plan: Option<PlanId>,
    by: UserId,
    valid_hours: i32,
    now: Timestamp,
) -> Result<Option<TokenId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Added {
        id: i32,
    }
    let added: Option<Added> = sql::first(
        tx,
        "INSERT INTO invitation_tokens (token, generated_by, created_at, duration_hours, used, plan_id)
         VALUES ($1, $2, $3, $4, FALSE, $5)
         ON CONFLICT (token) DO NOTHING
         RETURNING id",
        [
            code.as_str().into(),
            by.0.into(),
            At(now).into(),
            valid_hours.into(),
            plan.map(|plan| plan.0).into(),
        ],
    )
    .await?;
    Ok(added.map(|row| TokenId(row.id)))
}

/// Says what a token is and what it promises.
pub(crate) async fn describe(
    tx: &Tx,
    token: TokenId,
    kind: TokenKind,
    offer: Option<&Offer>,
) -> Result<(), StoreError> {
    sql::execute(
        tx,
        "INSERT INTO invitations (token_id, kind, plan_name, days, price, currency, held)
         VALUES ($1, $2, $3, $4, $5, $6, FALSE)",
        [
            token.0.into(),
            kind.label().into(),
            offer.map(|offer| offer.plan.as_str()).into(),
            offer.map(|offer| offer.days).into(),
            offer.map(|offer| Amount(offer.price)).into(),
            offer.map(|offer| offer.currency.as_str()).into(),
        ],
    )
    .await?;
    Ok(())
}

/// An invitation that waits for a custodian's consent and could be accepted otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldInvitation {
    /// Row id.
    pub id: TokenId,
    /// Name of its plan; none without one.
    pub plan: Option<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// The last moment at which it can be accepted.
    pub ends_at: Timestamp,
}

/// The invitations that wait for a custodian's consent and whose time is not over, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn held(db: &impl Connection, now: Timestamp) -> Result<Vec<HeldInvitation>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: i32,
        plan: Option<String>,
        created_at: At,
        duration_hours: i32,
    }
    let rows: Vec<Row> = sql::all(
        db,
        "SELECT t.id, t.created_at, t.duration_hours, coalesce(i.plan_name, p.name) AS plan
         FROM invitation_tokens t
         JOIN invitations i ON i.token_id = t.id AND i.held
         LEFT JOIN subscription_plans p ON p.id = t.plan_id
         WHERE NOT t.used
         ORDER BY t.id",
        [],
    )
    .await?;
    let held = rows.into_iter().map(|row| HeldInvitation {
        id: TokenId(row.id),
        plan: row.plan,
        created_at: row.created_at.0,
        ends_at: Invitation {
            created_at: row.created_at.0,
            valid_hours: row.duration_hours,
            usage: Usage::Unused,
            plan: InvitationPlan::Active,
        }
        .ends_at(),
    });
    Ok(held.filter(|invitation| invitation.ends_at >= now).collect())
}

/// To which invitations a custodian consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent<'a> {
    /// All that wait.
    ToAll,
    /// Those up to this one, which is the last that the custodian has seen.
    UpTo(TokenId),
    /// These.
    To(&'a [TokenId]),
}

/// A custodian consents: these invitations wait no more. Returns how many did.
///
/// # Errors
/// When the database does not answer.
pub async fn release(tx: &Tx, consent: Consent<'_>) -> Result<u64, StoreError> {
    const ALL: &str = "UPDATE invitations SET held = FALSE WHERE held";
    let ids = match consent {
        Consent::ToAll => return sql::execute(tx, ALL, []).await,
        Consent::UpTo(last) => {
            return sql::execute(tx, &format!("{ALL} AND token_id <= $1"), [last.0.into()]).await;
        }
        Consent::To(ids) => ids,
    };
    let mut released = 0;
    for ids in ids.chunks(BATCH) {
        let update = format!("{ALL} AND token_id IN ({})", sql::parameters(1, ids.len()));
        released += sql::execute(tx, &update, ids.iter().map(|id| id.0.into())).await?;
    }
    Ok(released)
}

/// Has invitations that nobody has accepted wait for a custodian's consent: those of these codes, or all.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn hold(tx: &Tx, codes: Option<&[String]>) -> Result<(), StoreError> {
    let Some(codes) = codes else {
        return hold_where(tx, "NOT t.used", &[]).await;
    };
    for codes in codes.chunks(BATCH) {
        let these = format!("NOT t.used AND t.token IN ({})", sql::parameters(1, codes.len()));
        hold_where(tx, &these, codes).await?;
    }
    Ok(())
}

async fn hold_where(tx: &Tx, which: &str, codes: &[String]) -> Result<(), StoreError> {
    let kind = TokenKind::Invitation.label();
    let hold = format!(
        "INSERT INTO invitations (token_id, kind, held)
         SELECT t.id, '{kind}', TRUE FROM invitation_tokens t WHERE {which}
         ON CONFLICT (token_id) DO UPDATE SET held = TRUE"
    );
    sql::execute(tx, &hold, codes.iter().map(|code| code.as_str().into())).await?;
    Ok(())
}

impl From<Plan> for Offer {
    fn from(plan: Plan) -> Self {
        Self {
            plan: plan.name,
            days: plan.days,
            price: plan.price,
            currency: plan.currency,
        }
    }
}

#[derive(FromQueryResult)]
struct Found {
    id: i32,
    generated_by: i64,
    created_at: At,
    duration_hours: i32,
    used: bool,
    used_by: Option<i64>,
    used_at: Option<At>,
    kind: Option<String>,
    held: Option<bool>,
    plan_name: Option<String>,
    days: Option<i32>,
    price: Option<Amount>,
    currency: Option<String>,
    active: Option<bool>,
    now_name: Option<String>,
    now_days: Option<i32>,
    now_price: Option<f64>,
    now_currency: Option<String>,
    subscriber_id: Option<i32>,
    token_id: Option<i32>,
    status: Option<String>,
    expiry_date: Option<At>,
    vip_entry_stage: Option<i32>,
    blocked_id: Option<i64>,
    vip_channel_id: Option<String>,
}

impl Found {
    fn translate(self, code: &InvitationCode) -> Result<FoundInvitation, StoreError> {
        let offer = self
            .promised()
            .map_or_else(|| self.offered(), |offer| Ok(Some(offer)))?;
        Ok(FoundInvitation {
            id: TokenId(self.id),
            code: code.clone(),
            invitation: Invitation {
                created_at: self.created_at.0,
                valid_hours: self.duration_hours,
                usage: match (self.used, self.used_by) {
                    (false, _) => Usage::Unused,
                    (true, Some(by)) => Usage::By(UserId(by)),
                    (true, None) => Usage::BySomebody,
                },
                plan: match (self.active, &offer) {
                    (Some(false), _) => InvitationPlan::Inactive,
                    // What was sold is honoured, even if the plan's row is gone.
                    (Some(true), _) | (None, Some(_)) => InvitationPlan::Active,
                    (None, None) => InvitationPlan::Missing,
                },
            },
            offer,
            kind: TokenKind::from_label(self.kind.as_deref()),
            held: self.held.unwrap_or(false),
            by: UserId(self.generated_by),
            used_at: self.used_at.map(|at| at.0),
            subscription: subscribers::joined(
                self.subscriber_id,
                self.token_id,
                self.status,
                self.expiry_date,
                self.vip_entry_stage,
            ),
            blocked: self.blocked_id.is_some(),
            vip_channel: bot_config::channel_id(self.vip_channel_id.as_deref()),
        })
    }

    /// What was promised when it was issued.
    fn promised(&self) -> Option<Offer> {
        Some(Offer {
            plan: self.plan_name.clone()?,
            days: self.days?,
            price: self.price?.0,
            currency: self.currency.clone()?,
        })
    }

    /// What the plan offers at present.
    fn offered(&self) -> Result<Option<Offer>, StoreError> {
        let (Some(plan), Some(days), Some(price), Some(currency)) = (
            self.now_name.clone(),
            self.now_days,
            self.now_price,
            self.now_currency.clone(),
        ) else {
            return Ok(None);
        };
        Ok(Some(Offer {
            plan,
            days,
            price: plans::price(price)?,
            currency,
        }))
    }
}
