"""Citizen identity numbers (公民身份号码, GB 11643) and disability certificates (残疾人证).

An identity number has 18 places: six of the area that first issued it (GB/T 2260), eight of the birth date, three of a
serial (odd for men, even for women) and a check digit (ISO 7064 MOD 11-2; ten is written X). The area is not looked up:
areas merge and split, numbers stay for life, and every list of once-valid prefixes lacks some. Since 2018 the prefixes
81, 82 and 83 belong to residents from Hong Kong, Macao and Taiwan, since 2023 numbers beginning with 9 to foreigners.

A disability certificate is the identity number, then the type (1 sight, 2 hearing, 3 speech, 4 limbs, 5 intellect,
6 mind, 7 several) and the grade (1 worst to 4).
"""

from __future__ import annotations

import re
from datetime import date

from stdnum.iso7064 import mod_11_2

# A made-up number begins with 999. No citizen's does: they begin with a province, and GB/T 2260 has provinces 11 to
# 82. No foreigner's does: after the 9 stand a province and a nationality, and 99 is no province and 99x no country
# (ISO 3166-1 leaves 900 to 999 to private use). All other rules hold, so made-up people pass every check that real
# ones pass, and one look tells them apart.
MADE_UP_PREFIX = "999"

_EARLIEST_BIRTH_YEAR = 1900
_LATEST_BIRTH_YEAR = 2099

_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_ID_NUMBER_LENGTH = 18
_CERTIFICATE_LENGTH = 20


def normalised_id_number(text: str) -> str:
    """The form to store and compare, for identity numbers and certificates: no blanks, half-width digits, a capital X.

    It judges nothing: what is no number stays none.
    """
    return "".join(text.split()).translate(_FULL_WIDTH).upper()


def id_number_problem(text: str) -> str | None:
    """The code of what is wrong with an identity number, or None. Judges what `normalised_id_number` makes of the text.

    ID_NUMBER_LENGTH: not 18 places. ID_NUMBER_CHARACTERS: not 17 digits and a digit or X, or a zero in front.
    ID_NUMBER_BIRTH_DATE: no day of the calendar, or not in 1900 to 2099 (whether it lies in the future is for the
    caller, who has a clock). ID_NUMBER_CHECK_DIGIT: most often a typing error.
    """
    number = normalised_id_number(text)
    if len(number) != _ID_NUMBER_LENGTH:
        return "ID_NUMBER_LENGTH"
    if not _ID_NUMBER.fullmatch(number):
        return "ID_NUMBER_CHARACTERS"
    if _birth_date(number) is None:
        return "ID_NUMBER_BIRTH_DATE"
    if mod_11_2.calc_check_digit(number[:-1]) != number[-1]:
        return "ID_NUMBER_CHECK_DIGIT"
    return None


def disability_certificate_problem(text: str) -> str | None:
    """The code of what is wrong with a disability certificate's number, or None; it is normalised first.

    DISABILITY_CERTIFICATE_LENGTH: not 20 places. Then the codes of the identity number in it. DISABILITY_TYPE: not 1
    to 7. DISABILITY_GRADE: not 1 to 4.
    """
    number = normalised_id_number(text)
    if len(number) != _CERTIFICATE_LENGTH:
        return "DISABILITY_CERTIFICATE_LENGTH"
    id_number, kind, grade = number[:_ID_NUMBER_LENGTH], number[-2], number[-1]
    if problem := id_number_problem(id_number):
        return problem
    if kind not in "1234567":
        return "DISABILITY_TYPE"
    if grade not in "1234":
        return "DISABILITY_GRADE"
    return None


def born_on(id_number: str) -> date:
    """The birth date in an identity number (or certificate) without a problem; ValueError where there is none."""
    found = _birth_date(normalised_id_number(id_number))
    if found is None:
        raise ValueError("no birth date in this identity number")
    return found


def sex(id_number: str) -> str:
    """GB/T 2261.1 by the serial's last digit: "1" male, "2" female. For an identity number (or certificate) without a
    problem; ValueError where that digit is none.
    """
    return "1" if int(normalised_id_number(id_number)[16:17]) % 2 else "2"


def made_up_id_number(area: int, born_on: date, serial: int) -> str:
    """An identity number for demonstrations and tests: valid in every place, and recognisably nobody's.

    999, `area` (0 to 999, free to choose, for instance a running number of demo villages), the birth date (1900 to
    2099), `serial` (1 to 999; odd is male, even female), the check digit. Equal arguments give equal numbers,
    different ones different numbers. ValueError outside these ranges.
    """
    if not 0 <= area <= 999 or not 1 <= serial <= 999:
        raise ValueError(f"area 0 to 999 and serial 1 to 999, not {area} and {serial}")
    if not _EARLIEST_BIRTH_YEAR <= born_on.year <= _LATEST_BIRTH_YEAR:
        raise ValueError(f"born in {_EARLIEST_BIRTH_YEAR} to {_LATEST_BIRTH_YEAR}, not {born_on.year}")
    body = f"{MADE_UP_PREFIX}{area:03}{born_on:%Y%m%d}{serial:03}"
    return body + mod_11_2.calc_check_digit(body)


def is_made_up_id_number(id_number: str) -> bool:
    """Whether a number comes from `made_up_id_number` (or from a certificate around one)."""
    return normalised_id_number(id_number).startswith(MADE_UP_PREFIX)


def masked_id_number(id_number: str) -> str:
    """What people see who need not see the number: the province and the last two places, 14 or 16 asterisks between.

    Enough to recognise the card in one's hand. The usual six in front and four behind are too much: with the age, which
    lists show as well, some thirty numbers are left that satisfy the check digit. What has neither 18 nor 20 places
    comes out as asterisks only.
    """
    number = normalised_id_number(id_number)
    if len(number) not in (_ID_NUMBER_LENGTH, _CERTIFICATE_LENGTH):
        return "*" * len(number)
    return f"{number[:2]}{'*' * (len(number) - 4)}{number[-2:]}"


def _birth_date(number: str) -> date | None:
    digits = number[6:14]
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return found if _EARLIEST_BIRTH_YEAR <= found.year <= _LATEST_BIRTH_YEAR else None
