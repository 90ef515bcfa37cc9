"""Models as the Python bot has them, on a database that Lucien looks after.

    models.py URL [--person ID]

Reads every row through the models and checks what they make of it, then adds, changes and deletes rows in each of
the nine tables, as that bot would: its defaults are the client's, its times are naive and in UTC, and on SQLite it
does not enforce foreign keys. `--person` names somebody whom Lucien has written down; everything about them in
the nine tables is checked to the letter, and deleted at the end, row by row, as its script for cleaning up does.

Leaves behind what one more day of that bot would: somebody who became a member, somebody who waits for the Free
channel, an invitation. Ends with 0 when all of it worked.
"""

import argparse
import enum
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    Integer,
    Numeric,
    String,
    create_engine,
    delete,
    inspect,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class UserRole(enum.Enum):
    FREE = "free"
    VIP = "vip"
    ADMIN = "admin"


class ContentCategory(enum.Enum):
    FREE_CONTENT = "free_content"
    VIP_CONTENT = "vip_content"
    VIP_PREMIUM = "vip_premium"


class PackageType(enum.Enum):
    STANDARD = "standard"
    BUNDLE = "bundle"
    COLLECTION = "collection"


class RoleChangeReason(enum.Enum):
    ADMIN_GRANTED = "admin_granted"
    ADMIN_REVOKED = "admin_revoked"
    VIP_PURCHASED = "vip_purchased"
    VIP_REDEEMED = "vip_redeemed"
    VIP_EXPIRED = "vip_expired"
    VIP_EXTENDED = "vip_extended"
    VIP_ENTRY_COMPLETED = "vip_entry_completed"
    MANUAL_CHANGE = "manual_change"
    SYSTEM_AUTOMATIC = "system_automatic"


def now():
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Base(DeclarativeBase):
    pass


class BotConfig(Base):
    __tablename__ = "bot_config"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, default=1)
    vip_channel_id = mapped_column(String(50), nullable=True)
    free_channel_id = mapped_column(String(50), nullable=True)
    wait_time_minutes = mapped_column(Integer, default=5)
    vip_reactions = mapped_column(JSON, default=list)
    free_reactions = mapped_column(JSON, default=list)
    subscription_fees = mapped_column(JSON, default=lambda: {"monthly": 10, "yearly": 100})
    created_at = mapped_column(DateTime, default=now)
    updated_at = mapped_column(DateTime, default=now, onupdate=now)
    social_instagram = mapped_column(String(200), nullable=True)
    social_tiktok = mapped_column(String(200), nullable=True)
    social_x = mapped_column(String(200), nullable=True)
    free_channel_invite_link = mapped_column(String(500), nullable=True)


class User(Base):
    __tablename__ = "users"
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    username = mapped_column(String(100), nullable=True)
    first_name = mapped_column(String(100), nullable=False)
    last_name = mapped_column(String(100), nullable=True)
    role = mapped_column(Enum(UserRole), nullable=False, default=UserRole.FREE)
    created_at = mapped_column(DateTime, nullable=False, default=now)
    updated_at = mapped_column(DateTime, nullable=False, default=now, onupdate=now)


class SubscriptionPlan(Base):
    __tablename__ = "subscription_plans"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(100), nullable=False)
    duration_days = mapped_column(Integer, nullable=False)
    price = mapped_column(Float, nullable=False)
    currency = mapped_column(String(10), nullable=False, default="$")
    active = mapped_column(Boolean, nullable=False, default=True)
    created_at = mapped_column(DateTime, nullable=False, default=now)
    created_by = mapped_column(BigInteger, nullable=False)


class InvitationToken(Base):
    __tablename__ = "invitation_tokens"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token = mapped_column(String(16), nullable=False, unique=True)
    generated_by = mapped_column(BigInteger, nullable=False)
    created_at = mapped_column(DateTime, nullable=False, default=now)
    duration_hours = mapped_column(Integer, nullable=False, default=24)
    used = mapped_column(Boolean, nullable=False, default=False)
    used_by = mapped_column(BigInteger, nullable=True)
    used_at = mapped_column(DateTime, nullable=True)
    plan_id = mapped_column(Integer, ForeignKey("subscription_plans.id"), nullable=True)


class VIPSubscriber(Base):
    __tablename__ = "vip_subscribers"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(BigInteger, ForeignKey("users.user_id"), nullable=False, unique=True)
    join_date = mapped_column(DateTime, nullable=False, default=now)
    expiry_date = mapped_column(DateTime, nullable=False)
    status = mapped_column(String(20), nullable=False, default="active")
    vip_entry_stage = mapped_column(Integer, nullable=True, default=1)
    vip_entry_token = mapped_column(String(64), nullable=True, unique=True)
    invite_link_sent_at = mapped_column(DateTime, nullable=True)
    token_id = mapped_column(Integer, ForeignKey("invitation_tokens.id"), nullable=False)


class FreeChannelRequest(Base):
    __tablename__ = "free_channel_requests"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(BigInteger, ForeignKey("users.user_id"), nullable=False)
    request_date = mapped_column(DateTime, nullable=False, default=now)
    processed = mapped_column(Boolean, nullable=False, default=False)
    processed_at = mapped_column(DateTime, nullable=True)


class ContentPackage(Base):
    __tablename__ = "content_packages"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(200), nullable=False)
    description = mapped_column(String(500), nullable=True)
    price = mapped_column(Numeric(10, 2), nullable=True)
    category = mapped_column(Enum(ContentCategory), nullable=False, default=ContentCategory.FREE_CONTENT)
    type = mapped_column(Enum(PackageType), nullable=False, default=PackageType.STANDARD)
    media_url = mapped_column(String(500), nullable=True)
    is_active = mapped_column(Boolean, nullable=False, default=True)
    created_at = mapped_column(DateTime, nullable=False, default=now)
    updated_at = mapped_column(DateTime, nullable=False, default=now, onupdate=now)


class UserInterest(Base):
    __tablename__ = "user_interests"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(BigInteger, ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False)
    package_id = mapped_column(Integer, ForeignKey("content_packages.id", ondelete="CASCADE"), nullable=True)
    is_attended = mapped_column(Boolean, nullable=False, default=False)
    attended_at = mapped_column(DateTime, nullable=True)
    created_at = mapped_column(DateTime, nullable=False, default=now)


class UserRoleChangeLog(Base):
    __tablename__ = "user_role_change_log"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id = mapped_column(BigInteger, nullable=False)
    previous_role = mapped_column(Enum(UserRole), nullable=True)
    new_role = mapped_column(Enum(UserRole), nullable=False)
    changed_by = mapped_column(BigInteger, nullable=False)
    reason = mapped_column(Enum(RoleChangeReason), nullable=False)
    change_source = mapped_column(String(50), nullable=False)
    change_metadata = mapped_column(JSON, nullable=True)
    changed_at = mapped_column(DateTime, nullable=False, default=now)


MODELS = [
    BotConfig,
    User,
    SubscriptionPlan,
    InvitationToken,
    VIPSubscriber,
    FreeChannelRequest,
    ContentPackage,
    UserInterest,
    UserRoleChangeLog,
]

# What the models make of a column.
PYTHON = {
    Boolean: bool,
    DateTime: datetime,
    Float: float,
    Numeric: Decimal,
    BigInteger: int,
    Integer: int,
    String: str,
    JSON: (list, dict),
}


def check_types(row):
    for column in row.__table__.columns:
        value = getattr(row, column.key)
        if value is None:
            assert column.nullable, f"{column} is missing"
            continue
        kind = type(column.type)
        wanted = column.type.enum_class if kind is Enum else PYTHON[kind]
        assert isinstance(value, wanted), f"{column} is {type(value)}"
        if kind is DateTime:
            assert value.tzinfo is None, f"{column} has a zone"


def check_letters(session, person):
    """On SQLite that bot compares times as texts: those that Lucien writes have to have its form."""
    assert session.get(User, person), "Lucien has written them down"
    for model in MODELS:
        if "user_id" not in model.__table__.columns:
            continue
        for column in model.__table__.columns:
            stored = text(
                f"SELECT typeof({column.name}), CAST({column.name} AS text) FROM {model.__tablename__}"
                f" WHERE user_id = {person} AND {column.name} IS NOT NULL"
            )
            for storage, value in session.execute(stored):
                kind = type(column.type)
                if kind is DateTime:
                    assert storage == "text" and len(value) == 26 and value[10] == " " and value[19] == ".", column
                elif kind is Enum:
                    assert storage == "text" and value == value.upper(), column
                elif kind is Boolean:
                    assert storage == "integer" and value in ("0", "1"), column


def arrive(session, person, token, name):
    """Everything that is written about a person who comes, becomes a member and asks for more."""
    plan = session.scalars(select(SubscriptionPlan).where(SubscriptionPlan.active).order_by(SubscriptionPlan.id)).first()
    session.add(User(user_id=person, first_name=name))
    invitation = InvitationToken(token=token, generated_by=1, plan_id=plan.id)
    session.add(invitation)
    session.flush()
    request = FreeChannelRequest(user_id=person, processed=True, processed_at=now())
    package = ContentPackage(name=f"Paquete de {name}", price=Decimal("3.50"))
    session.add_all([request, package])
    session.flush()
    rows = [
        VIPSubscriber(user_id=person, expiry_date=now() + timedelta(days=30), token_id=invitation.id),
        UserInterest(user_id=person, package_id=package.id),
        UserRoleChangeLog(
            user_id=person,
            previous_role=UserRole.FREE,
            new_role=UserRole.VIP,
            changed_by=0,
            reason=RoleChangeReason.VIP_REDEEMED,
            change_source="SYSTEM",
            change_metadata=None,
        ),
    ]
    session.add_all(rows)
    session.commit()
    return [invitation, request, package, *rows]


def change(session, person):
    """Changes each of a person's rows, as their membership goes on."""
    user = session.get(User, person)
    user.role = UserRole.VIP
    subscriber = session.scalars(select(VIPSubscriber).filter_by(user_id=person)).one()
    subscriber.vip_entry_stage = None
    token = session.get(InvitationToken, subscriber.token_id)
    token.used, token.used_by, token.used_at = True, person, now()
    request = session.scalars(select(FreeChannelRequest).filter_by(user_id=person)).one()
    request.processed_at = now()
    interest = session.scalars(select(UserInterest).filter_by(user_id=person)).one()
    interest.is_attended, interest.attended_at = True, now()
    session.get(ContentPackage, interest.package_id).price = Decimal("10.00")
    log = session.scalars(select(UserRoleChangeLog).filter_by(user_id=person)).one()
    log.change_metadata = {"nota": "día 1"}
    session.commit()
    session.expire_all()
    assert session.get(ContentPackage, interest.package_id).price == Decimal("10.00")
    assert session.get(User, person).role is UserRole.VIP
    assert token.used is True and log.change_metadata == {"nota": "día 1"}


def work_on_config_and_plans(session):
    config = session.get(BotConfig, 1)
    config.vip_reactions = ["🔥", "❤️"]
    session.add(BotConfig(id=2, wait_time_minutes=7))
    plan = SubscriptionPlan(name="Semanal", duration_days=7, price=3.25, created_by=1)
    session.add(plan)
    session.commit()
    plan.active = False
    session.get(BotConfig, 2).wait_time_minutes = 8
    session.commit()
    session.expire_all()
    assert session.get(BotConfig, 1).vip_reactions == ["🔥", "❤️"]
    assert session.get(BotConfig, 2).subscription_fees == {"monthly": 10, "yearly": 100}
    session.delete(session.get(BotConfig, 2))
    session.delete(plan)
    session.commit()


def leave(session, person):
    """Row by row, those that refer first."""
    tokens = select(VIPSubscriber.token_id).filter_by(user_id=person)
    tokens = session.scalars(tokens).all()
    for model in [VIPSubscriber, FreeChannelRequest, UserInterest, UserRoleChangeLog, User]:
        session.execute(delete(model).filter_by(user_id=person))
    session.execute(delete(InvitationToken).where(InvitationToken.id.in_(tokens)))
    session.commit()
    assert session.get(User, person) is None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--person", type=int)
    arguments = parser.parse_args()
    url = arguments.url
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            url = "postgresql+psycopg://" + url.removeprefix(scheme)
    engine = create_engine(url)
    columns = {column["name"] for column in inspect(engine).get_columns("free_channel_requests")}
    if "pending_request" in columns:
        # The later models have it, and the database demands it.
        FreeChannelRequest.pending_request = mapped_column(
            Boolean, nullable=False, default=lambda context: not context.get_current_parameters()["processed"]
        )
    with Session(engine, expire_on_commit=False) as session:
        for model in MODELS:
            for row in session.scalars(select(model)):
                check_types(row)
        if arguments.person and engine.dialect.name == "sqlite":
            check_letters(session, arguments.person)
        work_on_config_and_plans(session)
        arrive(session, 600_001, "Python-deja-0001", "Noelia")
        change(session, 600_001)
        gone = arrive(session, 600_002, "Python-quita-002", "Octavio")
        change(session, 600_002)
        ids = [row.id for row in gone]
        leave(session, 600_002)
        if arguments.person:
            leave(session, arguments.person)
        # On SQLite the ids of what was deleted last are given again.
        session.add(User(user_id=600_003, first_name="Pilar"))
        session.add(InvitationToken(token="Python-abre-0003", generated_by=1))
        session.flush()
        session.add(FreeChannelRequest(user_id=600_003))
        session.commit()
        assert len(ids) == 6
    print("done")


main()
