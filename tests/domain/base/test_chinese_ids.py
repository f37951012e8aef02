"""Identity numbers and disability certificates: what is refused and why, and made-up ones that nobody can own."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from domain.base.chinese_ids import (
    born_on,
    disability_certificate_problem,
    id_number_problem,
    is_made_up_id_number,
    made_up_id_number,
    masked_id_number,
    normalised_id_number,
    sex,
)

# The two examples that GB 11643-1999 prints. Other numbers with a real area are of people born in 2096 or later: a
# test must not carry anybody's number.
STANDARD_S_WOMAN = "11010519491231002X"
STANDARD_S_MAN = "440524188001010014"

areas = st.integers(0, 999)
serials = st.integers(1, 999)
birth_dates = st.dates(date(1900, 1, 1), date(2099, 12, 31))
made_up = st.builds(made_up_id_number, areas, birth_dates, serials)


@pytest.mark.parametrize(
    ("reason", "text", "problem"),
    [
        ("the standard's own example", STANDARD_S_WOMAN, None),
        ("a small x is an X", "11010519491231002x", None),
        ("typed with a Chinese keyboard", "１１０１０５１９４９１２３１００２Ｘ", None),
        ("copied with blanks", " 110105 19491231 002X\n", None),
        ("an area that was dissolved: 510202 was Chongqing's in Sichuan", "510202209901010013", None),
        ("an area that never was: areas are not judged", "19000020990101001X", None),
        ("a leap day", "110105209602290026", None),
        ("too short", "11010519491231002", "ID_NUMBER_LENGTH"),
        ("the old 15 digits", "110105491231002", "ID_NUMBER_LENGTH"),
        ("too long", "11010519491231002X1", "ID_NUMBER_LENGTH"),
        ("nothing", "", "ID_NUMBER_LENGTH"),
        ("a letter inside", "1101051949123100OX", "ID_NUMBER_CHARACTERS"),
        ("an X that is not last", "11010519491231X02X", "ID_NUMBER_CHARACTERS"),
        ("Arabic digits are not on any card", "١10105194912310021", "ID_NUMBER_CHARACTERS"),
        ("no province begins with nought", "01010519491231002X", "ID_NUMBER_CHARACTERS"),
        ("no month 13", "110105194913310021", "ID_NUMBER_BIRTH_DATE"),
        ("no 29th of February in 1900", "110105190002290021", "ID_NUMBER_BIRTH_DATE"),
        ("no year nought", "110105000001010021", "ID_NUMBER_BIRTH_DATE"),
        ("the standard's other example was born in 1880", STANDARD_S_MAN, "ID_NUMBER_BIRTH_DATE"),
        ("born in 2100", "110105210001010021", "ID_NUMBER_BIRTH_DATE"),
        ("one digit wrong", "110105194912310021", "ID_NUMBER_CHECK_DIGIT"),
        ("two digits swapped", "11010519491231020X", "ID_NUMBER_CHECK_DIGIT"),
    ],
)
def test_what_is_wrong_with_an_identity_number(reason: str, text: str, problem: str | None) -> None:
    assert id_number_problem(text) == problem, reason


@pytest.mark.parametrize(
    ("reason", "text", "problem"),
    [
        ("type 1, grade 1", f"{STANDARD_S_WOMAN}11", None),
        ("type 7, grade 4", f"{STANDARD_S_WOMAN}74", None),
        ("a small x inside", "11010519491231002x43", None),
        ("only the identity number", STANDARD_S_WOMAN, "DISABILITY_CERTIFICATE_LENGTH"),
        ("one place too many", f"{STANDARD_S_WOMAN}431", "DISABILITY_CERTIFICATE_LENGTH"),
        ("the identity number is wrong", "11010519491231002143", "ID_NUMBER_CHECK_DIGIT"),
        ("its birth date is wrong", "11010519491331002143", "ID_NUMBER_BIRTH_DATE"),
        ("type 0", f"{STANDARD_S_WOMAN}01", "DISABILITY_TYPE"),
        ("type 8", f"{STANDARD_S_WOMAN}81", "DISABILITY_TYPE"),
        ("type X", f"{STANDARD_S_WOMAN}X1", "DISABILITY_TYPE"),
        ("grade 0", f"{STANDARD_S_WOMAN}10", "DISABILITY_GRADE"),
        ("grade 5", f"{STANDARD_S_WOMAN}15", "DISABILITY_GRADE"),
    ],
)
def test_what_is_wrong_with_a_disability_certificate(reason: str, text: str, problem: str | None) -> None:
    assert disability_certificate_problem(text) == problem, reason


@given(made_up, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_no_single_wrong_place_goes_unseen(number: str, place: int, digit: str) -> None:
    damaged = number[:place] + digit + number[place + 1 :]

    assert (id_number_problem(damaged) is None) == (damaged == number)


@given(made_up, st.integers(0, 16))
def test_no_two_neighbours_change_places_unseen(number: str, place: int) -> None:
    damaged = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert (id_number_problem(damaged) is None) == (damaged == number)


@given(st.text(max_size=25))
def test_any_text_is_judged_and_masked_without_raising(text: str) -> None:
    id_number_problem(text)
    disability_certificate_problem(text)
    assert normalised_id_number(normalised_id_number(text)) == normalised_id_number(text)
    assert len(masked_id_number(text)) == len(normalised_id_number(text))


def test_the_birth_date_and_the_sex_are_read_from_the_number_or_the_certificate() -> None:
    assert born_on(STANDARD_S_WOMAN) == date(1949, 12, 31)
    assert sex(STANDARD_S_WOMAN) == "2"
    assert sex(STANDARD_S_MAN) == "1"
    assert born_on(f" {STANDARD_S_WOMAN}43") == date(1949, 12, 31)
    assert sex(f"{STANDARD_S_WOMAN}43") == "2"


@pytest.mark.parametrize("text", ["", "110105", "11010519491331002X", STANDARD_S_MAN])
def test_there_is_no_birth_date_where_there_is_none_to_believe(text: str) -> None:
    with pytest.raises(ValueError, match="no birth date"):
        born_on(text)


@pytest.mark.parametrize("text", ["", "1101051949123100", "1101051949123100ZX"])
def test_there_is_no_sex_where_there_is_no_serial(text: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        sex(text)


@given(areas, birth_dates, serials)
def test_made_up_numbers_pass_every_check_and_are_known_as_made_up(area: int, day: date, serial: int) -> None:
    number = made_up_id_number(area, day, serial)

    assert id_number_problem(number) is None
    assert disability_certificate_problem(number + "43") is None
    assert ric.calc_check_digit(number) == number[-1]
    assert number == normalised_id_number(number)
    assert born_on(number) == day
    assert sex(number) == ("1" if serial % 2 else "2")
    assert number.startswith("999")
    assert is_made_up_id_number(number)
    assert is_made_up_id_number(number + "43")


@given(st.lists(st.tuples(areas, birth_dates, serials), unique=True, max_size=20))
def test_different_made_up_people_have_different_numbers(people: list[tuple[int, date, int]]) -> None:
    assert len({made_up_id_number(*person) for person in people}) == len(people)


def test_real_numbers_are_not_known_as_made_up() -> None:
    assert not is_made_up_id_number(STANDARD_S_WOMAN)
    assert not is_made_up_id_number("931392209901010019")  # a foreigner's: 9, Shanghai 31, Japan 392


@pytest.mark.parametrize(
    ("area", "day", "serial", "message"),
    [
        (-1, date(2000, 1, 1), 1, "area 0 to 999"),
        (1000, date(2000, 1, 1), 1, "area 0 to 999"),
        (1, date(2000, 1, 1), 0, "serial 1 to 999"),
        (1, date(2000, 1, 1), 1000, "serial 1 to 999"),
        (1, date(1899, 12, 31), 1, "born in 1900 to 2099"),
        (1, date(2100, 1, 1), 1, "born in 1900 to 2099"),
    ],
)
def test_nobody_is_made_up_outside_the_ranges(area: int, day: date, serial: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made_up_id_number(area, day, serial)


@pytest.mark.parametrize(
    ("reason", "text", "masked"),
    [
        ("the province and the last two places", "11010519491231002x", "11**************2X"),
        ("a certificate shows its type and grade", f"{STANDARD_S_WOMAN}43", "11****************43"),
        ("what is no number might be anything", "110105491231002", "***************"),
        ("nothing", "", ""),
    ],
)
def test_a_masked_number_shows_four_places_at_most(reason: str, text: str, masked: str) -> None:
    assert masked_id_number(text) == masked, reason
