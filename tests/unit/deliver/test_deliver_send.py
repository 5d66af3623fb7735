"""How objects are put into associations."""

from pathlib import Path

from dicom_node.deliver.send import Item, contexts, groups

IMPLICIT, EXPLICIT, J2K = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"


def item(number: int, sop_class: str, syntax: str) -> Item:
    return Item(
        sop_instance_uid=str(number), sop_class_uid=sop_class, transfer_syntax_uid=syntax, path=Path(f"{number}.dcm")
    )


def test_one_context_per_class_and_syntax_and_the_other_uncompressed_form() -> None:
    items = [item(1, "1.1", EXPLICIT), item(2, "1.1", EXPLICIT), item(3, "1.1", J2K), item(4, "1.2", J2K)]
    assert contexts(items) == [("1.1", EXPLICIT), ("1.1", IMPLICIT), ("1.1", J2K), ("1.2", J2K)]


def test_the_preferred_form_is_proposed_beside_the_uncompressed_ones() -> None:
    items = [item(1, "1.1", EXPLICIT), item(2, "1.2", J2K)]
    assert contexts(items, preferred="LS") == [("1.1", EXPLICIT), ("1.1", IMPLICIT), ("1.1", "LS"), ("1.2", J2K)]


def test_more_kinds_than_fit_go_in_several_associations_in_order() -> None:
    items = [item(number, f"1.{number}", EXPLICIT) for number in range(200)]
    runs = list(groups(items))
    assert [one for run in runs for one in run] == items
    assert all(len(contexts(run, preferred="LS")) <= 128 for run in runs)
    assert len(runs) == 5


def test_nothing_to_send_needs_no_association() -> None:
    assert list(groups([])) == []
