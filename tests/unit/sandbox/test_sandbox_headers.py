"""What a header says, and how broken files are named."""

import struct
from pathlib import Path

import pytest

from dicom_node.sandbox.attributes import BYTES
from dicom_node.sandbox.client import Header, Sandbox, Unreadable
from tests.support.phantoms import encode, make_series
from tests.support.shared import series_folder
from tests.unit.sandbox.sandbox_files import (
    BIG,
    CLASS,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    START,
    UNDEFINED,
    deflated,
    element,
    implicit,
    nested,
    part10,
    sequence,
)


def header(sandbox: Sandbox, path: Path, data_set: bytes, syntax: str = EXPLICIT) -> Header:
    answer = sandbox.headers([part10(path / "0.dcm", data_set, syntax)])[0]
    assert isinstance(answer, Header), answer
    return answer


VALUES = [
    ("text trimmed", element(0x00081030, "LO", b" Chest "), "StudyDescription", "LO", ["Chest"]),
    ("several", element(0x00080008, "CS", b"ORIGINAL\\PRIMARY "), "ImageType", "CS", ["ORIGINAL", "PRIMARY"]),
    ("empty among several", element(0x00080008, "CS", b"A\\\\B"), "ImageType", "CS", ["A", "", "B"]),
    ("long text is one value", element(0x00204000, "LT", b"a\\b"), "ImageComments", "LT", ["a\\b"]),
    ("decimal string as written", element(0x00180050, "DS", b"1.50"), "SliceThickness", "DS", ["1.50"]),
    ("date as written", element(0x00080020, "DA", b"1996.10.29"), "StudyDate", "DA", ["1996.10.29"]),
    ("unsigned", element(0x00280010, "US", struct.pack("<H", 512)), "Rows", "US", [512]),
    ("double", element(0x00189087, "FD", struct.pack("<d", 1500)), "DiffusionBValue", "FD", [1500.0]),
    ("not a number", element(0x00189087, "FD", struct.pack("<d", float("nan"))), "DiffusionBValue", "FD", ["nan"]),
    ("tag", element(0x00280009, "AT", b"\x18\0\x63\x10"), "FrameIncrementPointer", "AT", ["00181063"]),
    ("cut at 256", element(0x00081030, "LO", b"x" * 2000), "StudyDescription", "LO", ["x" * 256]),
    ("unknown VR, known tag", element(0x00081030, "UN", b"Chest "), "StudyDescription", "LO", ["Chest"]),
    ("odd VR, known tag", element(0x00081030, "ZZ", b"Chest "), "StudyDescription", "LO", ["Chest"]),
]


@pytest.mark.parametrize(
    ("data", "keyword", "vr", "value"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES]
)
def test_a_value_is_kept_as_it_stands(
    sandbox: Sandbox, tmp_path: Path, data: bytes, keyword: str, vr: str, value: list[object]
) -> None:
    assert header(sandbox, tmp_path, START + data).attributes[keyword] == {"vr": vr, "value": value}


ABSENT = [
    ("empty", element(0x00081030, "LO", b""), "StudyDescription"),
    ("blank", element(0x00081030, "LO", b"  "), "StudyDescription"),
    ("binary", element(0x00281201, "OW", b"\1\0\2\0"), "RedPaletteColorLookupTableData"),
    ("private", element(0x00091001, "LO", b"secret"), "secret"),
]


@pytest.mark.parametrize(("data", "keyword"), [row[1:] for row in ABSENT], ids=[row[0] for row in ABSENT])
def test_what_is_empty_binary_or_private_is_absent(sandbox: Sandbox, tmp_path: Path, data: bytes, keyword: str) -> None:
    said = header(sandbox, tmp_path, START + data).attributes
    assert keyword not in said
    assert "_dropped" not in said


def test_signed_or_unsigned_follows_pixel_representation(sandbox: Sandbox, tmp_path: Path) -> None:
    for sign, expected in ((0, ("US", 64536)), (1, ("SS", -1000))):
        data = implicit(0x00080018, b"1.2\0") + implicit(0x00280103, struct.pack("<H", sign))
        data += implicit(0x00280106, struct.pack("<H", 64536))
        item = header(sandbox, tmp_path, data, IMPLICIT).attributes["SmallestImagePixelValue"]
        assert (item["vr"], item["value"][0]) == expected


def test_sequences_are_kept_to_depth_three(sandbox: Sandbox, tmp_path: Path) -> None:
    item = header(sandbox, tmp_path, nested(5)).attributes
    for _ in range(3):
        item = item["SourceImageSequence"]["value"][0]
    assert item == {}


def test_the_longest_is_dropped_and_named(sandbox: Sandbox, tmp_path: Path) -> None:
    items = [element(0x00080100, "SH", b"%06d" % number) for number in range(900)]
    many = sequence(0x00082112, *(item * 1 + element(0x00080104, "LO", b"y" * 60) for item in items))
    said = header(sandbox, tmp_path, START + element(0x00081030, "LO", b"Chest") + many).attributes
    assert said["_dropped"]["value"] == ["SourceImageSequence"]
    assert said["StudyDescription"]["value"] == ["Chest"]
    assert len(str(said)) < BYTES


def test_a_gigabyte_in_the_header_is_not_read(tmp_path: Path) -> None:
    path = part10(tmp_path / "0.dcm", START + element(0x0040E020, "UT", b"", length=1 << 30))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + (1 << 30))
    small = Sandbox(memory_mb=400)
    answer = small.headers([path])[0]
    small.close()
    assert isinstance(answer, Header)
    assert answer.attributes["_dropped"]["value"] == ["TypeOfInstances"]


NAMED = [
    ("no DICOM", None, EXPLICIT, "no DICOM file"),
    ("empty", b"", EXPLICIT, "empty"),
    ("only group lengths", element(0x00080000, "UL", b"\0\0\0\0"), EXPLICIT, "empty"),
    ("cut in a tag", START + b"\x10\0\x20", EXPLICIT, "inside an element's tag"),
    ("cut in a value", START + element(0x00100010, "PN", b"A^B", length=400), EXPLICIT, "value of (0010,0010)"),
    ("cut in a sequence", START + sequence(0x00082112, CLASS)[:-20], EXPLICIT, "inside a sequence"),
    ("implicit, says explicit", implicit(0x00080018, b"1.2\0"), EXPLICIT, "Value Representations"),
    ("explicit, says implicit", START, IMPLICIT, "Value Representations"),
    ("big endian, says little", element(0x00080018, "UI", b"1.2", order=">"), EXPLICIT, "byte order"),
    ("little endian, says big", START, BIG, "byte order"),
    ("nested 1500 deep", nested(1500), EXPLICIT, "nested too deeply"),
    ("inflates too much", deflated(b"\0" * (513 << 20)), DEFLATED, "inflates to more than 512 MiB"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "syntax", "words"), [row[1:] for row in NAMED], ids=[row[0] for row in NAMED])
def test_a_broken_file_is_named(sandbox: Sandbox, tmp_path: Path, data: bytes | None, syntax: str, words: str) -> None:
    path = tmp_path / "0.dcm"
    if data is None:
        path.write_bytes(b"GET / HTTP/1.0\r\n" * 20)
    else:
        part10(path, data, syntax)
    answer = sandbox.headers([path])[0]
    assert isinstance(answer, Unreadable)
    assert words in answer.detail


CHARACTER_SETS = [
    ("UTF-8", b"ISO_IR 192", "Müller^Jürgen".encode(), "Müller^Jürgen", set()),
    ("Latin-1", b"ISO_IR 100", "Müller".encode("latin-1"), "Müller", set()),
    ("Japanese", b"\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada=山田^太郎", set()),
    ("GB18030", b"GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东", set()),
    ("unknown", b"ISO 2022 IR 999", b"Meier", "Meier", {"character set unknown"}),
    ("wrong", b"ISO_IR 192", b"M\xfcller", "M\ufffdller", {"text replaced"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "raw", "text", "flags"), [row[1:] for row in CHARACTER_SETS], ids=[row[0] for row in CHARACTER_SETS]
)
def test_a_character_set_never_stops_a_file(
    sandbox: Sandbox, tmp_path: Path, name: bytes, raw: bytes, text: str, flags: set[str]
) -> None:
    answer = header(sandbox, tmp_path, element(0x00080005, "CS", name) + START + element(0x00100010, "PN", raw))
    assert answer.attributes["PatientName"]["value"] == [text]
    assert set(answer.flags) == flags


def test_the_digest_is_of_the_pixel_bytes_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = make_series(2)
    renamed = make_series(1, PatientName="Other")[0]
    digests = [header(sandbox, tmp_path, encode(ds)) for ds in (first, second, renamed)]
    assert digests[0].pixel_digest == digests[2].pixel_digest != digests[1].pixel_digest
    assert len({answer.identity_digest for answer in digests}) == 3


def test_spelling_of_numbers_does_not_change_the_identity(sandbox: Sandbox, tmp_path: Path) -> None:
    spelled = make_series(1, PixelSpacing=["0.700", "7.0e-1"])[0]
    one, other = (header(sandbox, tmp_path, encode(ds)) for ds in (make_series(1)[0], spelled))
    assert one.identity_digest == other.identity_digest


IMAGE = START + b"".join(
    element(tag, "US", struct.pack("<H", value))
    for tag, value in ((0x00280002, 1), (0x00280010, 4), (0x00280011, 4), (0x00280100, 16))
)
FRAGMENTS = b"\xfe\xff\0\xe0\0\0\0\0" + b"\xfe\xff\0\xe0\4\0\0\0abcd"
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
J2K = "1.2.840.10008.1.2.4.90"
PIXELS = [
    ("none", IMAGE, EXPLICIT, "none", False),
    ("empty", IMAGE + element(0x7FE00010, "OW", b""), EXPLICIT, "none", False),
    ("whole", IMAGE + element(0x7FE00010, "OW", bytes(32)), EXPLICIT, "pixel", False),
    ("longer", IMAGE + element(0x7FE00010, "OW", bytes(40)), EXPLICIT, "pixel", False),
    ("shorter than stated", IMAGE + element(0x7FE00010, "OW", bytes(30)), EXPLICIT, "pixel", True),
    ("file ends", IMAGE + element(0x7FE00010, "OW", bytes(20), length=32), EXPLICIT, "pixel", True),
    ("fragments", IMAGE + element(0x7FE00010, "OB", FRAGMENTS + DELIMITER, length=UNDEFINED), J2K, "pixel", False),
    ("fragments without end", IMAGE + element(0x7FE00010, "OB", FRAGMENTS, length=UNDEFINED), J2K, "pixel", True),
    ("float", IMAGE[:-10] + element(0x7FE00008, "OF", bytes(64)), EXPLICIT, "float", False),
    ("trailing padding", IMAGE + element(0x7FE00010, "OW", bytes(32)) + bytes(10), EXPLICIT, "pixel", False),
]


@pytest.mark.parametrize(
    ("data", "syntax", "kind", "short"), [row[1:] for row in PIXELS], ids=[row[0] for row in PIXELS]
)
def test_kind_and_length_of_pixels_are_told(
    sandbox: Sandbox, tmp_path: Path, data: bytes, syntax: str, kind: str, short: bool
) -> None:
    answer = header(sandbox, tmp_path, data, syntax)
    assert answer.attributes["_pixels"]["value"] == [kind]
    assert ("_pixels_short" in answer.attributes) == short == ("pixel data too short" in answer.flags)
    assert bool(answer.pixel_digest) == (kind != "none")


PRIVATE = [
    ("Siemens mosaic", 0x0019, b"SIEMENS MR HEADER", 0x0A, "US", struct.pack("<H", 36), "_mosaic", 36),
    ("Siemens single", 0x0019, b"SIEMENS MR HEADER", 0x0A, "US", struct.pack("<H", 1), "_mosaic", None),
    ("Siemens b", 0x0019, b"SIEMENS MR HEADER", 0x0C, "IS", b"1000", "_b_value", 1000.0),
    ("GE b", 0x0043, b"GEMS_PARM_01", 0x39, "IS", b"1000000800\\8\\0\\0 ", "_b_value", 800.0),
    ("GE none", 0x0043, b"GEMS_PARM_01", 0x39, "IS", b"0\\8\\0\\0 ", "_b_value", None),
    ("Philips b", 0x2001, b"Philips Imaging DD 001", 0x03, "FL", struct.pack("<f", 700), "_b_value", 700.0),
    ("another maker's block", 0x0019, b"GEMS_ACQU_01", 0x0A, "US", struct.pack("<H", 36), "_mosaic", None),
]


@pytest.mark.parametrize("row", [row[1:] for row in PRIVATE], ids=[row[0] for row in PRIVATE])
@pytest.mark.parametrize("block", [0x10, 0x42])
def test_private_elements_are_found_by_their_creator(
    sandbox: Sandbox, tmp_path: Path, row: tuple[int, bytes, int, str, bytes, str, object], block: int
) -> None:
    group, creator, number, vr, value, keyword, expected = row
    data = element(group << 16 | block, "LO", creator) + element(group << 16 | block << 8 | number, vr, value)
    said = header(sandbox, tmp_path, START + data).attributes
    assert (said[keyword]["value"] if keyword in said else None) == (None if expected is None else [expected])


def test_an_overlay_inside_the_pixel_words_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    rows, bits = element(0x60000010, "US", b"\4\0"), element(0x60003000, "OW", bytes(2))
    assert "_overlay_in_pixels" in header(sandbox, tmp_path, START + rows).attributes
    assert "_overlay_in_pixels" not in header(sandbox, tmp_path, START + rows + bits).attributes


def test_real_names_survive(sandbox: Sandbox) -> None:
    folder = series_folder("43-character-sets")
    names = {
        "chrArab.dcm": "قباني^لنزار", "chrFren.dcm": "Buc^Jérôme", "chrGreek.dcm": "Διονυσιος",
        "chrX1.dcm": "Wang^XiaoDong=王^小東=",
        "chrRuss.dcm": "Люкceмбypг", "chrH31.dcm": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "chrI2.dcm": "Hong^Gildong=洪^吉洞=홍^길동",
    }  # fmt: skip
    answers = sandbox.headers([folder / name for name in names])
    found = [answer.attributes["PatientName"]["value"] for answer in answers if isinstance(answer, Header)]
    assert found == [[name] for name in names.values()]


def test_real_headers_are_read_whole(sandbox: Sandbox) -> None:
    folder = series_folder("12-toshiba-mr-dti")
    answers = sandbox.headers(sorted(folder.glob("*.dcm")))
    b_values = [answer.attributes.get("_b_value") for answer in answers if isinstance(answer, Header)]
    assert len(b_values) == 18
    assert sorted(item["value"][0] for item in b_values if item is not None) == [1500.0] * 12
