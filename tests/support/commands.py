"""Commands as users type them."""

from mfnas_vec.cli import main


def mfnas(capsys, command, *more):
    """Exit code, output and errors of ``mfnas`` with the words of a command; more words can have spaces."""
    code = main([*command.split(), *map(str, more)])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, command, *more):
    """The message of a command that is refused, which is one line."""
    code, out, err = mfnas(capsys, command, *more)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err
