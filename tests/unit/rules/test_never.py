"""What no rule may do: take a machine out of the zone that its user asked for, or start one twice."""

from tests.unit.rules.running_cloud import FITS, Running, moves, rules

EMPTIES = rules(FITS, "when host.maintenance evacuate host")


def test_a_drained_host_is_emptied_to_its_own_cluster_only() -> None:
    cloud = Running()
    for host, cluster in (("n0", "east"), ("n1", "east"), ("n2", "west"), ("n3", "west")):
        cloud.show(host, "host.cluster", cluster)
    moved = cloud.run("n0", vcpus=2.0)
    cloud.run("n1", vcpus=4.0)
    cloud.show("n0", "host.maintenance", True)
    assert moves(cloud.plan(EMPTIES)) == [(moved, "n0", "n1")]


def test_a_host_stays_as_it_is_if_its_cluster_has_no_room() -> None:
    cloud = Running()
    for host, cluster in (("n0", "east"), ("n1", "east"), ("n2", "west"), ("n3", "west")):
        cloud.show(host, "host.cluster", cluster)
    cloud.run("n0", vcpus=2.0)
    cloud.run("n1", vcpus=7.0)
    cloud.show("n0", "host.maintenance", True)
    plan = cloud.plan(EMPTIES)
    assert not plan.moves
    assert [each.what for each in plan.refused] == ["evacuate n0"]


def test_a_machine_of_a_host_that_is_up_is_started_nowhere_else() -> None:
    cloud = Running()
    cloud.run("n0")
    plan = cloud.plan(rules(FITS, "when host.vms > 0 restart vm"))
    assert not plan.restarts
    assert [each.why for each in plan.refused] == ["n0 is up and on"]
