"""What git says, and what is known without it."""

import os
import subprocess

import pytest

from archspec.train.account.git import git_state


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, "-C", folder, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    try:
        git(tmp_path, "init", "-b", "main")
    except FileNotFoundError:
        pytest.skip("git is not installed")
    (tmp_path / "net.yaml").write_text("archspec: 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_a_commit(repository):
    state = git_state(repository)
    assert state.as_data() == {"commit": git(repository, "rev-parse", "HEAD"), "branch": "main", "dirty": False}
    (repository / "new.yaml").write_text("")
    assert not git_state(repository).dirty
    (repository / "net.yaml").write_text("archspec: 1 \n")
    assert git_state(repository).dirty


def test_no_branch(repository):
    git(repository, "checkout", "--detach")
    assert git_state(repository).branch is None


def test_none_without_a_repository_a_commit_or_git(tmp_path, monkeypatch):
    assert git_state(tmp_path) is None
    assert git_state(tmp_path / "nowhere") is None
    monkeypatch.setenv("PATH", os.devnull)
    assert git_state(tmp_path) is None


def test_a_repository_runs_nothing(repository):
    program = repository / "watch.sh"
    program.write_text('#!/bin/sh\ntouch "$(dirname "$0")/ran"\n')
    program.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(program))
    assert git_state(repository) is not None
    assert not (repository / "ran").exists()
