"""Write the files of sample_data/: `python tests/files/make_samples.py`. Every name in them is made up."""

import csv
import datetime
import io
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]

from importer.sandbox import samples

SAMPLES = Path(__file__).parents[2] / "sample_data"
FIRST = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "June", "Kai", "Lena", "Milo")
LAST = ("Amber", "Birch", "Cedar", "Dale", "Elm", "Frost", "Grove", "Heath", "Iris", "Juniper", "Knoll")
TRADE = ("Bakery", "Books", "Bicycles", "Gardens", "Lamps", "Paints", "Toys")
TOWN = ("Northfield", "Southgate", "Westhaven", "Eastbrook", "Millpond")

Table = list[list[str]]


def person(i: int) -> tuple[str, str, str]:
    first, last = FIRST[i % len(FIRST)], LAST[i % len(LAST)]
    return first, last, f"{first}.{last}.{i}@example.com".lower()


def company(i: int) -> str:
    return f"{TOWN[i % len(TOWN)]} {TRADE[i % len(TRADE)]}"


def contacts_to_companies() -> Table:
    rows = [["Contact ID", "Name", "Email", "Company ID", "Company"]]
    for i in range(200):
        first, last, email = person(i)
        rows.append([str(100101 + 37 * i), f"{first} {last}", email, str(40001 + i % 35), company(i % 35)])
    return rows


def needs_fixing() -> Table:
    def row(i: int, contact: str = "", company_id: str = "", note: str = "") -> list[str]:
        first, last, _ = person(i)
        return [contact or str(200101 + 41 * i), f"{first} {last}", company_id or str(40001 + i % 9), note]

    rows = [row(i) for i in range(24)]
    odd = [
        row(24, contact="990000017", note="this contact does not exist"),
        row(25, company_id="990000025", note="this company does not exist"),
        row(26, contact="990000033", note="this contact does not exist"),
        row(27, company_id="990000041", note="this company does not exist"),
        row(28, contact="1.20456E+11", note="Excel has shortened the id"),
        row(29, company_id="40,004", note="one id with a separator, or two?"),
        row(30, contact="0201331", note="a leading zero"),
        row(31, contact="emil.elm@example.com", note="an email address instead of the id"),
        row(32, company_id="Westhaven Lamps", note="a name instead of the id"),
        row(33, company_id="#N/A", note="a lookup that found nothing"),
        row(34, company_id=" ", note="no company yet"),
        row(35, contact="2024-05-17", note="Excel has turned the id into a date"),
        ["200101", "Ada Amber", "40001", "the same as the first row"],
        ["200142", "Ben Birch", "40002", "the same as the second row"],
        ["200101", "Ada Amber", "40001", "once more the same as the first row"],
        row(36, contact=" 201577 ", note="blanks around the id do no harm"),
        row(37, contact="https://app.hubspot.com/contacts/1234567/record/0-1/201618", note="an address from HubSpot"),
    ]
    for place, extra in enumerate(odd):
        rows.insert(3 + place * 2, extra)
    return [["Contact ID", "Name", "Company ID", "Note"], *rows]


def hubspot_contacts_export() -> Table:
    rows = [["Record ID", "First Name", "Last Name", "Email", "Create Date", "Lead Status", "Associated Company",
             "Associated Company IDs"]]  # fmt: skip
    for i in range(40):
        first, last, email = person(i + 300)
        companies = [i % 12, (i + 5) % 12] if i % 4 == 0 else [i % 12]
        created = (datetime.datetime(2024, 3, 1, 9, 0, tzinfo=datetime.UTC) + datetime.timedelta(hours=7 * i)).strftime(
            "%Y-%m-%d %H:%M"
        )
        status = ("New", "Open", "", "In Progress")[i % 4]
        names, ids = (";".join(f(n) for n in companies) for f in (company, lambda n: str(50001 + n)))
        rows.append([str(300101 + 13 * i), first, last, email, created, status, names, ids])
    return rows


def japanese() -> Table:
    family, given = ("青木", "石川", "上野", "遠藤", "岡本", "加藤"), ("葵", "一郎", "海", "絵里", "桜", "健", "空")
    firms, notes = (
        ("みどり製菓", "あおば書店", "ひかり電機", "さくら農園"),
        ("展示会で名刺交換", "再連絡希望", "", "見積依頼あり"),
    )
    rows = [["コンタクトID", "氏名", "会社ID", "会社名", "備考"]]
    for i in range(24):
        name = f"{family[i % len(family)]} {given[i % len(given)]}"
        rows.append([str(400101 + 17 * i), name, str(60001 + i % 4), f"株式会社{firms[i % 4]}", notes[i % 4]])
    rows[5][0] = "４００１６９"  # full-width digits, as a Japanese keyboard writes them
    return rows


def emails_and_domains() -> Table:
    rows = [["Name", "Email", "Company domain", "Note"]]
    for i, (_, first, last, email) in enumerate(samples.PEOPLE):
        rows.append([f"{first} {last}", email, samples.COMPANIES[i % len(samples.COMPANIES)][2], ""])
    domain = samples.COMPANIES[0][2]
    odd = [
        ["Ada Amber", samples.SECONDARY_EMAIL, samples.COMPANIES[1][2], "an additional address of Ada Amber"],
        ["Ben Birch", samples.MERGED_EMAIL, domain, "the address of a contact that was merged into another"],
        ["Cleo Cedar", samples.PEOPLE[10][3].upper(), domain, "an address in capitals"],
        ["Gus Grove", samples.ARCHIVED_EMAIL, domain, "a deleted contact"],
        ["Hana Heath", "hana.heath@nowhere.example", domain, "no contact has this address"],
        ["Fay Dale", samples.PEOPLE[23][3], samples.TWO_COMPANIES_DOMAIN, "two companies have this domain"],
        ["Emil Birch", samples.PEOPLE[17][3], "nowhere.example", "no company has this domain"],
        ["Dora Amber", "dora.amber(at)northfield.example", domain, "not an email address"],
    ]
    for place, extra in enumerate(odd):
        rows.insert(4 + place * 5, extra)
    return rows


def labels() -> Table:
    decision, billing = samples.LABELS
    texts = (decision, billing, "", f"{decision};{billing}", decision.lower(), "Primary")
    rows = [["Contact ID", "Name", "Company ID", "Label"]]
    for i, (contact, first, last, _) in enumerate(samples.PEOPLE[:30]):
        company_id = samples.COMPANIES[i % len(samples.COMPANIES)][0]
        rows.append([str(contact), f"{first} {last}", str(company_id), texts[i % len(texts)]])
    return rows


def wrong_links() -> Table:
    names = {contact: f"{first} {last}" for contact, first, last, _ in samples.PEOPLE}
    rows = [["Contact ID", "Name", "Company ID", "Note"]]
    rows += [[str(pair.from_id), names[pair.from_id], str(pair.to_id), ""] for pair in samples.WRONG_LINKS]
    contact, first, last, _ = samples.PEOPLE[1]
    rows.insert(7, [str(contact), f"{first} {last}", str(samples.COMPANIES[4][0]), "these two are not linked"])
    rows.insert(12, [*rows[2][:3], "the same as the third row of this file"])
    return rows


def write_csv(name: str, table: Table, encoding: str = "utf-8") -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    (SAMPLES / name).write_bytes(text.getvalue().encode(encoding))


def write_xlsx(name: str, table: Table) -> None:
    """Write ids as numbers, as Excel keeps them."""
    workbook = xlsxwriter.Workbook(SAMPLES / name)
    workbook.set_properties({"created": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)})
    sheet = workbook.add_worksheet("Contacts to companies")
    for r, cells in enumerate(table):
        for c, text in enumerate(cells):
            if text.isdecimal():
                sheet.write_number(r, c, int(text))
            else:
                sheet.write_string(r, c, text)
    sheet.autofit()
    workbook.close()


def main() -> None:
    SAMPLES.mkdir(exist_ok=True)
    write_csv("contacts_to_companies.csv", contacts_to_companies())
    write_xlsx("contacts_to_companies.xlsx", contacts_to_companies())
    write_csv("needs_fixing.csv", needs_fixing())
    write_csv("hubspot_contacts_export.csv", hubspot_contacts_export())
    write_csv("emails_and_domains.csv", emails_and_domains())
    write_csv("labels.csv", labels())
    write_csv("wrong_links.csv", wrong_links())
    write_csv("japanese.csv", japanese(), encoding="cp932")


if __name__ == "__main__":
    main()
