"""What the chart gives to Kubernetes: valid, restricted, and so that the daemon can hand over before it is killed."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.chart.rendering import (
    FULL,
    MINIMAL,
    SNAPSHOT,
    Document,
    container,
    environment,
    mounted_secrets,
    pod,
    render,
    text,
)

OLDEST, NEWEST = "1.27", "1.37"  # Kubernetes' versions: the chart's kubeVersion, and the newest there are schemas for

MONITOR: Document = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "spec": {
        "selector": {
            "matchLabels": {"app.kubernetes.io/name": "moment-dnb", "app.kubernetes.io/instance": "moment-dnb"}
        },
        "endpoints": [{"port": "ops", "path": "/metrics", "interval": "15s"}],
    },
}
"""Of a kind that Kubernetes has no schema of, so it is compared whole."""


def budget(*changes: str) -> Document:
    """Return what the disruption budget says, changed."""
    spec: Document = render(MINIMAL, *changes)["PodDisruptionBudget"]["spec"]
    return {name: spec[name] for name in ("minAvailable", "maxUnavailable") if name in spec}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", [MINIMAL, FULL])
def test_kubernetes_knows_every_field(values: Path, version: str) -> None:
    """Every object passes Kubernetes' own schema, and none has a field that Kubernetes would silently drop."""
    objects = render(values)
    monitor = objects.pop("ServiceMonitor", None)
    assert {"ConfigMap", "Deployment", "PodDisruptionBudget", "Service", "ServiceAccount"} == set(objects)
    for document in objects.values():
        assert version == kubernetes_validate.validate(document, version, strict=True)
    assert (values == FULL) == (monitor is not None)


def test_the_least_values_render_as_ever() -> None:
    """No change of what is installed goes unseen; one that is meant is kept by `make chart-snapshot`."""
    assert SNAPSHOT.read_text(encoding="utf-8") == text(MINIMAL)


def test_the_pod_may_do_nothing_it_need_not() -> None:
    """The pod meets Pod Security's profile `restricted`, writes to one volume, and has no token of the cluster."""
    objects = render(MINIMAL)
    spec, only = pod(objects), container(objects)
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == only["securityContext"]
    security = spec["securityContext"]
    assert (True, {"type": "RuntimeDefault"}) == (security["runAsNonRoot"], security["seccompProfile"])
    assert 0 not in (security["runAsUser"], security["runAsGroup"])
    assert {"emptyDir", "secret"} == {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
    assert (False, False) == (spec["automountServiceAccountToken"], spec["enableServiceLinks"])
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False


def test_the_data_lies_on_the_only_volume_that_can_be_written() -> None:
    """The ledger's local copies are on a volume with a bound; everything else is mounted to be read."""
    objects = render(MINIMAL)
    [data] = [mount for mount in container(objects)["volumeMounts"] if not mount.get("readOnly")]
    [volume] = [volume for volume in pod(objects)["volumes"] if volume["name"] == data["name"]]
    assert environment(objects)["MOMENT_DNB_DATA_DIR"] == data["mountPath"]
    assert {"sizeLimit": "1Gi"} == volume["emptyDir"]


@pytest.mark.parametrize("values", [MINIMAL, FULL])
def test_secrets_are_whole_volumes(values: Path) -> None:
    """Files that settings name lie in mounted Secrets, and no mount is a subPath, whose changes never arrive."""
    objects = render(values)
    places = set(mounted_secrets(objects).values())
    files = {Path(value) for name, value in environment(objects).items() if name.endswith("_FILE")}
    assert all(str(file) in places or str(file.parent) in places for file in files)
    assert not any("subPath" in mount for mount in container(objects)["volumeMounts"])


@pytest.mark.parametrize(("changes", "expected"), [([], 50), (["settings.drain=32.5", "settings.request=20"], 68)])
def test_a_pod_has_time_to_hand_over(changes: list[str], expected: int) -> None:
    """Kubernetes kills a pod only when the drain, a request and 15 s more have passed."""
    assert expected == pod(render(MINIMAL, *changes))["terminationGracePeriodSeconds"]


def test_probes_ask_what_the_daemon_answers() -> None:
    """Live and started are `/livez`, ready is `/readyz`, on the port that the settings name."""
    only = container(render(MINIMAL, "settings.opsPort=9000"))
    paths = [only[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert ["/livez", "/livez", "/readyz"] == paths
    assert [{"name": "ops", "containerPort": 9000}] == only["ports"]


def test_changed_settings_start_new_pods() -> None:
    """The pods carry the ConfigMap's checksum: another setting is another checksum, the same are the same."""

    def checksum(*changes: str) -> Any:  # noqa: ANN401 - as YAML has it
        return render(MINIMAL, *changes)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum("replicas=5")
    assert checksum() != checksum("settings.drain=21")


def test_nobody_stops_before_a_successor_is_ready() -> None:
    """A rolling update takes no replica away before a new one is ready."""
    strategy = render(MINIMAL)["Deployment"]["spec"]["strategy"]
    assert {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}} == strategy


def test_the_budget_takes_zero_for_a_number() -> None:
    """One at a time by default; what is given wins, also 0; it can be switched off."""
    assert {"maxUnavailable": 1} == budget()
    assert {"maxUnavailable": 0} == budget("podDisruptionBudget.maxUnavailable=0")
    assert {"minAvailable": 0} == budget("podDisruptionBudget.minAvailable=0")
    assert "PodDisruptionBudget" not in render(MINIMAL, "podDisruptionBudget.enabled=false")


def test_the_image_is_named_by_tag_or_digest() -> None:
    """The version is the tag unless a digest is given, which wins."""
    assert "registry.example/moment-dnb:0.1.0" == container(render(MINIMAL))["image"]
    assert f"registry.example/moment-dnb@sha256:{'0' * 64}" == container(render(FULL))["image"]


def test_prometheus_asks_every_replica() -> None:
    """The ServiceMonitor is off unless asked for, selects the Service, and asks its port by name."""
    changes = ("serviceMonitor.enabled=true", 'serviceMonitor.interval="15s"')
    objects = render(MINIMAL, *changes)
    service, monitor = objects["Service"], objects["ServiceMonitor"]
    del monitor["metadata"]
    assert monitor == MONITOR
    assert MONITOR["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert ("None", "ops") == (service["spec"]["clusterIP"], service["spec"]["ports"][0]["name"])
    assert "ServiceMonitor" not in render(MINIMAL)
