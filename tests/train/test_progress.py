import io

from rich.console import Console

from archspec.spec.recipe import Recipe
from archspec.train import train
from archspec.train.progress import InTerminal, PlainLines, Quiet, epoch_line, make_progress
from tests.train.fakes import Fake, mlp

ROW = {"epoch": 3, "lr": 0.001, "train_loss": 0.5, "train_accuracy": 0.75, "eval_loss": 0.25, "eval_accuracy": 1.0,
       "seconds": 1.25}  # fmt: skip


def test_line_of_an_epoch():
    assert epoch_line(ROW, 20, is_best=True) == (
        "epoch  3/20   train loss 0.5000  accuracy 0.7500   eval loss 0.2500  accuracy 1.0000   lr 0.001   1.2 s  best"
    )


def test_form_fits_the_place():
    assert type(make_progress(True)) is Quiet
    assert type(make_progress(False, Console(file=io.StringIO()))) is PlainLines
    assert type(make_progress(False, Console(file=io.StringIO(), force_terminal=True))) is InTerminal


def test_plain_lines_have_no_control_characters(tmp_path, capsys, no_pictures):
    train(Fake(mlp, (64,), name="[bold]Net"), recipe=Recipe(epochs=2), out=tmp_path / "run", device="cpu")
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("training [bold]Net (2,410 parameters) on digits: 1,438 images to learn from, 359")
    assert [line[:9] for line in told[1:]] == ["epoch 1/2", "epoch 2/2"]
    assert all(line.isprintable() for line in told)
    train(Fake(mlp, (64,)), recipe=Recipe(epochs=1), out=tmp_path / "quiet", device="cpu", quiet=True)
    assert capsys.readouterr() == ("", "")


def test_bar_in_a_terminal():
    screen = io.StringIO()
    progress = make_progress(False, Console(file=screen, force_terminal=True, width=120))
    progress.start("training")
    progress.step(1, 1, 2)
    progress.step(1, 2, 2)
    progress.epoch(ROW, 3, is_best=False)
    progress.close()
    assert "epoch 1" in screen.getvalue()
    assert "train loss 0.5000" in screen.getvalue()
