"""Object types: the names that people write, and the types used in HubSpot API paths."""

import re
import unicodedata

from importer.errors import SettingsError
from importer.model import ObjectType, is_object_type
from importer.reader.messages import quoted

_STANDARD: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # name in API paths, id, other names (the plural is the name itself)
    ("appointments", "0-421", ("appointment", "予約", "アポイントメント")),
    ("calls", "0-48", ("call", "コール", "通話")),
    ("carts", "0-142", ("cart", "カート")),
    ("communications", "0-18", ("communication", "コミュニケーション")),
    ("companies", "0-2", ("company", "会社", "企業")),
    ("contacts", "0-1", ("contact", "コンタクト", "連絡先")),
    ("courses", "0-410", ("course", "コース")),
    ("deals", "0-3", ("deal", "取引", "商談")),
    ("discounts", "0-84", ("discount", "割引")),
    ("emails", "0-49", ("email", "Eメール", "メール")),
    ("feedback_submissions", "0-19", ("feedback submission", "フィードバック送信")),
    ("fees", "0-85", ("fee", "手数料")),
    ("goals", "0-74", ("goal", "目標")),
    ("invoices", "0-53", ("invoice", "請求書")),
    ("leads", "0-136", ("lead", "リード")),
    ("line_items", "0-8", ("line item", "商品項目", "明細項目")),
    ("listings", "0-420", ("listing", "物件")),
    ("marketing_events", "0-54", ("marketing event", "マーケティングイベント")),
    ("meetings", "0-47", ("meeting", "ミーティング", "会議")),
    ("notes", "0-46", ("note", "メモ")),
    ("orders", "0-123", ("order", "注文")),
    ("payments", "0-101", ("payment", "支払い")),
    ("postal_mail", "0-116", ("postal mails", "郵便")),
    ("products", "0-7", ("product", "製品", "商品")),
    ("projects", "0-970", ("project", "プロジェクト")),
    ("quotes", "0-14", ("quote", "見積", "見積もり", "見積書")),
    ("services", "0-162", ("service", "サービス")),
    ("subscriptions", "0-69", ("subscription", "サブスクリプション")),
    ("tasks", "0-27", ("task", "タスク")),
    ("taxes", "0-86", ("tax", "税金")),
    ("tickets", "0-5", ("ticket", "チケット")),
    ("users", "0-115", ("user", "ユーザー")),
)
"""Source: HubSpot, "Using object APIs", object type ids; the Japanese words are those of its Japanese pages."""

_IGNORED = re.compile(r"[\s_\-\u2010-\u2015\u2212\u200b-\u200f\u2060\ufeff]+")


def normalize_name(text: str) -> str:
    """Return a name without insignificant differences: case, spaces, `_`, `-`, full-width forms, BOM."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text).casefold())


_BY_ID = {type_id: ObjectType(name) for name, type_id, _ in _STANDARD}
_IDS = {name: type_id for name, type_id, _ in _STANDARD}
_TYPE_ID = re.compile(r"[0-9]{1,4}-[0-9]{1,18}")
_BY_WORD = {normalize_name(word): ObjectType(name) for name, _, words in _STANDARD for word in (name, *words)}
STANDARD_OBJECT_TYPES = frozenset(_BY_ID.values())
"""The names of HubSpot's standard object types, as used in API paths."""

OBJECT_TYPES = tuple(ObjectType(name) for name, _, _ in _STANDARD)
"""The same names in alphabetical order."""


def type_id(object_type: str) -> str | None:
    """Return the id of an object type in record URLs, such as `0-1`, or None if its name does not reveal the id."""
    return _IDS.get(object_type) or (object_type if _TYPE_ID.fullmatch(object_type) else None)


def standard_object_type(word: str) -> ObjectType | None:
    """Return the standard type named by a word (singular or plural, any case, English or Japanese), or None."""
    return _BY_WORD.get(normalize_name(word))


def parse_object_type(text: str) -> ObjectType | None:
    """Return the object type named by a text, or None if the text is not an object type.

    Standard types are returned by name (`Contact`, `0-1` → `contacts`). Any other well-formed name (`2-123`,
    `p123_thing`, the name of a custom object) is returned as written: accounts can define their own types.
    """
    name = unicodedata.normalize("NFKC", text).strip()
    known = _BY_ID.get(name) or standard_object_type(name)
    if known:
        return known
    return ObjectType(name) if is_object_type(name) else None


def flag_type(flag: str, text: str | None) -> ObjectType | None:
    """Return the object type given with a flag such as `--from`, or None; raises `SettingsError` if it is invalid."""
    if text is None:
        return None
    object_type = parse_object_type(text)
    if object_type is None:
        raise SettingsError(
            "OBJECT_TYPE_INVALID",
            f"{flag} {quoted(text)} is not an object type. Give a name such as contacts, or an id such as 2-123.",
        )
    return object_type
