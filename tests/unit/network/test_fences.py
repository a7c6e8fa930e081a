"""What a host tells of the fences of its VLANs."""

from app.network.fences import told

FENCE = "filter pref 1 flower handle 0x1\n\taction order 1: gact action pass\n\t index {} ref 1 bind 1\n\n"


def test_fences_are_compared_by_what_they_do_and_not_by_how_often_they_were_made() -> None:
    before, now = told(
        f"card eth1.10\n{FENCE.format(3)}card eth1.11\nnow\ncard eth1.10\n{FENCE.format(4)}card eth1.11\n"
    )
    assert before == now
    assert set(now) == {"eth1.10", "eth1.11"}
    assert "action pass" in now["eth1.10"]
    assert now["eth1.11"] == ""
