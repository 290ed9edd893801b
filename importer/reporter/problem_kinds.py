"""The meaning of each kind of problem and failure, and what to do about it, without the values of any one row."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """The meaning of a code, and what to do about all of its rows; one or two sentences each."""

    meaning: str
    advice: str


_RECORD_ID = "Replace it with the record's id from HubSpot (the column 'Record ID' of an export)."
_AS_TEXT = "Format the column as text and enter the ids again, or export them again as CSV."
_TYPE = "Enter the name of a HubSpot object, such as contacts or companies, or an object type id such as 2-123."
_RETRY = "Run importer retry: repeating the call is harmless if the pair is linked already."
_RESUME = "Resume the run."
_LOOK = "Look at the pairs in HubSpot."
_SLOW_DOWN = Kind("HubSpot asked to slow down; the calls were not processed.", _RESUME)

PROBLEMS: Mapping[str, Kind] = {
    "AMBIGUOUS": Kind(
        "Several records have the value.",
        "Merge the records in HubSpot, or link the right ones by their ids in a separate file.",
    ),
    "AMBIGUOUS_SEPARATOR": Kind(
        "The cell could be one id or several, or a decimal number.",
        "Write each id with digits only, and separate several ids with a semicolon (;).",
    ),
    "BOOLEAN": Kind("The cell is a yes/no value, not a record id.", _RECORD_ID),
    "DATE": Kind("The cell is a date or a time; the spreadsheet may have turned the id into one.", _AS_TEXT),
    "DECIMAL_NUMBER": Kind("The cell is a decimal number; record ids are whole numbers.", _RECORD_ID),
    "EMAIL": Kind("The cell is an email address, not a record id.", _RECORD_ID),
    "ERROR_VALUE": Kind(
        "The cell is a spreadsheet error, not a record id.", "Correct the formula in the cell, or enter the id."
    ),
    "EXTRA_CELL": Kind(
        "The row has more cells than the header, so it is not certain which cell belongs to which column.",
        "Put cells that contain the delimiter in quotation marks, or remove the cells beyond the header.",
    ),
    "FORMULA": Kind(
        "The cell is a formula without a saved result.",
        "Open the file in a spreadsheet program, replace the formula with its value, and save it.",
    ),
    "FURTHER_IDS": Kind(
        "Further ids of a cell with many problems were not checked.", "Correct the ids before them and check again."
    ),
    "ID_TOO_LARGE": Kind(
        "The number is above the largest record id: digits may have been added, or a separator may have been lost.",
        _RECORD_ID,
    ),
    "INVALID_DOMAIN": Kind(
        "The cell is not a domain.", "Enter the domain only, such as example.com, without https:// and without a path."
    ),
    "INVALID_EMAIL": Kind(
        "The cell is not an email address.", "Enter the email address only, such as ada@example.com."
    ),
    "LEADING_ZERO": Kind(
        "The number starts with a zero, which record ids never do; it may come from another system.", _RECORD_ID
    ),
    "LOST_PRECISION": Kind(
        "The id was stored as a number with too few exact digits; the last ones may be wrong.", _AS_TEXT
    ),
    "MISSING_ID": Kind(
        "A cell that needs a record id or a value is empty.",
        "Fill in the cells. If such rows have nothing to link, add --allow-blank.",
    ),
    "MISSING_OBJECT_TYPE": Kind("A cell that needs the type of the record is empty.", _TYPE),
    "NEGATIVE_ID": Kind("The number is negative, which record ids never are.", _RECORD_ID),
    "NOT_AN_ID": Kind("The cell is not a record id (digits only).", _RECORD_ID),
    "NOT_A_RECORD_URL": Kind(
        "The URL is not one of a HubSpot record page.", "Open the record in HubSpot and copy its URL, or enter its id."
    ),
    "NOT_FOUND": Kind(
        "No record has the value; the one that had it may have been deleted.",
        "Correct the value, or create or restore the record in HubSpot.",
    ),
    "NOT_IN_LIST": Kind(
        "An id of a labelled column is missing from the list beside it.", "Add the id to the list, or remove it."
    ),
    "NOT_READ": Kind("The value could not be looked up.", "Correct the value, or link the record by its id."),
    "OBJECT_TYPE_MISMATCH": Kind(
        "The type in the cell differs from the one given for the whole file.",
        "Correct the cells, or remove the type from the flag or the header.",
    ),
    "OTHER_PORTAL": Kind(
        "The URL points to a record in another HubSpot account.",
        "Enter the matching record of the account to import into, or remove the row.",
    ),
    "SCIENTIFIC_NOTATION": Kind("The id is in scientific notation; some of its digits may be lost.", _AS_TEXT),
    "SELF_ASSOCIATION": Kind(
        "The record would be linked to itself, which HubSpot does not allow.", "Correct one of the two ids."
    ),
    "SPLIT_ROW": Kind(
        "A line break inside a cell may have split the row.",
        "Join the rows and put the cell with the line break in quotation marks; if they are separate rows, write all "
        "of their cells, including empty ones.",
    ),
    "STRAY_QUOTE": Kind(
        "A quotation mark does not open or close a whole cell, so it is unclear which cell belongs to which column.",
        "Put the whole cell in quotation marks and double each one inside it, or remove the marks.",
    ),
    "TOO_MANY_PAIRS": Kind("The row contains too many pairs.", "Spread the ids over several rows."),
    "TRUNCATED_LIST": Kind(
        "The list has a length at which other programs truncate text; its last id may have lost digits.",
        "Export the ids again without that limit; if a list is complete, split it over two rows.",
    ),
    "TYPES_OF_OTHER_PAIRS": Kind(
        "The row has more or fewer pairs than association types to restore.",
        "Restore the ids of the row, or clear its association types; importer undo restores the whole run.",
    ),
    "UNCERTAIN_VALUE": Kind(
        "The workbook does not clearly define what the cell contains.",
        "Open it in a spreadsheet program, enter the value again and save it.",
    ),
    "UNKNOWN_OBJECT_TYPE": Kind("The cell is not an object type.", _TYPE),
    "URL_TYPE_MISMATCH": Kind(
        "The URL points to a record of a type other than the column's.", "Check the URL, or give the type it names."
    ),
    "UUID": Kind("The cell is a UUID from another system; record ids consist of digits only.", _RECORD_ID),
    "ZERO_ID": Kind("The cell is zero, which is never a record id.", _RECORD_ID),
}
"""The problems of rows that yield no pair, by their codes."""

FAILURES: Mapping[str, Kind] = {
    "CHANGED_SINCE_RUN": Kind("The pair was changed since the run, so it was left alone.", _LOOK),
    "CUT_OFF": Kind("The run was cut off before the outcome of the pair was known; it may have been sent.", _RESUME),
    "DAILY": Kind("HubSpot's daily limit was used up; the calls were not processed.", "Resume the run tomorrow."),
    "LEAD_NOT_READ": Kind(
        "This may be the lead's last primary association, without which HubSpot deletes the lead; whether it has "
        "others could not be read.",
        "Retry the run later, or (importer unlink) allow it with --allow-deleting-leads.",
    ),
    "LEAD_WOULD_BE_DELETED": Kind(
        "This is the lead's last primary association: HubSpot deletes a lead that loses it.",
        "Link the lead to another primary record first, or (importer unlink) allow it with --allow-deleting-leads.",
    ),
    "LABEL_MISSING": Kind("The records are linked, but not with the labels.", "Run importer run to add the labels."),
    "MISSING": Kind("The records are not linked.", "Run importer run to link them."),
    "NOT_COMPLETE": Kind("HubSpot had not finished the call when the run ended.", _RETRY),
    "NOT_CONFIRMED": Kind("HubSpot accepted the call, but reading the pair back has not confirmed it.", _RETRY),
    "NOT_HUBSPOT": Kind(
        "A server that is not HubSpot responded.",
        "Check base_url and whether a proxy or a firewall is in between, then run importer retry.",
    ),
    "NOT_IN_RESULTS": Kind("HubSpot returned COMPLETE, but its results do not name the pair.", _RETRY),
    "NOT_READ": Kind("The links of the records could not be read.", "Run the same command again later."),
    "NO_ANSWER": Kind("HubSpot did not respond in time, or the connection was lost.", _RETRY),
    "OBJECT_NOT_FOUND": Kind(
        "HubSpot does not know one of the records.",
        "Check the records in HubSpot: they may have been deleted or merged, or belong to another account.",
    ),
    "ONLY_LABELLED": Kind("The records are linked with labels only.", "Run importer run to add the unlabelled type."),
    "PRIMARY_CHANGED_SINCE_RUN": Kind(
        "Another record has become primary since the run, so the pair was left alone.",
        "To make this one primary again, set it in HubSpot, or use importer run with the label Primary.",
    ),
    "RATE_LIMIT": _SLOW_DOWN,
    "RECORD_MERGED": Kind(
        "One of the records was merged into another one, so the pair was left alone.",
        "Look at the surviving record in HubSpot: someone else may have created its links.",
    ),
    "SECONDLY": _SLOW_DOWN,
    "TEN_SECONDLY_ROLLING": _SLOW_DOWN,
    "TOKEN_REFUSED": Kind("HubSpot did not accept the token.", "Set a valid token, then resume the run."),
    "UNDO_STATE_UNKNOWN": Kind(
        "The state of the pair before or after the run is not known, so it was left alone.",
        f"{_LOOK} Runs with --no-read-first cannot be undone; resume an unfinished run first.",
    ),
    "UNLABELLED_TYPE": Kind(
        "Removing the unlabelled type would remove the whole link with all of its labels.",
        "Name labels only. To remove whole links, use importer unlink without labels.",
    ),
    "UNREACHABLE": Kind(
        "HubSpot could not be reached.", "Check the network, any proxy and base_url, then resume the run."
    ),
    "UNREADABLE_ANSWER": Kind("HubSpot's response could not be read.", _RETRY),
}
"""The failures that importer itself names, by error category; OBJECT_NOT_FOUND is HubSpot's own."""
