"""What a path leads to is looked at before it is read."""

from __future__ import annotations

import os
import socket

import pytest

from archspec.errors import SpecError
from archspec.source import load_file


def refused(path):
    with pytest.raises(SpecError) as caught:
        load_file(path)
    (fault,) = caught.value.diagnostics
    assert str(path)[-20:] in fault.message
    return fault


def test_the_name_is_the_path_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\n")
    source = load_file("./net.yaml")
    assert (source.name, source.text) == ("./net.yaml", "a: é\r\n")
    assert load_file(tmp_path / "net.yaml").name == str(tmp_path / "net.yaml")


def test_a_missing_file_and_its_neighbours(tmp_path):
    for name in ("resnet34.yaml", "unet.json", "resnet34.txt"):
        (tmp_path / name).touch()
    fault = refused(tmp_path / "resnet43.yaml")
    assert fault.code == "AS001"
    assert fault.help == f"did you mean `{tmp_path}/resnet34.yaml`?"
    assert refused(tmp_path / "unet").help == f"did you mean `{tmp_path}/unet.json`?"
    assert refused(tmp_path / "x" / "nothing.json").help == f"there is no folder `{tmp_path}/x` either"
    assert refused(tmp_path / "unet.json" / "a.yaml").code == "AS001"
    assert "`archspec list`" in refused(tmp_path / "nothing-like-it.yaml").help


def test_a_missing_file_of_a_name_in_the_zoo(tmp_path):
    (tmp_path / "mine.yaml").touch()
    for name in ("resnet18", "resnet18.yaml", "resnet18.yml", "RESNET18"):
        assert refused(tmp_path / name).help == "did you mean `zoo:resnet18`?"
    assert "`zoo:resnet18`" in refused(tmp_path / "resnet81").help
    assert refused(tmp_path / "x" / "vgg16.yaml").help.endswith("either; did you mean `zoo:vgg16`?")
    (tmp_path / "vgg16.yaml").touch()
    assert refused(tmp_path / "vgg16").help == f"did you mean `{tmp_path}/vgg16.yaml`?"
    assert refused(tmp_path / "mine").help == f"did you mean `{tmp_path}/mine.yaml`?"


def test_a_directory(tmp_path):
    (tmp_path / "net.yaml").touch()
    fault = refused(tmp_path)
    assert (fault.code, fault.help) == ("AS002", f"it holds `{tmp_path}/net.yaml`")
    assert "is a directory" in fault.message


def test_pipes_devices_and_sockets_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    assert "a named pipe" in refused(tmp_path / "pipe.yaml").message
    assert "a device" in refused("/dev/zero").message
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert "a socket" in refused(tmp_path / "s").message


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    fault = refused(path)
    assert fault.code == "AS003"
    assert "3,221,225,472 bytes" in fault.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "net.yaml"
    path.touch(mode=0)
    assert refused(path).code == "AS004"


def test_a_failing_read_is_told(tmp_path, monkeypatch):
    path = tmp_path / "net.yaml"
    path.touch()

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", fail)
    fault = refused(path)
    assert (fault.code, fault.message) == ("AS004", f"`{path}` cannot be read: permission denied")


def test_paths_that_no_system_takes(tmp_path):
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert refused(loop).code == "AS004"
    assert refused("a\0b.yaml").code == "AS004"
    assert refused("x" * 10_000).code == "AS004"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name: caf\xe9 a\n", "byte 0xE9 at offset 9 (line 1)"),
        (b"a: 1\nb: \xff\n", "byte 0xFF at offset 8 (line 2)"),
        (b"a: \xed\xa0\x80\n", "byte 0xED at offset 3 (line 1)"),
        ("a: 1\n".encode("utf-16"), "byte order mark of UTF-16"),
        ("a: 1\n".encode("utf-32"), "byte order mark of UTF-32"),
    ],
)
def test_other_encodings(tmp_path, content, words):
    path = tmp_path / "net.yaml"
    path.write_bytes(content)
    fault = refused(path)
    assert fault.code == "AS005"
    assert words in fault.message
