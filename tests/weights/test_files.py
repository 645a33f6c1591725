"""What is no checkpoint, or lies about what it holds, is refused before anything is allocated or run."""

from __future__ import annotations

import os
import pickle
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import archspec
from tests.weights.crafted import NET, call, error, net, pt, safetensors, tensor


def test_missing_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "resnet50.pt").write_bytes(b"x")
    fault = error(tmp_path / "resnet5.pt")
    assert fault.code == "AS451"
    assert f"there is no checkpoint `{tmp_path / 'resnet5.pt'}`" in fault.message
    assert fault.help == "did you mean `resnet50.pt`?"


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"x")
    fault = error(tmp_path)
    assert (fault.code, fault.help) == ("AS451", "it holds `a.pt`")


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pt")
    assert error(tmp_path / "a.pt").code == "AS451"


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "AS453", "is empty (0 bytes)"),
        (LFS, "AS452", "is a Git LFS pointer of 64 bytes"),
        (b"<!DOCTYPE html>", "AS452", "looks like a web page"),
        (b"\x89HDF\r\n", "AS452", "HDF5"),
        (pickle.dumps({"a": 1}), "AS452", "a bare pickle, which is never loaded"),
        (b"hello", "AS452", "5 bytes of another format"),
        (b"PK\x03\x04 and nothing more", "AS453", "cut off or damaged"),
    ],
)
def test_other_content(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    fault = error(tmp_path / "a.pt")
    assert fault.code == code
    assert words in fault.message
    assert (tmp_path / "a.pt").read_bytes() == content


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_cut_off(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"a.{suffix}"
    state = net().state_dict()
    torch.save(state, path) if suffix == "pt" else save_file(state, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    fault = error(path)
    assert fault.code == "AS453"
    assert "cut off" in fault.message


def test_old_format(tmp_path: Path) -> None:
    torch.save(net().state_dict(), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    fault = error(tmp_path / "a.pt")
    assert fault.code == "AS452"
    assert "before 1.6" in fault.message


def test_programs_of_torchscript(tmp_path: Path) -> None:
    pt(tmp_path / "a.pt", {}, {}, extra="constants.pkl")
    assert "TorchScript" in error(tmp_path / "a.pt").message


def test_another_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert error(tmp_path / "a.pt").code == "AS452"


# Code.


def test_a_pickle_that_would_run_something(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    pt(tmp_path / "a.pt", {"conv.weight": call(os.system, f"touch {marker}")}, {})
    fault = error(tmp_path / "a.pt")
    assert fault.code == "AS455"
    assert "`posix.system`" in fault.message
    assert not marker.exists()


def test_a_whole_model(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    fault = error(tmp_path / "a.pt")
    assert fault.code == "AS455"
    assert "torch.nn.modules.linear.Linear" in fault.message
    assert "model.state_dict()" in (fault.help or "")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.",  # attributes of a stand-in
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",  # another way to make an object
        b"\x80\x02cbuiltins\ngetattr\n.",
        b"\x80\x02\x82\x01.",  # an extension
        b"(i__main__\nx\n.",
        b"\x80\x02K\x01)R.",  # calling a number
    ],
)
def test_other_ways_to_reach_an_object(tmp_path: Path, content: bytes) -> None:
    assert error(pt(tmp_path / "a.pt", content, {})).code == "AS455"


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"\xff", b"\x80\x02}q\x00K\x05h\x07.", b"N.", b"\x80\x02]."])
def test_pickles_that_are_none(tmp_path: Path, content: bytes) -> None:
    assert error(pt(tmp_path / "a.pt", content, {})).code in ("AS453", "AS454")


# Bombs.

BIG = 10**6


def peak(path: Path) -> int:
    tracemalloc.start()
    fault = error(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fault.code == "AS453", fault
    return most


def test_a_shape_beyond_its_storage(tmp_path: Path) -> None:
    path = pt(tmp_path / "a.pt", {"fc.weight": tensor("0", 1, (BIG, BIG), (BIG, 1))}, {"0": b"\0" * 4})
    assert path.stat().st_size < 1300
    assert peak(path) < 2_000_000


def test_strides_of_zero(tmp_path: Path) -> None:
    path = pt(tmp_path / "a.pt", {"fc.weight": tensor("0", 1, (BIG, BIG), (0, 0))}, {"0": b"\0" * 4})
    assert peak(path) < 2_000_000
    assert "claims a tensor [1000000, 1000000]" in error(path).message


def test_an_expanded_tensor_of_torch_s_own(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(1).expand(10, 144)}, tmp_path / "a.pt")
    fault = error(tmp_path / "a.pt")
    assert "1,440 elements, but stores 1 for it" in fault.message
    assert "contiguous" in (fault.help or "")


@pytest.mark.parametrize(
    ("claimed", "shape", "strides", "offset"),
    [
        (10**12, (10**6, 10**6), (10**6, 1), 0),
        (2, (2,), (1,), 1),
        (2, (2,), (2,), 0),
        (2, (2,), (-1,), 0),
        (2, (2, 1), (1,), 0),
        (2, (-2,), (1,), 0),
    ],
)
def test_claims_that_do_not_hold(
    tmp_path: Path, claimed: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    path = pt(tmp_path / "a.pt", {"x": tensor("0", claimed, shape, strides, offset)}, {"0": b"\0" * 8})
    assert error(path).code == "AS453"


def test_a_record_that_is_not_there(tmp_path: Path) -> None:
    path = pt(tmp_path / "a.pt", {"x": tensor("7", 2, (2,), (1,))}, {"0": b"\0" * 8})
    assert "no record `data/7`" in error(path).message


def test_a_compressed_archive(tmp_path: Path) -> None:
    path = pt(
        tmp_path / "a.pt",
        {"x": tensor("0", 2**24, (2**24,), (1,))},
        {"0": b"\0" * 2**26},
        compression=zipfile.ZIP_DEFLATED,
    )
    assert path.stat().st_size < 100_000
    fault = error(path)
    assert fault.code == "AS452"
    assert "is compressed" in fault.message


def test_records_that_overlap(tmp_path: Path) -> None:
    path = pt(tmp_path / "a.pt", {}, {"0": b"\0" * 4096, "1": b""})
    content = path.read_bytes()
    at = content.rindex(b"PK\x01\x02")  # the directory's entry of the second record, made as long as the first
    path.write_bytes(content[: at + 20] + b"\x00\x10\x00\x00" * 2 + content[at + 28 :])
    assert "claims" in error(path).message


def test_a_memo_bomb(tmp_path: Path) -> None:
    path = pt(tmp_path / "a.pt", b"\x80\x02}r\xff\xff\xff\x7f.", {})
    tracemalloc.start()
    assert error(path).code == "AS454"
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


SHARED = b"\x80\x02)q\x00" + b"0h\x00h\x00\x86q\x00" * 60
"""A tuple of two that are one, which is of two that are one, and so on: 2^60 leaves in 300 bytes."""


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02}" + SHARED[2:] + b"K\x01s.",  # its hash
        b"\x80\x02}(" + SHARED[2:] + b"K\x01u.",
        b"\x80\x02(" + SHARED[2:] + b"K\x01d.",
        b"\x80\x04\x8f(" + SHARED[2:] + b"\x90.",
        b"\x80\x04(" + SHARED[2:] + b"\x91.",
        b"\x80\x02ccollections\nOrderedDict\n]" + SHARED[2:] + b"K\x01\x86a\x85R.",
        SHARED + b")R.",  # its text, in the message that it cannot be called
        b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\n" + SHARED[2:] + b"X\x03\x00\x00\x00cpuK\x01tQ.",
        b"\x80\x02}\x8b\x00\x00\x01\x00" + b"\x7f" * 2**16 + b"K\x01s.",  # a key of half a million bits
        b"\x80\x02" + b"]" * 3_000_000 + b".",
        b"\x80\x02" + b"(" * 3_000_000 + b".",
    ],
    ids=range(11),
)
def test_pickles_of_which_little_makes_much(tmp_path: Path, content: bytes) -> None:
    started = time.process_time()
    assert error(pt(tmp_path / "a.pt", content, {})).code in ("AS453", "AS455")
    assert time.process_time() - started < 60  # not for ever


@pytest.mark.parametrize("sizes", [(2,) * 100_000, (10**4_000, 10**4_000)])
def test_a_shape_whose_product_takes_for_ever(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = pt(tmp_path / "a.pt", {"x": tensor("0", 1, sizes, (0,) * len(sizes))}, {"0": b"\0" * 4})
    assert error(path).code == "AS453"
    header = {"a": {"dtype": "F32", "shape": list(sizes), "data_offsets": [0, 4]}}
    assert "no shape or place" in error(safetensors(tmp_path / "a.safetensors", header, b"\0" * 4)).message


@pytest.mark.parametrize(
    ("header", "content", "length", "words"),
    [
        ({}, b"", 2**62, "another format"),
        ({}, b"", 2**30, "is cut off"),
        (b"{", b"", None, "not JSON"),
        (b"{" + b'"a":{' * 100_000, b"", None, "not JSON"),
        (b'{"a":' + b"9" * 10_000 + b"}", b"", None, "not JSON"),
        ({"a": 3}, b"", None, "no place for its tensor `a`"),
        ({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"", None, "no shape or place"),
        ({"a": {"dtype": "F32", "shape": [BIG, BIG], "data_offsets": [0, 4]}}, b"\0" * 4, None, "but gives it 4"),
        (
            {"a": {"dtype": "F32", "shape": [BIG, BIG], "data_offsets": [0, 4 * BIG * BIG]}},
            b"\0" * 4,
            None,
            "is cut off",
        ),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"\0" * 8, None, "a gap or an overlap"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 8, None, "4 bytes behind"),
        ({"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4, None, "elements of type `F4`"),
    ],
)
def test_headers_of_safetensors(
    tmp_path: Path, header: dict | bytes, content: bytes, length: int | None, words: str
) -> None:
    path = safetensors(tmp_path / "a.safetensors", header, content, length)
    fault = error(path)
    assert fault.code in ("AS452", "AS453")
    assert words in fault.message


# Which file it is.


def test_a_hash(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "a.safetensors"
    save_file(net().state_dict(), path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert archspec.load(NET).with_weights({"path": path, "sha256": right.upper()}).check_weights() == ()
    fault = error(path, sha256="0" * 64)
    assert fault.code == "AS458"
    assert fault.notes == (f"expected {'0' * 64}", f"found    {right}")
    assert path.exists()


@pytest.mark.parametrize(
    "path",
    [
        "../a.pt",
        "/a.pt",
        "~/a.pt",
        "file:///a.pt",
        "https://host/a.pt",
        "C:\\a.pt",
        "\\\\host\\a.pt",
        "link.pt",
        "folder/a.pt",
    ],
)
def test_a_spec_names_files_of_its_own_folder_only(tmp_path: Path, path: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    torch.save(net().state_dict(), tmp_path / "a.pt")
    (inside / "link.pt").symlink_to(tmp_path / "a.pt")
    (inside / "folder").symlink_to(tmp_path)
    spec = inside / "net.yaml"
    spec.write_text(f"{NET}weights: '{path}'\n")
    (fault,) = archspec.check(spec)
    assert fault.code == "AS459"
    assert fault.span is not None
    assert path in fault.span.text
    with pytest.raises(archspec.SpecError):
        archspec.build(spec)
    assert archspec.ledger(archspec.build(spec, weights=tmp_path / "a.pt")) is not None


def test_a_spec_s_checkpoint_is_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    torch.save(net().state_dict(), tmp_path / "sub" / "a.pt")
    spec = tmp_path / "net.yaml"
    spec.write_text(NET.replace("name: Net", "name: Net\nvars: {file: a}") + "weights: sub/$file.pt\n")
    assert archspec.check(spec) == ()
    assert torch.equal(archspec.build(spec).fc.weight, net().fc.weight)
    (fault,) = archspec.check(spec, file="b")
    assert (fault.code, fault.span and fault.span.text) == ("AS451", "sub/$file.pt")


def test_allowed_roots_hold_for_checkpoints_too(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    torch.save(net().state_dict(), tmp_path / "a.pt")
    spec = tmp_path / "inside" / "net.yaml"
    spec.write_text(f"{NET}weights: ../a.pt\n")
    assert archspec.check(spec, allow_roots=[tmp_path]) == ()
    assert torch.equal(archspec.build(spec, allow_roots=[tmp_path]).fc.weight, net().fc.weight)


def test_a_text_reaches_no_checkpoint_unless_a_root_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(net().state_dict(), tmp_path / "a.pt")
    (fault,) = archspec.check(f"{NET}weights: a.pt\n")
    assert (fault.code, "leads nowhere" in fault.message) == ("AS459", True)
    with pytest.raises(archspec.SpecError, match="AS459"):
        archspec.build(f"{NET}weights: a.pt\n")
    assert archspec.check(f"{NET}weights: a.pt\n", allow_roots=["."]) == ()


def test_a_path_is_relative_to_the_file_that_says_it(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    torch.save(net().state_dict(), tmp_path / "base" / "a.pt")
    (tmp_path / "base" / "net.yaml").write_text(f"{NET}weights: a.pt\n")
    spec = tmp_path / "own.yaml"
    spec.write_text("archspec: 1\nextends: base/net.yaml\n")
    assert archspec.check(spec) == ()
    assert torch.equal(archspec.build(spec).fc.weight, net().fc.weight)
    spec.write_text("archspec: 1\nextends: base/net.yaml\nweights: a.pt\n")
    assert [fault.code for fault in archspec.check(spec)] == ["AS451"]


def test_no_spec_waits_for_a_pipe_or_reads_a_device(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pt")
    spec = tmp_path / "net.yaml"
    spec.write_text(f"{NET}weights: a.pt\n")
    assert [fault.code for fault in archspec.check(spec)] == ["AS451"]
    assert [fault.code for fault in archspec.check(f"{NET}weights: zero\n", allow_roots=["/dev"])] == ["AS451"]
