"""The locks can be installed anywhere: hashed, without addresses, the one a part of the other."""

import re

import pytest

from tests.architecture.source import ROOT

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["run", "dev", "real"])
def test_every_package_has_a_hash(name):
    blocks = re.split(PIN, lock(name))[1:]
    unhashed = [blocks[at] for at in range(0, len(blocks), 3) if "--hash=sha256:" not in blocks[at + 2]]
    assert blocks
    assert not unhashed


@pytest.mark.parametrize("name", ["run", "dev", "real"])
def test_a_lock_names_no_address_and_no_path(name):
    assert not re.findall(r"://|^-|(?:^|\s)/\S+", lock(name), re.MULTILINE)


def test_what_runs_the_demo_is_part_of_what_tests_it():
    assert dict(PIN.findall(lock("run"))).items() <= dict(PIN.findall(lock("dev"))).items()


def test_what_tests_anything_is_part_of_what_tests_clusters():
    assert dict(PIN.findall(lock("dev"))).items() <= dict(PIN.findall(lock("real"))).items()
