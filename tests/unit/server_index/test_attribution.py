"""Which files are a project's, by their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from wheelkeep.server.index.attribution import belongs_to

OWN = [
    ("acme-train", "acme_train-1.0-py3-none-any.whl"),
    ("acme-train", "Acme.Train-1.0-py3-none-any.whl"),
    ("acme-train", "acme_train-1.0-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
    ("acme-train", "acme_train-1.0.tar.gz"),
    ("acme-train", "acme-train-1.0.tar.gz"),
    ("acme-train", "ACME.train-1.0rc1.zip"),
    ("acme-train", "acme-train-1.0-1.tar.gz"),
    ("acme-train", "acme-train-v1.0.post1+local.7.tgz"),
    ("acme-train", "acme_train-1.0-py3.8.egg"),
    ("acme-1", "acme-1-2.0.tar.bz2"),
]
ALIEN = [
    ("evil", "acme_train-99.0-py3-none-any.whl"),
    ("acme", "acme_train-99.0-py3-none-any.whl"),
    ("acme", "acme-train-99.0.tar.gz"),
    ("train", "acme-train-99.0.tar.gz"),
    ("acme-train", "acme-1.0.tar.gz"),
    ("acme-train", "acme_train-1.0.linux-x86_64.tar.gz"),
    ("acme-train", "acme_train.whl"),
    ("acme-train", "acme-train.tar.gz"),
    ("acme-train", "acme-train-latest.zip"),
    ("acme-train", "acme-train-1.0.exe"),
    ("acme-train", ""),
]


@pytest.mark.parametrize(("project", "filename"), OWN)
def test_a_file_belongs_to_the_project_that_its_name_says(project: str, filename: str) -> None:
    assert belongs_to(filename, canonicalize_name(project))


@pytest.mark.parametrize(("project", "filename"), ALIEN)
def test_a_file_of_another_project_or_of_none_does_not(project: str, filename: str) -> None:
    assert not belongs_to(filename, canonicalize_name(project))


@given(st.text(st.sampled_from("ab1.-_+!v "), max_size=60))
def test_any_name_is_judged(stem: str) -> None:
    assert belongs_to(f"{stem}.tar.gz", canonicalize_name("a")) in {True, False}
